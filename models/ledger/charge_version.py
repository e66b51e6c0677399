from datetime import date

from odoo import models


class FusionBillingChargeVersion(models.Model):
    """What the ledger says of prices."""

    _inherit = "fusion.billing.charge.version"

    def _is_rated(self):
        return self._has_ratings() or self.charge_id._has_closed_periods()

    def _is_billed(self):
        # What is over stays, also where nothing was used or the document was cancelled (T2).
        return self._has_ratings(("settled", "!=", 0)) or any(
            (version.valid_from or date.min) < (version.charge_id._closed_until() or date.min)
            for version in self
            if version.charge_id
        )

    def _has_ratings(self, *domain):
        # sudo: what is rated counts, whoever looks.
        return bool(self.ids) and bool(
            self.env["fusion.billing.rating"]
            .sudo()
            .search_count([("version_id", "in", self.ids), *domain], limit=1)
        )

    def _withdraw(self):
        # sudo: what was rated is rated again, whoever withdraws the prices.
        ratings = self.env["fusion.billing.rating"].sudo().search([("version_id", "in", self.ids)])
        for rating in ratings:
            rating.version_id = rating.charge_id.version_id
        for subscription, rows in ratings.grouped("subscription_id").items():
            subscription._fusion_request_rating(min(rows.mapped("date_from")))
