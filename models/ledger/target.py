"""What is rated: a stretch of what a subscription owes, with the records it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ...core.money import owed
from ...core.money.pricing import round_amount

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Target:
    """Everything that an amount depends on, but the quantity.

    :param subscription: the sale order
    :param source: the charge or the item, a record
    :param core.money.owed.Stretch stretch: what is owed
    :param tuple spans: the first instants in and out of the runs of counters that count, naive in
        UTC
    :param int full_seconds: how long the full billing period is: a level that is weighted by time
        counts once if it holds for all of it
    :param Decimal currency_rate: turns the charge's currency into the order's
    """

    subscription: Any
    source: Any
    stretch: owed.Stretch
    spans: tuple
    full_seconds: int
    currency_rate: Decimal = Decimal(1)

    @property
    def bounds(self):
        """The first instants in and out of all of them."""
        return self.spans[0][0], self.spans[-1][1]

    @property
    def key(self):
        """What the ledger knows the row by."""
        charge, item = (self.source.id, 0) if self.stretch.is_usage else (0, self.source.id)
        return self.subscription.id, charge, item, self.stretch.days.start

    @property
    def is_settled_for_good(self):
        """Whether its counters may have been removed, so that its row stays as it is."""
        # sudo: inputs read orders so.
        kept_from = self.subscription.fusion_usage_kept_from
        ended = kept_from and self.stretch.period.end <= kept_from
        return bool(self.stretch.is_usage and ended)

    @property
    def usage_filter(self):
        return self.stretch.source.usage_filter if self.stretch.is_usage else None

    @property
    def other_filters(self):
        return list(self.stretch.other_filters) or None

    def entry(self, quantity):
        """Return the ledger row: column name to value, exact.

        :param Decimal quantity: what the counters of the target combine to; None for a fee
        """
        priced = owed.owe(self.stretch, quantity)
        rounding = Decimal(str(self.subscription.currency_id.rounding))
        return {
            **self._identity(),
            **self._quantities(quantity, priced.breakdown),
            "amount_exact": priced.amount,
            "amount": round_amount(priced.amount, rounding, self.currency_rate),
            "breakdown": priced.breakdown,
        }

    def _quantities(self, quantity, breakdown):
        if not self.stretch.is_usage:
            return {"quantity": None, "included_quantity": None, "billable_quantity": None}
        return {
            "quantity": quantity,
            "included_quantity": min(quantity, Decimal(breakdown["included_quota"])),
            "billable_quantity": breakdown["billable"],
        }

    def _identity(self):
        stretch, order = self.stretch, self.subscription
        usage = self.source if stretch.is_usage else None
        return {
            "subscription_id": order.id,
            "company_id": order.company_id.id,
            "charge_id": usage and usage.id,
            "item_id": None if usage else self.source.id,
            "version_id": usage and stretch.version.id,
            "plan_id": usage.plan_id.id if usage else self.source.plan_fee_id.plan_id.id or None,
            "metric_id": usage and usage.metric_id.id,
            "charge_currency_id": (usage or order).currency_id.id,
            "currency_id": order.currency_id.id,
            "currency_rate": self.currency_rate,
            "date_from": stretch.days.start,
            "date_until": stretch.days.end,
            "cycle_start": stretch.period.start,
            "cycle_end": stretch.period.end,
            "bill_on": stretch.bill_on,
            "starts_at": self.bounds[0],
            "ends_at": self.bounds[1],
            "full_seconds": self.full_seconds,
            "share": str(stretch.share),
            "usage_filter": self.usage_filter,
            "other_filters": self.other_filters,
        }


class Inputs:
    """What was in force for a set of subscriptions, read once: timelines, charges, items, zones."""

    def __init__(self, subscriptions):
        # sudo: what is owed does not depend on who looks.
        self._orders = subscriptions.sudo()
        self._items = self._orders.fusion_item_ids._terms()
        self._catalogues, self._zones = {}, {}

    def targets(self, order, windows: Iterable, rate_on, timeline=None):
        """Return what is owed by a subscription in the billing periods that windows touch.

        :param windows: pairs of days, half-open
        :param callable rate_on: (charge, currency, day) to the exchange rate
        :param timeline: another one than the subscription's, to see what it would come to
        """
        timeline = timeline or order._fusion_timeline()
        items = [self._items[item.id] for item in order.sudo().fusion_item_ids]
        charges = {
            phase.plan.id: self._catalogue(order, phase.plan.id) for phase in timeline.phases
        }
        found = {
            (stretch.is_usage, stretch.source.id, stretch.days.start): stretch
            for window in windows
            for stretch in owed.stretches(timeline, charges, items, *window)
        }
        return [self._target(order, stretch, rate_on) for stretch in found.values()]

    def _catalogue(self, order, plan_id):
        key = plan_id, order.currency_id
        if key not in self._catalogues:
            plan = order.env["fusion.billing.plan"].sudo().browse(plan_id)
            self._catalogues[key] = plan._catalogue(order.currency_id)
        return self._catalogues[key]

    def zones(self, order):
        company = order.company_id
        if company not in self._zones:
            self._zones[company] = company._fusion_zones()
        return self._zones[company]

    def _target(self, order, stretch, rate_on):
        zones = self.zones(order)
        model = "fusion.billing.charge" if stretch.is_usage else "fusion.billing.item"
        source = order.env[model].sudo().browse(stretch.source.id)
        # What is cut is over before its full period: a move to another zone does not reach back.
        full = zones.until(zones.midnight(stretch.period.end)).bounds(stretch.period.full)
        scopes = stretch.scopes if stretch.is_usage else (stretch.days,)
        spans = tuple(zones.bounds(days) for days in scopes)
        return Target(
            subscription=order,
            source=source,
            stretch=stretch,
            spans=spans,
            full_seconds=max(full[1] - full[0], spans[-1][1] - spans[0][0]) // SECOND,
            currency_rate=(
                rate_on(source, order.currency_id, stretch.days.last_day)
                if stretch.is_usage
                else Decimal(1)
            ),
        )
