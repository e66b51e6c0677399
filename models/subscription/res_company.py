from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.clock import now
from ..base.subscription_states import RUNNING


class ResCompany(models.Model):
    """What subscriptions say of companies."""

    _inherit = "res.company"

    def _fusion_has_begun_billing(self):
        # sudo: whoever looks, all subscriptions count.
        return bool(self.env["fusion.billing.phase"].sudo().search_count(
            [("company_id", "in", self.ids)], limit=1,
        ))

    def _fusion_note_zone(self, name):
        """Refuse to lose counters of days to come: an end or a pause may begin earlier by then."""
        kept = self._fusion_usage_ahead().filtered(_is_covered)
        super()._fusion_note_zone(name)
        lost = kept - kept.filtered(_is_covered)
        if lost:
            raise UserError(self.env._(
                "You cannot move to another time zone now: %(count)s accepted counters of"
                " %(subscriptions)s would lie after an end or in a pause. Move that first.",
                count=len(lost),
                subscriptions=", ".join(lost.subscription_id.mapped("display_name")),
            ))
        self._fusion_rate_again()

    def _fusion_rate_again(self):
        """Have open billing periods rated again: their last days end at other instants now."""
        # sudo: whoever moves the company, all subscriptions count.
        orders = self.env["sale.order"].sudo()
        running = orders._fusion_subscription_domain(RUNNING)
        orders.search(running & Domain("company_id", "in", self.ids))._fusion_request_rating()

    def _fusion_usage_ahead(self):
        """Return the counters of days to come of subscriptions that change later."""
        # sudo: whoever moves the company, all subscriptions count.
        phases = self.env["fusion.billing.phase"].sudo().search([
            ("company_id", "in", self.ids), ("date_from", ">", self._fusion_today()),
        ])
        return self.env["fusion.billing.usage"].sudo().search([
            ("subscription_id", "in", phases.subscription_id.ids), ("period_start", ">", now()),
        ])


def _is_covered(usage):
    return usage.subscription_id._fusion_covers(usage.period_start)
