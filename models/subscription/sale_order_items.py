from odoo import models
from odoo.exceptions import UserError

from ...core.money.fees import begun, followed
from ...core.money.periods import Period
from ...core.money.timeline import FOREVER
from ..base.engine import as_engine

SHOWN = {"quantity": "product_uom_qty", "price_unit": "price_unit", "discount": "discount"}


class SaleOrder(models.Model):
    """The recurring fees of a subscription: a chain of items behind each order line (F1, F2)."""

    _inherit = "sale.order"

    # === THE PLAN'S FEES === #

    def _fusion_offer_fees(self):
        """Put the fees of a quotation's plan on it, instead of those of another plan."""
        self.ensure_one()
        # sudo: salespeople need not see the plan's fees.
        offered = self.sudo().order_line.filtered("fusion_plan_fee_id")
        fees = self.sudo().fusion_plan_id.fee_ids
        kept = offered.filtered(lambda line: line.fusion_plan_fee_id in fees)
        (offered - kept).unlink()
        self.sudo()._fusion_add_fee_lines(fees - kept.fusion_plan_fee_id)

    def _fusion_add_fee_lines(self, fees):
        """Add an order line for each fee, at its own price or the pricelist's."""
        return as_engine(self.order_line).create(
            [
                {
                    "order_id": self.id,
                    "product_id": fee.product_id.id,
                    "product_uom_qty": fee.quantity,
                    "fusion_plan_fee_id": fee.id,
                    "fusion_recurring": True,
                    **self._fusion_own_price(fee),
                }
                for fee in fees
            ]
        )

    def _fusion_own_price(self, fee):
        if not fee.has_own_price:
            return {}
        price = fee.currency_id._convert(
            fee.price_unit, self.currency_id, self.company_id, self._fusion_today(), round=False
        )
        return {"price_unit": price, "technical_price_unit": price}

    def _get_update_prices_lines(self):
        # A price that the plan has of its own is no pricelist's affair.
        # sudo: salespeople need not see the plan's fees.
        return (
            super()
            ._get_update_prices_lines()
            .filtered(lambda line: not line.sudo().fusion_plan_fee_id.has_own_price)
        )

    def _fusion_swap_fees(self, before, after):
        """Let the plans' fees begin and end with their plans (see `core.money.fees`)."""
        items = self.sudo().fusion_item_ids.filtered("plan_fee_id")
        for item, days in items._followed(before, after).items():
            item._hold_on(days)
        for plan, days in begun(before, after):
            self._fusion_begin_fees(self.fusion_plan_id.browse(plan.id), days)

    def _fusion_begin_fees(self, plan, days):
        """Owe a plan's fees on some days, each shown on its own order line.

        :param Period days: those on the plan, perhaps without end
        """
        lines = self.sudo().order_line.filtered(
            lambda line: line.fusion_plan_fee_id.plan_id == plan
        )
        lines |= self.sudo()._fusion_add_fee_lines(plan.sudo().fee_ids - lines.fusion_plan_fee_id)
        fees = {line: line.fusion_plan_fee_id for line in lines if line.fusion_plan_fee_id.active}
        for line, fee in fees.items():
            if line.fusion_item_ids and not line.product_uom_qty:
                as_engine(line).product_uom_qty = fee.quantity
        until = days.end if days.end != FOREVER else False
        self._fusion_create_items(lines.browse(line.id for line in fees), days.start, until)

    def _fusion_create_items(self, lines, start, until=False):
        # sudo: items are written by these methods alone.
        self.env["fusion.billing.item"].sudo().create(
            [
                {
                    "subscription_id": self.id,
                    "order_line_id": line.id,
                    "product_id": line.product_id.id,
                    "quantity": line.product_uom_qty,
                    "price_unit": line.price_unit,
                    "discount": line.discount,
                    "date_from": start,
                    "date_until": until,
                    "fee_timing": line.fusion_plan_fee_id.fee_timing
                    or self.fusion_plan_id.fee_timing,
                    "prorate": (line.fusion_plan_fee_id.plan_id or self.fusion_plan_id).prorate,
                }
                for line in lines
                if line.product_uom_qty
            ]
        )

    # === CHANGES === #

    def _fusion_add_item(self, product, quantity=1, price_unit=None, discount=0, date=None):
        """Owe another recurring fee from a day on.

        :param date date: its first day; as the plan says, if empty
        :return: the order line that shows it
        """
        self._fusion_timeline_to_change()
        price = {} if price_unit is None else {"price_unit": price_unit}
        line = as_engine(self.order_line).create(
            {
                "order_id": self.id,
                "product_id": product.id,
                "product_uom_qty": quantity,
                "discount": discount,
                "fusion_recurring": True,
                **price,
            }
        )
        self._fusion_begin_item(line, date)
        return line

    def _fusion_begin_item(self, line, date=None):
        day = self._fusion_day_of_change(date)
        self._fusion_create_items(line, day)
        self._fusion_fees_changed(
            line,
            day,
            self.env._(
                "%(fee)s from %(day)s: %(quantity)s at %(price)s",
                fee=line.product_id.display_name,
                day=self._fusion_format(day),
                quantity=line.product_uom_qty,
                price=line.price_unit,
            ),
        )

    def _fusion_end_item(self, line, date=None):
        """Owe a recurring fee no longer, from a day on."""
        self._fusion_change_item(line, quantity=0, date=date)

    def _fusion_change_item(self, line, quantity=None, price_unit=None, discount=None, date=None):
        """Let a recurring fee be another one from a day on; what is not given stays.

        :param date date: as the plan says, if empty
        :raise UserError: the subscription does not run, the quantity is negative, or the fee is
            of a plan that is not in force on the day
        """
        self._fusion_timeline_to_change()
        day = self._fusion_day_of_change(date)
        items = line.sudo().fusion_item_ids
        item = items._on(day) or items.sorted("date_from")[-1:]
        values = {"quantity": quantity, "price_unit": price_unit, "discount": discount}
        values = {name: item[name] if value is None else value for name, value in values.items()}
        if values["quantity"] < 0:
            raise UserError(self.env._("You cannot owe less than nothing: enter 0 or more."))
        days = self._fusion_days_of_fee(line, day)
        if values["quantity"] and not days:
            raise UserError(self._fusion_explain_other_plan(line, day))
        item._change(day, values, days and days.end)
        self._fusion_fees_changed(
            line,
            day,
            self.env._(
                "%(fee)s from %(day)s: %(quantity)s at %(price)s, %(discount)s %% off",
                fee=line.product_id.display_name,
                day=self._fusion_format(day),
                quantity=values["quantity"],
                price=values["price_unit"],
                discount=values["discount"],
            ),
        )

    def _fusion_explain_other_plan(self, line, day):
        return self.env._(
            "You cannot change %(fee)s on %(day)s: it comes with the plan %(plan)s, and the"
            " subscription is on another one then. Add the fee as one of its own.",
            fee=line.product_id.display_name,
            plan=line.sudo().fusion_plan_fee_id.plan_id.display_name,
            day=self._fusion_format(day),
        )

    def _fusion_day_of_change(self, date=None):
        """Return the day on which a change of fees holds if nobody says otherwise.

        :raise UserError: the day lies before the first one of the subscription
        """
        timeline = self._fusion_timeline()
        today = max(self._fusion_today(), timeline.start)
        if date and date < timeline.start:
            raise UserError(
                self.env._(
                    "You cannot change fees before the first day of the subscription, %s.",
                    self._fusion_format(timeline.start),
                )
            )
        if date or self._fusion_get_plan(today).item_changes == "by_days":
            return date or today
        period = timeline.period_on(today)
        return period.end if period and period.start < today else today

    def _fusion_days_of_fee(self, line, day):
        """Return the run of days around one on which a fee can be owed; None if there is none.

        A fee of a plan is owed on that plan alone (F1).
        """
        # sudo: apps change fees, too, and may not read plans.
        plan = line.sudo().fusion_plan_fee_id.plan_id
        if not plan:
            return Period(self._fusion_timeline().start, FOREVER)
        runs = self._fusion_timeline().days_by_plan()[plan.id]
        return next((days for days in runs if days.start <= day < days.end), None)

    def _fusion_fees_changed(self, line, day, sentence):
        # sudo: apps change fees, too, and may not write messages.
        self.sudo().message_post(body=sentence)
        self._fusion_show_items(line)
        self._fusion_request_rating(day)

    # === WHAT THE ORDER SHOWS === #

    def _fusion_show_items(self, lines=None):
        """Show on the order lines the items that are in force (L6)."""
        for order in self:
            day = max(order._fusion_today(), order._fusion_timeline().start)
            for line in lines or order.order_line.filtered(lambda line: line._fusion_has_items()):
                line._fusion_show_item(line.sudo().fusion_item_ids._on(day))


class FusionBillingItem(models.Model):
    """How an item changes: the past stays."""

    _inherit = "fusion.billing.item"

    def _change(self, day, values, end):
        """Let other values hold from a day on, until the item's own end.

        :param dict values: quantity, price_unit and discount
        :param date end: the day by which they end at the latest; it counts if they begin
        """
        self.ensure_one()
        covers = self.date_from <= day and not (self.date_until and self.date_until <= day)
        if not values["quantity"]:
            self._end(day)
        elif covers and self.date_from == day:
            self.write(values)
        elif all(self[name] == value for name, value in values.items()) and covers:
            return
        else:
            until = self._days().end if covers else self._chain()._next_start(day)
            self.copy({**values, **_dates(Period(day, min(until, end)))})
            if covers:
                self.date_until = day

    def _end(self, day):
        """Owe nothing from a day on; what was planned for later is taken back."""
        chain = self._chain()
        chain._on(day).date_until = day
        chain.filtered(lambda item: item.date_from >= day)._take_back()

    def _followed(self, before, after):
        """Return the days of plans' fees if another timeline holds: `{item: [days]}`.

        Those that were taken back already are left out.
        """
        was, now = before.days_by_plan(), after.days_by_plan()
        return {
            item: followed(
                item._days(),
                was[item.plan_fee_id.plan_id.id],
                now[item.plan_fee_id.plan_id.id],
                item._chain()._next_start(item.date_from),
            )
            for item in self
            if item._days().days
        }

    def _next_start(self, day):
        """Return the first later day on which one of these begins; FOREVER if none does."""
        return min((start for start in self.mapped("date_from") if start > day), default=FOREVER)

    def _hold_on(self, days):
        """Be in force on other days: a list of runs."""
        self.ensure_one()
        if not days:
            self._take_back()
            return
        for run in days[1:]:
            self.copy(_dates(run))
        if days[0] != self._days():
            self.write(_dates(days[0]))

    def _take_back(self):
        """Owe nothing for these items: they are deleted, or end before they begin."""
        for item in self:
            if item._is_rated():
                item.date_until = item.date_from
            else:
                item.unlink()

    def _chain(self):
        """Return what is owed for the same order line in the course of time."""
        return self.order_line_id.fusion_item_ids.filtered(lambda item: item._days().days)

    def _is_rated(self):
        """Whether the ledger names this item; the ledger says so."""
        return False


def _dates(days):
    return {"date_from": days.start, "date_until": days.end if days.end != FOREVER else False}
