from odoo import models

from .payment_provider import URL


class PaymentTransaction(models.Model):
    """Leads who pays with a card that is not saved to the network's own page."""

    _inherit = "payment.transaction"

    def _get_specific_rendering_values(self, processing_values):
        if self.provider_code != "fusion_test":
            return super()._get_specific_rendering_values(processing_values)
        return {
            "api_url": self.env["ir.config_parameter"].sudo().get_param(URL) + "/checkout",
            "reference": self.reference,
            "amount": f"{self.amount:.2f}",
            "currency": self.currency_id.name,
            "back": f"{self.provider_id.get_base_url()}/payment/status",
        }
