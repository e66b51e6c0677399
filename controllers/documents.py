"""The API's routes of invoices and the ledger."""

from odoo import http

from ..core.api.endpoints import documents
from .api import api, api_route, service


class FusionBillingDocumentsApi(http.Controller):
    @api_route(documents.LIST)
    def list_invoices(self, values):
        return api("documents")._list(service(), values)

    @api_route(documents.PDF)
    def read_invoice_pdf(self, invoice_id, values):
        return api("documents")._read_pdf(service(), invoice_id, values)

    @api_route(documents.RETRIEVE)
    def read_invoice(self, invoice_id, values):
        return api("documents")._read(service(), invoice_id, values)

    @api_route(documents.LEDGER)
    def list_ledger(self, values):
        return api("ledger")._list(service(), values)
