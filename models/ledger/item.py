from odoo import models


class FusionBillingItem(models.Model):
    """What the ledger says of recurring fees."""

    _inherit = "fusion.billing.item"

    def _is_rated(self):
        # sudo: what is rated counts, whoever looks.
        return bool(
            self.env["fusion.billing.rating"]
            .sudo()
            .search_count([("item_id", "in", self.ids)], limit=1)
        )
