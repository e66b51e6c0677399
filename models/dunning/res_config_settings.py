from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fusion_dunning_policy_id = fields.Many2one(
        related="company_id.fusion_dunning_policy_id", readonly=False
    )
