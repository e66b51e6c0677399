from odoo import fields, models


class FusionBillingTimeZone(models.Model):
    """Since when a company's days begin at midnight of which time zone (R3, T2)."""

    _name = "fusion.billing.time.zone"
    _description = "Billing Time Zone"
    _order = "company_id, since nulls first, id"
    _log_access = False

    company_id = fields.Many2one("res.company", required=True, index=True, ondelete="cascade")
    name = fields.Char("Time Zone", required=True)
    since = fields.Datetime(help="Empty: always.")
