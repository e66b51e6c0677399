"""The declaration of each event that webhooks tell: its type, and what its `data` is made of.

The models emit these and no others; the described API and the tables of the guide are made of them.
"""

from dataclasses import dataclass

from .collected import COLLECTION
from .records import (
    CURRENCY,
    INVOICE,
    INVOICE_FIELDS,
    LINK_FIELDS,
    RECONCILIATION,
    SUBSCRIPTION,
    SUBSCRIPTION_FIELDS,
)
from .shapes import (
    Record,
    boolean,
    choice,
    day,
    decimal,
    inline,
    integer,
    moment,
    nullable,
    sometimes,
    string,
)

API_VERSION = "v1"


@dataclass(frozen=True, eq=False)
class Event:
    """One type of event.

    :param str type: what it is called: `invoice.paid`
    :param str label: what staff read
    :param str about: when it happens
    :param dict data: the schema of what it tells: see :mod:`.shapes`
    """

    type: str
    label: str
    about: str
    data: dict


LINKED = Record(
    "CustomerLinked",
    "Which customer an id of yours means.",
    {
        **LINK_FIELDS,
        "name": string("Of the customer.", "Acme Ltd"),
        "email": nullable(string("Of the customer.", "billing@acme.example")),
    },
)
THRESHOLD = inline(
    {
        "kind": choice(("percent", "amount"), "Of the included quota, or of money."),
        "value": decimal("", "80"),
        "set_by": choice(("staff", "customer")),
        "is_budget": boolean("Whether it is what the customer wants to spend on usage.", False),
    }
)
REACHED = Record(
    "ThresholdReached",
    "Usage has reached a threshold.",
    {
        **{
            name: SUBSCRIPTION_FIELDS[name]
            for name in ("subscription_id", "external_id", "external_customer_id")
        },
        "threshold": THRESHOLD,
        "metric_code": nullable(
            string("Null if all usage of the subscription counts together.", "api_calls")
        ),
        "quantity": nullable(decimal("Of the metric; null if all usage counts together.", "812.5")),
        "included": nullable(decimal("Of the quantity.", "1000")),
        "billable": nullable(decimal("Of the quantity.", "0")),
        "period_start": day(
            "The first day of the billing period, or of the part of it with one plan, price and"
            " quota.",
            "2026-01-05",
        ),
        "period_end": day("The day after the last one.", "2026-02-05"),
        "amount": decimal("What it costs so far, before tax.", "0.00"),
        "currency": CURRENCY,
        "reached_at": moment("When it was found.", "2026-01-21T11:00:00Z"),
    },
)
FAILED = Record(
    "PaymentFailed",
    "A charge to a saved payment method failed.",
    {
        **INVOICE_FIELDS,
        "attempt": inline(
            {
                "number": integer("The first is 1; one that was never sent has a number, too.", 1),
                "amount": decimal("What was to be charged.", "49.00"),
                "currency": CURRENCY,
                "reason": nullable(string("What the provider says.", "insufficient_funds")),
                "is_hard_decline": boolean(
                    "Whether the provider refuses for good: the method will not work again, and"
                    " the customer should save another one.",
                    False,
                ),
            }
        ),
    },
)
EXPIRING = Record(
    "PaymentMethodExpiring",
    "A saved payment method will soon work no more.",
    {
        "external_customer_id": nullable(string("Your id of the customer.", "cust-7")),
        "method": inline(
            {
                "method_id": integer("Its number here.", 3),
                "name": string("As the customer knows it.", "•••• 4242"),
                "expires_on": day("The last day on which it can be charged.", "2026-03-31"),
            }
        ),
        "subscriptions": INVOICE_FIELDS["subscriptions"],
    },
)
TRIED = Record(
    "EndpointTest",
    "An event of no meaning.",
    {
        "service": string("The code of your service.", "nexacloud"),
        "message": string("Words for a person.", "It works."),
    },
)

EVENTS = (
    Event(
        "customer.linked",
        "Customer Linked",
        "An id of yours was linked to a customer, or the link was changed.",
        LINKED,
    ),
    Event(
        "customer.overdue",
        "Customer Overdue",
        "Invoices are overdue, and the dunning policy says that you are told.",
        COLLECTION,
    ),
    Event(
        "customer.paid_up",
        "Customer Paid Up",
        "Nothing is asked for any more in a currency, of a customer who was told to be overdue or"
        " was paused: it was paid, credited or disputed, or the customer is left alone.",
        COLLECTION,
    ),
    Event(
        "subscription.created", "Subscription Created", "A subscription has begun.", SUBSCRIPTION
    ),
    Event(
        "subscription.updated",
        "Subscription Updated",
        "A new billing period has begun, a plan change was made, planned or taken back, or the end"
        " is another one.",
        SUBSCRIPTION,
    ),
    Event(
        "subscription.paused",
        "Subscription Paused",
        "It is paused; a pause that is planned is told when it comes.",
        SUBSCRIPTION,
    ),
    Event(
        "subscription.resumed",
        "Subscription Resumed",
        "It goes on, after a pause or after it was closed.",
        SUBSCRIPTION,
    ),
    Event("subscription.cancelled", "Subscription Cancelled", "It has ended.", SUBSCRIPTION),
    Event(
        "usage.threshold_reached",
        "Usage Threshold Reached",
        "Usage has reached a threshold that staff or the customer set: told once in each billing"
        " period.",
        REACHED,
    ),
    Event(
        "invoice.created",
        "Invoice Created",
        "An invoice or credit note was made; it may be a draft that will still change.",
        INVOICE,
    ),
    Event(
        "invoice.posted",
        "Invoice Posted",
        "It has its number and its final amounts; told again if staff correct it.",
        INVOICE,
    ),
    Event(
        "invoice.paid",
        "Invoice Paid",
        "It is settled in full; told again if a payment was taken back and made anew.",
        INVOICE,
    ),
    Event(
        "invoice.overdue",
        "Invoice Overdue",
        "It is not or partly paid on the day after its due date: told once.",
        INVOICE,
    ),
    Event(
        "invoice.cancelled",
        "Invoice Cancelled",
        "It was cancelled, deleted as a draft, or reversed by a credit note.",
        INVOICE,
    ),
    Event(
        "invoice.payment_failed",
        "Invoice Payment Failed",
        "It was to be charged to a saved payment method, and that failed: told once of each try.",
        FAILED,
    ),
    Event(
        "payment_method.missing",
        "Payment Method Missing",
        "An invoice is to be charged today, and the customer has saved no payment method: told once"
        " of each invoice.",
        INVOICE,
    ),
    Event(
        "payment_method.expiring",
        "Payment Method Expiring",
        "The payment method that subscriptions are charged to expires in 30 days, or in 7: told"
        " once of each, when the customer is told by e-mail.",
        EXPIRING,
    ),
    Event(
        "reconciliation.mismatch",
        "Reconciliation Mismatch",
        "Totals of yours do not match what is counted and owed here.",
        RECONCILIATION,
    ),
    Event("endpoint.test", "Test", "Somebody tries your endpoint: staff, or you yourself.", TRIED),
)
EVENT_TYPES = tuple(event.type for event in EVENTS)


def body_schema(event):
    """Return the schema of what is sent: the event's `data`, and what every event has."""
    return inline(
        {
            "id": string(
                "The same each time that the event is sent.", "evt_01KE6P4YM09GP165BBT7742542"
            ),
            "type": choice((event.type,)),
            "timestamp": moment("When it happened.", "2026-01-05T09:00:00Z"),
            "api_version": choice((API_VERSION,), "Of `data`."),
            "sandbox": sometimes(boolean("Of a sandbox alone: it is a test.", True)),
            "data": event.data,
        }
    )
