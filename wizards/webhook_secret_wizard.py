from odoo import fields, models

from ..models.base.bounded import Whole
from .api_key_wizard import A_YEAR


class FusionBillingWebhookSecretWizard(models.TransientModel):
    """Makes the secret that signs a service's events, beside the older ones for an overlap."""

    _name = "fusion.billing.webhook.secret.wizard"
    _description = "Rotate a Webhook Secret"
    _inherit = ["fusion.billing.owned.mixin"]

    service_id = fields.Many2one(
        "fusion.billing.service",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    has_secret = fields.Boolean(compute="_compute_has_secret")
    overlap_hours = Whole(
        "Overlap",
        default=24,
        between=(0, A_YEAR),
        help="Hours for which events are signed with both secrets.",
    )

    def _compute_has_secret(self):
        for wizard in self:
            wizard.has_secret = bool(wizard.service_id.webhook_secret_ids)

    def action_generate(self):
        """Make the secret and show it, once: it travels in the action."""
        self.ensure_one()
        raw = self.service_id._generate_webhook_secret(self.overlap_hours)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Webhook Secret of %s", self.service_id.name),
            "res_model": "fusion.billing.webhook.secret.show",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_secret": raw},
        }
