from odoo import api, models


class FusionBillingCollectionAttempt(models.Model):
    """Each run that charges saved payment methods leaves a row."""

    _inherit = "fusion.billing.collection.attempt"

    @api.model
    def _cron_collect(self):
        with self.env["fusion.billing.run"]._recorded("collecting"):
            return super()._cron_collect()
