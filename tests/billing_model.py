"""The billing rules again, slowly: what the differential test holds the addon against.

Written from the rules and not from the addon's code: plain Python, exact fractions, no SQL, no
Odoo, nothing cached but midnights. Nothing is remembered of an amount either: the ledger is
worked out anew from the counters each time it is asked for.
"""

import calendar
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import ceil, floor
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
ZERO = Fraction(0)

# === TIME (R2, R3, R4) === #


@cache
def day_begins(day, zone):
    """The first half hour, naive in UTC, in which a clock in the zone shows the day."""
    clock = ZoneInfo(zone)
    instant = datetime.combine(day, time.min) - timedelta(hours=15)
    while instant.replace(tzinfo=timezone.utc).astimezone(clock).date() < day:
        instant += timedelta(minutes=30)
    return instant


def day_of(instant, zone):
    return instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone)).date()


@dataclass
class Plan:
    name: str
    every: int = 1
    unit: str = "month"
    charges: list = field(default_factory=list)

    def boundary(self, anchor, number):
        """The first day of the billing period of that number, counted from the anchor's."""
        if self.unit == "week":
            return anchor + 7 * self.every * number * DAY
        year, month = anchor.year, anchor.month
        for _month in range(number * self.every * {"month": 1, "year": 12}[self.unit]):
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))

    def around(self, anchor, day):
        """The billing period that contains a day on or after the anchor."""
        number = 0
        while self.boundary(anchor, number + 1) <= day:
            number += 1
        return self.boundary(anchor, number), self.boundary(anchor, number + 1)


# === MONEY === #


def half_away(number, step):
    """Round a number that is not negative to a multiple of a step."""
    return floor(Fraction(number) / step + Fraction(1, 2)) * step


@dataclass
class Tier:
    up_to: Fraction | None
    unit: Fraction = ZERO
    flat: Fraction = ZERO
    rate: Fraction = ZERO
    batch: Fraction | None = None

    def units_cost(self, units):
        if self.batch:
            return ceil(units / self.batch) * self.unit
        return units * self.unit


@dataclass
class Terms:
    """What a charge costs; the numbers are fractions, a minimum or maximum of 0 is none."""

    model: str
    quota: Fraction = ZERO
    price: Fraction = ZERO
    batch: Fraction = Fraction(1)
    rate: Fraction = ZERO
    fixed: Fraction = ZERO
    minimum: Fraction = ZERO
    maximum: Fraction = ZERO
    flat_at_zero: bool = False
    tiers: list = field(default_factory=list)

    def cost(self, quantity, share, paused):
        """Return (included, billable, amount) for a share of a full billing period.

        A period that was paused as a whole owes nothing but what was used.
        """
        quota = self.quota * share
        billable = max(ZERO, quantity - quota)
        terms = replace(self, flat_at_zero=self.flat_at_zero and not paused)
        amount = getattr(terms, f"_{self.model}")(billable)
        if self.minimum and not paused:
            amount = max(amount, self.minimum * share)
        if self.maximum:
            amount = min(amount, self.maximum * share)
        return min(quantity, quota), billable, amount

    def _standard(self, billable):
        return billable / self.batch * self.price

    def _package(self, billable):
        return ceil(billable / self.batch) * self.price

    def _percentage(self, billable):
        fee = self.fixed if billable or self.flat_at_zero else ZERO
        return billable * self.rate / 100 + fee

    def _graduated(self, billable):
        return sum(tier.flat + tier.units_cost(units) for tier, units in self._entered(billable))

    def _graduated_percentage(self, billable):
        return sum(tier.flat + units * tier.rate / 100 for tier, units in self._entered(billable))

    def _volume(self, billable):
        return sum(tier.flat + tier.units_cost(billable) for tier in self._reached(billable))

    def _stairstep(self, billable):
        return sum(tier.flat for tier in self._reached(billable))

    def _entered(self, billable):
        """Pairs of each entered tier and the units that lie in it."""
        entered, above = [], ZERO
        for number, tier in enumerate(self.tiers):
            if billable > above or (number == 0 and self.flat_at_zero):
                top = billable if tier.up_to is None else min(billable, tier.up_to)
                entered.append((tier, top - above))
            above = tier.up_to
        return entered

    def _reached(self, billable):
        return [tier for tier, _units in self._entered(billable)][-1:]


@dataclass(eq=False)
class Charge:
    name: str
    metric: str
    kind: str
    currency: str
    versions: list  # of [first day or None, Terms], the oldest first
    takes: dict = field(default_factory=dict)
    split: bool = False
    prorate: bool = False
    active: bool = True

    def terms_on(self, day):
        found = [terms for since, terms in self.versions if since is None or since <= day]
        return found[-1] if found else None

    def parts(self, start, end):
        """Triples of terms, first day and end; days without a price are left out."""
        cuts = [since for since, _terms in self.versions if since and start < since < end]
        days = [start, *(cuts if self.split else ()), end]
        parts = [(self.terms_on(a), a, b) for a, b in pairwise(days) if a < b]
        return [part for part in parts if part[0] is not None]


# === USAGE === #


@dataclass
class Counter:
    metric: str
    start: datetime
    quantity: Fraction
    value: str | None
    dimensions: dict
    written: int  # a later write has a greater number


def matches(counter, rules):
    return all(counter.dimensions.get(name) in values for name, values in rules.items())


def level_at(counters, instant):
    """The quantity of the latest counter that has begun, or 0."""
    begun = [counter for counter in counters if counter.start <= instant]
    return max(begun, key=lambda c: (c.start, c.written)).quantity if begun else ZERO


def combine(kind, counters, begin, end, full_seconds):
    """What the counters of one part of a billing period come to.

    A level counts for the share of the seconds of the full billing period in which it held.
    """
    if kind == "weighted":
        cuts = sorted({begin, end, *(c.start for c in counters if begin < c.start < end)})
        held = sum(
            level_at(counters, since) * int((until - since).total_seconds())
            for since, until in pairwise(cuts)
        )
        return half_away(held / full_seconds, Fraction(1, 10**12))
    inside = [counter for counter in counters if begin <= counter.start < end]
    if not inside:
        return ZERO
    if kind == "last":
        return level_at(inside, end)
    values = {c.value for c in inside if c.value is not None}
    numbers = {c.quantity for c in inside if c.value is None}
    total = sum(c.quantity for c in inside)
    return Fraction({
        "sum": lambda: total,
        "max": lambda: max(c.quantity for c in inside),
        "count": lambda: len(inside),
        "average": lambda: half_away(total / len(inside), Fraction(1, 10**12)),
        "unique_count": lambda: len(values) + len(numbers),
    }[kind]())


# === SUBSCRIPTIONS === #


@dataclass
class Target:
    """All that an amount depends on but the counters; kept for good once it is billed (R9)."""

    charge: Charge
    terms: Terms
    start: date
    end: date
    share: Fraction
    paused: bool
    full: tuple
    leaves: list
    exchange: Fraction

    @property
    def key(self):
        return self.charge.name, self.start


@dataclass
class Row:
    """What the ledger must say."""

    end: date
    closed: bool
    quantity: Fraction
    included: Fraction
    billable: Fraction
    exact: Fraction
    amount: Fraction


class Subscription:
    """A subscription and its counters, worked out from the rules.

    :param callable exchange: (currency, date) to the order's currency per unit
    """

    def __init__(self, plan, start, zone, currency, step, exchange):
        self.plan, self.zone, self.currency, self.step = plan, zone, currency, step
        self.exchange = exchange
        self.state = "running"
        self.start = self.anchor = self.opened = start
        self.next = plan.boundary(start, 1)
        self.end = self.paused = self.resumed = self.change = None
        self.counters, self.frozen, self.writes = {}, [], 0

    # --- usage ---

    def covers(self, instant):
        """U5: whether usage of an instant can be billed."""
        ends = [self.end] if self.end else []
        if self.paused and not self.resumed:
            ends.append(self.paused)
        return day_begins(self.start, self.zone) <= instant and all(
            instant < day_begins(end, self.zone) for end in ends
        )

    def push(self, key, metric, start, quantity, value, dimensions):
        """U3: a known key with the same content is no write."""
        self.writes += 1
        new = Counter(metric, start, quantity, value, dimensions, self.writes)
        old = self.counters.get((metric, key))
        if not old or (old.start, old.quantity, old.value, old.dimensions) != (
            start, quantity, value, dimensions,
        ):
            self.counters[metric, key] = new

    # --- life ---

    @property
    def period(self):
        return self.opened, min(self.next, self.end or self.next)

    def pause(self, day):
        self.state, self.paused, self.resumed = "paused", day, None

    def resume(self, day):
        self.state, self.resumed = "running", day

    def change_plan(self, plan, day, today):
        if plan is self.plan:
            self.change = None
            return
        self.change = (plan, day)
        if day <= today and day < self.period[1]:
            self._split(today)

    def close(self, day, today):
        self.end = day
        if day <= max(today + DAY, self.opened):
            self.bill(day, today)

    def bill(self, day, today):
        """Close every part of a billing period that is over by a day (R8)."""
        while self.state != "closed":
            end = self.period[1]
            ends = self.end is not None and self.end <= day
            if self.change and self.change[1] <= day and self.change[1] < end:
                self._split(today)
            elif end <= day and (self.state == "running" or ends):
                self._finish_period(end, today)
            else:
                return

    def _finish_period(self, end, today):
        self._freeze(self.opened, end, today)
        self.opened = end
        if self.end is not None and self.end <= end:
            self.state = "closed"
            return
        if self.change and self.change[1] == end:
            self._switch()
        self.next = self.plan.around(self.anchor, end)[1]

    def _split(self, today):
        day = self.change[1]
        self._freeze(self.opened, day, today)
        self.opened = day
        self._switch()

    def _switch(self):
        self.plan, self.change = self.change[0], None
        # A plan whose periods do not fit the day on which they begin counts them from there.
        if self.plan.around(self.anchor, self.next)[0] != self.next:
            self.anchor = self.next

    def _freeze(self, start, end, today):
        self.frozen += self.targets(start, end, today)

    # --- ledger ---

    def targets(self, start, end, today):
        return [
            Target(
                charge=charge, terms=terms, start=first, end=last,
                share=self._share(first, last) if charge.prorate else Fraction(1),
                paused=self._pauses(first, last),
                full=self.plan.around(self.anchor, first),
                leaves=[] if charge.takes else [
                    other.takes for other in self.charges()
                    if other.metric == charge.metric and other.takes
                ],
                exchange=self.exchange(charge.currency, min(last - DAY, today)),
            )
            for charge in self.charges() for terms, first, last in charge.parts(start, end)
        ]

    def charges(self):
        """A metric is billed in the order's currency where it can be."""
        active = [charge for charge in self.plan.charges if charge.active]
        own = {charge.metric for charge in active if charge.currency == self.currency}
        return [
            charge for charge in active
            if charge.currency == self.currency or charge.metric not in own
        ]

    def _pauses(self, first, last):
        return bool(self.paused and self.paused <= first) and (
            not self.resumed or last <= self.resumed)

    def _share(self, first, last):
        start, end = self.plan.around(self.anchor, first)
        return Fraction((last - first).days, (end - start).days)

    def ledger(self, today):
        """Return {(charge's name, first day): Row} of all that is billed and what is open."""
        targets = [(target, True) for target in self.frozen]
        if self.state == "running":
            targets += [(target, False) for target in self.targets(*self.period, today)]
        return {target.key: self._row(target, closed) for target, closed in targets}

    def _row(self, target, closed):
        quantity = combine(
            target.charge.kind, self._counters_of(target),
            day_begins(target.start, self.zone), day_begins(target.end, self.zone),
            self._seconds(*target.full),
        )
        included, billable, exact = target.terms.cost(quantity, target.share, target.paused)
        amount = half_away(exact * target.exchange, self.step)
        return Row(target.end, closed, quantity, included, billable, exact, amount)

    def _seconds(self, start, end):
        return int((day_begins(end, self.zone) - day_begins(start, self.zone)).total_seconds())

    def _counters_of(self, target):
        return [
            counter for counter in self.counters.values()
            if counter.metric == target.charge.metric and matches(counter, target.charge.takes)
            and not any(matches(counter, rules) for rules in target.leaves)
        ]
