from datetime import datetime
from time import monotonic

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain

from ...core.money.timeline import DAY
from ..base.engine import as_engine
from ..base.retry import lock

AT_ONCE = relativedelta(years=2)
END_OF_TIME = datetime(2099, 12, 31)
PATIENCE = 40  # seconds; Odoo ends requests that compute for a minute


class ResCompany(models.Model):
    """The clock of a sandbox: as it is advanced, all that is due on the way is done."""

    _inherit = "res.company"

    def _fusion_latest_clock(self):
        """Return until when the clock can be advanced at once."""
        return min(self.fusion_clock + AT_ONCE, END_OF_TIME)

    def _fusion_advance_clock(self, until, keep=None):
        """Advance the clock to a moment, step by step, and do on each what the scheduled actions
        would have done: usage is rated, thresholds are told, what is due is billed and posted,
        what is overdue is told.

        The clock and what was done by then are kept together, after each step or at the end. So
        whoever is killed on the way leaves a clock that says how far it came, and doing it again
        goes on from there. Two at once take turns.

        :param datetime until: naive UTC, not before the clock
        :param callable keep: commits a step; if empty, the caller's transaction is the only one
        :return: whether it came so far; if it took too long, it did not
        """
        self.ensure_one()
        began, keep = monotonic(), keep or self.env.cr.flush
        self._fusion_do_until(self.fusion_clock)
        keep()
        while self.fusion_clock < until:
            if monotonic() - began > PATIENCE:
                return False
            self._fusion_do_until(self._fusion_next_moment(until))
            keep()
        return True

    def _fusion_next_moment(self, until):
        """Return the next moment at which something can become due: a local midnight, or when a
        draft is not held any more.
        """
        midnight = self._fusion_zones().midnight(self._fusion_today() + DAY)
        held = self.env["account.move"].search(
            Domain("company_id", "=", self.id)
            & Domain("state", "=", "draft")
            & Domain("fusion_post_at", ">", self.fusion_clock),
            order="fusion_post_at",
            limit=1,
        )
        return min(until, midnight, held.fusion_post_at or until)

    def _fusion_do_until(self, moment):
        """Let it be a moment, and do what is due by then."""
        lock(self, allow_referencing=True)
        if moment > self.fusion_clock:
            as_engine(self).fusion_clock = moment
        self.env["sale.order"]._fusion_run(self)
        self.env["account.move"]._fusion_tell_overdue_in(self)
        self.env.flush_all()
