"""The records of how customers pay: what is charged, what is overdue, and what is done about it."""

from .records import CURRENCY
from .shapes import Record, array, boolean, choice, day, decimal, inline, integer, nullable, string

DUNNING_ACTIONS = ("retry", "mail", "tell", "remind", "pause", "close")

_TAKEN = choice(
    DUNNING_ACTIONS,
    "`retry`: the payment method was charged again; `mail`: an e-mail was sent; `tell`: an event"
    " `customer.overdue`; `remind`: staff were asked to look; `pause`, `close`: of subscriptions.",
    "tell",
)
_NEXT = choice(DUNNING_ACTIONS, "As of the last step.", "pause")

PAYMENT_METHOD = Record(
    "PaymentMethod",
    "A payment method that a customer has saved.",
    {
        "name": string("To be shown to the customer.", "•••• 4242"),
        "expires_on": nullable(
            day("The last day on which it can be charged; null if that is not known.", "2026-12-31")
        ),
    },
)
OVERDUE_INVOICE = Record(
    "OverdueInvoice",
    "An invoice whose due date has passed, and of which something is to be paid.",
    {
        "invoice_id": integer("", 1),
        "number": string("", "INV/2026/00001"),
        "due_date": day("", "2026-01-05"),
        "amount_residual": decimal("What is still to be paid.", "49.00"),
    },
)
OVERDUE = Record(
    "Overdue",
    "What a customer is late with in one currency, and what is done about it.",
    {
        "currency": CURRENCY,
        "amount": decimal("The sum of the invoices: what is still to be paid of them.", "49.00"),
        "since": day("The oldest due date.", "2026-01-05"),
        "invoices": array(OVERDUE_INVOICE, "The oldest first; none that is disputed."),
        "opened_on": nullable(
            day("Since when something is done about it; null if nothing is.", "2026-01-06")
        ),
        "last_step": nullable(inline({"action": _TAKEN, "taken_on": day("", "2026-01-08")})),
        "next_step": nullable(
            inline(
                {
                    "action": _NEXT,
                    "on": day("The first day on which it can be taken.", "2026-01-15"),
                }
            )
        ),
        "paused_subscription_ids": array(
            integer("", 1), "The customer's, in this currency, that are paused for non-payment."
        ),
        "pay_url": nullable(
            string(
                "A page for the customer that shows all of it and pays it. It needs no login, so"
                " show it to the customer alone; where invoices of others are in it, too, it needs"
                " one.",
                "https://billing.example/my/overdue/1?access_token=f1c2",
            )
        ),
    },
)
COLLECTION = Record(
    "Collection",
    "How a customer pays, and what is overdue.",
    {
        "external_customer_id": string("Your id of the customer.", "cust-7"),
        "collects": boolean(
            "Whether the invoices of your subscriptions are charged to the saved payment method.",
            True,
        ),
        "payment_method": nullable(PAYMENT_METHOD),
        "exempt": boolean("Whether nothing is done about what is overdue.", False),
        "promised_until": nullable(
            day("Until this day, included, the customer is left alone: a payment is promised.")
        ),
        "overdue": array(OVERDUE, "By currency; empty if nothing is overdue."),
    },
)
