from odoo import api, fields, models


class FusionBillingWebhookReplayWizard(models.TransientModel):
    """Sends past events of a service again: of a span of time, or those that failed."""

    _name = "fusion.billing.webhook.replay.wizard"
    _description = "Send Webhook Events Again"

    service_id = fields.Many2one(
        "fusion.billing.service",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    only_failed = fields.Boolean("Only Failed Events", default=True)
    since = fields.Datetime(help="Events that happened, or failed, from then on.")
    until = fields.Datetime(help="Events that happened before then.")
    event_count = fields.Integer("Events", compute="_compute_event_count")

    @api.depends("service_id", "only_failed", "since", "until")
    def _compute_event_count(self):
        for wizard in self:
            wizard.event_count = self.env["fusion.billing.webhook.delivery"].search_count(
                wizard._events_domain()
            )

    def action_resend(self):
        self.ensure_one()
        self.service_id._check_manager()
        self.env["fusion.billing.webhook.delivery"].search(self._events_domain())._resend()
        return {"type": "ir.actions.act_window_close"}

    def _events_domain(self):
        return self.env["fusion.billing.webhook.delivery"]._replay_domain(
            self.service_id, self.since, self.until, self.only_failed
        )
