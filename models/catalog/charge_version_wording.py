from odoo import api, fields, models

from .price_wording import PriceWords


class FusionBillingChargeVersion(models.Model):
    """How a line of a price history reads."""

    _inherit = "fusion.billing.charge.version"

    terms_in_words = fields.Text("Price", compute="_compute_terms_in_words")

    @api.depends("charge_id", "charge_model", "tier_ids")
    @api.depends_context("lang")
    def _compute_terms_in_words(self):
        for version in self:
            charge = version.charge_id
            version.terms_in_words = PriceWords(version, charge).sentence() if charge else False
