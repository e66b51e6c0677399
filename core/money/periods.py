"""When billing periods begin and end.

A billing period is a run of whole local days, half-open: its first day is in, its
end is the first day of the next one. A :class:`Recurrence` counts each boundary
directly from the anchor, so that a month's end never drifts: 31 Jan, 28 Feb,
31 Mar.

A local day begins at its first instant in the billing time zone, so that a day
has 23 or 25 hours when the clocks change. Instants are naive datetimes in UTC, as
Odoo stores them; aware ones are understood where an instant goes in.
"""

import calendar
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from fractions import Fraction
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS = ("week", "month", "year")
_MONTHS = {"month": 1, "year": 12}


class Period(NamedTuple):
    """Half-open: from the first instant of ``start`` to that of ``end``."""

    start: date
    end: date

    @property
    def days(self):
        return (self.end - self.start).days

    @property
    def last_day(self):
        return self.end - timedelta(days=1)

    def utc_bounds(self, tz):
        """The two instants between which an instant lies in the period.

        :return: (first instant in, first instant out), naive in UTC
        """
        return local_midnight_utc(self.start, tz), local_midnight_utc(self.end, tz)


def overlap(one, other):
    """The days that two runs share, in a list, which is empty if there are none."""
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return [Period(start, end)] if start < end else []


@dataclass(frozen=True)
class Recurrence:
    """Every ``value`` weeks, months or years, counted from ``anchor``.

    Periods are numbered: the one that starts at the anchor is 0, those before it
    are negative. A month too short for the anchor's day has its boundary on its
    last day, and the next long month has it on the anchor's day again.

    :raise ValueError: the value is not a positive int, the unit is not one of
        :data:`UNITS`, the anchor is not a date; from the methods: a boundary is
        beyond the calendar (``OverflowError`` for weeks)
    """

    value: int
    unit: str
    anchor: date

    def __post_init__(self):
        if self.unit not in UNITS:
            raise ValueError(f"A period is counted in {', '.join(UNITS)}, not {self.unit!r}.")
        if type(self.value) is not int or self.value < 1:
            raise ValueError(f"A period lasts 1 or more {self.unit}s, not {self.value!r}.")
        if not isinstance(self.anchor, date) or isinstance(self.anchor, datetime):
            raise ValueError(f"The anchor is a date, not {self.anchor!r}.")

    def boundary(self, number):
        """The first day of period ``number``."""
        if self.unit == "week":
            return self.anchor + timedelta(weeks=number * self.value)
        return _add_months(self.anchor, number * self.value * _MONTHS[self.unit])

    def number_of(self, day):
        """The number of the period that contains the day."""
        if self.unit == "week":
            return (day - self.anchor).days // (7 * self.value)
        months = _month_index(day) - _month_index(self.anchor)
        number = months // (self.value * _MONTHS[self.unit])
        return number if self.boundary(number) <= day else number - 1

    def period(self, number):
        return Period(self.boundary(number), self.boundary(number + 1))

    def containing(self, day):
        """The period that contains the day."""
        return self.period(self.number_of(day))

    def next_after(self, day):
        """The first boundary after the day."""
        return self.boundary(self.number_of(day) + 1)

    def between(self, start, end):
        """Yield in order the periods that share a day with ``[start, end)``."""
        number = self.number_of(start)
        while start < end and self.boundary(number) < end:
            yield self.period(number)
            number += 1


def prorata(part_start, part_end, period_start, period_end):
    """The share of a period's days that a part of it covers, exactly.

    All four are local dates, both spans half-open.

    :rtype: fractions.Fraction
    :raise ValueError: the period is empty or the part is not inside it
    """
    if not period_start < period_end:
        raise ValueError(f"The period must end after {period_start}, not on {period_end}.")
    if not period_start <= part_start <= part_end <= period_end:
        raise ValueError(
            f"The part from {part_start} to {part_end} must lie "
            f"in the period from {period_start} to {period_end}."
        )
    return Fraction((part_end - part_start).days, (period_end - period_start).days)


# === LOCAL DAYS AND INSTANTS === #


@lru_cache(maxsize=4096)
def local_midnight_utc(day, tz):
    """The first instant of a local day.

    Usually its midnight. Where the clocks jump over midnight it is the instant of
    the jump; where midnight comes twice it is the first one. A date that a zone
    skipped altogether (Samoa, 30 Dec 2011) begins and ends at the same instant.

    :param date day: the local day
    :param tz: name of an IANA time zone, or a tzinfo
    :return: naive datetime in UTC
    :raise ValueError: there is no such time zone
    """
    zone = _find_zone(tz)
    # fold=0, the default, is the first of two midnights.
    midnight = datetime.combine(day, time.min, tzinfo=zone)
    instant = midnight.astimezone(timezone.utc)
    if instant.astimezone(zone).replace(tzinfo=None) != midnight.replace(tzinfo=None):
        instant = _end_of_gap(midnight, zone)
    return instant.replace(tzinfo=None)


def local_date(instant, tz):
    """The local day that contains an instant: the inverse of the above.

    It is the date on the wall clock, except where the clocks go back over
    midnight: a day that has begun does not end before the next one begins.

    :param datetime instant: naive in UTC, or aware
    :param tz: name of an IANA time zone, or a tzinfo
    """
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=timezone.utc)
    day = instant.astimezone(_find_zone(tz)).date()
    tomorrow = day + timedelta(days=1)
    begun = local_midnight_utc(tomorrow, tz).replace(tzinfo=timezone.utc) <= instant
    return tomorrow if begun else day


def _end_of_gap(midnight, zone):
    """The instant at which the clocks jumped over a midnight.

    It lies between the readings of that midnight with the offsets from after the
    jump (fold=1) and from before it (fold=0).
    """
    early = midnight.replace(fold=1).astimezone(timezone.utc)
    late = midnight.astimezone(timezone.utc)

    def is_after_jump(seconds):
        local = (early + timedelta(seconds=seconds)).astimezone(zone)
        return local.date() >= midnight.date()

    gap = range(int((late - early).total_seconds()))
    return early + timedelta(seconds=bisect_left(gap, True, key=is_after_jump))


def _find_zone(tz):
    # The tzinfo of pytz is not used itself: it has no notion of fold.
    name = getattr(tz, "zone", None) or tz
    if isinstance(name, tzinfo):
        return name
    if not isinstance(name, str):
        raise ValueError(f"A time zone is a name or a tzinfo, not {name!r}.")
    return _load_zone(name)


@cache
def _load_zone(name):
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _load_zone_of_pytz(name)


def _load_zone_of_pytz(name):
    """For systems without a time zone database: the one that comes with pytz."""
    try:
        import pytz

        with pytz.open_resource(name) as resource:
            return ZoneInfo.from_file(resource, key=name)
    except (ImportError, ValueError, OSError):
        raise ValueError(f"There is no time zone {name!r:.60}.") from None


# === MONTHS === #


def _month_index(day):
    return day.year * 12 + day.month - 1


def _add_months(day, months):
    """The same day so many months away, or the last one of a shorter month."""
    year, month = divmod(_month_index(day) + months, 12)
    first = date(year, month + 1, 1)
    return first.replace(day=min(day.day, calendar.monthrange(year, month + 1)[1]))
