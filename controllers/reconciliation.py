"""The API's routes of reconciliation: a service holds its own totals against ours."""

from odoo import http

from ..core.api.scopes import BILLING_WRITE, READ
from .api import api, api_route, service


class FusionBillingReconciliationApi(http.Controller):
    @api_route("/reconciliation", "POST", BILLING_WRITE)
    def reconcile(self, payload):
        return api("reconciliation")._post(service(), payload)

    @api_route("/reconciliation", "GET", READ)
    def list_reconciliations(self, payload):
        return api("reconciliation")._list(service(), payload)

    @api_route("/reconciliation/<reconciliation_id>", "GET", READ)
    def read_reconciliation(self, reconciliation_id, payload):
        return api("reconciliation")._read(service(), reconciliation_id, payload)
