from odoo import fields, models

from .bounded import Whole
from .res_company import MONTHS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    fusion_billing_tz = fields.Selection(
        related="company_id.fusion_billing_tz", readonly=False, required=True
    )
    fusion_usage_retention_months = Whole(
        related="company_id.fusion_usage_retention_months", readonly=False, between=MONTHS
    )
