from odoo import fields, models

from ..base.bounded import Whole


class ResCompany(models.Model):
    """When invoices are charged to saved payment methods."""

    _inherit = "res.company"

    fusion_collect_when = fields.Selection(
        [("posted", "When it is posted"), ("due", "When it is due")],
        "Charge an Invoice",
        required=True,
        default="posted",
    )
    fusion_collect_days = Whole("Days after", between=(0, 365), default=0)
