from odoo import models


class PaymentToken(models.Model):
    """Saved payment methods that invoices are charged to."""

    _inherit = "payment.token"

    def _fusion_check_of(self, partner):
        """:raise ValidationError: this payment method is not the customer's"""
        self.ensure_one()
        if self.partner_id.commercial_partner_id != partner.commercial_partner_id:
            partner._fusion_raise_not_theirs(self)
