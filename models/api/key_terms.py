from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...core.api.networks import read_networks
from ...core.api.scopes import FIELDS


class FusionBillingApiKeyTerms(models.AbstractModel):
    """What a key may be used for, and from where."""

    _name = "fusion.billing.api.key.terms"
    _description = "Terms of a Billing API Key"

    scope_usage_write = fields.Boolean("Push usage", default=True)
    scope_read = fields.Boolean(
        "Read",
        default=True,
        help="Customers, subscriptions, usage, prices and events of the service.",
    )
    scope_billing_write = fields.Boolean(
        "Change customers and subscriptions",
        default=True,
        help="Register customers; create, pause, resume and cancel subscriptions, change plans.",
    )
    scope_webhooks_write = fields.Boolean(
        "Change the endpoint, send events again",
        default=True,
        help="Where events go, whether they are sent, and the secrets that sign them; test events,"
        " too.",
    )
    scope_keys_write = fields.Boolean(
        "Rotate and revoke keys",
        help="The app replaces this key by a new one, for the same and from the same networks, and"
        " revokes other keys of the service, whatever those are for.",
    )
    scope_operations = fields.Boolean(
        "Watch the server",
        help="Readiness and figures for a monitoring system: of the whole company, not only of"
        " this service.",
    )
    allowed_networks = fields.Char(
        help="Requests from elsewhere are refused. Networks or addresses with commas between them,"
        " such as 203.0.113.0/24, 2001:db8::7; everywhere if empty."
    )

    @api.constrains("allowed_networks")
    def _check_allowed_networks(self):
        for key in self.filtered("allowed_networks"):
            try:
                read_networks(key.allowed_networks)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "%s is no network: write one like 203.0.113.0/24, or an address.", error
                    )
                ) from error

    def _scopes(self):
        """Return the codes of what the key may be used for."""
        return [scope for scope, field in FIELDS.items() if self[field]]
