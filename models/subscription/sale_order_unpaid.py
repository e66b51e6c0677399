from odoo import models
from odoo.fields import Domain

from ...core.money.timeline import DAY, TAKES_USAGE, UNPAIDS


class SaleOrder(models.Model):
    """How subscriptions are paused for non-payment, and go on when all is paid.

    Such a pause has states of its own on the timeline, so that it is told from one that somebody
    wanted: it covers what is active, and leaves the pauses and the end as they are.
    """

    _inherit = "sale.order"

    def _fusion_pause_unpaid(self, state):
        """Pause for non-payment from tomorrow on; what was used today counts.

        A pause that takes no usage begins once the counters that were accepted are over (T5).

        :param str state: what counts all the same: see `core.money.timeline.UNPAIDS`
        :return: its first day; None if it is not running, or active on no day from then on
        """
        self.ensure_one()
        self._fusion_hold()
        if not self._fusion_is_running():
            return None
        day = self._fusion_first_unpaid_day(state)
        before = self._fusion_timeline()
        self._fusion_change_timeline(before.unpaid_from(day, state))
        return day if self._fusion_timeline() != before else None

    def _fusion_first_unpaid_day(self, state):
        timeline = self._fusion_timeline()
        day = max(self._fusion_today() + DAY, timeline.start)
        if state in TAKES_USAGE:
            return day
        start = self._fusion_zones().midnight(day)
        later = Domain("subscription_id", "=", self.id) & Domain("period_start", ">=", start)
        # sudo: what was accepted counts, whoever looks.
        last = (
            self.env["fusion.billing.usage"]
            .sudo()
            .search(later, order="period_start desc", limit=1)
        )
        return self._fusion_zones().date_of(last.period_start) + DAY if last else day

    def _fusion_resume_paid(self):
        """Go on from today on wherever a pause for non-payment is.

        :return: whether there was one
        """
        self.ensure_one()
        self._fusion_hold()
        if not self._fusion_is_running() or not self._fusion_is_unpaid():
            return False
        self._fusion_change_timeline(self._fusion_timeline().paid_from(self._fusion_today()))
        return True

    def _fusion_is_unpaid(self):
        """Whether it is paused for non-payment, today or from a later day on."""
        self.ensure_one()
        timeline, today = self._fusion_timeline(), self._fusion_today()
        phases = (timeline.on(today), *timeline.after(today))
        return any(phase.state in UNPAIDS for phase in phases)

    def _fusion_is_paused_unpaid(self):
        """Whether the pause that is shown is one for non-payment."""
        self.ensure_one()
        if self.fusion_state != "4_paused":
            return False
        day = max(self._fusion_opened_on(), self._fusion_today())
        return self._fusion_state_on(self._fusion_timeline(), day) in UNPAIDS
