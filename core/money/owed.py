"""What a subscription owes, stretch by stretch: the one function behind the ledger (L1).

It is told what was in force (a :class:`~.timeline.Timeline`, the charges of its plans, its
items) and what was used, and nothing of documents: so computing it again gives the same.

A billing period is cut where plan, prices or a pause begin or end. What is owed for a stretch
is its share of the days (R10): metrics that add up share out quota, minimum, maximum and flat
amounts; levels are priced as for the whole period, and the amount is shared out.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

from .exact import DECIMALS, EXACT, plain_text, tidy
from .periods import Period, overlap
from .pricing import PricedAmount, price, prorate
from .timeline import FOREVER, TAKES_USAGE, BillingPeriod

#: Metrics whose quantity is a level of the whole period; the others add up over its stretches.
LEVELS = frozenset({"max", "last", "unique_count", "average"})
SHARED_TERMS = ("included_quota", "minimum", "maximum", "fixed_amount")


# === WHAT WAS IN FORCE === #


@dataclass(frozen=True)
class Version:
    """Prices from a day on (None: always); ``terms`` are the arguments of :func:`.price`."""

    id: Any
    valid_from: date | None
    terms: dict


@dataclass(frozen=True)
class Charge:
    """A charge of a plan between two days (None: without end).

    :param str aggregation: how its metric combines counters
    :param tuple versions: of :class:`Version`, the oldest first
    :param bool prorate: an incomplete billing period counts by its days, else as a whole one
    :param bool split: new prices hold from their day, else from the next billing period
    :param dict usage_filter: the filter, or None; a charge without takes what no other one takes
    """

    id: Any
    metric: Any
    aggregation: str
    versions: tuple
    valid_from: date | None = None
    valid_until: date | None = None
    prorate: bool = True
    split: bool = False
    usage_filter: dict | None = None

    @property
    def days(self):
        """The days on which it is in force: not before its first prices."""
        start = max(self.valid_from or date.min, self.versions[0].valid_from or date.min)
        return Period(start, self.valid_until or FOREVER)

    def version_on(self, day):
        return [v for v in self.versions if v.valid_from is None or v.valid_from <= day][-1]


@dataclass(frozen=True)
class Item:
    """A recurring fee between two days.

    :param Decimal amount: what a full billing period costs: price × quantity − discount
    """

    id: Any
    start: date
    end: date | None
    amount: Decimal
    in_advance: bool = True
    prorate: bool = True

    @property
    def days(self):
        return Period(self.start, self.end or FOREVER)


@dataclass(frozen=True)
class Stretch:
    """Days of one billing period for which one charge or item is owed: a row of the ledger.

    :param Period days: the stretch
    :param BillingPeriod period: the one it is part of
    :param Fraction share: its part of a full billing period
    :param date bill_on: the day from which it can be billed
    :param tuple other_filters: the filters whose usage other charges take
    :param tuple taken: the runs of days of the billing period on which usage is taken
    """

    source: Charge | Item
    days: Period
    period: BillingPeriod
    share: Fraction
    bill_on: date
    version: Version | None = None
    other_filters: tuple = ()
    taken: tuple = ()

    @property
    def scope(self):
        """The days whose counters combine to the quantity, from the first one to the last."""
        return self.period.lived if self.source.aggregation in LEVELS else self.days

    @property
    def scopes(self):
        """Like :attr:`scope`, but without the pauses: what was given up in them does not count."""
        return self.taken if self.source.aggregation in LEVELS else (self.days,)

    @property
    def is_usage(self):
        return isinstance(self.source, Charge)


# === STRETCHES === #


@dataclass(frozen=True)
class _Cycle:
    """A billing period, and what a part of it is part of.

    :param tuple taken: its runs of days on which usage is taken
    :param int taken_days: of its full period: those before a close and after it are one whole
    :param tuple owing: its runs of days on which fees are owed
    :param int owing_days: of its full period, likewise
    """

    period: BillingPeriod
    taken: tuple
    taken_days: int
    owing: tuple
    owing_days: int

    def stretch(self, source, days, **facts):
        counted = self.taken_days if isinstance(source, Charge) else self.owing_days
        whole = self.period.full.days if source.prorate else counted
        return Stretch(
            source=source,
            days=days,
            period=self.period,
            taken=self.taken,
            share=Fraction(days.days, whole),
            **facts,
        )


def stretches(timeline, charges, items, since, until):
    """What is owed something in the billing periods that share a day with ``[since, until)``.

    :param dict charges: tuples of :class:`Charge` by the plan's id
    :param items: of :class:`Item`
    :return: list of :class:`Stretch`
    """
    found = []
    for cycle in _cycles(timeline, since, until):
        found += _stretches_of_items(cycle, items)
        first_days = _first_days(timeline, cycle.period)
        for plan, run in timeline.runs(lambda phase: phase.plan, *TAKES_USAGE):
            for days in overlap(run, cycle.period.lived):
                found += _stretches_of_charges(
                    cycle, days, charges.get(plan.id, ()), first_days[plan.id]
                )
    return found


def _cycles(timeline, since, until):
    """Billing periods, with those that are parts of the same full ones: around a close."""
    fulls = {period.full for period in timeline.periods(since, until)}
    if not fulls:
        return []
    periods = timeline.periods(min(fulls).start, max(full.end for full in fulls))
    taken = _shares(periods, timeline.usage_days())
    owing = _shares(periods, timeline.fee_days())
    return [
        _Cycle(period, *counted)
        for period, *counted in zip(periods, *taken, *owing, strict=True)
        if period.full in fulls
    ]


def _shares(periods, runs):
    """Of each billing period its runs of days, and how many days its full period has of them."""
    inside = [tuple(days for run in runs for days in overlap(run, p.lived)) for p in periods]
    count = Counter()
    for period, found in zip(periods, inside, strict=True):
        count[period.full] += sum(days.days for days in found)
    return inside, [count[period.full] for period in periods]


def _first_days(timeline, period):
    """The first day of each plan in a period, by the plan's id: a pause begins no plan anew."""
    first_days = {}
    for plan, run in timeline.runs(lambda phase: phase.plan):
        for days in overlap(run, period.lived):
            first_days.setdefault(plan.id, days.start)
    return first_days


def _stretches_of_items(cycle, items):
    start, end = cycle.period.lived
    return [
        cycle.stretch(item, days, bill_on=start if item.in_advance and days.start == start else end)
        for item in items
        for run in cycle.owing
        for days in overlap(run, item.days)
    ]


def _stretches_of_charges(cycle, run, charges, first_day):
    """Those of one plan in a run of active days.

    :param date first_day: the plan's first one in the period, whose prices hold for all of it
        unless a charge is split at its price changes
    """
    return [
        cycle.stretch(
            charge, part, bill_on=cycle.period.end, version=version, other_filters=filters
        )
        for charge in charges
        for days in overlap(run, charge.days)
        for part, (version, filters) in _parts(charge, days, _beside(charge, charges), first_day)
    ]


def _beside(charge, charges):
    """The charges that take usage from one that has no filter itself."""
    return [
        other
        for other in charges
        if other.metric == charge.metric and other.usage_filter and not charge.usage_filter
    ]


def _parts(charge, days, beside, first_day):
    """Cut days where other prices begin to hold, or other filters: ``[(days, both)]``."""

    def in_force(part):
        day = part.start if charge.split else max(first_day, charge.days.start)
        other_filters = [other.usage_filter for other in beside if overlap(other.days, part)]
        return charge.version_on(day), tuple(other_filters)

    cuts = [version.valid_from for version in charge.versions]
    cuts += [day for other in beside for day in other.days]
    parts = []
    for part in _cut(days, cuts):
        facts = in_force(part)
        start = parts.pop()[0].start if parts and parts[-1][1] == facts else part.start
        parts.append((Period(start, part.end), facts))
    return parts


def _cut(days, cuts):
    inside = sorted({day for day in cuts if day and days.start < day < days.end})
    return [Period(*ends) for ends in pairwise([days.start, *inside, days.end])]


# === AMOUNTS === #


def owe(stretch, quantity=None):
    """What is owed for a stretch, exactly, and how it comes about.

    :param Decimal quantity: what was used, of a stretch of usage
    :rtype: core.money.pricing.PricedAmount
    """
    if not stretch.is_usage:
        return _owe_fee(stretch)
    terms = dict(stretch.version.terms)
    if stretch.source.aggregation in LEVELS:
        return _shared(price(quantity=quantity, **terms), stretch.share)
    return price(quantity=quantity, **_shared_terms(terms, stretch.share))


def _owe_fee(stretch):
    whole = {"kind": "fee", "amount": plain_text(stretch.source.amount)}
    priced = PricedAmount(
        stretch.source.amount, {"model": "fee", "amount": whole["amount"], "lines": [whole]}
    )
    return _shared(priced, stretch.share)


def _shared(priced, share):
    """A share of an amount; a line says what is not owed, so that the lines sum to it."""
    if share == 1:
        return priced
    with localcontext(EXACT):
        amount = tidy(round(priced.amount * share.numerator / share.denominator, DECIMALS))
        line = {"kind": "share", "share": str(share), "amount": plain_text(amount - priced.amount)}
    return PricedAmount(
        amount,
        {
            **priced.breakdown,
            "amount": plain_text(amount),
            "lines": [*priced.breakdown["lines"], line],
        },
    )


def _shared_terms(terms, share):
    """Terms whose quota, minimum, maximum and flat amounts are a share of the full ones."""
    if share == 1:
        return terms
    shared = {
        name: prorate(terms[name], share) for name in SHARED_TERMS if terms.get(name) is not None
    }
    tiers = [
        {**tier, "flat_amount": prorate(tier["flat_amount"], share)}
        if tier.get("flat_amount")
        else tier
        for tier in terms.get("tiers") or ()
    ]
    return {**terms, **shared, "tiers": tiers}
