from odoo import fields, models


class FusionBillingWebhookSecretShow(models.AbstractModel):
    """Shows a secret that nobody can read later: the form's only value is the action's default."""

    _name = "fusion.billing.webhook.secret.show"
    _description = "Show a Webhook Secret"

    # The onchange that brings the default into the form needs an id.
    id = fields.Id()
    secret = fields.Char(readonly=True)
