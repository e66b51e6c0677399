from odoo import api, models


class FusionBillingWebhookDelivery(models.Model):
    """Each run of the sender leaves a row."""

    _inherit = "fusion.billing.webhook.delivery"

    @api.model
    def _cron_deliver(self):
        with self.env["fusion.billing.run"]._recorded("sending"):
            return super()._cron_deliver()
