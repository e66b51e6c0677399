"""The API's routes of reconciliation: a service holds its own totals against ours."""

from odoo import http

from ..core.api.endpoints import reconciliation
from .api import api, api_route, service


class FusionBillingReconciliationApi(http.Controller):
    @api_route(reconciliation.CREATE)
    def reconcile(self, values):
        return api("reconciliation")._post(service(), values)

    @api_route(reconciliation.LIST)
    def list_reconciliations(self, values):
        return api("reconciliation")._list(service(), values)

    @api_route(reconciliation.RETRIEVE)
    def read_reconciliation(self, reconciliation_id, values):
        return api("reconciliation")._read(service(), reconciliation_id, values)
