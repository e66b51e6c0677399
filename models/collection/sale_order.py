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

    def _fusion_collects(self):
        """Whether what this subscription bills is to be charged to a saved payment method."""
        self.ensure_one()
        choice = self.partner_invoice_id.commercial_partner_id.fusion_collects
        return choice == "always" if choice else self.fusion_plan_id.collects

    def _fusion_token(self):
        """Return what its invoices are charged to: an empty record if nothing is saved."""
        self.ensure_one()
        customer = self.partner_invoice_id.commercial_partner_id
        return customer._fusion_choose_token(self.company_id, self.fusion_token_id)

    @api.constrains("fusion_token_id", "partner_id")
    def _check_fusion_token(self):
        for order in self.filtered("fusion_token_id"):
            order.fusion_token_id._fusion_check_of(order.partner_id)
