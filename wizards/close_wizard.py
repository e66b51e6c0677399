from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date

from ..core.money.timeline import FOREVER
from ..models.base.bounded import Day

DAY = timedelta(days=1)


class CloseWizard(models.TransientModel):
    """Asks for the day subscriptions end, and says what that means."""

    _name = "fusion.billing.close.wizard"
    _description = "Close a Subscription"
    _inherit = ["fusion.billing.bulk.mixin"]
    _answers = ("end_date", "discard_usage")
    _opened_by = "fusion_billing.close_wizard_action"

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
    last_day = Day(
        "Last Day Billed",
        compute="_compute_last_day",
        inverse="_inverse_last_day",
        compute_sudo=False,
        help="The subscription ends with this day. A day in the past gives back what was billed for"
        " later days.",
    )
    consequence = fields.Char(compute="_compute_consequence")

    @api.depends("subscription_id")
    def _compute_end_date(self):
        """Propose tomorrow, the first day on which nothing of today is lost."""
        for wizard in self:
            order = wizard.subscription_id
            wizard.end_date = order._fusion_first_end()

    @api.depends("end_date")
    def _compute_last_day(self):
        for wizard in self:
            wizard.last_day = wizard.end_date and wizard.end_date - DAY

    @api.onchange("last_day")
    def _inverse_last_day(self):
        for wizard in self.filtered("last_day"):
            wizard.end_date = wizard.last_day + DAY

    @api.depends("end_date")
    def _compute_consequence(self):
        for wizard in self:
            if wizard.subscription_ids:
                wizard.consequence = bool(wizard.end_date) and wizard._describe_many()
            else:
                wizard.consequence = wizard._timeline() and wizard._describe_consequence()

    def action_preview(self):
        """Work out what many subscriptions come to, and show it."""
        return self._preview()

    def action_close(self):
        """Close the subscriptions, now or when the day comes."""
        return self._confirm()

    def _apply(self, order):
        order._fusion_end(self.end_date, discard_usage=self.discard_usage)

    def _finish(self, orders):
        orders._fusion_bill_end(self.end_date)

    def _timeline(self):
        timeline = self.subscription_id._fusion_timeline()
        if not self.end_date or self.end_date < timeline.start:
            return None
        return timeline.closed_on(self.end_date)

    def _first_day(self):
        return self.end_date

    def _billed_until(self):
        return self.end_date if self._ends_now() else None

    def _ends_now(self):
        """Whether what is left is billed at once: see `_fusion_close`."""
        return self.subscription_id._fusion_ends_now(self.end_date)

    def _terms(self):
        timelines = (self.subscription_id._fusion_timeline(), self._timeline())
        return [(self.env._("Last day billed"), *map(self._describe_last_day, timelines))]

    def _describe_last_day(self, timeline):
        runs = timeline.billed_days()
        if not runs:
            return self.env._("None")
        if runs[-1].end == FOREVER:
            return self.env._("No end is planned")
        return format_date(self.env, runs[-1].last_day)

    def _describe_many(self):
        orders = self._chosen()
        ending = orders.filtered(lambda order: order._fusion_ends_now(self.end_date))
        if not ending:
            return self.env._(
                "Until that day everything goes on as before; then what is left is invoiced."
            )
        return self.env._(
            "What is left of %(now)s of %(all)s subscriptions is invoiced right now.",
            now=len(ending),
            all=len(orders),
        )

    def _describe_consequence(self):
        runs = self._timeline().billed_days()
        if not runs:
            return self.env._("No day is billed.")
        last_day = format_date(self.env, runs[-1].last_day)
        if self._ends_now():
            return self.env._(
                "The last billed day is %s. What is left is invoiced right now.", last_day
            )
        return self.env._(
            "The last billed day is %s. Until then everything goes on as before; then what is"
            " left is invoiced.",
            last_day,
        )
