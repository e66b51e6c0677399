"""Reconciliation: your own totals against what you are billed by."""

from ..endpoint import Endpoint
from ..errors import TooLarge
from ..paging import LIST as LISTING
from ..paging import PAGE
from ..payload import flag, instant, invalid, one_of, optional, required, shaped, text
from ..records import RECONCILIATION, RECONCILIATION_FIELDS, RECONCILIATION_ROW, RESULTS, page_of
from ..scopes import BILLING_WRITE, READ
from ..shapes import array, boolean, inline, nullable, string
from ..totals import READERS as ROW

TITLE = "Reconciliation"

ROW_LIMIT = 5000
MISMATCH = "mismatch"


@shaped(type="array", minItems=1, maxItems=ROW_LIMIT, members=ROW)
def rows(value, name):
    """Return the rows of a list, as they are."""
    if not isinstance(value, list) or not value:
        raise invalid(name, "must be an array of at least one row")
    if len(value) > ROW_LIMIT:
        raise TooLarge(f"A list has at most {ROW_LIMIT:,} rows: send parts of it.")
    return value


@shaped(**instant.schema | {"pattern": r"^20[^tz.]*$"})
def second(value, name):
    """Return a time without a fraction of a second: Odoo does not tell two of one second apart."""
    moment = instant(value, name)
    if moment and moment.microsecond:
        raise invalid(name, "must be a whole second")
    return moment


WITH_ROWS = {
    **RECONCILIATION_FIELDS,
    "rows": array(RECONCILIATION_ROW),
    "next_cursor": nullable(string("The `cursor` of the next page; null on the last.")),
}

CREATE = Endpoint(
    "reconcile",
    "POST",
    "/reconciliation",
    BILLING_WRITE,
    "Compare your totals with ours",
    "The same period and `reference` again is compared again.",
    fields={
        "period_start": required(second, "", "2026-01-05T00:00:00Z"),
        "period_end": required(second, "", "2026-02-05T00:00:00Z"),
        "reference": optional(text, "A name of your choice."),
        "partial": optional(flag, "Then nothing is missing there."),
        "rows": required(rows, "One for each subscription and metric."),
    },
    answer=inline({**WITH_ROWS, "created": boolean("Whether it is new.", True)}),
    errors=("invalid_row", "duplicate_row"),
    creates=True,
)
LIST = Endpoint(
    "list_reconciliations",
    "GET",
    "/reconciliation",
    READ,
    "List reconciliations",
    fields=LISTING,
    answer=page_of("reconciliations", RECONCILIATION),
)
RETRIEVE = Endpoint(
    "retrieve_reconciliation",
    "GET",
    "/reconciliation/{reconciliation_id}",
    READ,
    "Retrieve a reconciliation, with a page of its rows",
    fields={
        "result": optional(
            one_of((MISMATCH, *RESULTS)), "Rows of one result; `mismatch`: all that do not match."
        ),
        **PAGE,
    },
    answer=inline(WITH_ROWS),
)
ENDPOINTS = (CREATE, LIST, RETRIEVE)
