import pytz

from odoo import fields, models


def _timezones(_self):
    return [(name, name) for name in pytz.all_timezones]


class ResCompany(models.Model):
    _inherit = "res.company"

    fusion_billing_tz = fields.Selection(
        _timezones, "Billing Time Zone", required=True, default="UTC",
        help="Billing periods begin and end at midnight in this time zone.",
    )
