"""What a subscription owes, recounted day by day from what was in force on each."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

from e2e.audit.days import DAY, lived_days, runs
from e2e.audit.prices import ZERO, half_away

LEVELS = {"max", "last", "unique_count", "average"}
QUOTIENT = Fraction(1, 10**12)  # averages and weighted levels end at this decimal


@dataclass
class Row:
    """What the ledger must say of a run of days."""

    source: tuple  # ("charge" or "item", id)
    start: date
    end: date
    cycle: tuple
    bill_on: date
    exact: Fraction
    quantity: Fraction | None = None
    counters: tuple = ()  # ids of those that it counts

    @property
    def key(self):
        return self.source, self.start


def by_period(days):
    """The days of each billing period, in order."""
    periods = defaultdict(list)
    for day in days:
        periods[day.start, day.end].append(day)
    return [days for _period, days in sorted(periods.items())]


def count_in_full(days):
    """How many of these days each full billing period has."""
    return Counter((day.full_start, day.full_end) for day in days)


class Recount:
    """One subscription, worked out up to the billing period that contains a day."""

    def __init__(self, books, order, until):
        self.books, self.order = books, order
        self.clock = books.clocks[order.company_id]
        rhythms = {plan.id: (plan.every, plan.unit) for plan in books.plans.values()}
        self.days = lived_days(order.phases, order.fusion_anchor_date, rhythms, until + DAY)
        self.taken = [day for day in self.days if day.takes_usage]
        self.owing = [day for day in self.days if day.owes_fees]
        self.taken_in_full, self.owing_in_full = (
            count_in_full(self.taken),
            count_in_full(self.owing),
        )

    def rows(self):
        fees = [row for days in by_period(self.owing) for row in self._fees(days)]
        return [*fees, *(row for days in by_period(self.taken) for row in self._usage(days))]

    # === FEES === #

    def _fees(self, days):
        for item in self.order.items:
            inside = [
                day.day for day in days if item.date_from <= day.day < (item.date_until or date.max)
            ]
            amount = item.price_unit * item.quantity * (100 - (item.discount or 0)) / 100
            for run in runs(inside):
                at_start = item.fee_timing == "advance" and run[0] == days[0].start
                yield Row(
                    ("item", item.id),
                    run[0],
                    run[-1] + DAY,
                    (days[0].start, days[0].end),
                    days[0].start if at_start else days[0].end,
                    amount * self._share(len(run), days, item.prorate, self.owing_in_full),
                )

    def _share(self, count, days, by_days, counted_in_full):
        """The part of a full period, or of those days of it that are counted at all."""
        full = days[0].full_start, days[0].full_end
        return Fraction(count, (full[1] - full[0]).days if by_days else counted_in_full[full])

    # === USAGE === #

    def _usage(self, days):
        parts = defaultdict(list)
        for day in days:
            in_force = self._charges_on(day)
            for charge in in_force:
                others = tuple(
                    other
                    for other in in_force
                    if other.metric_id == charge.metric_id
                    and other.usage_filter
                    and not charge.usage_filter
                )
                version = self._version(charge, day, days)
                filters = tuple(sorted(canonical(other.usage_filter) for other in others))
                parts[charge.id, version[1], filters].append((day, charge, version[2], others))
        for found in parts.values():
            _day, charge, terms, others = found[0]
            for run in runs(day.day for day, *_rest in found):
                yield self._usage_row(charge, terms, others, run, days)

    def _charges_on(self, day):
        """A metric is billed in the order's own currency if it can be, else in the first one."""
        in_force = [
            charge
            for charge in self.books.charges
            if charge.plan_id == day.plan and is_in_force(charge, day.day)
        ]
        chosen = []
        for metric in {charge.metric_id for charge in in_force}:
            rivals = [charge for charge in in_force if charge.metric_id == metric]
            own = [c for c in rivals if c.currency_id == self.order.currency_id]
            first = [c for c in rivals if c.currency_id == rivals[0].currency_id]
            chosen += own or first
        return chosen

    def _version(self, charge, day, days):
        """The prices of a day; or of the plan's first one in the period, unless split."""
        if not charge.split:
            first = min(
                other.day
                for other in self.days
                if other.plan == day.plan and other.start == days[0].start
            )
            day = max(first, first_day(charge))
        else:
            day = day.day
        return [version for version in charge.versions if version[0] <= day][-1]

    def _usage_row(self, charge, terms, others, run, days):
        share = self._share(len(run), days, charge.prorate, self.taken_in_full)
        is_level = charge.aggregation in LEVELS
        scope = [day.day for day in days] if is_level else run  # levels are of the whole period
        since, until = self.clock.begins(scope[0]), self.clock.begins(scope[-1] + DAY)
        counters = [
            counter
            for counter in self.order.counters
            if counter.metric_id == charge.metric_id
            and counter.period_start < until
            and matches(counter, charge.usage_filter)
            and not any(matches(counter, other.usage_filter) for other in others)
        ]
        inside = [
            counter
            for counter in counters
            if counter.period_start >= since and self.clock.day_of(counter.period_start) in scope
        ]
        quantity = self._combine(charge, counters, inside, (since, until), days[0])
        return Row(
            ("charge", charge.id),
            run[0],
            run[-1] + DAY,
            (days[0].start, days[0].end),
            days[0].end,
            terms.cost(quantity) * share if is_level else terms.shared(share).cost(quantity),
            quantity,
            tuple(counter.id for counter in inside),
        )

    def _combine(self, charge, counters, inside, bounds, day):
        if charge.aggregation == "weighted":
            return self._weighted(counters, bounds, day)
        return combine(charge.aggregation, inside)

    def _weighted(self, counters, bounds, day):
        """A level counts for the part of the full period in which it held.

        How long that is was known when what was lived of it was over.
        """
        counters = sorted(counters, key=written)
        cuts = sorted({*bounds, *(c.period_start for c in counters if c.period_start > bounds[0])})
        held = ZERO
        for since, until in pairwise(cuts):
            begun = [counter for counter in counters if counter.period_start <= since]
            held += begun[-1].quantity * seconds(since, until) if begun else 0
        clock = self.clock.known_at(self.clock.begins(day.end))
        full = clock.begins(day.full_start), clock.begins(day.full_end)
        whole = max(seconds(*full), seconds(*bounds))
        return half_away(held / whole, QUOTIENT)


def is_in_force(charge, day):
    ends = charge.valid_until or (date.max if charge.active else date.min)
    return bool(charge.versions) and first_day(charge) <= day < ends


def first_day(charge):
    return max(charge.valid_from or date.min, charge.versions[0][0])


def matches(counter, rules):
    """Values match as they are written in JSON."""
    given = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in (counter.dimensions or {}).items()
        if value is not None
    }
    return all(given.get(name) in values for name, values in rules.items())


def canonical(rules):
    return tuple(sorted((name, tuple(sorted(values))) for name, values in rules.items()))


def written(counter):
    return counter.period_start, counter.write_date, counter.id


def seconds(since, until):
    return int((until - since).total_seconds())


def combine(kind, counters):
    if not counters:
        return ZERO
    quantities = [counter.quantity for counter in counters]
    if kind == "count":
        return Fraction(len(counters))
    if kind == "max":
        return max(quantities)
    if kind == "last":
        return max(counters, key=written).quantity
    if kind == "average":
        return half_away(sum(quantities) / len(counters), QUOTIENT)
    if kind == "unique_count":
        values = {counter.value for counter in counters if counter.value is not None}
        numbers = {counter.quantity for counter in counters if counter.value is None}
        return Fraction(len(values) + len(numbers))
    return sum(quantities)
