from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ...core.webhook.signing import SECRET_PREFIX, generate_secret
from ..api.credential_mixin import NOBODY

SHOWN_LENGTH = len(SECRET_PREFIX) + 4


class FusionBillingWebhookSecret(models.Model):
    """What the events to a service's endpoint are signed with.

    The secret itself is needed for every event, so it is stored, but nobody reads it: it is
    shown once, when it is made. During a rotation the old and the new one both sign.
    """

    _name = "fusion.billing.webhook.secret"
    _description = "Webhook Secret"
    _inherit = ["fusion.billing.credential.mixin"]
    _order = "id desc"
    _rec_name = "prefix"

    prefix = fields.Char("Begins With", readonly=True, copy=False, help="How the secret begins.")
    secret = fields.Char(required=True, readonly=True, copy=False, groups=NOBODY)
    active = fields.Boolean(help="An archived secret signs nothing any more.")
    expires_at = fields.Datetime(help="From then on it signs nothing any more.")

    @api.model
    def _generate(self, service, overlap_hours=0):
        """Create the secret that signs from now on and return it, raw, for the only time.

        :param service: whose events it signs; who asks must be allowed to change it
        :param int overlap_hours: for how long the older secrets go on signing as well
        """
        service.check_access("write")
        return self._make(service, overlap_hours)[1]

    @api.model
    def _make(self, service, overlap_hours):
        """Do it; return the secret as a record, and raw."""
        now = self.env["fusion.billing.webhook.delivery"]._now()
        end = now + timedelta(hours=overlap_hours)
        # sudo: nobody but this method makes secrets, and nobody reads them.
        older = self.sudo().search(
            Domain("service_id", "=", service.id)
            & (Domain("expires_at", "=", False) | Domain("expires_at", ">", end))
        )
        older.expires_at = end
        raw = generate_secret()
        secret = self.sudo().create(
            {"service_id": service.id, "secret": raw, "prefix": raw[:SHOWN_LENGTH]}
        )
        return secret, raw

    @api.model
    def _in_force(self, service):
        """Return those that sign a service's events now."""
        now = self.env["fusion.billing.webhook.delivery"]._now()
        return self.search(
            Domain("service_id", "=", service.id)
            & (Domain("expires_at", "=", False) | Domain("expires_at", ">", now))
        )
