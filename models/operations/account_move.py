from odoo import api, models

from ..base.cron import tally


class AccountMove(models.Model):
    """Each run that sends documents leaves a row, which names those that could not be sent."""

    _inherit = "account.move"

    @api.model
    def _fusion_cron_send(self):
        with self.env["fusion.billing.run"]._recorded("mailing"):
            return super()._fusion_cron_send()

    def _fusion_send_later(self, reason):
        tally().failed_ids.add(self.id)
        return super()._fusion_send_later(reason)
