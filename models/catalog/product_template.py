from odoo import fields, models


class ProductTemplate(models.Model):
    _inherit = "product.template"

    fusion_recurring = fields.Boolean(
        "Recurring",
        help="On a subscription, this product is invoiced again in every billing period.",
    )
