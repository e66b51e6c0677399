from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..base.bounded import Exact


class FusionBillingThreshold(models.Model):
    """How much usage apps are told of: once in each billing period, when it is reached.

    On a charge it is for every subscription that the charge rates; on a subscription, a part of
    a quota is for each of its charges, and an amount for all its usage together.
    """

    _name = "fusion.billing.threshold"
    _description = "Usage Threshold"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.exact.mixin"]
    _order = "kind, threshold_value, id"

    charge_id = fields.Many2one(
        "fusion.billing.charge", index="btree_not_null", ondelete="cascade", fixed=True
    )
    subscription_id = fields.Many2one(
        "sale.order", index="btree_not_null", ondelete="cascade", fixed=True
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, index=True, fixed=True
    )
    kind = fields.Selection(
        [("percent", "% of the included quota"), ("amount", "Amount of money")],
        required=True,
        default="percent",
    )
    threshold_value = Exact(
        "Threshold",
        required=True,
        digits=(24, 6),
        help="Percent, or an amount in the currency of the charge or of the subscription.",
    )

    _one_subject = models.Constraint(
        "CHECK((charge_id IS NULL) != (subscription_id IS NULL))",
        "A threshold must belong to a charge or to a subscription.",
    )
    _value_positive = models.Constraint(
        "CHECK(threshold_value > 0)", "A threshold must be above zero."
    )

    @api.depends("charge_id.company_id", "subscription_id.company_id")
    def _compute_company_id(self):
        for threshold in self:
            threshold.company_id = (
                threshold.charge_id.company_id or threshold.subscription_id.company_id
            )

    @api.depends("kind", "threshold_value")
    def _compute_display_name(self):
        for threshold in self:
            unit = " %" if threshold.kind == "percent" else ""
            threshold.display_name = f"{threshold.threshold_value:g}{unit}"

    @api.constrains("subscription_id")
    def _check_subscription(self):
        if any(
            not threshold.subscription_id.fusion_plan_id
            for threshold in self
            if threshold.subscription_id
        ):
            raise ValidationError(self.env._("A threshold must be for an order with a plan."))

    # === BUSINESS METHODS === #

    def _value(self):
        """Return the exact value of one threshold."""
        self.ensure_one()
        return self._read_exact(["threshold_value"])[self.id]["threshold_value"]
