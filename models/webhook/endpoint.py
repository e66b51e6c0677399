from odoo import models
from odoo.exceptions import ValidationError

from ...core.api import errors

MOST_SECRETS = 5


class FusionBillingApiEndpoint(models.AbstractModel):
    """The endpoint of an app, which the app looks at and moves itself."""

    _name = "fusion.billing.api.endpoint"
    _description = "API: the webhook endpoint"

    # === ENDPOINTS === #

    def _read(self, service, _values):
        return self._describe(service)

    def _change(self, service, values):
        """Move the endpoint, or say whether it wants events; what is not given stays.

        :raise InvalidInput: `invalid_url`, events may not be sent there (W2)
        """
        own = self._own(service)
        if values["url"]:
            self._move(own, values["url"])
        if values["enabled"] and not own.webhook_enabled:
            own._enable_webhook()
        elif values["enabled"] is False and own.webhook_enabled:
            own.webhook_enabled = False
        return self._describe(service)

    def _rotate_secret(self, service, values):
        """Make the secret that signs from now on, which is told here and never again.

        :raise InvalidInput: `invalid_state`, too many would sign at once
        """
        own, hours = self._own(service), values["overlap_hours"]
        secrets = self.env["fusion.billing.webhook.secret"].sudo()
        own.lock_for_update(allow_referencing=True)
        if hours and len(secrets._in_force(service)) >= MOST_SECRETS:
            raise errors.InvalidInput(
                f"{MOST_SECRETS} secrets sign already: wait for an end, or say overlap_hours 0.",
                "invalid_state",
            )
        secret, raw = secrets._make(own, hours)
        return {"secret": raw, **_describe_secret(secret), "created": True}

    def _own(self, service):
        """Return the service for its app to change: its endpoint, and nothing else."""
        # sudo: the technical user has no right to services.
        return service.sudo()

    def _move(self, own, url):
        try:
            own.webhook_url = url
        except ValidationError as error:
            raise errors.InvalidInput(str(error), "invalid_url", "url") from error

    # === ANSWERS === #

    def _describe(self, service):
        own = self._own(service)
        secrets = self.env["fusion.billing.webhook.secret"].sudo()._in_force(service)
        return {
            "url": own.webhook_url or None,
            "enabled": own.webhook_enabled,
            "failing_since": own.webhook_failing_since or None,
            "disabled_reason": own.webhook_disabled_reason or None,
            "secrets": [_describe_secret(secret) for secret in secrets],
        }


def _describe_secret(secret):
    return {
        "prefix": secret.prefix,
        "created_at": secret.create_date,
        "expires_at": secret.expires_at or None,
    }
