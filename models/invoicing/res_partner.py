from odoo import api, fields, models


class ResPartner(models.Model):
    """How customers want to be billed."""

    _inherit = "res.partner"

    fusion_one_document = fields.Boolean(
        "One Document for All Subscriptions",
        help="What several subscriptions owe on the same day stands on one document, if they have"
        " the same currency, payment terms and fiscal position.",
    )

    @api.model
    def _commercial_fields(self):
        return [*super()._commercial_fields(), "fusion_one_document"]
