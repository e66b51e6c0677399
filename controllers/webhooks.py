"""The API's routes of webhooks: a service looks at its own events, and has them sent again."""

from odoo import http

from ..core.api.endpoints import webhooks
from .api import api, api_route, service


class FusionBillingWebhookApi(http.Controller):
    @api_route(webhooks.RETRIEVE_ENDPOINT)
    def read_endpoint(self, values):
        return api("endpoint")._read(service(), values)

    @api_route(webhooks.CHANGE_ENDPOINT)
    def change_endpoint(self, values):
        return api("endpoint")._change(service(), values)

    @api_route(webhooks.ROTATE_SECRET)
    def rotate_secret(self, values):
        return api("endpoint")._rotate_secret(service(), values)

    @api_route(webhooks.LIST)
    def list_deliveries(self, values):
        return api("deliveries")._list(service(), values)

    @api_route(webhooks.RETRIEVE)
    def read_delivery(self, event_id, values):
        return api("deliveries")._read(service(), event_id, values)

    @api_route(webhooks.REPLAY)
    def replay_deliveries(self, values):
        return api("deliveries")._replay(service(), values)

    @api_route(webhooks.RETRY)
    def retry_delivery(self, event_id, values):
        return api("deliveries")._retry(service(), event_id, values)

    @api_route(webhooks.TEST)
    def test_endpoint(self, values):
        return api("deliveries")._test(service(), values)
