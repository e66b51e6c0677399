"""Invoices and the ledger: what was billed, what is owed, and how each amount comes about."""

from ..billed import DOCUMENT, INVOICE_STATES, LEDGER_ROW, PAYMENT_STATES
from ..endpoint import Endpoint
from ..paging import LIST as LISTING
from ..payload import day, external_id, one_of, optional, record_id, switch
from ..records import page_of
from ..scopes import READ

TITLE = "Invoices and the ledger"

SUBSCRIPTION = {
    "subscription_id": optional(record_id, "Those of one subscription.", 1),
    "subscription_external_id": optional(external_id, "The same, by your own id."),
}

LIST = Endpoint(
    "list_invoices",
    "GET",
    "/invoices",
    READ,
    "List invoices and credit notes",
    "Those that bill subscriptions of your service, drafts too, whose numbers may change.",
    fields={
        "external_customer_id": optional(external_id, "Those of one customer.", "cust-7"),
        **SUBSCRIPTION,
        "from": optional(day, "Documents dated on this day or later."),
        "to": optional(day, "Documents dated before this day."),
        "state": optional(one_of(INVOICE_STATES), "Only those in this state."),
        "payment_state": optional(one_of(PAYMENT_STATES), "Only those of which so much is paid."),
        **LISTING,
    },
    answer=page_of("invoices", DOCUMENT),
    errors=("unknown_customer", "unknown_subscription"),
)
PDF = Endpoint(
    "invoice_pdf",
    "GET",
    "/invoices/{invoice_id}.pdf",
    READ,
    "Retrieve an invoice as PDF",
    "As the customer gets it; a pro forma until it was sent. A document that has lines of others,"
    " too, is `not_found`.",
    content_type="application/pdf",
    errors=("invalid_state", "pdf_unavailable"),
    # Making one writes to the database.
    on_replica=False,
)
RETRIEVE = Endpoint(
    "retrieve_invoice",
    "GET",
    "/invoices/{invoice_id}",
    READ,
    "Retrieve an invoice or credit note",
    answer=DOCUMENT,
)
LEDGER = Endpoint(
    "list_ledger",
    "GET",
    "/ledger",
    READ,
    "List what is owed",
    "Row by row: what is settled, and what is still due. Rows that nothing is owed for any more,"
    " and that no document names, disappear.",
    fields={
        **SUBSCRIPTION,
        "from": optional(day, "Rows whose first day is this one or later."),
        "to": optional(day, "Rows whose first day is before this one."),
        "due": optional(switch, "`true`: only rows of which something is due."),
        **LISTING,
    },
    answer=page_of("rows", LEDGER_ROW),
    errors=("unknown_subscription",),
)
ENDPOINTS = (LIST, PDF, RETRIEVE, LEDGER)
