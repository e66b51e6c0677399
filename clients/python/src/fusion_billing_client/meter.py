"""Counting usage without ever waiting for billing."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Literal, NamedTuple

from .client import Client
from .counters import (
    AGGREGATIONS,
    SINGLE,
    Counter,
    Dimension,
    Reading,
    hour_of,
    read_dimensions,
    read_quantity,
    read_text,
)
from .errors import MeterError, SpoolFullError
from .sender import Sender
from .spool import Event, Spool

_logger = logging.getLogger("fusion_billing_client")

DAY = timedelta(days=1)

PIECE = 256  # counters in one transaction
SMALLEST = 128 * 1024  # bytes of a spool
SECONDS_BETWEEN_TELLING = 10
TAKING_BREATH = 0.05  # seconds

Counted = list[tuple[Counter, Reading]]
#: What somebody waits for to be written, and the future that is done then. Of nothing: who waits
#: until everything before is written.
Ticket = tuple[tuple[tuple[Counter, Reading], ...], "Future[None]"]


class Refused(NamedTuple):
    """An event that billing refused, and why."""

    event: Event
    code: str
    message: str


@dataclass(frozen=True)
class Stats:
    """How it stands with a meter.

    :ivar recorded: recordings since it was made
    :ivar in_memory: counters that are not in the spool yet
    :ivar waiting: counters in the spool that billing has not taken
    :ivar refused: counters that billing refused, set aside
    :ivar dropped: counters thrown away since there was no room
    :ivar accepted: counters that billing took; of these, `unchanged` it had already
    :ivar batches: requests that were taken
    :ivar error: the last failure, None if the last sending went well
    :ivar sent_at: when billing took something last
    """

    recorded: int
    in_memory: int
    waiting: int
    refused: int
    dropped: int
    accepted: int
    unchanged: int
    batches: int
    error: str | None
    sent_at: datetime | None


class Meter:
    """Counts usage and sends it to billing: `meter.record("sub-42", "api_calls", 1)`.

    `record` only counts in memory. A thread writes what was counted into the spool, a file of
    SQLite, at least every `write_every` seconds; another one sends it, at least every `send_every`
    seconds, again and again until billing has taken it.

    **What can be lost.** What is in the spool survives any end of the process, and of the machine.
    What `record` counted with `durable=True` is in the spool when it returns. Otherwise what was
    counted in the last `write_every` seconds is lost if the process is killed, or the machine
    stops. `close`, or an ordinary end of the process, loses nothing. Without a spool everything
    that billing has not taken yet is lost with the process.

    One meter serves all threads of a process. A forked process makes its own; the spool's folder
    may be the same for all of them.

    :param client: calls billing; its key has the scope `usage:write`
    :param metrics: what is counted: the aggregation by code of metric, see `Client.aggregations`
    :param spool: a folder; None keeps counters in memory only
    :param durable: what `record` does if it is not told
    :param when_full: `"raise"`: `record` raises SpoolFullError, and what it was told is not
        counted; `"drop_oldest"`: what waits longest is thrown away, counted in `stats().dropped`,
        and logged
    :param max_pending: counters in memory at most
    :param max_bytes: size of the spool's file at most
    :param hour: what is counted together; 30 or 15 minutes where billing's time zone is not whole
        hours from UTC, so that no counter reaches across the end of a billing period
    :param now: tells the time, for tests and simulations
    """

    def __init__(
        self,
        client: Client,
        metrics: Mapping[str, str],
        *,
        spool: str | os.PathLike[str] | None = None,
        durable: bool = False,
        when_full: Literal["raise", "drop_oldest"] = "raise",
        max_pending: int = 50_000,
        max_bytes: int = 256 * 1024 * 1024,
        write_every: float = 1,
        send_every: float = 300,
        hour: timedelta = timedelta(hours=1),
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
    ):
        unknown = set(metrics.values()) - set(AGGREGATIONS)
        if unknown:
            raise ValueError(f"no such aggregation: {', '.join(sorted(unknown))}")
        if durable and spool is None:
            raise ValueError("a durable meter needs a spool")
        if when_full not in ("raise", "drop_oldest"):
            raise ValueError("when_full must be 'raise' or 'drop_oldest'")
        if max_bytes < SMALLEST:
            raise ValueError(f"max_bytes must be at least {SMALLEST}")
        if not hour or DAY % hour:
            raise ValueError("a day must be a whole number of hours")
        self._metrics, self._durable, self._when_full = dict(metrics), durable, when_full
        self._max_pending, self._write_every = max_pending, write_every
        self._hour, self._now = hour, now
        self._pid, self._serial = os.getpid(), itertools.count()
        self._state = threading.Condition()
        self._pending: dict[Counter, Reading] = {}
        self._tickets: list[Ticket] = []
        self._recorded = self._dropped = 0
        self._told = -math.inf  # when it was said that something is dropped
        self._failing = self._closing = False
        self._is_on_disk = spool is not None
        self._spool = Spool(Path(spool) if spool is not None else None, max_bytes)
        self._sender = Sender(client, self._spool, send_every)
        self._writer = threading.Thread(
            target=self._write_forever, name="fusion-billing-writer", daemon=True
        )
        self._writer.start()
        self._sender.start()
        atexit.register(self.close)

    # === COUNTING === #

    def record(
        self,
        subscription: str | int,
        metric: str,
        quantity: int | Decimal | str = 1,
        *,
        at: datetime | None = None,
        value: str | None = None,
        dimensions: Mapping[str, Dimension] | None = None,
        durable: bool | None = None,
    ) -> None:
        """Count usage. Only with `durable` this waits, for the disk.

        :param subscription: your id of it, or, as an int, Odoo's
        :param quantity: of metrics that combine by `sum`, what is added
        :param at: when it was used, with a time zone; now if not given
        :param value: which one, for metrics that count unique values
        :param dimensions: what charges may price by
        :raise ValueError: billing would refuse it; nothing is counted
        :raise SpoolFullError: there is no room; nothing is counted
        :raise MeterError: the metric is not one of this meter's, or the meter is closed
        """
        waiting = self.submit(
            subscription,
            metric,
            quantity,
            at=at,
            value=value,
            dimensions=dimensions,
            durable=durable,
        )
        if waiting:
            waiting.result()

    def submit(
        self,
        subscription: str | int,
        metric: str,
        quantity: int | Decimal | str = 1,
        *,
        at: datetime | None = None,
        value: str | None = None,
        dimensions: Mapping[str, Dimension] | None = None,
        durable: bool | None = None,
    ) -> Future[None] | None:
        """As `record`, but never wait: what is durable has a future that is done when it is."""
        self._check_process()
        reading = Reading(read_quantity(quantity), self._instant(at))
        counter = self._counter(subscription, metric, reading.at, value, dimensions)
        if durable is None:
            durable = self._durable
        if durable and not self._is_on_disk:
            raise MeterError("Only a meter with a spool is durable.")
        with self._state:
            self._check_open()
            if durable:
                return self._await(counter, reading)
            self._enter(counter, reading)
            self._recorded += 1
        return None

    def _counter(
        self,
        subscription: str | int,
        metric: str,
        at: datetime,
        value: str | None,
        dimensions: Mapping[str, Dimension] | None,
    ) -> Counter:
        aggregation = self._metrics.get(metric)
        if aggregation is None:
            raise MeterError(f"The meter was not made for the metric {metric!r}.")
        if aggregation == "unique_count" and value is None:
            raise ValueError(f"{metric} counts unique values: say which value")
        if not isinstance(subscription, int):
            read_text(subscription, "subscription")
        start = hour_of(at, self._hour)
        return Counter(
            subscription,
            metric,
            aggregation,
            start,
            start + self._hour,
            None if value is None else read_text(value, "value"),
            read_dimensions(dimensions),
            next(self._serial) if aggregation in SINGLE else 0,
        )

    def _instant(self, at: datetime | None) -> datetime:
        now = self._now().astimezone(timezone.utc)
        if at is None:
            return now
        if at.tzinfo is None:
            raise ValueError("at must have a time zone: datetime.now(timezone.utc)")
        if at > now + DAY:
            raise ValueError("at must not be more than a day ahead")
        return at.astimezone(timezone.utc)

    def _await(self, counter: Counter, reading: Reading) -> Future[None]:
        """Have a reading written at once; return the future of that."""
        if len(self._tickets) >= self._max_pending:
            raise SpoolFullError("There is no room for more usage: the disk does not keep up.")
        return self._ask((counter, reading))

    def _ask(self, *counted: tuple[Counter, Reading]) -> Future[None]:
        ticket: Future[None] = Future()
        ticket.set_running_or_notify_cancel()  # what is on its way cannot be taken back
        self._tickets.append((counted, ticket))
        self._state.notify_all()
        return ticket

    def _enter(self, counter: Counter, reading: Reading) -> None:
        """Count a reading in memory."""
        known = self._pending.get(counter)
        if known is not None:
            self._pending[counter] = known.combined(reading, counter.aggregation)
            return
        if len(self._pending) >= self._max_pending:
            self._make_room()
        self._pending[counter] = reading
        if len(self._pending) == 1 or self._is_crowded():
            self._state.notify_all()

    def _is_crowded(self) -> bool:
        return not self._failing and len(self._pending) * 2 >= self._max_pending

    def _make_room(self) -> None:
        if self._when_full == "raise":
            raise SpoolFullError("There is no room for more usage: see the log, and stats().")
        del self._pending[next(iter(self._pending))]
        self._tell_dropped(1)

    def _check_process(self) -> None:
        """Before any lock is asked for: a thread of the parent may have held it at the fork."""
        if self._pid != os.getpid():
            raise MeterError("This meter is another process's: make one after the fork.")

    def _check_open(self) -> None:
        if self._closing:
            raise MeterError("The meter is closed.")

    # === WRITING === #

    def _write_forever(self) -> None:
        while True:
            with self._state:
                self._wait_for_work()
                pending, self._pending = self._pending, {}
                tickets, self._tickets = self._tickets, []
                closing = self._closing
            self._write(pending, tickets)
            if closing:
                return

    def _wait_for_work(self) -> None:
        """Wait until something is to be written: at once if somebody waits, else a while later."""

        def is_urgent() -> bool:
            return bool(self._tickets) or self._closing or self._is_crowded()

        self._state.wait_for(lambda: self._pending or is_urgent())
        self._state.wait_for(is_urgent, self._write_every)

    def _write(self, pending: dict[Counter, Reading], tickets: list[Ticket]) -> None:
        """Write all of it; what was not written stays in memory, and who waits for it is told."""
        durable = [ticket for ticket in tickets if ticket[0]]
        counted = [one for some, _ticket in durable for one in some]
        failure = self._attempt(self._write_or_drop, counted) if counted else None
        if not failure:
            with self._state:
                self._recorded += len(counted)
        _tell(durable, failure)
        left = list(pending.items())
        failure = self._attempt(self._write_pieces, left)
        if failure:
            self._keep(dict(left), failure)
        self._failing = failure is not None
        _tell([ticket for ticket in tickets if not ticket[0]], failure)

    def _attempt(self, write: Callable[[Counted], None], counted: Counted) -> MeterError | None:
        """Whatever goes wrong, the thread goes on, and somebody is told."""
        try:
            write(counted)
        except MeterError as error:
            self._sender.ask()  # what is sent makes room
            return error
        except Exception as error:
            _logger.exception("Usage could not be written")
            return MeterError(str(error))
        return None

    def _write_pieces(self, counted: Counted) -> None:
        """Write in pieces, that get smaller as room does, and take out what is written."""
        size = PIECE
        while counted:
            try:
                self._write_or_drop(counted[:size])
            except SpoolFullError:
                if size == 1:
                    raise
                size //= 4
            else:
                del counted[:size]

    def _write_or_drop(self, counted: Counted) -> None:
        """Write it; if there is no room, throw away more and more until there is, where wanted."""
        drop = len(counted)
        while True:
            try:
                return self._spool.write(counted)
            except SpoolFullError:
                dropped = self._spool.drop_oldest(drop) if self._when_full != "raise" else 0
                if not dropped:
                    raise
            with self._state:
                self._tell_dropped(dropped)
            drop *= 2

    def _keep(self, pending: dict[Counter, Reading], failure: MeterError) -> None:
        """Take back into memory what could not be written."""
        if not self._failing:
            _logger.error("Usage cannot be written, and is kept in memory: %s", failure)
        with self._state:
            for counter, reading in self._pending.items():
                before = pending.get(counter)
                combined = before.combined(reading, counter.aggregation) if before else reading
                pending[counter] = combined
            self._pending = pending

    def _tell_dropped(self, count: int) -> None:
        self._dropped += count
        if time.monotonic() - self._told > SECONDS_BETWEEN_TELLING:
            self._told = time.monotonic()
            _logger.error("There is no room: counters thrown away until now: %s", self._dropped)

    # === SENDING === #

    def flush(self, timeout: float | None = 30) -> bool:
        """Send what was recorded until now.

        :param timeout: seconds; None waits as long as it takes
        :return: whether billing took all of it in time, or it was set aside
        :raise MeterError: until then it could not be written into the spool
        """
        self._check_process()
        end = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            with self._state:
                self._check_open()
                written = self._ask()
            failure = written.exception()
            left = max(0, end - time.monotonic())
            sent = self._sender.flush(None if left == math.inf else left)
            if failure is None:
                return sent
            if time.monotonic() > end:
                raise failure
            time.sleep(TAKING_BREATH)  # what was sent has made room

    def refused(self) -> list[Refused]:
        """What billing refused: mend the reason and `retry_refused`, or look at it elsewhere."""
        self._check_process()
        return [Refused(*one) for one in self._spool.refused()]

    def retry_refused(self) -> int:
        """Have everything sent again that billing refused; return how much."""
        self._check_process()
        count = self._spool.put_back()
        self._sender.ask(urgently=True)
        return count

    def stats(self) -> Stats:
        self._check_process()
        tally, sent_at = self._sender.tally, self._sender.sent_at
        return Stats(
            recorded=self._recorded,
            in_memory=len(self._pending),
            waiting=self._spool.count(),
            refused=self._spool.count_refused(),
            dropped=self._dropped,
            accepted=tally["accepted"],
            unchanged=tally["unchanged"],
            batches=tally["batches"],
            error=self._sender.error,
            sent_at=None if sent_at is None else datetime.fromtimestamp(sent_at, timezone.utc),
        )

    # === ITS END === #

    def close(self, timeout: float = 5) -> None:
        """Write everything to the spool, and send what can be sent in time. Safe to call twice.

        What is left waits in the spool for the next meter with the same folder.
        """
        atexit.unregister(self.close)
        if self._closing or self._pid != os.getpid():
            return
        with contextlib.suppress(MeterError):
            self.flush(timeout)
        with self._state:
            self._closing = True
            self._state.notify_all()
        self._writer.join()
        self._sender.end()
        self._sender.join(timeout)
        unwritten, left = len(self._pending), self._spool.close()
        lost = unwritten + (0 if self._is_on_disk else left)
        if lost:
            _logger.error("The meter ends, and loses counters: %s", lost)

    def __enter__(self) -> Meter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _tell(tickets: list[Ticket], failure: MeterError | None) -> None:
    for _counted, ticket in tickets:
        if failure:
            ticket.set_exception(failure)
        else:
            ticket.set_result(None)
