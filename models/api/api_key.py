import hashlib
import re
import secrets
from contextlib import suppress
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL, consteq

PREFIX = "fbk_"
SHOWN_LENGTH = 12
USE_NOTED_EVERY = timedelta(hours=1)

_KEY = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


class FusionBillingApiKey(models.Model):
    """A secret that lets an app in, known to us by its hash alone (A2).

    A key is 256 random bits, so a plain SHA-256 of it cannot be turned back, and costs a
    request nothing. Keys overlap during a rotation: the old one is given an end, or archived.
    """

    _name = "fusion.billing.api.key"
    _description = "Billing API Key"
    _order = "id desc"

    service_id = fields.Many2one(
        "fusion.billing.service", required=True, readonly=True, index=True, ondelete="cascade",
    )
    name = fields.Char(required=True, help="Where the key is used, for those who rotate it.")
    active = fields.Boolean(default=True, help="An archived key is revoked: it is refused.")
    prefix = fields.Char(
        "Key", readonly=True, copy=False, help="How the key begins: the rest is not stored.",
    )
    key_hash = fields.Char(required=True, readonly=True, copy=False, groups="base.group_system")
    expires_at = fields.Datetime("Expires", help="From then on the key is refused.")
    last_used_at = fields.Datetime(
        "Last Used", readonly=True, copy=False, help="Precise to the hour.",
    )

    _key_hash_unique = models.UniqueIndex("(key_hash)", "This key exists already.")

    # === BUSINESS METHODS === #

    @api.model
    def _generate(self, service, name=None, expires_at=None):
        """Create a key and return it, raw, for the only time.

        :param service: the service that it lets in; who asks must be allowed to change it
        :param str name: what staff call it
        :param datetime expires_at: naive UTC; never if empty
        """
        service.check_access("write")
        raw = PREFIX + secrets.token_urlsafe(32)
        # sudo: nobody but this method makes keys, and nobody reads or writes a hash.
        self.sudo().create({
            "service_id": service.id,
            "name": name or self.env._("API key of %s", service.name),
            "prefix": raw[:SHOWN_LENGTH],
            "key_hash": self._hash(raw),
            "expires_at": expires_at,
        })
        return raw

    @api.model
    def _authenticate(self, raw):
        """Return the service that a raw key lets in: an empty recordset for any other text."""
        nobody = self.env["fusion.billing.service"]
        if not _KEY.fullmatch(raw):
            return nobody
        key_hash = self._hash(raw)
        # sudo: who is asking is only known when this is done.
        key = self.sudo().search([("key_hash", "=", key_hash)])
        if not key or not consteq(key.key_hash, key_hash) or not key._is_valid():
            return nobody
        key._note_use()
        return key.service_id

    @api.model
    def _hash(self, raw):
        return hashlib.sha256(raw.encode()).hexdigest()

    def _is_valid(self):
        self.ensure_one()
        expired = self.expires_at and self.expires_at <= fields.Datetime.now()
        return not expired and self.service_id.active and self.service_id.company_id.active

    def _note_use(self):
        """Note that the key is in use, once an hour and never in the way of a request.

        It is a transaction of its own, so that it neither fails with the request nor makes two
        requests conflict; who finds another one at it leaves it to him.
        """
        now = fields.Datetime.now()
        noted = self.last_used_at and now - self.last_used_at < USE_NOTED_EVERY
        if noted or self.env.cr.readonly:
            return
        with suppress(psycopg2.Error), self.env.registry.cursor() as cr:
            cr.execute(SQL(
                "UPDATE fusion_billing_api_key SET last_used_at = %s WHERE id IN ("
                "SELECT id FROM fusion_billing_api_key WHERE id = %s FOR UPDATE SKIP LOCKED)",
                now, self.id,
            ), log_exceptions=False)
