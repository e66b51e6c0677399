from decimal import localcontext

from odoo import api, fields, models

from ...core.money.exact import EXACT
from ...core.money.owed import Item
from ...core.money.periods import Period
from ...core.money.timeline import DAY, FOREVER
from ..base.bounded import Exact


class FusionBillingItem(models.Model):
    """A recurring fee of a subscription between two days.

    Items decide what is owed; the order line shows the one in force. A change is a new item from
    its day on, so that what was in force on each day is known for ever (T2, F2).
    """

    _name = "fusion.billing.item"
    _description = "Recurring Fee"
    _inherit = ["fusion.billing.exact.mixin"]
    _order = "subscription_id, order_line_id, date_from, id"
    _rec_name = "product_id"

    subscription_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="subscription_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="subscription_id.currency_id")
    order_line_id = fields.Many2one(
        "sale.order.line", required=True, index=True, ondelete="cascade"
    )
    plan_fee_id = fields.Many2one(
        related="order_line_id.fusion_plan_fee_id",
        store=True,
        help="Fees of the plan end with it; a subscription's own go on.",
    )
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    quantity = Exact(digits=(16, 4), required=True, default=1)
    price_unit = Exact("Price", digits=(18, 6), help="For each billing period.")
    discount = Exact("Discount (%)", digits=(16, 4))
    date_from = fields.Date("From", required=True)
    date_until = fields.Date("Until", help="First day on which it is not owed any more.")
    last_day = fields.Date(compute="_compute_last_day", help="Empty: until it is changed.")
    fee_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        "Invoiced",
        required=True,
        default="advance",
    )
    prorate = fields.Boolean(default=True)

    _days_valid = models.Constraint(
        "CHECK(date_until >= date_from)", "A fee must begin before it ends."
    )

    @api.depends("date_until")
    def _compute_last_day(self):
        for item in self:
            item.last_day = item.date_until and item.date_until - DAY

    def _terms(self):
        """Return what `core.money.owed` must know of these items: `{id: Item}`."""
        exact = self._read_exact(["quantity", "price_unit", "discount"])
        with localcontext(EXACT):
            return {
                item.id: Item(
                    id=item.id,
                    start=item.date_from,
                    end=item.date_until or None,
                    amount=(
                        exact[item.id]["price_unit"]
                        * exact[item.id]["quantity"]
                        * (100 - exact[item.id]["discount"])
                        / 100
                    ),
                    in_advance=item.fee_timing == "advance",
                    prorate=item.prorate,
                )
                for item in self
            }

    def _on(self, day):
        """Return those of these items that are in force on a day."""
        return self.filtered(
            lambda item: item.date_from <= day and not (item.date_until and item.date_until <= day)
        )

    def _days(self):
        """Return the days on which this item is in force: none if it was taken back."""
        self.ensure_one()
        return Period(self.date_from, self.date_until or FOREVER)
