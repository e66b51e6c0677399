from datetime import timedelta

from odoo import fields, models

from ..core.api.scopes import FIELDS
from ..models.base.bounded import Whole

A_YEAR = 8784  # hours


class FusionBillingApiKeyWizard(models.TransientModel):
    """Makes an API key for a service and lets the older ones end after an overlap."""

    _name = "fusion.billing.api.key.wizard"
    _description = "Generate a Billing API Key"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.api.key.terms"]

    service_id = fields.Many2one(
        "fusion.billing.service",
        required=True,
        readonly=True,
        ondelete="cascade",
        default=lambda self: self.env.context.get("active_id"),
    )
    name = fields.Char(
        "Description", help="Where the key is used, for those who rotate it: production, staging."
    )
    expire_others = fields.Boolean(
        "Rotate", help="Let the service's other keys end; the app takes the new one until then."
    )
    overlap_hours = Whole(
        "Overlap",
        default=24,
        between=(0, A_YEAR),
        help="Hours for which the other keys go on working.",
    )

    def action_generate(self):
        """Make the key and show it, once: it travels in the action and is stored nowhere (A2)."""
        self.ensure_one()
        if self.expire_others:
            self._expire_other_keys()
        raw = self.service_id._generate_api_key(
            name=self.name,
            allowed_networks=self.allowed_networks,
            **{field: self[field] for field in FIELDS.values()},
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("API Key of %s", self.service_id.name),
            "res_model": "fusion.billing.api.key.show",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_key": raw},
        }

    def _expire_other_keys(self):
        """Let the keys end that would outlive the overlap."""
        end = fields.Datetime.now() + timedelta(hours=self.overlap_hours)
        self.service_id.api_key_ids._end_by(end)
