"""The API's routes of keys: a service looks at its keys, and replaces its own."""

from odoo import http

from ..core.api.endpoints import keys
from .api import api, api_route, asking, service


class FusionBillingKeysApi(http.Controller):
    @api_route(keys.LIST)
    def list_keys(self, values):
        return api("keys")._list(service(), asking(), values)

    @api_route(keys.ROTATE)
    def rotate_key(self, values):
        return api("keys")._rotate(service(), asking(), values)

    @api_route(keys.REVOKE)
    def revoke_key(self, key_id, values):
        return api("keys")._revoke(service(), asking(), key_id, values)
