from odoo import api, models


class FusionBillingRating(models.Model):
    """Each rating run leaves a row, one inside an invoicing run too."""

    _inherit = "fusion.billing.rating"

    @api.model
    def _rate_pending(self, but=()):
        with self.env["fusion.billing.run"]._recorded("rating"):
            return super()._rate_pending(but)
