"""What a change of a subscription would come to, before it is made (F2).

It is computed as the ledger is, from a timeline and recurring fees that nobody has stored, and
stores nothing itself.
"""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal, localcontext
from functools import cache
from typing import NamedTuple

from ...core.money import owed
from ...core.money.exact import EXACT
from ...core.money.fees import begun
from ...core.money.periods import Period
from ...core.money.pricing import round_amount
from ...core.money.timeline import DAY, FOREVER
from .target import Inputs


class Row(NamedTuple):
    """What one fee, or the usage of one charge, comes to in a billing period."""

    period: Period
    name: str
    before: Decimal
    after: Decimal


class Preview:
    """Compares what a subscription owes with what it would owe.

    The items that it is given and returns are `core.money.owed.Item`; their ids begin with
    the product's and tell them apart.

    :param order: the subscription
    """

    def __init__(self, order):
        # sudo: what is owed does not depend on who looks.
        self._order = order.sudo()
        self._inputs = Inputs(self._order)
        self._terms = self._order.fusion_item_ids._terms()
        rate = self._order.env["fusion.billing.rating"]._currency_rate
        self._rate_on = cache(rate)

    # === THE COMPARISON === #

    def compare(self, day, timeline=None, items=None):
        """Return the rows of the billing periods that would come to something else.

        :param date day: the first one on which anything changes
        :param timeline: as it would be; as it is, if empty
        :param items: as they would be; those that belong to the timeline, if empty
        """
        now = self._order._fusion_timeline()
        after = timeline or now
        old = self._amounts(day, now, self.items_on(now))
        new = self._amounts(day, after, self.items_on(after) if items is None else items)
        return [
            Row(
                new.get(start, old.get(start))[0],
                name,
                *(
                    side[start][1].get(name, Decimal(0)) if start in side else Decimal(0)
                    for side in (old, new)
                ),
            )
            for start in sorted(old.keys() | new.keys())
            if old.get(start) != new.get(start)
            for name in dict.fromkeys(
                name for side in (old, new) if start in side for name in side[start][1]
            )
        ]

    def _amounts(self, day, timeline, items):
        """Return what is owed by billing period: `{first day: (period, {name: Decimal})}`."""
        amounts, windows = {}, self._windows(day)
        for period, name, amount in (
            *self._fees(timeline, windows, items),
            *self._usage(timeline, windows),
        ):
            rows = amounts.setdefault(period.start, (period.lived, defaultdict(Decimal)))[1]
            rows[name] += amount
        return amounts

    def _windows(self, day):
        """Return the days whose billing periods are open or touched by a change, and no others.

        The day before belongs to a period that may end with it.
        """
        opened = self._order._fusion_opened_on()
        today = max(self._order._fusion_today(), opened)
        return [(min(day - DAY, opened), today + DAY), (day - DAY, day + DAY)]

    def _fees(self, timeline, windows, items):
        stretches = {
            (stretch.source.id, stretch.days.start): stretch
            for window in windows
            for stretch in owed.stretches(timeline, {}, items, *window)
        }
        rounding = Decimal(str(self._order.currency_id.rounding))
        for stretch in stretches.values():
            product = self._order.env["product.product"].browse(stretch.source.id[0])
            amount = round_amount(owed.owe(stretch).amount, rounding)
            yield stretch.period, product.display_name, amount

    def _usage(self, timeline, windows):
        targets = [
            target
            for target in self._inputs.targets(self._order, windows, self._rate_on, timeline)
            if target.stretch.is_usage and not target.is_settled_for_good
        ]
        quantities = self._order.env["fusion.billing.usage"]._aggregate(targets)
        for target, quantity in zip(targets, quantities, strict=True):
            yield target.stretch.period, self._name(target.source), target.entry(quantity)["amount"]

    def _name(self, charge):
        return " ".join(filter(None, (charge.metric_id.name, charge.filter_summary)))

    # === FEES AS THEY WOULD BE === #

    def items_on(self, timeline):
        """Return the fees that belong to a timeline: those of plans begin and end with them."""
        items, now = self._order.fusion_item_ids, self._order._fusion_timeline()
        fees = items.filtered("plan_fee_id")
        found = [self._item(item) for item in items - fees]
        found += [
            replace(self._item(item), start=run.start, end=run.end)
            for item, days in fees._followed(now, timeline).items()
            for run in days
        ]
        for plan, days in begun(now, timeline):
            found += self._new_fees(plan, days)
        return found

    def items_with(self, line, day, values):
        """Return the fees as they would be if one were another from a day on.

        :param line: the order line of the fee; a new record for one that is added
        :param dict values: its `product_id`, `quantity`, `price_unit` and `discount`
        """
        items = line._origin.fusion_item_ids.sudo()
        chain = items._chain()
        found = [self._item(item) for item in self._order.fusion_item_ids - items]
        found += [
            replace(self._item(item), end=min(item.date_until or FOREVER, day))
            for item in chain
            if item.date_from < day
        ]
        days = self._order._fusion_days_of_fee(line, day)
        if not values["quantity"] or not days:
            return found
        covering = chain._on(day)
        end = min(days.end, covering._days().end if covering else chain._next_start(day))
        found.append(self._changed_item(covering or chain[-1:], day, end, values))
        later = chain.filtered(lambda item: item.date_from > day)
        return found + [self._item(item) for item in later]

    def _item(self, item):
        return replace(self._terms[item.id], id=(item.product_id.id, item.id))

    def _changed_item(self, before, day, end, values):
        plan = self._order._fusion_get_plan(day)
        return owed.Item(
            id=(values["product_id"].id, "changed"),
            start=day,
            end=end,
            amount=_cost(values["quantity"], values["price_unit"], values["discount"]),
            in_advance=(before.fee_timing or plan.fee_timing) == "advance",
            prorate=before.prorate if before else plan.prorate,
        )

    def _new_fees(self, plan, days):
        """Return the fees that a plan would bring."""
        plan = self._order.fusion_plan_id.browse(plan.id)
        return [
            owed.Item(
                id=(fee.product_id.id, "fee", fee.id),
                start=days.start,
                end=days.end,
                amount=self._price(fee),
                prorate=plan.prorate,
                in_advance=fee.fee_timing == "advance",
            )
            for fee in plan.fee_ids
        ]

    def full_fees(self, plan):
        """Return what the fees of a plan would cost in a full billing period: `{fee: Decimal}`."""
        return {fee: self._price(fee) for fee in plan.fee_ids}

    def _price(self, fee):
        """Return what a fee would cost on this order: its own price, or the pricelist's."""
        line = self._order.order_line.new(
            {
                "order_id": self._order.id,
                "product_id": fee.product_id.id,
                "product_uom_qty": fee.quantity,
                **self._order._fusion_own_price(fee),
            }
        )
        return _cost(fee.quantity, line.price_unit, line.discount)


def _cost(quantity, price_unit, discount):
    """What a full billing period costs, exactly."""
    price, count, off = (Decimal(str(number)) for number in (price_unit, quantity, discount))
    with localcontext(EXACT):
        return price * count * (100 - off) / 100
