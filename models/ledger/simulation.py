"""What usage that is billed already would have come to at other prices, or on another plan.

It is computed as the ledger is, over the same counters, for the same days; nothing of it is
stored there.
"""

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from ...core.money.exact import EXACT
from ...core.money.owed import Version
from ...core.money.periods import Period, overlap
from ...core.money.timeline import Timeline
from .preview import Preview
from .target import Inputs

DAYS = {"week": 7, "month": 31, "year": 366}


class SimulatedRow(NamedTuple):
    """What one fee, or the usage of one metric, came to in a closed billing period, and would
    have come to; both in the subscription's currency, rounded as the ledger rounds.
    """

    subscription: Any
    period: Period
    name: str
    before: Decimal
    after: Decimal


class _Amount(NamedTuple):
    """What one stretch comes to; `charge` is the id of its charge, None for a fee."""

    subscription: Any
    period: Period
    name: str
    amount: Decimal
    charge: Any = None


class Simulation:
    """Rates closed billing periods of subscriptions that were on a plan, as they were and again.

    :param plan: the plan
    :param date since: periods that ended after this day are rated
    :param dict prices: `{charge id: terms}`: what charges of the plan cost on all days, instead
        of what they did; see `core.money.pricing.price`
    :param other: another plan that recurs alike, on which they are instead of this one
    """

    def __init__(self, plan, since, prices=None, other=None):
        self._plan, self.since, self._other = plan, since, other
        self._prices = prices or {}
        self._rate_on = cache(plan.env["fusion.billing.rating"]._currency_rate)

    def rows(self, subscriptions):
        """Return a :class:`SimulatedRow` for everything that was or would have been owed."""
        orders = subscriptions.sudo()  # sudo: what is owed does not depend on who looks
        windows = {order: self._closed(order) for order in orders}
        before = list(self._usage(Inputs(orders), windows))
        if self._other:
            after = self._usage(Inputs(orders), windows, self._other)
            fees, other_fees = self._fees(windows), self._fees(windows, self._other)
            return _compare(chain(before, fees), chain(after, other_fees))
        kept = [amount for amount in before if amount.charge not in self._prices]
        return _compare(before, chain(kept, self._repriced(orders, windows)))

    def _repriced(self, orders, windows):
        """Yield what the charges with other prices would have come to."""
        if self._prices:
            yield from self._usage(
                _NewPrices(orders, self._prices), windows, among=self._prices.keys()
            )

    # === WHICH DAYS === #

    def _closed(self, order):
        """Return the billing periods that are compared: those in which it was on the plan, that
        are closed and ended not too long ago.
        """
        opened = order._fusion_opened_on()
        timeline = order._fusion_timeline()
        longest = max(DAYS[phase.plan.unit] * phase.plan.value for phase in timeline.phases)
        first = max(timeline.start, self.since - timedelta(days=longest))
        on_plan = timeline.days_by_plan()[self._plan.id]
        return [
            period
            for period in timeline.periods(first, opened)
            if self.since < period.end <= opened
            and any(overlap(run, period.lived) for run in on_plan)
        ]

    def _timeline(self, order, other):
        """Return what the subscription was on, with the other plan in the place of this one."""
        timeline = order._fusion_timeline()
        if not other:
            return timeline
        phases = [
            replace(phase, plan=other._key()) if phase.plan.id == self._plan.id else phase
            for phase in timeline.phases
        ]
        return Timeline.of(phases, timeline.anchor)

    # === WHAT THEY COME TO === #

    def _usage(self, inputs, windows, other=None, among=None):
        """Yield an :class:`_Amount` for each stretch of this plan's charges or, with another plan,
        of all; or only of those among some.
        """
        targets = [
            target
            for order, periods in windows.items()
            if periods
            for target in inputs.targets(
                order, [_span(periods)], self._rate_on, self._timeline(order, other)
            )
            if self._is_compared(target, periods) and (among is None or target.source.id in among)
        ]
        usage = self._plan.env["fusion.billing.usage"].sudo()
        for target, quantity in zip(targets, usage._aggregate(targets), strict=True):
            charge = target.source
            yield _Amount(
                target.subscription,
                target.stretch.period.lived,
                charge._usage_name(),
                target.entry(quantity)["amount"],
                charge.id,
            )

    def _is_compared(self, target, periods):
        return (
            target.stretch.is_usage
            and target.stretch.period in periods
            and not target.is_settled_for_good
            and (self._other or target.source.plan_id == self._plan)
        )

    def _fees(self, windows, other=None):
        for order, periods in windows.items():
            if periods:
                preview, timeline = Preview(order), self._timeline(order, other)
                items = preview.items_on(timeline)
                for period, name, amount in preview._fees(timeline, [_span(periods)], items):
                    if period in periods:
                        yield _Amount(order, period.lived, name, amount)


class _NewPrices(Inputs):
    """What was in force, but for the prices of some charges: the same ones on all days."""

    def __init__(self, subscriptions, prices):
        super().__init__(subscriptions)
        self._prices = prices

    def _catalogue(self, order, plan_id):
        return tuple(map(self._priced, super()._catalogue(order, plan_id)))

    def _priced(self, charge):
        if charge.id not in self._prices:
            return charge
        first, terms = charge.versions[0], self._prices[charge.id]
        version = Version(first.id, first.valid_from, terms)
        return replace(charge, versions=(version,))


def _span(periods):
    return periods[0].start, periods[-1].end


def _compare(before, after):
    with localcontext(EXACT):
        sides = tuple(defaultdict(Decimal) for _side in range(2))
        for side, amounts in zip(sides, (before, after), strict=True):
            for order, period, name, amount, _charge in amounts:
                side[order, period, name] += amount
    was, would = sides
    return [
        SimulatedRow(*key, was[key], would[key])
        for key in dict.fromkeys((*was, *would))
        if was[key] or would[key]
    ]
