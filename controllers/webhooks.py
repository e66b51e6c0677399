"""The API's routes of webhooks: a service looks at its own events, and has them sent again."""

from odoo import http

from ..core.api.scopes import READ, WEBHOOKS_WRITE
from .api import api, api_route, service


class FusionBillingWebhookApi(http.Controller):
    @api_route("/webhooks/deliveries", "GET", READ)
    def list_deliveries(self, payload):
        return api("deliveries")._list(service(), payload)

    @api_route("/webhooks/deliveries/retry", "POST", WEBHOOKS_WRITE)
    def replay_deliveries(self, payload):
        return api("deliveries")._replay(service(), payload)

    @api_route("/webhooks/deliveries/<event_id>/retry", "POST", WEBHOOKS_WRITE)
    def retry_delivery(self, event_id, payload):
        return api("deliveries")._retry(service(), event_id, payload)

    @api_route("/webhooks/test", "POST", WEBHOOKS_WRITE)
    def test_endpoint(self, payload):
        return api("deliveries")._test(service(), payload)
