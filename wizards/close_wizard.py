from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date


class CloseWizard(models.TransientModel):
    """Asks for the day a subscription ends, and says what that means."""

    _name = "fusion.billing.close.wizard"
    _description = "Close a Subscription"

    subscription_id = fields.Many2one("sale.order", required=True, readonly=True)
    end_date = fields.Date(
        compute="_compute_end_date", store=True, precompute=True, readonly=False, required=True,
        help="The subscription ends when this day begins.",
    )
    consequence = fields.Char(compute="_compute_consequence")

    @api.depends("subscription_id")
    def _compute_end_date(self):
        """Propose tomorrow, the first day on which nothing of today is lost."""
        for wizard in self:
            wizard.end_date = max(wizard._tomorrow(), wizard._open_since())

    @api.depends("end_date")
    def _compute_consequence(self):
        for wizard in self:
            wizard.consequence = wizard.end_date and wizard._describe_consequence()

    def action_close(self):
        """Close the subscription, now or when the day comes."""
        self.ensure_one()
        self.subscription_id._fusion_check_staff()
        self.subscription_id._fusion_close(self.end_date)
        return {"type": "ir.actions.act_window_close"}

    def _describe_consequence(self):
        self.ensure_one()
        last_day = format_date(self.env, self._billed_until() - timedelta(days=1))
        if self.end_date <= max(self._tomorrow(), self._open_since()):
            return self.env._(
                "The last billed day is %s. What is left is invoiced right now.", last_day,
            )
        return self.env._(
            "The last billed day is %s. Until then everything goes on as before; then what is"
            " left is invoiced.", last_day,
        )

    def _billed_until(self):
        """Return the first day that is not billed: a pause goes on until the end."""
        is_paused = self.subscription_id.fusion_state == "4_paused"
        pause_date = self.subscription_id.fusion_pause_date if is_paused else None
        return min(filter(None, (self.end_date, pause_date)))

    def _tomorrow(self):
        return self.subscription_id._fusion_today() + timedelta(days=1)

    def _open_since(self):
        return self.subscription_id._fusion_open_period().start
