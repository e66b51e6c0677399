from odoo import models


class PaymentTransaction(models.Model):
    """Charges a card of the test network, and refunds it: no idempotency key, so twice is twice."""

    _inherit = "payment.transaction"

    def _send_payment_request(self):
        if self.provider_code != "fusion_test":
            return super()._send_payment_request()
        data = self._send_api_request("POST", "/charges", json=self._fusion_test_charge())
        return self._process("fusion_test", data)

    def _fusion_test_charge(self):
        return {
            "reference": self.reference,
            "card": self.token_id.provider_ref,
            "amount": f"{self.amount:.2f}",
            "currency": self.currency_id.name,
        }

    def _send_refund_request(self):
        if self.provider_code != "fusion_test":
            return super()._send_refund_request()
        data = self._send_api_request("POST", "/refunds", json=self._fusion_test_refund())
        return self._process("fusion_test", data)

    def _fusion_test_refund(self):
        return {
            "reference": self.reference,
            "of": self.source_transaction_id.provider_reference,
            "amount": f"{-self.amount:.2f}",
            "currency": self.currency_id.name,
        }

    def _fusion_look_up(self):
        if self.provider_code != "fusion_test":
            return super()._fusion_look_up()
        return self._send_api_request("GET", f"/charges/{self.reference}") or False

    def _extract_amount_data(self, payment_data):
        if self.provider_code != "fusion_test":
            return super()._extract_amount_data(payment_data)
        return {"amount": float(payment_data["amount"]), "currency_code": payment_data["currency"]}

    def _apply_updates(self, payment_data):
        if self.provider_code != "fusion_test":
            return super()._apply_updates(payment_data)
        self.provider_reference = payment_data["name"]
        match payment_data["state"]:
            case "done":
                self._set_done()
            case "pending":
                self._set_pending()
            case declined:
                self._set_error(declined)
        return None
