from odoo import api, fields, models

from .exact_mixin import Exact


class FusionBillingChargeTier(models.Model):
    """One step of a tiered price. It begins where the tier before it ends."""

    _name = "fusion.billing.charge.tier"
    _description = "Charge Tier"
    _inherit = ["fusion.billing.exact.mixin"]
    _order = "version_id, sequence, id"
    _rec_name = "up_to"

    version_id = fields.Many2one(
        "fusion.billing.charge.version", required=True, index=True, ondelete="cascade",
    )
    sequence = fields.Integer(default=10)
    up_to = Exact(
        digits=(18, 6),
        help="Last unit in the tier. Leave it empty on the last tier: it has no end.",
    )
    unit_amount = Exact("Price", digits=(16, 10))
    unit_batch = Exact(
        "Batch", digits=(18, 6),
        help="Bill the units of this tier in whole batches of this size, rounded up; the price is"
             " that of a batch. Empty: each unit at the price.",
    )
    flat_amount = Exact(
        "Flat Amount", digits=(16, 10), help="Due once the tier is entered.",
    )
    rate = Exact("Rate (%)", digits=(16, 10))

    _numbers_not_negative = models.Constraint(
        "CHECK(up_to >= 0 AND unit_amount >= 0 AND unit_batch >= 0 AND flat_amount >= 0"
        " AND rate >= 0)",
        "A tier has no negative numbers.",
    )

    @api.constrains("sequence", "up_to", "unit_amount", "unit_batch", "flat_amount", "rate")
    def _check_table(self):
        self.version_id._check_tiers()

    @api.model_create_multi
    def create(self, vals_list):
        tiers = super().create(vals_list)
        tiers.version_id._check_not_billed()
        return tiers

    def write(self, vals):
        self.version_id._check_not_billed()
        return super().write(vals)

    def unlink(self):
        versions = self.version_id
        versions._check_not_billed()
        result = super().unlink()
        versions.exists()._check_tiers()
        return result

    def _terms(self):
        """Return the tiers as `core.pricing.price` takes them, lowest first."""
        exact = self._read_exact(["up_to", "unit_amount", "unit_batch", "flat_amount", "rate"])
        return [
            {
                **exact[tier.id],
                "up_to": exact[tier.id]["up_to"] or None,
                "unit_batch": exact[tier.id]["unit_batch"] or None,
            }
            for tier in self.sorted()
        ]
