import hashlib
import secrets

from odoo import api, fields, models

PREFIX = "fbk_"
SHOWN_LENGTH = 12


class FusionBillingApiKey(models.Model):
    """A secret that lets an app in, known to us by its hash alone (A2).

    A key is 256 random bits, so a plain SHA-256 of it cannot be turned back, and costs a
    request nothing. Keys overlap during a rotation: the old one is given an end, or archived.
    """

    _name = "fusion.billing.api.key"
    _description = "Billing API Key"
    _inherit = ["fusion.billing.credential.mixin", "fusion.billing.api.key.terms"]
    _order = "id desc"

    name = fields.Char(required=True, help="Where the key is used, for those who rotate it.")
    active = fields.Boolean(help="An archived key is revoked: it is refused.")
    prefix = fields.Char(
        "Key", readonly=True, copy=False, help="How the key begins: the rest is not stored."
    )
    key_hash = fields.Char(required=True, readonly=True, copy=False, groups="base.group_system")
    expires_at = fields.Datetime(help="From then on the key is refused.")
    last_used_at = fields.Datetime(
        "Last Used", readonly=True, copy=False, help="Precise to the hour."
    )

    _key_hash_unique = models.UniqueIndex(
        "(key_hash)", "A key must be new: this one exists already."
    )

    # === BUSINESS METHODS === #

    @api.model
    def _generate(self, service, name=None, **terms):
        """Create a key and return it, raw, for the only time.

        :param service: the service that it lets in; who asks must be allowed to change it
        :param str name: what staff call it
        :param terms: `expires_at` (naive UTC; never if empty), scopes, networks
        """
        service.check_access("write")
        return self._make(service, name or self.env._("API key of %s", service.name), **terms)[1]

    @api.model
    def _make(self, service, name, **terms):
        """Create a key; return it as a record, and raw, for the only time."""
        raw = PREFIX + secrets.token_urlsafe(32)
        # sudo: nobody but these methods makes keys, and nobody reads or writes a hash.
        key = self.sudo().create(
            {
                "service_id": service.id,
                "name": name,
                "prefix": raw[:SHOWN_LENGTH],
                "key_hash": self._hash(raw),
                **terms,
            }
        )
        return key, raw

    def _standing(self):
        return super()._standing() | {self._describe_scopes(), self._describe_networks()}

    def _describe_scopes(self):
        return self.env._(
            "%(key)s may be used for: %(scopes)s.",
            key=self._label(),
            scopes=", ".join(self._scopes()) or self.env._("nothing"),
        )

    def _describe_networks(self):
        if not self.allowed_networks:
            return self.env._("%s may be used from everywhere.", self._label())
        return self.env._(
            "%(key)s may be used from %(networks)s.",
            key=self._label(),
            networks=self.allowed_networks,
        )

    @api.model
    def _hash(self, raw):
        return hashlib.sha256(raw.encode()).hexdigest()
