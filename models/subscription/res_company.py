from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.subscription_states import RUNNING


class ResCompany(models.Model):
    """What subscriptions say of companies."""

    _inherit = "res.company"

    def _fusion_has_begun_billing(self):
        # sudo: whoever looks, all subscriptions count.
        return bool(
            self.env["fusion.billing.phase"]
            .sudo()
            .search_count([("company_id", "in", self.ids)], limit=1)
        )

    def _fusion_note_zone(self, name):
        """Refuse to lose counters of days to come: an end or a pause may begin earlier by then."""
        today, changing = self._fusion_today(), self._fusion_changing_later()
        kept = self._fusion_usage_ahead(changing).filtered(_is_covered)
        super()._fusion_note_zone(name)
        lost = kept - kept.filtered(_is_covered)
        if lost:
            raise UserError(
                self.env._(
                    "You cannot move to another time zone now: %(count)s accepted counters of"
                    " %(subscriptions)s would lie after an end or in a pause. Move that first.",
                    count=len(lost),
                    subscriptions=", ".join(lost.subscription_id.mapped("display_name")),
                )
            )
        self._fusion_rate_again(changing, today)

    def _fusion_rate_again(self, changing, today):
        """Have billing periods rated again that were not over: they end at other instants now.

        Also those that are billed: a subscription that is closed tomorrow is billed today.
        """
        # sudo: whoever moves the company, all subscriptions count.
        orders = self.env["sale.order"].sudo()
        running = orders._fusion_subscription_domain(RUNNING)
        orders = changing | orders.search(running & Domain("company_id", "in", self.ids))
        orders._fusion_request_rating(today)

    def _fusion_changing_later(self):
        """Return the subscriptions that change on days to come: that end then, for example."""
        # sudo: whoever moves the company, all subscriptions count.
        return (
            self.env["fusion.billing.phase"]
            .sudo()
            .search([("company_id", "in", self.ids), ("date_from", ">", self._fusion_today())])
            .subscription_id
        )

    def _fusion_usage_ahead(self, changing):
        """Return the counters of days to come of subscriptions."""
        # sudo: whoever moves the company, all counters count.
        return (
            self.env["fusion.billing.usage"]
            .sudo()
            .search(
                [("subscription_id", "in", changing.ids), ("period_start", ">", self._fusion_now())]
            )
        )


def _is_covered(usage):
    return usage.subscription_id._fusion_covers(usage.period_start)
