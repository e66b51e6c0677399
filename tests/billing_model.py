"""The billing rules again, slowly: what the differential test holds the addon against.

Written from the rules and not from the addon's code: plain Python, exact fractions, no SQL, no
Odoo, nothing cached but midnights. A subscription is a list of days, and nothing is remembered of
an amount: the ledger is worked out anew from the counters each time it is asked for.
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

    @property
    def rhythm(self):
        return self.every, self.unit

    def boundary(self, anchor, number):
        """The first day of the billing period of that number, counted from the anchor's."""
        if self.unit == "week":
            return anchor + 7 * self.every * number * DAY
        months = number * self.every * {"month": 1, "year": 12}[self.unit]
        year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(anchor.day, last))

    def around(self, anchor, day):
        """The billing period that contains a day."""
        number = 0
        while self.boundary(anchor, number + 1) <= day:
            number += 1
        while self.boundary(anchor, number) > day:
            number -= 1
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


@dataclass(eq=False)
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

    def shared(self, share):
        """The same for a share of a full billing period (R10)."""
        return replace(
            self,
            quota=self.quota * share,
            minimum=self.minimum * share,
            maximum=self.maximum * share,
            fixed=self.fixed * share,
            tiers=[replace(tier, flat=tier.flat * share) for tier in self.tiers],
        )

    def cost(self, quantity):
        """Return (included, billable, amount)."""
        billable = max(ZERO, quantity - self.quota)
        amount = getattr(self, f"_{self.model}")(billable)
        if self.minimum:
            amount = max(amount, self.minimum)
        if self.maximum:
            amount = min(amount, self.maximum)
        return min(quantity, self.quota), billable, amount

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


LEVELS = ("max", "last", "unique_count", "average")


@dataclass(eq=False)
class Charge:
    """A charge, on the days from `since` until `until`, if they are not None."""

    name: str
    metric: str
    kind: str
    currency: str
    versions: list  # of (first day or None, Terms), the oldest first
    usage_filter: dict = field(default_factory=dict)
    split: bool = False
    prorate: bool = True
    since: date | None = None
    until: date | None = None

    @property
    def first_day(self):
        return max(self.since or date.min, self.versions[0][0] or date.min)

    def holds_on(self, day):
        return self.first_day <= day and (self.until is None or day < self.until)

    def terms_on(self, day):
        return [terms for since, terms in self.versions if since is None or since <= day][-1]


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
    return Fraction(
        {
            "sum": lambda: total,
            "max": lambda: max(c.quantity for c in inside),
            "count": lambda: len(inside),
            "average": lambda: half_away(total / len(inside), Fraction(1, 10**12)),
            "unique_count": lambda: len(values) + len(numbers),
        }[kind]()
    )


# === SUBSCRIPTIONS === #


@dataclass
class Row:
    """What the ledger must say."""

    start: date
    end: date
    bill_on: date
    quantity: Fraction
    included: Fraction
    billable: Fraction
    exact: Fraction
    amount: Fraction


@dataclass
class Lived:
    """A billing period as it was lived: its days on which the subscription was not closed."""

    full: tuple
    days: list

    @property
    def end(self):
        return self.days[-1] + DAY


class Subscription:
    """A subscription and its counters, worked out from the rules, a list entry for each day.

    :param callable exchange: (currency, date) to the order's currency per unit
    """

    DAYS = 800

    def __init__(self, plan, start, zone, currency, step, exchange):
        self.start, self.zone, self.currency, self.step = start, zone, currency, step
        self.exchange = exchange
        self.plans = [plan] * self.DAYS
        self.states = ["active"] * self.DAYS
        self.counters, self.writes = {}, 0

    def at(self, day):
        return (day - self.start).days

    def state_on(self, day):
        return self.states[self.at(day)] if day >= self.start else None

    def takes_usage(self, day):
        return self.state_on(day) in ("active", "unpaid_usage", "unpaid_both")

    @property
    def end(self):
        """The day from which it is closed for good, or None."""
        if self.states[-1] != "closed":
            return None
        others = [number for number, state in enumerate(self.states) if state != "closed"]
        return self.start + (max(others, default=-1) + 1) * DAY

    # --- usage ---

    def covers(self, instant):
        """U5: whether usage of an instant can be billed."""
        day = day_of(instant, self.zone)
        day = max(day, day + DAY if day_begins(day + DAY, self.zone) <= instant else day)
        return self.takes_usage(day)

    def push(self, key, metric, start, quantity, value, dimensions):
        """U3: a known key with the same content is no write."""
        self.writes += 1
        new = Counter(metric, start, quantity, value, dimensions, self.writes)
        old = self.counters.get((metric, key))
        if not old or (old.start, old.quantity, old.value, old.dimensions) != (
            start,
            quantity,
            value,
            dimensions,
        ):
            self.counters[metric, key] = new

    # --- life: a change holds until the next one of its kind ---

    def change_plan(self, plan, day):
        self._change(self.plans, day, plan)

    def change_state(self, state, day):
        self._change(self.states, day, state)

    def close(self, day):
        """What was planned for later is taken back."""
        number = self.at(day)
        self.states[number:] = ["closed"] * (self.DAYS - number)
        self.plans[number:] = [self.plans[number]] * (self.DAYS - number)

    def reopen(self, day):
        self.states[self.at(day) :] = ["active"] * (self.DAYS - self.at(day))

    def replace_states(self, day, states, state):
        """From a day on be in another state, wherever it is in one of some."""
        for number in range(self.at(day), self.DAYS):
            if self.states[number] in states:
                self.states[number] = state

    def _change(self, line, day, value):
        first = last = self.at(day)
        while last < self.DAYS and line[last] == line[first]:
            last += 1
        line[first:last] = [value] * (last - first)

    # --- billing periods ---

    def periods(self, today):
        """Those that have begun by today, as they were lived."""
        found, anchor, rhythm = [], self.start, None
        for number in range(self.at(today) + 400):
            day, state, plan = self.start + number * DAY, self.states[number], self.plans[number]
            if state == "closed":
                continue
            if rhythm not in (None, plan.rhythm):
                anchor = self._new_anchor(plan, day, anchor)
            goes_on = found and found[-1].end == day and rhythm == plan.rhythm
            rhythm = plan.rhythm
            if goes_on and day < found[-1].full[1]:
                found[-1].days.append(day)
            elif day > max(today, self.start):
                break
            else:
                found.append(Lived(plan.around(anchor, day), [day]))
        return found

    def _new_anchor(self, plan, day, anchor):
        """The day of the month is kept where that leads to the day of the change (R4)."""
        anchors = [anchor]
        for old in (anchor, self.start):
            anchors += [
                later
                for later in (day + number * DAY for number in range(400))
                if later.day == old.day
            ]
        return next((fits for fits in anchors if plan.around(fits, day)[0] == day), day)

    # --- ledger ---

    def ledger(self, today):
        """Return {(charge's name, first day): Row} of all that is owed in periods until today."""
        periods = self.periods(today)
        rows = {}
        for period in periods:
            active = [day for day in period.days if self.takes_usage(day)]
            whole = sum(
                self.takes_usage(day)
                for other in periods
                if other.full == period.full
                for day in other.days
            )
            for charge, terms, other_filters, days in self._parts(period, active):
                row = self._row(period, active, whole, today, charge, terms, other_filters, days)
                rows[charge.name, row.start] = row
        return rows

    def _parts(self, period, active):
        """Runs of days for which one charge is rated at the same prices, beside the same others."""
        parts = []
        for day in active:
            charges = self._charges_on(day)
            for charge in charges:
                other_filters = (
                    []
                    if charge.usage_filter
                    else [
                        other.usage_filter
                        for other in charges
                        if other.metric == charge.metric and other.usage_filter
                    ]
                )
                priced_on = day if charge.split else self._priced_on(charge, day, period)
                facts = charge, charge.terms_on(priced_on), other_filters
                for part in parts:
                    if part[:3] == facts and part[3][-1] + DAY == day:
                        part[3].append(day)
                        break
                else:
                    parts.append((*facts, [day]))
        return parts

    def _priced_on(self, charge, day, period):
        """A period is rated at the prices of its plan's first day, or the charge's first one."""
        plan = self.plans[self.at(day)]
        first = min(other for other in period.days if self.plans[self.at(other)] is plan)
        return max(first, charge.first_day)

    def _charges_on(self, day):
        """A metric is billed in the order's currency where it can be."""
        charges = [charge for charge in self.plans[self.at(day)].charges if charge.holds_on(day)]
        own = {charge.metric for charge in charges if charge.currency == self.currency}
        return [
            charge
            for charge in charges
            if charge.currency == self.currency or charge.metric not in own
        ]

    def _row(self, period, active, whole, today, charge, terms, other_filters, days):
        full = (period.full[1] - period.full[0]).days if charge.prorate else whole
        share = Fraction(len(days), full)
        is_level = charge.kind in LEVELS
        quantity = self._quantity(charge, other_filters, active if is_level else days, period)
        priced = terms if is_level else terms.shared(share)
        included, billable, exact = priced.cost(quantity)
        exact *= share if is_level else 1
        rate = self.exchange(charge.currency, min(days[-1], today))
        return Row(
            days[0],
            days[-1] + DAY,
            period.end,
            quantity,
            included,
            billable,
            exact,
            half_away(exact * rate, self.step),
        )

    def _quantity(self, charge, other_filters, days, period):
        counters = [
            counter
            for counter in self.counters.values()
            if counter.metric == charge.metric
            and matches(counter, charge.usage_filter)
            and not any(matches(counter, rules) for rules in other_filters)
        ]
        begin, end = day_begins(days[0], self.zone), day_begins(days[-1] + DAY, self.zone)
        if charge.kind == "weighted":
            return combine("weighted", counters, begin, end, self._seconds(*period.full))
        inside = [
            counter
            for counter in counters
            if any(
                day_begins(day, self.zone) <= counter.start < day_begins(day + DAY, self.zone)
                for day in days
            )
        ]
        return combine(charge.kind, inside, begin, end, None)

    def _seconds(self, start, end):
        return int((day_begins(end, self.zone) - day_begins(start, self.zone)).total_seconds())
