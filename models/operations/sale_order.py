from odoo import api, models

from ..base.cron import tally


class SaleOrder(models.Model):
    """Each invoicing run leaves a row, which names the subscriptions that failed; what changes on a
    subscription moves recurring revenue.
    """

    _inherit = "sale.order"

    @api.model
    def _fusion_cron_create_invoices(self):
        with self.env["fusion.billing.run"]._recorded("invoicing"):
            return super()._fusion_cron_create_invoices()

    def _fusion_show_failure(self, step, sentence):
        tally().failed_ids.add(self.id)
        return super()._fusion_show_failure(step, sentence)

    def _fusion_hold(self):
        super()._fusion_hold()
        self.env["fusion.billing.revenue.movement"]._catch_up(self)

    def _fusion_request_rating(self, since=None):
        result = super()._fusion_request_rating(since)
        self.env["fusion.billing.revenue.movement"]._follow(self)
        return result
