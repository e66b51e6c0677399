"""The sending of a meter's counters, in a thread of its own."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter as Tally

from .calls import Answer
from .client import Client
from .errors import ApiError, EventError, FusionError, PayloadTooLargeError, event_errors
from .pauses import pause
from .spool import Event, Spool

_logger = logging.getLogger("fusion_billing_client")

MOST_EVENTS = 5_000  # that the API takes in one request


class Sender(threading.Thread):
    """Sends what the spool holds, now and then or when asked.

    Whatever goes wrong, counters stay in the spool and are sent again with growing pauses. Only
    what billing says is wrong with an event itself sets that event aside.

    :param every: seconds between two sendings
    """

    def __init__(self, client: Client, spool: Spool, every: float):
        super().__init__(name="fusion-billing-sender", daemon=True)
        self._client, self._spool, self._every = client, spool, every
        self._most = MOST_EVENTS
        self._state = threading.Condition()
        self._asked, self._urgent, self._ended = True, False, False  # first what was left behind
        self._failures, self._not_before = 0, 0.0
        self.tally: Tally[str] = Tally()
        self.error: str | None = None
        self.sent_at: float | None = None

    def ask(self, urgently: bool = False) -> None:
        """Have what there is sent now; in a pause after a failure, only if it is urgent."""
        with self._state:
            self._asked, self._urgent = True, self._urgent or urgently
            self._state.notify_all()

    def flush(self, timeout: float | None) -> bool:
        """Send what there is; return whether all of it was taken or set aside in time."""
        turn = self._spool.next_turn()
        self.ask(urgently=True)
        with self._state:
            return (
                self._state.wait_for(
                    lambda: self._ended or not self._spool.count(before=turn), timeout
                )
                and not self._ended
            )

    def end(self) -> None:
        """Begin nothing more."""
        with self._state:
            self._ended = True
            self._state.notify_all()

    def run(self) -> None:
        due = time.monotonic()
        while self._wait_until(due):
            try:
                self._send_all()
            except (FusionError, sqlite3.Error) as error:
                due = time.monotonic() + self._note(error)
            except Exception as error:  # a thread that ends would lose everything, unseen
                _logger.exception("Usage could not be sent")
                due = time.monotonic() + self._note(error)
            else:
                self._failures, self.error = 0, None
                due = time.monotonic() + self._every

    def _wait_until(self, due: float) -> bool:
        """Wait until it is time, or somebody asks and the server does not mind.

        :return: whether to go on
        """

        def is_wanted() -> bool:
            asked = self._urgent or (self._asked and not self._failures)
            return self._ended or (asked and time.monotonic() >= self._not_before)

        with self._state:
            self._state.wait_for(is_wanted, max(0, due - time.monotonic()))
            self._asked = self._urgent = False
            return not self._ended

    def _note(self, error: Exception) -> float:
        """Take note of a failure; return for how many seconds to wait."""
        if self._ended:
            return 0
        self._failures += 1
        told = str(error) or type(error).__name__
        if told != self.error:
            _logger.warning("Usage waits, since it could not be sent: %s", told)
        self.error = told
        retry_after = getattr(error, "retry_after", None)
        self._not_before = time.monotonic() + (retry_after or 0)
        return pause(self._failures, retry_after)

    def _send_all(self) -> None:
        """Send everything that was counted until now.

        A turn begins only when the one before is sent: while billing is away, counters go on
        growing by the hour instead of becoming more.
        """
        self._spool.take_over()
        self._send_turns()
        self._spool.next_turn()
        self._send_turns()

    def _send_turns(self) -> None:
        """Send what belongs to turns that are over."""
        while not self._ended and (batch := self._spool.batch(self._most)):
            self._send(batch)
            with self._state:
                self._state.notify_all()  # who waits in `flush` looks

    def _send(self, batch: list[Event]) -> None:
        try:
            answer = self._client.push_usage(batch, partial=True, attempts=1)
        except PayloadTooLargeError as error:
            if len(batch) > 1:
                self._most = len(batch) // 2
            else:
                self._set_aside([(batch[0], _whole(error))])
        else:
            self._note_sent(batch, answer)

    def _note_sent(self, batch: list[Event], answer: Answer) -> None:
        """Remove what was taken, and set aside what was not, where the answer says why: it tells of
        a hundred errors; the others stay, and are told the next time.
        """
        rejected = set(answer["rejected_indexes"])
        taken = [event for index, event in enumerate(batch) if index not in rejected]
        names = ("accepted", "inserted", "updated", "unchanged")
        counts = {name: int(answer[name]) for name in names}
        if rejected:
            self._set_aside([(batch[one.index], one) for one in event_errors(answer)])
        with self._state:  # who waits in `flush` sees all of it, or nothing
            self._spool.remove(taken)
            self.tally.update(counts, batches=1)
            self.sent_at, self.error = time.time(), None

    def _set_aside(self, refused: list[tuple[Event, EventError]]) -> None:
        self._spool.set_aside(refused)
        event, error = refused[0]
        _logger.error(
            "Billing refused usage, which is set aside: %s events, such as %s: %s",
            len(refused),
            event,
            error.message,
        )


def _whole(error: ApiError) -> EventError:
    return EventError(0, error.code, error.message)
