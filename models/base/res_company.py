import pytz

from odoo import fields, models
from odoo.tools import ormcache

from ...core.money.zones import Zones
from .bounded import Whole

MONTHS = (0, 1200)  # for which usage may be kept


def _timezones(_self):
    return [(name, name) for name in pytz.all_timezones]


class ResCompany(models.Model):
    """When a company's days begin."""

    _inherit = "res.company"

    fusion_billing_tz = fields.Selection(
        _timezones,
        "Billing Time Zone",
        required=True,
        default="UTC",
        help="Billing periods begin and end at midnight in this time zone. Another one holds from"
        " the moment on in which it is chosen: days that have begun keep their beginning.",
    )
    fusion_usage_retention_months = Whole(
        "Keep Usage",
        between=MONTHS,
        help="Months after which counters of settled periods are removed; they are kept for ever"
        " if 0.",
    )
    fusion_time_zone_ids = fields.One2many(
        "fusion.billing.time.zone", "company_id", "Time Zones", groups="fusion_billing.group_user"
    )

    def write(self, vals):
        zone = vals.get("fusion_billing_tz")
        for company in self.filtered(lambda company: zone not in (None, company.fusion_billing_tz)):
            # sudo: who may change the company's zone need not know of its history.
            company.sudo()._fusion_note_zone(zone)
        result = super().write(vals)
        if zone:
            self.env.registry.clear_cache()
        return result

    def _fusion_note_zone(self, name):
        """Let another zone hold from now on; from the beginning while nothing was billed in one."""
        self.ensure_one()
        if not self._fusion_has_begun_billing():
            self.fusion_time_zone_ids.unlink()
            return
        first = (
            []
            if self.fusion_time_zone_ids
            else [{"company_id": self.id, "name": self.fusion_billing_tz}]
        )
        self.env["fusion.billing.time.zone"].create(
            [*first, {"company_id": self.id, "name": name, "since": self._fusion_now()}]
        )
        self.env.registry.clear_cache()

    def _fusion_has_begun_billing(self):
        """Whether boundaries of this company's days matter already: subscriptions say so."""
        return False

    def _fusion_zones(self):
        """Return the zones in which this company's days began and begin: `core.money.zones`."""
        self.ensure_one()
        return self._fusion_recall_zones()

    @ormcache("self.id")
    def _fusion_recall_zones(self):
        # sudo: everybody's days are the same, an app's too, which reads no companies.
        company = self.sudo()
        steps = tuple((row.since or None, row.name) for row in company.fusion_time_zone_ids)
        return Zones(steps) if steps else Zones.always(company.fusion_billing_tz)
