"""What is counted: checked, aggregated by the hour, and written as events of the API.

How recordings combine within an hour follows from the metric's aggregation:

- `sum` adds up, `max` keeps the greatest, `last` the latest with its instant;
- `unique_count` keeps each value once;
- `count`, `average` and `weighted` depend on each single recording: each is sent by itself.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal, InvalidOperation
from typing import Any, NamedTuple

from .calls import instant

AGGREGATIONS = ("sum", "max", "last", "unique_count", "count", "average", "weighted")
SINGLE = ("count", "average", "weighted")

Dimension = str | int | bool

_TEXT = 255
# No database holds NUL or half of a surrogate pair: for one, billing refuses a whole request.
_UNFIT = re.compile("[\0\ud800-\udfff]")
_DIMENSIONS, _DIMENSION_NAME = 20, 64
_LIMIT, _UNIT = Decimal(10) ** 18, Decimal("0.000001")
_EXACT = Context(prec=60)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Counter(NamedTuple):
    """What one counter counts. Recordings with equal counters combine."""

    subscription: str | int
    metric: str
    aggregation: str
    start: datetime  # of the hour
    end: datetime
    value: str | None
    dimensions: str | None  # JSON, its names in order
    serial: int  # tells counters apart that are sent one by one

    def key(self, run: str, turn: int) -> str:
        """The idempotency key: it follows from what is counted, by which run, in which turn.

        Two machines, or one after a restart, never share a key. A value of `unique_count` counts
        once whoever tells it, so there the key is everybody's.
        """
        start = self.start.isoformat()
        parts = (self.subscription, self.metric, start, self.value, self.dimensions, self.serial)
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
        who = "unique" if self.aggregation == "unique_count" else f"{run}/{turn}"
        return f"{self.start:%Y-%m-%dT%H:%M}/{who}/{digest}"

    def event(self, reading: Reading, key: str) -> dict[str, Any]:
        """The event of the API that tells what was counted."""
        by_id = isinstance(self.subscription, int)
        is_instant = self.aggregation == "last" or self.aggregation in SINGLE
        event = {
            "subscription_id" if by_id else "subscription_external_id": self.subscription,
            "metric_code": self.metric,
            "quantity": f"{reading.quantity:f}",
            "period_start": instant(reading.at if is_instant else self.start),
            "period_end": instant(self.end),
            "idempotency_key": key,
        }
        if self.value is not None:
            event["value"] = self.value
        if self.dimensions is not None:
            event["dimensions"] = json.loads(self.dimensions)
        return event


class Reading(NamedTuple):
    """How much was counted, and when."""

    quantity: Decimal
    at: datetime

    def combined(self, other: Reading, aggregation: str) -> Reading:
        """This reading and a later recorded one of the same counter, in one."""
        if aggregation == "sum":
            return Reading(_EXACT.add(self.quantity, other.quantity), other.at)
        if aggregation == "max":
            return max(self, other)
        if aggregation == "last":
            return other if other.at >= self.at else self
        return self

    @classmethod
    def of_event(cls, event: Mapping[str, Any]) -> Reading:
        """Read it back from an event."""
        at = datetime.fromisoformat(event["period_start"].replace("Z", "+00:00"))
        return cls(Decimal(event["quantity"]), at)


def hour_of(at: datetime, length: timedelta) -> datetime:
    """The beginning of the span of this length, in UTC, with an instant."""
    return at - (at - _EPOCH) % length


def read_quantity(quantity: int | Decimal | str) -> Decimal:
    """Read a quantity that the API takes.

    :raise TypeError: it is a float, which is not exact, or no number
    :raise ValueError: it is below 0, or has over 18 digits before or 6 after the point
    """
    if isinstance(quantity, bool) or not isinstance(quantity, (int, Decimal, str)):
        raise TypeError("quantity must be an int, a Decimal or a str: a float is not exact")
    try:
        number = Decimal(quantity)
    except InvalidOperation:
        raise ValueError(f"quantity is no number: {quantity!r}") from None
    if not (
        number.is_finite() and 0 <= number < _LIMIT and _EXACT.quantize(number, _UNIT) == number
    ):
        raise ValueError(
            "quantity must be at least 0, with at most 18 digits before the point and 6 after it"
        )
    return _EXACT.normalize(number)


def read_text(text: str, name: str) -> str:
    """Check a text that the API takes."""
    if not isinstance(text, str) or not text.strip() or not _fits(text, _TEXT):
        raise ValueError(f"{name} must be a text of 1 to {_TEXT} characters, without NUL")
    return text


def _fits(text: str, most: int) -> bool:
    return len(text) <= most and not _UNFIT.search(text)


def read_dimensions(dimensions: Mapping[str, Dimension] | None) -> str | None:
    """Check dimensions and write them so that equal ones are equal texts."""
    if not dimensions:
        return None
    if len(dimensions) > _DIMENSIONS:
        raise ValueError(f"there may be at most {_DIMENSIONS} dimensions")
    for name, one in dimensions.items():
        if not isinstance(name, str) or not name or not _fits(name, _DIMENSION_NAME):
            raise ValueError(f"a dimension has a name of 1 to {_DIMENSION_NAME} characters")
        if not isinstance(one, (str, int)) or not _fits(str(one), _TEXT):
            raise ValueError(f"the dimension {name} must be a text, a whole number or a boolean")
    return json.dumps(dict(dimensions), sort_keys=True)
