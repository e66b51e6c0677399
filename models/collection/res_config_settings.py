from odoo import fields, models

from ..base.bounded import Whole


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fusion_collect_when = fields.Selection(
        related="company_id.fusion_collect_when", readonly=False, required=True
    )
    fusion_collect_days = Whole(
        related="company_id.fusion_collect_days", readonly=False, between=(0, 365)
    )
