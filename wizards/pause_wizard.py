from datetime import timedelta

from odoo import api, models
from odoo.tools import format_date

from ..core.money.timeline import PAUSED
from ..models.base.bounded import Day

DAY = timedelta(days=1)


class PauseWizard(models.TransientModel):
    """Asks from when on subscriptions are paused, and for the last day if that is known."""

    _name = "fusion.billing.pause.wizard"
    _description = "Pause a Subscription"
    _inherit = ["fusion.billing.bulk.mixin"]
    _answers = ("date", "until", "discard_usage")
    _opened_by = "fusion_billing.pause_wizard_action"

    date = Day(
        "From",
        compute="_compute_date",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="First day of the pause: nothing is billed, and no usage is taken.",
    )
    until = Day(help="First day after the pause. Empty: until somebody resumes it.")
    last_day = Day(
        "Last Day of the Pause",
        compute="_compute_last_day",
        inverse="_inverse_last_day",
        compute_sudo=False,
        help="From the day after it is billed again. Empty: until somebody resumes it.",
    )

    @api.depends("subscription_id")
    def _compute_date(self):
        """Propose tomorrow: what is used today still counts."""
        for wizard in self:
            order = wizard.subscription_id
            wizard.date = max(order._fusion_today() + DAY, order._fusion_timeline().start)

    @api.depends("until")
    def _compute_last_day(self):
        for wizard in self:
            wizard.last_day = wizard.until and wizard.until - DAY

    @api.onchange("last_day")
    def _inverse_last_day(self):
        for wizard in self:
            wizard.until = wizard.last_day and wizard.last_day + DAY

    def action_preview(self):
        """Work out what many subscriptions come to, and show it."""
        return self._preview()

    def action_pause(self):
        return self._confirm()

    def _apply(self, order):
        order._fusion_pause(self.date, self.until or None, discard_usage=self.discard_usage)

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        if not self.date or self.date < timeline.start or (self.until and self.until <= self.date):
            return None
        if self.until:
            return timeline.with_pause(self.date, self.until)
        return timeline.with_state(self.date, PAUSED)

    def _first_day(self):
        return self.date

    def _terms(self):
        """Say which days the pause leaves to be billed."""
        # Pauses that are planned may go on where this one ends.
        later = [run.start for run in self._timeline().billed_days() if run.start > self.date]
        until = (later or self.until) and format_date(self.env, min(later, default=self.until))
        return [
            (self.env._("Last day billed"), "", format_date(self.env, self.date - DAY)),
            (self.env._("Billed again from"), "", until or self.env._("Once it is resumed")),
        ]
