"""The API's routes of webhooks: a service looks at its own events, and has them sent again."""

from odoo import http
from odoo.http import request

from .api import api_route


class FusionBillingWebhookApi(http.Controller):
    @api_route("/webhooks/deliveries", "GET")
    def list_deliveries(self, payload):
        return request.fusion_service._list_deliveries(payload)

    @api_route("/webhooks/deliveries/retry", "POST")
    def replay_deliveries(self, payload):
        return request.fusion_service._replay_deliveries(payload)

    @api_route("/webhooks/deliveries/<event_id>/retry", "POST")
    def retry_delivery(self, event_id, payload):
        return request.fusion_service._retry_delivery(event_id, payload)

    @api_route("/webhooks/test", "POST")
    def test_endpoint(self, payload):
        return request.fusion_service._emit_test_event(payload)
