"""How the sample app counts: its clock, its request log and its hourly counters.

The log is the truth, one JSON object per request, only ever appended to. The counters are what the
app makes of it while it runs; the demo recounts the log afterwards and never looks at them.
"""

import json
import threading
import time
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

HOUR = timedelta(hours=1)


class Clock:
    """Real time until it is set; then time that starts anywhere and runs at any speed."""

    def __init__(self):
        self.set()

    def set(self, now: datetime | None = None, speed: float = 1, until: datetime | None = None):
        """Go on from an instant, so many times as fast as real time, and stand still at `until`."""
        start = now or datetime.now(timezone.utc)
        self._state = (start, speed, until, time.monotonic())

    def now(self) -> datetime:
        start, speed, until, begun = self._state
        shown = start + timedelta(seconds=(time.monotonic() - begun) * speed)
        return min(shown, until) if until else shown


class Counter(NamedTuple):
    """What one hourly counter counts; `value` is whom, for a metric that counts unique values."""

    subscription: str
    metric: str
    hour: datetime
    value: str | None = None

    @property
    def key(self) -> str:
        """The idempotency key: the same counter has the same key, however often it is pushed."""
        parts = (self.subscription, self.metric, f"{self.hour:%Y-%m-%dT%H}", self.value)
        return "/".join(part for part in parts if part)

    def event(self, quantity: Decimal) -> dict:
        """The usage event that says how much was counted."""
        return {
            "subscription_external_id": self.subscription,
            "metric_code": self.metric,
            "quantity": f"{quantity:f}",
            "period_start": instant(self.hour),
            "period_end": instant(self.hour + HOUR),
            "idempotency_key": self.key,
            "value": self.value,
        }


class Meter:
    """The request log and the counters, which change together."""

    def __init__(self, path: Path, clock: Clock):
        self._log = path.open("a", buffering=1, encoding="utf-8")
        self._clock = clock
        self._lock = threading.Lock()
        self._counted: dict[Counter, Decimal] = {}
        self._changed: dict[Counter, None] = {}
        self.requests = 0

    def record(self, status: int, path: str, size: int, account=None, user: str | None = None):
        """Log a request, and count it if it was served to a customer.

        :param int size: bytes in the body of the answer
        """
        with self._lock:
            now = self._clock.now()
            entry = {
                "at": instant(now),
                "customer": account and account.customer,
                "user": user,
                "path": path,
                "status": status,
                "bytes": size,
            }
            self._log.write(json.dumps(entry) + "\n")
            self.requests += 1
            if account and status == 200:
                self._count(account.subscription, now, size, user)

    def _count(self, subscription: str, now: datetime, size: int, user: str | None) -> None:
        hour = now.replace(minute=0, second=0, microsecond=0)
        self._add(Counter(subscription, "map_requests", hour), Decimal(1))
        self._add(Counter(subscription, "data_mb", hour), Decimal(size).scaleb(-6))
        if user:
            self._set(Counter(subscription, "active_users", hour, user), Decimal(1))

    def _add(self, counter: Counter, amount: Decimal) -> None:
        self._set(counter, self._counted.get(counter, Decimal(0)) + amount)

    def _set(self, counter: Counter, quantity: Decimal) -> None:
        if self._counted.get(counter) != quantity:
            self._counted[counter] = quantity
            self._changed[counter] = None

    def changed(self, limit: int) -> dict[Counter, Decimal]:
        """Up to `limit` counters that were not pushed since they changed, oldest change first."""
        with self._lock:
            counters = list(self._changed)[:limit]
            return {counter: self._counted[counter] for counter in counters}

    def pushed(self, batch: dict[Counter, Decimal]) -> None:
        """Take note of a batch that was accepted; what changed meanwhile stays to be pushed."""
        with self._lock:
            for counter, quantity in batch.items():
                if self._counted[counter] == quantity:
                    self._changed.pop(counter, None)

    @property
    def pending(self) -> int:
        return len(self._changed)

    def close(self) -> None:
        self._log.close()


def instant(when: datetime) -> str:
    """An instant as the API reads it: in UTC, with a Z."""
    return when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant that `instant` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
