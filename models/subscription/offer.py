from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from ...core.money.exact import tidy
from ..base.wording import format_quantity
from ..catalog.price_wording import format_price


class SaleOrder(models.Model):
    """What a quotation or an order says of the subscription, to who signs it.

    A quotation has the prices of the day on which the subscription begins; once it runs, the
    order has those of today.
    """

    _inherit = "sale.order"

    fusion_offer = fields.Html(
        "Prices",
        compute="_compute_fusion_offer",
        sanitize=False,
        technical=True,
        help="What recurs and what usage costs, as the customer reads it.",
    )

    @api.depends(
        "fusion_plan_id",
        "fusion_start_date",
        "fusion_end_date",
        "currency_id",
        "order_line.name",
        "order_line.fusion_recurring",
        "order_line.product_uom_qty",
        "order_line.price_unit",
        "order_line.discount",
    )
    @api.depends_context("lang")
    def _compute_fusion_offer(self):
        for order in self:
            order.fusion_offer = bool(order.fusion_plan_id) and self.env["ir.qweb"]._render(
                "fusion_billing.subscription_offer", {"order": order}
            )

    def _fusion_prepare_offer(self):
        """Return what the template of an offer shows: texts, and the plan and day of its prices.

        :return: None, if this is no subscription
        """
        self.ensure_one()
        # sudo: customers and salespeople read what they sign or sell, and no more of it.
        order = self.sudo()
        if not order.fusion_plan_id:
            return None
        day = order._fusion_day_of_offer()
        has_begun = order._origin._fusion_has_begun()
        plan = order._origin._fusion_get_plan(day) if has_begun else order.fusion_plan_id
        return {
            "plan": plan,
            "has_begun": has_begun,  # a line of usage then says what the open period has come to
            "day": day,
            "since": format_date(order.env, day, date_format="long"),
            "period": order._fusion_describe_period(plan),
            "fees": [
                order._fusion_describe_fee(line)
                for line in order.order_line
                if line._fusion_is_fee() and line.product_uom_qty
            ],
        }

    def _get_order_lines_to_report(self):
        """Leave out of paper and page the usage of plans that are over."""
        lines = super()._get_order_lines_to_report()
        # sudo: customers and salespeople read the order, and not what its plans charge.
        return lines.filtered(lambda line: not line.sudo()._fusion_is_over())

    def _fusion_day_of_offer(self):
        """Return the day whose prices are shown."""
        today = self._fusion_today()
        if self._origin._fusion_has_begun():
            return max(today, self.fusion_start_date)
        return self.fusion_start_date or today

    def _fusion_describe_period(self, plan):
        words = {"period": plan._recurrence_in_words()}
        if not self.fusion_start_date:
            return self.env._("%(period)s, from the day on which it is confirmed", **words)
        words["start"] = format_date(self.env, self.fusion_start_date, date_format="long")
        return self.env._("%(period)s, from %(start)s", **words)

    def _fusion_describe_fee(self, line):
        """Return what recurs of a line: its name, and its terms: `3 × $10.00, 5 % off`."""
        timing = line.fusion_plan_fee_id.fee_timing or self.fusion_plan_id.fee_timing
        quantity, price, discount = (
            tidy(Decimal(repr(line[name])))
            for name in ("product_uom_qty", "price_unit", "discount")
        )
        words = {
            "quantity": format_quantity(self.env, quantity),
            "price": format_price(self.env, price, self.currency_id),
            "discount": format_quantity(self.env, discount),
        }
        return {
            "name": (line.name or line.product_id.display_name or "").split("\n")[0],
            "terms": self.env._("%(quantity)s × %(price)s, %(discount)s %% off", **words)
            if discount
            else self.env._("%(quantity)s × %(price)s", **words),
            "timing": {
                "advance": self.env._("in advance"),
                "arrears": self.env._("when the period is over"),
            }[timing],
        }
