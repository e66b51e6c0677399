from odoo import fields, models

from ..base.staff import BILLING


class ResPartner(models.Model):
    _inherit = "res.partner"

    fusion_account_link_ids = fields.One2many(
        "fusion.billing.account.link", "partner_id", "Apps", groups=BILLING
    )
