from odoo import models
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.payload import ID_LIMIT
from .paging import find_page


class FusionBillingApiKeys(models.AbstractModel):
    """The keys of an app: it looks at them, replaces its own and revokes others."""

    _name = "fusion.billing.api.keys"
    _description = "API: keys"

    # === ENDPOINTS === #

    def _list(self, service, asking, values):
        """:param int asking: the id of the key that the request has"""
        page, next_cursor = find_page(self._keys(), self._domain(service), **values)
        keys = [self._describe(key, asking) for key in page]
        return {"keys": keys, "next_cursor": next_cursor}

    def _rotate(self, service, asking, values):
        """Replace the key that asks by a new one, which is told here and never again."""
        key, raw = self._lock_asking(service, asking)._rotate(values["overlap_hours"])
        return {"key": raw, **self._describe(key, asking), "created": True}

    def _revoke(self, service, asking, key_id, _values):
        """Revoke a key, which may be revoked already.

        :raise InvalidInput: `invalid_state`, it is the one that asks
        :raise NotFound: the service has no such key
        """
        own = self._lock_asking(service, asking)
        key = self._find(service, key_id)
        if key == own:
            raise errors.InvalidInput(
                "The key that asks cannot revoke itself: rotate it, or use another one.",
                "invalid_state",
            )
        if key.active:
            key.active = False
        return {"key_id": key.id, "prefix": key.prefix, "revoked": True}

    # === FINDING === #

    def _keys(self):
        """Return no key: one that finds and changes those of a service."""
        # sudo: the technical user has no right to keys. Whoever finds one limits it to the service.
        return self.env["fusion.billing.api.key"].sudo()

    def _domain(self, service):
        return Domain("service_id", "=", service.id)

    def _find(self, service, key_id):
        """:raise NotFound: the service has no key with this id (a text), revoked or not"""
        number = int(key_id) if key_id.isascii() and key_id.isdigit() else ID_LIMIT
        keys = self._keys().with_context(active_test=False)
        found = number < ID_LIMIT and keys.search(self._domain(service) & Domain("id", "=", number))
        if not found:
            raise errors.NotFound("This service has no such key.")
        return found

    def _lock_asking(self, service, asking):
        """Return the key that asks, for nobody else to change: of two that revoke each other at
        once, one is too late.

        :raise InvalidInput: `invalid_state`, it has just been revoked, or lost its scope
        """
        key = self._keys().search(self._domain(service) & Domain("id", "=", asking))
        key.lock_for_update()
        if not (key and key._is_in_force() and key.scope_keys_write):
            raise errors.InvalidInput("The key that asks has just been changed.", "invalid_state")
        return key

    # === ANSWERS === #

    def _describe(self, key, asking):
        return {
            "key_id": key.id,
            "prefix": key.prefix,
            "name": key.name,
            "scopes": key._scopes(),
            "networks": _networks(key),
            "created_at": key.create_date,
            "expires_at": key.expires_at or None,
            "last_used_at": key.last_used_at or None,
            "is_asking": key.id == asking,
        }


def _networks(key):
    """Return the networks that a key may be used from; none if it may from everywhere."""
    return [one.strip() for one in (key.allowed_networks or "").split(",") if one.strip()]
