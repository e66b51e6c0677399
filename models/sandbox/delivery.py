from odoo import api, models


class FusionBillingWebhookDelivery(models.Model):
    """Events of a sandbox say so, and happen by its clock; they are sent by the server's."""

    _inherit = "fusion.billing.webhook.delivery"

    @api.model
    def _describe_event(self, event, service, data):
        described = super()._describe_event(event, service, data)
        company = service.company_id
        if not company._fusion_is_sandbox():
            return described
        happened = {**described, "timestamp": company._fusion_now(), "sandbox": True}
        return {**happened, "data": happened.pop("data")}
