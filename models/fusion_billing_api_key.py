import hashlib
import secrets

from odoo import fields, models


class FusionBillingApiKey(models.Model):
    """A key with which a service calls the API. Only its hash is stored (A2)."""

    _name = "fusion.billing.api.key"
    _description = "Billing API Key"
    _order = "id desc"

    name = fields.Char(required=True)
    service_id = fields.Many2one(
        "fusion.billing.service", required=True, index=True, ondelete="cascade",
    )
    active = fields.Boolean(default=True)
    prefix = fields.Char(readonly=True)
    key_hash = fields.Char(required=True, groups="base.group_system", copy=False)
    expires_at = fields.Datetime()
    last_used_at = fields.Datetime(readonly=True)

    _key_hash_unique = models.UniqueIndex("(key_hash)")

    def _generate(self, service, name=None, expires_at=None):
        raw = "fbk_" + secrets.token_urlsafe(32)
        self.sudo().create({
            "service_id": service.id, "name": name or "API key", "prefix": raw[:12],
            "key_hash": hashlib.sha256(raw.encode()).hexdigest(), "expires_at": expires_at,
        })
        return raw
