from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..models.base.bounded import Day

DAY = timedelta(days=1)


class CloseWizard(models.TransientModel):
    """Asks for the day a subscription ends, and says what that means."""

    _name = "fusion.billing.close.wizard"
    _description = "Close a Subscription"
    _inherit = ["fusion.billing.change.mixin"]

    end_date = Day(
        compute="_compute_end_date",
        compute_sudo=False,
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="The subscription ends when this day begins. A day in the past gives back what was"
        " billed for later days.",
    )
    consequence = fields.Char(compute="_compute_consequence")

    @api.depends("subscription_id")
    def _compute_end_date(self):
        """Propose tomorrow, the first day on which nothing of today is lost."""
        for wizard in self:
            order = wizard.subscription_id
            wizard.end_date = max(order._fusion_today() + DAY, order._fusion_timeline().start)

    @api.depends("end_date")
    def _compute_consequence(self):
        for wizard in self:
            wizard.consequence = wizard._timeline() and wizard._describe_consequence()

    @api.depends("end_date")
    def _compute_preview(self):
        super()._compute_preview()

    @api.depends("end_date")
    def _compute_lost_count(self):
        super()._compute_lost_count()

    def action_close(self):
        """Close the subscription, now or when the day comes."""
        self._check_staff()
        self.subscription_id._fusion_close(self.end_date, discard_usage=self.discard_usage)
        return self._done()

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        if not self.end_date or self.end_date < timeline.start:
            return None
        return timeline.closed_on(self.end_date)

    def _first_day(self):
        return self.end_date

    def _describe_consequence(self):
        runs = self._timeline().active()
        if not runs:
            return self.env._("No day is billed.")
        last_day = format_date(self.env, runs[-1].last_day)
        if self.end_date <= self.subscription_id._fusion_today() + DAY:
            return self.env._(
                "The last billed day is %s. What is left is invoiced right now.", last_day
            )
        return self.env._(
            "The last billed day is %s. Until then everything goes on as before; then what is"
            " left is invoiced.",
            last_day,
        )
