"""The API's routes of webhooks: a service looks at its own events, and has them sent again."""

from odoo import http

from ..core.api.endpoints import webhooks
from .api import api, api_route, service


class FusionBillingWebhookApi(http.Controller):
    @api_route(webhooks.LIST)
    def list_deliveries(self, values):
        return api("deliveries")._list(service(), values)

    @api_route(webhooks.REPLAY)
    def replay_deliveries(self, values):
        return api("deliveries")._replay(service(), values)

    @api_route(webhooks.RETRY)
    def retry_delivery(self, event_id, values):
        return api("deliveries")._retry(service(), event_id, values)

    @api_route(webhooks.TEST)
    def test_endpoint(self, values):
        return api("deliveries")._test(service(), values)
