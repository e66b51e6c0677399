from odoo import api, models


class FusionBillingRating(models.Model):
    """Each rating run leaves a row, one inside an invoicing run too; dashboards add up usage."""

    _inherit = "fusion.billing.rating"

    # All that the dashboard reads of very many rows: it reads the indexes alone.
    _usage_idx = models.Index(
        "(company_id, date_from)"
        " INCLUDE (metric_id, currency_id, amount, quantity, subscription_id)"
        " WHERE charge_id IS NOT NULL"
    )
    _open_idx = models.Index(
        "(company_id, date_until)"
        " INCLUDE (date_from, currency_id, amount, included_quantity, billable_quantity,"
        " subscription_id) WHERE charge_id IS NOT NULL"
    )
    _unbilled_idx = models.Index(
        "(company_id, bill_on)"
        " INCLUDE (currency_id, amount, settled, waived, subscription_id)"
        " WHERE amount - settled - waived <> 0"
    )

    @api.model
    def _rate_pending(self, companies, but=()):
        with self.env["fusion.billing.run"]._recorded("rating"):
            return super()._rate_pending(companies, but)
