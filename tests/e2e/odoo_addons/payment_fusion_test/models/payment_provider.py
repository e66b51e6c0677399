from odoo import fields, models

URL = "payment_fusion_test.url"


class PaymentProvider(models.Model):
    """A network of cards: a small HTTP service that tests start."""

    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[("fusion_test", "Test Network")], ondelete={"fusion_test": "set default"}
    )

    def _compute_feature_support_fields(self):
        super()._compute_feature_support_fields()
        self.filtered(lambda provider: provider.code == "fusion_test").update(
            {"support_tokenization": True, "support_refund": "partial"}
        )

    def _get_default_payment_method_codes(self):
        if self.code != "fusion_test":
            return super()._get_default_payment_method_codes()
        return {"fusion_test"}

    def _build_request_url(self, endpoint, **kwargs):
        if self.code != "fusion_test":
            return super()._build_request_url(endpoint, **kwargs)
        return self.env["ir.config_parameter"].sudo().get_param(URL) + endpoint
