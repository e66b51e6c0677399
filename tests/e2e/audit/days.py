"""Local days and billing periods, slowly: one day after the other, as a clock on the wall shows.

Nothing is shared with the addon: what it computes from boundaries is counted here by days.
"""

import calendar
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)  # every zone's clock differs from UTC by quarters of an hour
BEGINNING, END = datetime(1, 1, 1), datetime(9999, 12, 31)


class Clocks:
    """The zones of a company: (first instant or None, name), in order; instants in UTC."""

    def __init__(self, steps):
        self.steps = sorted(steps, key=lambda step: step[0] or BEGINNING)
        self._begins = {}

    def known_at(self, instant):
        """The same without the moves to other zones that came later."""
        return Clocks([step for step in self.steps if step[0] is None or step[0] <= instant])

    def begins(self, day):
        """The first instant at which the clock in force shows this day or a later one."""
        if day not in self._begins:
            self._begins[day] = min(self._first_of_each_zone(day))
        return self._begins[day]

    def _first_of_each_zone(self, day):
        untils = [since for since, _name in self.steps[1:]] + [END]
        for (since, name), until in zip(self.steps, untils, strict=True):
            first = max(first_shown(name, day), since or BEGINNING)
            if first < until:
                yield first

    def day_of(self, instant):
        """The day that has begun last."""
        day = instant.date() + 2 * DAY
        while self.begins(day) > instant:
            day -= DAY
        return day


@cache
def first_shown(zone, day):
    """The first instant at which a clock in the zone shows this day or a later one."""
    clock = ZoneInfo(zone)
    instant = datetime.combine(day, time.min) - timedelta(hours=15)
    while instant.replace(tzinfo=timezone.utc).astimezone(clock).date() < day:
        instant += QUARTER
    return instant


# === BILLING PERIODS === #


# Whether usage is taken and fees are owed in a state.
COUNTS = {
    "active": (True, True),
    "paused": (False, False),
    "unpaid": (False, False),
    "unpaid_usage": (True, False),
    "unpaid_fees": (False, True),
    "unpaid_both": (True, True),
}


class LivedDay(NamedTuple):
    """A day on which a subscription was not closed, and the billing period it is part of."""

    day: date
    plan: int
    takes_usage: bool
    owes_fees: bool
    start: date  # the billing period as it was lived
    end: date
    full_start: date  # and as the recurrence knows it
    full_end: date


def boundary(every, unit, anchor, number):
    """The first day of a billing period, counted from the anchor's."""
    if unit == "week":
        return anchor + 7 * every * number * DAY
    months = anchor.year * 12 + anchor.month - 1 + number * every * {"month": 1, "year": 12}[unit]
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


@cache
def full_period(every, unit, anchor, day):
    number = 0
    while boundary(every, unit, anchor, number) > day:
        number -= 1
    while boundary(every, unit, anchor, number + 1) <= day:
        number += 1
    return boundary(every, unit, anchor, number), boundary(every, unit, anchor, number + 1)


def lived_days(phases, anchor, rhythms, until):
    """Every day from the first one to the end of the billing period that contains a day.

    :param phases: (first day, plan, state), in order
    :param dict rhythms: (every, unit) by plan
    """
    lived, day, last, begun = [], phases[0][0], None, None
    anchor = first_anchor = anchor or day
    while day < until:
        _since, plan, state = [phase for phase in phases if phase[0] <= day][-1]
        if state == "closed":
            begun = None
        else:
            if begun is None or rhythms[plan] != last:
                if last not in (None, rhythms[plan]):
                    anchor = anchor_of_change(rhythms[plan], day, anchor, first_anchor)
                begun, last = day, rhythms[plan]
            full = full_period(*last, anchor, day)
            end = min(full[1], end_of_rhythm(phases, rhythms, day))
            begin = max(full[0], begun)
            lived.append(LivedDay(day, plan, *COUNTS[state], begin, end, *full))
            if day + DAY == until:
                until = end
        day += DAY
    return lived


def anchor_of_change(rhythm, day, *anchors):
    """From which day another rhythm counts: one that keeps the day of the month, if that fits."""
    later = [day + number * DAY for number in range(400)]
    like = [[other for other in later if other.day == anchor.day] for anchor in anchors]
    candidates = [anchors[0], *like[0], *like[1], day]
    return next(other for other in candidates if begins(rhythm, other, day))


def begins(rhythm, anchor, day):
    return full_period(*rhythm, anchor, day)[0] == day


def end_of_rhythm(phases, rhythms, day):
    """The first later day on which the subscription is closed, or billed at other intervals."""
    plan = [phase[1] for phase in phases if phase[0] <= day][-1]
    others = [
        since
        for since, other, state in phases
        if since > day and (state == "closed" or rhythms[other] != rhythms[plan])
    ]
    return min(others, default=date.max)


def runs(days):
    """Split days into runs without gap: a list of lists, in order."""
    found = []
    for day in sorted(days):
        if found and found[-1][-1] + DAY == day:
            found[-1].append(day)
        else:
            found.append([day])
    return found
