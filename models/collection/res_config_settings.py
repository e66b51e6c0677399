from odoo import api, fields, models

from ..base.bounded import Day, Whole


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fusion_collect_when = fields.Selection(
        related="company_id.fusion_collect_when", readonly=False, required=True
    )
    fusion_collect_days = Whole(
        related="company_id.fusion_collect_days", readonly=False, between=(0, 365)
    )
    fusion_refunds = fields.Boolean(related="company_id.fusion_refunds", readonly=False)
    fusion_refunds_from = Day(related="company_id.fusion_refunds_from", readonly=False)

    @api.onchange("fusion_refunds")
    def _onchange_fusion_refunds(self):
        self.fusion_refunds_from = self.fusion_refunds and self.company_id._fusion_today()
