from odoo import api, fields, models

from .price_wording import PriceWords


class FusionBillingCharge(models.Model):
    """How a charge reads to people who set prices."""

    _inherit = "fusion.billing.charge"

    price_summary = fields.Text(
        "In Words", compute="_compute_price_summary",
        help="What this charge costs a customer in each billing period.",
    )
    filter_summary = fields.Char(
        "Only Where", compute="_compute_filter_summary",
        help="The usage that this charge prices; all of its metric if empty.",
    )

    @api.depends(
        "metric_id.name", "charge_model", "included_quota", "price_per_unit", "unit_batch",
        "rate", "fixed_amount", "minimum_amount", "maximum_amount", "tier_ids.up_to",
        "tier_ids.unit_amount", "tier_ids.unit_batch", "tier_ids.flat_amount", "tier_ids.rate",
        "currency_id",
    )
    @api.depends_context("lang")
    def _compute_price_summary(self):
        for charge in self:
            is_complete = charge.metric_id and charge.currency_id
            charge.price_summary = PriceWords(charge, charge).sentence() if is_complete else False

    @api.depends("filter_ids.dimension", "filter_ids.dimension_values")
    @api.depends_context("lang")
    def _compute_filter_summary(self):
        for charge in self:
            charge.filter_summary = ", ".join(
                f"{rule.dimension} = {' / '.join(rule._values())}" for rule in charge.filter_ids
            )
