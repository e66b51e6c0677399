from odoo import api, fields, models
from odoo.fields import Domain

from ..models.base.bounded import Whole


class FusionBillingWebhookReplayWizard(models.TransientModel):
    """Sends past events of a service again: of a span of time, or those that failed."""

    _name = "fusion.billing.webhook.replay.wizard"
    _description = "Send Webhook Events Again"
    _inherit = ["fusion.billing.owned.mixin"]

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
    last_id = Whole("Sent Again Until", help="The events after this one are left.")

    @api.depends("service_id", "only_failed", "since", "until", "last_id")
    def _compute_event_count(self):
        for wizard in self:
            wizard.event_count = self.env["fusion.billing.webhook.delivery"].search_count(
                wizard._events_domain()
            )

    def action_resend(self):
        """Queue a limited number of events; the window stays open while there are more."""
        self.ensure_one()
        self.service_id._check_manager()
        _queued, last_id = self.env["fusion.billing.webhook.delivery"]._replay(
            self._events_domain()
        )
        if not last_id:
            return {"type": "ir.actions.act_window_close"}
        self.last_id = last_id
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.webhook_replay_wizard_action"
        )
        return {**action, "res_id": self.id}

    def _events_domain(self):
        deliveries = self.env["fusion.billing.webhook.delivery"]
        return deliveries._replay_domain(
            self.service_id, self.since, self.until, self.only_failed
        ) & Domain("id", ">", self.last_id)
