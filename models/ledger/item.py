from odoo import models


class FusionBillingItem(models.Model):
    """What the ledger says of recurring fees."""

    _inherit = "fusion.billing.item"

    def _is_rated(self):
        return bool(self.env["fusion.billing.rating"].search_count(
            [("item_id", "in", self.ids)], limit=1,
        ))
