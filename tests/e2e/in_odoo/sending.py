"""Posted documents that are to be sent, without the program that makes PDFs."""

import base64
import importlib

from odoo import fields


def prepare(env) -> None:
    """Have all posted documents sent from now on, to customers who have an address.

    Core makes no PDF of a document that has one.
    """
    engine = importlib.import_module("odoo.addons.fusion_billing.models.base.engine")
    moves = env["account.move"].search([("state", "=", "posted")])
    for partner in moves.partner_id:
        partner.email = f"customer-{partner.id}@example.com"
    moves.invoice_pdf_report_file = base64.b64encode(b"%PDF-1.4")
    engine.as_engine(moves).fusion_send_at = fields.Datetime.now()
