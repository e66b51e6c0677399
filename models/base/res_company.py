import pytz

from odoo import fields, models

from ...core.money.periods import local_date


def _timezones(_self):
    return [(name, name) for name in pytz.all_timezones]


class ResCompany(models.Model):
    _inherit = "res.company"

    fusion_billing_tz = fields.Selection(
        _timezones, "Billing Time Zone", required=True, default="UTC",
        help="Billing periods begin and end at midnight in this time zone.",
    )

    def _fusion_today(self):
        """Return the date of now in the billing time zone."""
        self.ensure_one()
        return local_date(fields.Datetime.now(), self.fusion_billing_tz)
