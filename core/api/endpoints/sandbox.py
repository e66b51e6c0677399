"""The sandbox: its clock is advanced, and it begins anew."""

from ..endpoint import Endpoint
from ..payload import instant, required
from ..scopes import BILLING_WRITE, READ
from ..shapes import boolean, inline, integer, moment

TITLE = "Sandbox"
NOW = {"now": moment("Where the clock of the sandbox stands.", "2026-02-01T00:00:00Z")}

CLOCK = Endpoint(
    "sandbox_clock",
    "GET",
    "/sandbox/clock",
    READ,
    "What time it is in the sandbox",
    "It stands until it is advanced.",
    answer=inline(NOW),
    errors=("not_a_sandbox",),
)
ADVANCE = Endpoint(
    "advance_clock",
    "POST",
    "/sandbox/clock",
    BILLING_WRITE,
    "Advance the clock of the sandbox",
    "All that is due on the way is done, day by day: usage is rated, billing periods are invoiced,"
    " events are told. It does not go back, and goes two years at once at most.",
    fields={"now": required(instant, "What time it shall be.", "2026-02-01T00:00:00Z")},
    answer=inline(
        {
            **NOW,
            "reached": boolean("Otherwise it takes a while: send the same again.", True),
            "documents": integer("How many invoices and credit notes were made.", 2),
            "events": integer("How many webhook events were made.", 5),
            "failing": integer("How many subscriptions cannot be rated or billed.", 0),
        }
    ),
    errors=("not_a_sandbox",),
)
RESET = Endpoint(
    "reset_sandbox",
    "POST",
    "/sandbox/reset",
    BILLING_WRITE,
    "Empty the sandbox",
    "Customers, subscriptions, usage, documents and events are removed, and the clock is the"
    " server's now. The catalog, the keys and the endpoint stay.",
    answer=inline(NOW),
    errors=("not_a_sandbox",),
)
ENDPOINTS = (CLOCK, ADVANCE, RESET)
