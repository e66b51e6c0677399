"""The API's routes of the sandbox: its clock is advanced, and it begins anew."""

from odoo import http

from ..core.api.endpoints import sandbox
from .api import api, api_route, service


class FusionBillingSandboxApi(http.Controller):
    @api_route(sandbox.CLOCK)
    def sandbox_clock(self, values):
        return api("sandbox")._read(service(), values)

    @api_route(sandbox.ADVANCE)
    def advance_clock(self, values):
        return api("sandbox")._advance(service(), values)

    @api_route(sandbox.RESET)
    def reset_sandbox(self, values):
        return api("sandbox")._reset(service(), values)
