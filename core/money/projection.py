"""Where the usage of a billing period is heading, if it goes on as it did until now."""

from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import NamedTuple

from .exact import EXACT

# The first minutes of a period say nothing of its end.
OBSERVED_FOR = timedelta(hours=1)


class Part(NamedTuple):
    """A stretch of a period, half-open, and what was used in it until now."""

    start: datetime
    end: datetime
    quantity: Decimal


def project(aggregation, parts, now):
    """Return the quantity of each part at the end of the period.

    :param str aggregation: how the metric combines counters
    :param list[Part] parts: in order, of one charge; there is more than one where its prices
        change inside the period
    :param datetime now: what is before it is over
    :return: one Decimal per part
    """
    with localcontext(EXACT):
        return _PROJECTIONS.get(aggregation, _project_level)(parts, now)


def _project_growth(parts, now):
    """What adds up goes on at its pace."""
    now = max(now, parts[0].start + OBSERVED_FOR)
    used = sum(part.quantity for part in parts)
    gone = sum((_gone(part, now) for part in parts), timedelta())
    return [
        part.quantity
        + round(used * _seconds(part.end - part.start - _gone(part, now)) / _seconds(gone), 6)
        for part in parts
    ]


def _project_level(parts, now):
    """What is measured stays as it is: seats counted today are the seats at the end."""
    projected = []
    for part in parts:
        goes_on = not part.quantity and part.end > now and projected
        projected.append(projected[-1] if goes_on else part.quantity)
    return projected


def _project_held(parts, _now):
    """A level that is weighted by time already counts until the end."""
    return [part.quantity for part in parts]


_PROJECTIONS = {"sum": _project_growth, "count": _project_growth, "weighted": _project_held}


def _gone(part, now):
    return max(min(now, part.end) - part.start, timedelta())


def _seconds(span):
    return Decimal(span // timedelta(seconds=1))
