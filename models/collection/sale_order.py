from odoo import api, fields, models

from ..base.staff import BILLING


class SaleOrder(models.Model):
    """How a subscription is paid."""

    _inherit = "sale.order"

    fusion_token_id = fields.Many2one(
        "payment.token",
        "Saved Payment Method",
        copy=False,
        check_company=True,
        tracking=True,
        groups=BILLING,
        help="What this subscription's invoices are charged to; the customer's, if empty.",
    )

    @api.constrains("fusion_token_id", "partner_id")
    def _check_fusion_token(self):
        for order in self.filtered("fusion_token_id"):
            order.fusion_token_id._fusion_check_of(order.partner_id)
