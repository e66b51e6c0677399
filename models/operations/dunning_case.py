from odoo import api, models


class FusionBillingDunningCase(models.Model):
    """Each run that duns leaves a row, which names the cases that failed."""

    _inherit = "fusion.billing.dunning.case"

    @api.model
    def _cron_dun(self):
        with self.env["fusion.billing.run"]._recorded("dunning"):
            return super()._cron_dun()
