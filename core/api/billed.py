"""The records of what is billed: documents, line by line, and rows of the ledger."""

from .records import CURRENCY, INVOICE_FIELDS
from .shapes import Record, array, boolean, choice, day, decimal, integer, mapping, nullable, string
from .shapes import moment as a_moment

INVOICE_STATES = ("draft", "posted", "cancel")
PAYMENT_STATES = ("not_paid", "partial", "in_payment", "paid", "reversed", "blocked")

_BREAKDOWN = nullable(
    mapping("How the amount of the ledger's row comes about, line by line, exactly, as of now.")
)
_NAMES = {
    "subscription_id": nullable(integer("", 1)),
    "subscription_external_id": nullable(string("", "sub-42")),
}

DOCUMENT_LINE = Record(
    "DocumentLine",
    "A line of an invoice or credit note.",
    {
        "line_id": integer("", 1),
        "kind": choice(("fee", "usage", "product"), "`product` is billed once."),
        "description": string("In the customer's language.", "Pro"),
        **_NAMES,
        "product_code": nullable(string("", "nexacloud-pro")),
        "metric_code": nullable(string("Of usage.")),
        "period_start": nullable(day("The first day that it is for.", "2026-01-05")),
        "period_end": nullable(day("The day after the last one.", "2026-02-05")),
        "used": nullable(decimal("The quantity of usage that it brings the bill up to.")),
        "quantity": decimal("", "1"),
        "price_unit": decimal("", "49"),
        "discount": decimal("In percent.", "0"),
        "amount_untaxed": decimal("", "49.00"),
        "amount_total": decimal("", "56.35"),
        "row_id": nullable(integer("The ledger's row that it settles.", 1)),
        "settles": nullable(
            decimal("How much of that row; below zero, it gives back. Before tax.", "49.00")
        ),
        "breakdown": _BREAKDOWN,
    },
)
DOCUMENT_FIELDS = {
    **INVOICE_FIELDS,
    "lines": array(DOCUMENT_LINE),
    "lines_left_out": boolean(
        "Whether it has lines of others, which your service may not see: amounts are the whole"
        " document's."
    ),
}
DOCUMENT = Record("Document", "An invoice or credit note with its lines.", DOCUMENT_FIELDS)

LEDGER_ROW = Record(
    "LedgerRow",
    "What one charge or one fee comes to, over some days of a billing period.",
    {
        "row_id": integer("", 1),
        "subscription_id": integer("", 1),
        "subscription_external_id": nullable(string("", "sub-42")),
        "kind": choice(("usage", "fee")),
        "plan_code": nullable(string("Of usage: the plan whose charge it is.", "pro")),
        "metric_code": nullable(string("Of usage.", "api_calls")),
        "filter": nullable(
            mapping("Of usage: which it prices, by dimensions; `{}`: what no filter takes.", {})
        ),
        "product_code": nullable(string("What it is billed as.", "nexacloud-pro")),
        "period_start": day("The first day.", "2026-01-05"),
        "period_end": day("The day after the last one.", "2026-02-05"),
        "bill_on": day("From this day on it stands on a document.", "2026-02-05"),
        "quantity": nullable(decimal("Of usage.", "1350.5")),
        "included": nullable(decimal("Of usage.", "1000")),
        "billable": nullable(decimal("Of usage.", "350.5")),
        "owed": decimal("Before tax, rounded once.", "1.75"),
        "settled": decimal("What documents settle, drafts included.", "1.75"),
        "waived": decimal("What staff decided not to bill.", "0.00"),
        "due": decimal("Owed, and neither settled nor waived; below zero, due back.", "0.00"),
        "currency": CURRENCY,
        "breakdown": _BREAKDOWN,
        "rated_at": nullable(a_moment("", "2026-02-05T00:10:00Z")),
    },
)
