"""How the sample app counts: its clock, its request log, and what of it is usage.

The log is the truth, one JSON object per request, only ever appended to. The meter is told of each
request while the app runs; the demo recounts the log afterwards and never looks at the meter.
"""

import json
import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

#: What is counted, and how the counters of each metric combine.
METRICS = {"map_requests": "sum", "data_mb": "sum", "active_users": "unique_count"}


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


class RequestLog:
    """The request log; what was served to customers is counted.

    :param count: `record` of a `fusion_billing_client.Meter`
    :param metrics: those of METRICS that are counted
    """

    def __init__(
        self, path: Path, clock: Clock, count: Callable[..., None], metrics: Collection = METRICS
    ):
        self._log = path.open("a", buffering=1, encoding="utf-8")
        self._clock, self._count, self._metrics = clock, count, metrics
        self._lock = threading.Lock()
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
                self._count_one(account.subscription, now, size, user)

    def _count_one(self, subscription: str, now: datetime, size: int, user: str | None) -> None:
        counted = {
            "map_requests": {"quantity": 1},
            "data_mb": {"quantity": Decimal(size).scaleb(-6)},
            **({"active_users": {"value": user}} if user else {}),
        }
        for metric, content in counted.items():
            if metric in self._metrics:
                self._count(subscription, metric, at=now, **content)

    def close(self) -> None:
        self._log.close()


def instant(when: datetime) -> str:
    """An instant as the API reads it: in UTC, with a Z."""
    return when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant that `instant` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
