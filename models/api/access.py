import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import compress
from time import monotonic

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL, consteq, ormcache

from ...core.api.errors import Forbidden
from ...core.api.networks import is_within, read_networks
from ...core.api.scopes import FIELDS as SCOPES
from .api_key import PREFIX

REMEMBERED = 1.0  # seconds
REMEMBERED_AT_MOST = 10_000
USE_NOTED_EVERY = timedelta(hours=1)

_KEY = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Access:
    """What a key gives access to, as it was at a moment."""

    key_id: int
    key_hash: str
    expires_at: datetime | None
    last_used_at: datetime | None
    service_id: int
    service_code: str
    company_id: int
    lang: str
    networks: str | None
    held: tuple  # of the scopes, whether the key has them

    def check(self, scope, address):
        """:raise Forbidden: the key is not for this, or not for use from there"""
        if self.networks and not is_within(address, read_networks(self.networks)):
            raise Forbidden(f"This key may not be used from {address}.", "address_not_allowed")
        if scope not in compress(SCOPES, self.held):
            raise Forbidden(
                f"This key lacks the scope {scope}: use another one, or have billing staff add it.",
                "insufficient_scope",
                scope,
            )


class FusionBillingApiKey(models.Model):
    """How a key lets an app in: looked up in one statement, and remembered for a second.

    What is remembered goes with the rest of Odoo's caches, so a key that is revoked, or whose
    service is archived, is refused by every process from its next request on; what is changed
    without Odoo's knowing holds after a second.
    """

    _inherit = "fusion.billing.api.key"

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _authenticate(self, raw):
        """Return the :class:`Access` that a raw key gives: None for any other text."""
        if not _KEY.fullmatch(raw):
            return None
        key_hash = self._hash(raw)
        access = self._recall(key_hash)
        if not access or not consteq(access.key_hash, key_hash):
            return None
        now = fields.Datetime.now()
        if access.expires_at and access.expires_at <= now:
            return None
        self._note_use(access, now)
        return access

    @api.model
    @ormcache()
    def _remembered(self):
        """Return what this process has looked up lately: `{hash: (access, until)}`."""
        return {}

    @api.model
    def _recall(self, key_hash):
        remembered = self._remembered()
        access, until = remembered.get(key_hash, (None, 0))
        if monotonic() < until:
            return access
        access = self._look_up(key_hash)
        self._remember(key_hash, access)
        return access

    @api.model
    def _remember(self, key_hash, access):
        """Remember a key that is good, and no other: anybody can think of others."""
        remembered = self._remembered()
        if len(remembered) >= REMEMBERED_AT_MOST:
            remembered.clear()
        remembered.pop(key_hash, None)
        if access:
            remembered[key_hash] = access, monotonic() + REMEMBERED

    @api.model
    def _look_up(self, key_hash):
        self.env.flush_all()
        held = SQL(", ").join(SQL.identifier("key", field) for field in SCOPES.values())
        rows = self.env.execute_query(SQL(LOOK_UP, held=held, key_hash=key_hash))
        return Access(*rows[0]) if rows else None

    @api.model
    def _note_use(self, access, now):
        """Note that a key is in use, once an hour and never in the way of a request.

        It is a transaction of its own, so that it neither fails with the request nor makes two
        requests conflict; who finds another one at it leaves it to him.
        """
        noted = access.last_used_at and now - access.last_used_at < USE_NOTED_EVERY
        if noted or self.env.cr.readonly:
            return
        with suppress(psycopg2.Error), self.env.registry.cursor() as cr:
            cr.execute(SQL(NOTE_USE, now, access.key_id), log_exceptions=False)
        self._remember(access.key_hash, replace(access, last_used_at=now))


LOOK_UP = """
SELECT key.id, key.key_hash, key.expires_at, key.last_used_at, service.id, service.code,
       company.id, COALESCE(lang.code, 'en_US'), key.allowed_networks, ARRAY[%(held)s]
  FROM fusion_billing_api_key AS key
  JOIN fusion_billing_service AS service ON service.id = key.service_id
  JOIN res_company AS company ON company.id = service.company_id
  JOIN res_partner AS contact ON contact.id = company.partner_id
  LEFT JOIN res_lang AS lang ON lang.code = contact.lang AND lang.active
 WHERE key.key_hash = %(key_hash)s AND key.active AND service.active AND company.active
"""

NOTE_USE = """
UPDATE fusion_billing_api_key SET last_used_at = %s
 WHERE id IN (SELECT id FROM fusion_billing_api_key WHERE id = %s FOR UPDATE SKIP LOCKED)
"""
