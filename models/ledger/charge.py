from odoo import models


class FusionBillingCharge(models.Model):
    """What the ledger says of charges."""

    _inherit = "fusion.billing.charge"

    def _is_rated(self):
        # sudo: what is rated counts, whoever looks.
        return bool(self.ids) and bool(self.env["fusion.billing.rating"].sudo().search_count(
            [("charge_id", "in", self.ids)], limit=1,
        ))

    def _billed_until(self):
        self.ensure_one()
        # sudo: what is billed counts, whoever looks.
        [[until]] = self.env["fusion.billing.rating"].sudo()._read_group(
            [("charge_id", "=", self.id), ("settled", "!=", 0)], [], ["period_end:max"],
        )
        return until
