from odoo import api, fields, models

from .exact_mixin import Exact


class FusionBillingCharge(models.Model):
    """On one plan, for one metric: what is included and what the rest costs."""

    _name = "fusion.billing.charge"
    _description = "Billing Charge"
    _inherit = ["fusion.billing.exact.mixin"]
    _order = "plan_id, sequence, id"
    _check_company_auto = True

    plan_id = fields.Many2one(
        "fusion.billing.plan", index=True, ondelete="restrict", check_company=True,
        help="A charge without plan rates nothing.",
    )
    plan_code = fields.Char(related="plan_id.code", store=True, index="btree_not_null")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, readonly=False,
        required=True, precompute=True, index=True,
    )
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, index=True, ondelete="restrict",
        check_company=True,
    )
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="restrict", check_company=True,
        help="The product on the invoice line: it decides the taxes and the income account.",
    )

    charge_model = fields.Selection(
        [("standard", "Standard"), ("package", "Package")],
        required=True, default="standard",
        help="Standard: pro rata, quantity / batch × price.\n"
             "Package: whole batches, rounded up.",
    )
    included_quota = Exact(
        digits=(18, 6), help="Units that are free in each billing period.",
    )
    price_per_unit = Exact(
        "Price per Batch", digits=(16, 10), help="Price of one batch of units.",
    )
    unit_batch = Exact(
        "Batch", digits=(18, 6), required=True, default=1,
        help="How many units the price is for: 1000 makes it a price per thousand.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id,
    )

    # One charge would bill the same usage twice if two people could add it at once
    # (lago-api#5549, #6035), so the database refuses the second.
    _plan_metric_unique = models.UniqueIndex(
        "(plan_id, metric_id, currency_id) WHERE active AND plan_id IS NOT NULL",
        "This plan charges this metric in this currency already: change that charge instead.",
    )
    _amounts_not_negative = models.Constraint(
        "CHECK(included_quota >= 0 AND price_per_unit >= 0)",
        "Prices and included quotas cannot be negative.",
    )
    _unit_batch_positive = models.Constraint(
        "CHECK(unit_batch > 0)", "A batch holds more than zero units.",
    )

    @api.depends("plan_id")
    def _compute_company_id(self):
        for charge in self:
            charge.company_id = charge.plan_id.company_id or charge.company_id or self.env.company

    @api.depends("metric_id", "plan_id")
    def _compute_display_name(self):
        for charge in self:
            names = (charge.plan_id.name, charge.metric_id.name)
            charge.display_name = " / ".join(filter(None, names))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self.flush_model()  # a charge archived in the same save makes room for the next one
        charges = super().create(vals_list)
        charges.plan_id._request_rating()
        return charges

    def write(self, vals):
        plans = self.plan_id
        result = super().write(vals)
        if vals.keys() & self._rated_fields():
            (plans | self.plan_id)._request_rating()
        return result

    @api.model
    def _rated_fields(self):
        """Return the fields whose change makes the open periods' ratings out of date."""
        return {
            "plan_id", "metric_id", "active", "charge_model", "included_quota",
            "price_per_unit", "unit_batch", "currency_id", "product_id",
        }

    # === BUSINESS METHODS === #

    def _pricing_parameters(self):
        """Return what `core.pricing.price` needs, exactly, for each charge.

        :return: `{charge id: keyword arguments}`
        """
        names = ["price_per_unit", "unit_batch", "included_quota"]
        return self._read_exact(names)
