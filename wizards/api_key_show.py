from odoo import fields, models


class FusionBillingApiKeyShow(models.AbstractModel):
    """Shows a key that is stored nowhere: the form's only value is the action's default."""

    _name = "fusion.billing.api.key.show"
    _description = "Show a Billing API Key"

    # The onchange that brings the default into the form needs an id.
    id = fields.Id()
    key = fields.Char(readonly=True)
