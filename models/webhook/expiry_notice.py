from odoo import models


class FusionBillingExpiryNotice(models.Model):
    """Tells apps of payment methods that expire, whenever their customers are told."""

    _inherit = "fusion.billing.expiry.notice"

    def _tell(self, subscriptions):
        super()._tell(subscriptions)
        services = self.env["fusion.billing.service"].union(
            *(subscription._fusion_services() for subscription in subscriptions)
        )
        self.env["fusion.billing.webhook.delivery"]._emit(
            "payment_method.expiring",
            services,
            lambda service: self._describe_for(service, subscriptions),
            subscription=subscriptions[:1],
        )

    def _describe_for(self, service, subscriptions):
        serializer = self.env["fusion.billing.api.serializer"]
        names = [
            serializer._name_subscription(service, subscription)
            for subscription in subscriptions.filtered(service._sees)
        ]
        return {
            "external_customer_id": next((name["external_customer_id"] for name in names), None),
            "method": {
                "method_id": self.token_id.id,
                "name": self.token_id.display_name,
                "expires_on": self.expires_on,
            },
            "subscriptions": [
                {name: named[name] for name in ("subscription_id", "external_id")}
                for named in names
            ],
        }
