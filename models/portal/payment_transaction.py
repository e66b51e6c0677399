from odoo import api, fields, models

from ..base.staff import BILLING


class PaymentTransaction(models.Model):
    """Transactions by which customers save a payment method for a subscription."""

    _inherit = "payment.transaction"

    fusion_subscription_id = fields.Many2one(
        "sale.order",
        "Saved for Subscription",
        readonly=True,
        copy=False,
        check_company=True,
        index="btree_not_null",
        groups=BILLING,
        help="From this subscription's page the customer saved the payment method.",
    )

    @api.constrains("fusion_subscription_id")
    def _check_fusion_subscription(self):
        self._check_company(["fusion_subscription_id"])

    def _tokenize(self, payment_data):
        """What a customer saves from a subscription's page is what it is charged to."""
        super()._tokenize(payment_data)
        # sudo: who saves a payment method need not see this.
        order = self.sudo().fusion_subscription_id
        if order and self.token_id:
            order._fusion_use_saved(self.token_id)
