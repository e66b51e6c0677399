from decimal import Decimal

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ...core.api import errors
from ...core.api.answer import Document, money
from ...core.api.payload import ID_LIMIT
from ..invoicing.line_values import exact_amount
from .paging import find_page

TYPES = ("out_invoice", "out_refund")
#: How a line names the subscription that it bills: by its row of the ledger, or its order line.
BY = ("fusion_rating_id.subscription_id", "sale_line_ids.order_id")
NO_PROGRAM = ("install", "broken")  # what Odoo says of wkhtmltopdf


class FusionBillingApiDocuments(models.AbstractModel):
    """Invoices and credit notes, as far as they bill what an app may see (U1)."""

    _name = "fusion.billing.api.documents"
    _description = "API: documents"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _list(self, service, values):
        page, next_cursor = find_page(
            self._documents(),
            self._documents_domain(service, values),
            values["limit"],
            values["cursor"],
            values["changed_since"],
        )
        return {"invoices": self._describe_documents(service, page), "next_cursor": next_cursor}

    def _read(self, service, invoice_id, _values):
        return self._describe_documents(service, self._get_document(service, invoice_id))[0]

    def _read_pdf(self, service, invoice_id, _values):
        """Return the PDF as a customer finds it in the portal: the one that was sent, or else one
        that is made now and kept nowhere.

        :raise InvalidInput: `invalid_state`, the document is a draft, or cancelled
        :raise NotFound: it has lines of which the service is not told
        :raise PdfUnavailable: the server cannot make one
        """
        move = self._get_document(service, invoice_id)
        if self._others_lines(service, move):
            raise errors.NotFound(
                "This document has lines that your service may not see: there is no PDF without."
            )
        if move.state != "posted":
            raise errors.InvalidInput("The document is not posted: it has no PDF.", "invalid_state")
        reports = self.env["ir.actions.report"]
        if not move.invoice_pdf_report_id and reports.get_wkhtmltopdf_state() in NO_PROGRAM:
            raise errors.PdfUnavailable(
                "The server has no PDF of this document yet, and lacks wkhtmltopdf to make one:"
                " tell those who run it, or wait until it is sent."
            )
        pdf = move._get_invoice_legal_documents("pdf", allow_fallback=True)
        return Document(pdf["content"], "application/pdf")

    # === FINDING === #

    def _documents(self):
        """Return no document: one that searches, and reads what it finds."""
        # sudo: the technical user reads no accounting. What is found is limited to documents of
        # subscriptions that the service may see, and what is told of them to their lines.
        return self.env["account.move"].sudo()

    def _documents_domain(self, service, values):
        """:raise InvalidInput: the query names a customer or a subscription that is not there"""
        domain = self._billing_domain(self._named_subscriptions(service, values))
        domain &= Domain("company_id", "=", service._source().company_id)
        if values["external_customer_id"]:
            customer = self._find_customer(service, values["external_customer_id"])
            domain &= Domain("commercial_partner_id", "=", customer.commercial_partner_id.id)
        for name in ("state", "payment_state"):
            if values[name]:
                domain &= Domain(name, "=", values[name])
        if values["from"]:
            domain &= Domain("invoice_date", ">=", values["from"])
        if values["to"]:
            domain &= Domain("invoice_date", "<", values["to"])
        return domain

    def _billing_domain(self, subscriptions):
        """Return the domain of documents that bill one of some subscriptions.

        :param subscriptions: a query; documents are found from it, however many others there are
        """
        lines = self._documents().invoice_line_ids
        found = (
            lines._search(Domain(path, "in", subscriptions)).subselect("move_id") for path in BY
        )
        return Domain("move_type", "in", TYPES) & Domain("id", "in", SQL("(%s UNION %s)", *found))

    def _get_document(self, service, invoice_id):
        """:raise NotFound: there is none with this id (a text) for this service"""
        if invoice_id.isascii() and invoice_id.isdigit() and len(invoice_id) <= 10:
            number = int(invoice_id)
            visible = self.env["sale.order"]._search(self._subscriptions_domain(service))
            domain = Domain("id", "=", number) & self._billing_domain(visible)
            domain &= Domain("company_id", "=", service._source().company_id)
            found = self._documents().search(domain) if number < ID_LIMIT else self._documents()
            if found:
                return found
        raise errors.NotFound("There is no such document of a subscription of this service.")

    # === WHOSE LINES === #

    def _seen_subscriptions(self, service, moves):
        """Return those of the subscriptions that documents bill that a service may see."""
        billed = moves._fusion_subscriptions()
        return self._find_subscriptions(service, Domain("id", "in", billed.ids))

    def _others_lines(self, service, move):
        seen = self._seen_subscriptions(service, move)
        return _billed_lines(move) - self._told_lines(move, seen)

    def _told_lines(self, move, seen):
        """Return the lines that bill subscriptions that are seen, and those of no subscription if
        all others do: nobody knows whom else they would be for.
        """
        lines = _billed_lines(move)
        foreign = lines.filtered(lambda line: line._fusion_line_subscription() - seen)
        nobodys = lines.filtered(lambda line: not line._fusion_line_subscription())
        return lines - foreign - nobodys if foreign else lines

    # === ANSWERS === #

    def _describe_documents(self, service, moves):
        """Return documents, in a fixed number of queries."""
        seen = self._seen_subscriptions(service, moves)
        described = self._describe_invoices(service, moves, seen)
        return [
            {**figures, **self._describe_lines(service, move, seen)}
            for move, figures in zip(moves, described, strict=True)
        ]

    def _describe_lines(self, service, move, seen):
        told = self._told_lines(move, seen)
        return {
            "lines": [self._describe_line(service, line) for line in told],
            "lines_left_out": bool(_billed_lines(move) - told),
        }

    def _describe_line(self, service, line):
        places = line.currency_id.decimal_places
        rating, subscription = line.fusion_rating_id, line._fusion_line_subscription()
        return {
            "line_id": line.id,
            "kind": line._fusion_kind(),
            "description": line.name or "",
            "subscription_id": subscription.id or None,
            "subscription_external_id": self._own_external_id(service, subscription),
            "product_code": line.product_id.default_code or None,
            "metric_code": rating.metric_id.code or None,
            "period_start": rating.date_from or None,
            "period_end": rating.date_until or None,
            "used": _used(line),
            "quantity": exact_amount(line.quantity),
            "price_unit": exact_amount(line.price_unit),
            "discount": exact_amount(line.discount),
            "amount_untaxed": money(line.price_subtotal, places),
            "amount_total": money(line.price_total, places),
            "row_id": rating.id or None,
            "settles": money(line.fusion_settled, places) if rating else None,
            "breakdown": rating.breakdown or None,
        }


def _used(line):
    """Return the exact quantity of usage that a line brings the bill up to; None if it says none,
    as a credit note of staff does.
    """
    is_usage = line.fusion_rating_id.charge_id and line.fusion_quantity
    return Decimal(line.fusion_quantity) if is_usage else None


def _billed_lines(move):
    """Return the lines of a document that bill something: no sections, no notes."""
    return move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
