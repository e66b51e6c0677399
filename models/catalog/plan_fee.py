from odoo import api, fields, models

from ..base.bounded import Exact, Whole


class FusionBillingPlanFee(models.Model):
    """A recurring fee that comes with a plan (F1).

    Subscriptions take it over when they come onto the plan: a fee that is changed here holds for
    those that start on the plan, or change to it, from then on.
    """

    _name = "fusion.billing.plan.fee"
    _description = "Plan Fee"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.exact.mixin"]
    _order = "plan_id, sequence, id"
    _rec_name = "product_id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "fusion.billing.plan",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
        fixed=True,
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True, fixed=True)
    sequence = Whole(default=10)
    active = fields.Boolean(default=True)
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="restrict", check_company=True
    )
    quantity = Exact(digits=(16, 2), required=True, default=1)
    sales_price = fields.Float(
        related="product_id.lst_price",
        help="What the fee costs if it has no price of its own and no pricelist says otherwise.",
    )
    has_own_price = fields.Boolean(
        "Own Price", help="Otherwise the fee costs what the customer's pricelist says."
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    price_unit = Exact("Price", digits=(18, 6), help="For each billing period, before tax.")
    fee_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        "Invoiced",
        required=True,
        compute="_compute_fee_timing",
        store=True,
        readonly=False,
        precompute=True,
    )

    _quantity_positive = models.Constraint(
        "CHECK(quantity > 0)", "A fee's quantity must be above zero."
    )

    @api.depends("plan_id")
    def _compute_fee_timing(self):
        for fee in self:
            fee.fee_timing = fee.plan_id.fee_timing or "advance"
