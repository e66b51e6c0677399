"""The records that answers and events are made of, as :mod:`.shapes` describes them."""

from .shapes import (
    Record,
    array,
    boolean,
    choice,
    day,
    decimal,
    inline,
    integer,
    mapping,
    moment,
    nullable,
    sometimes,
    string,
)

MONEY = "In the smallest units of its currency that are written: `12.50`."
CURRENCY = string("ISO 4217.", "USD")
STATES = ("3_progress", "4_paused", "6_churn")
AGGREGATIONS = ("sum", "count", "max", "last", "unique_count", "weighted", "average")
CHARGE_MODELS = (
    "standard",
    "package",
    "graduated",
    "volume",
    "stairstep",
    "percentage",
    "graduated_percentage",
)
RESULTS = ("matched", "different", "missing_here", "missing_there")
DELIVERY_STATES = ("pending", "sending", "delivered", "failed", "cancelled")

# === CUSTOMERS AND SUBSCRIPTIONS === #

SUBSCRIPTION_FIELDS = {
    "subscription_id": integer("Its number here.", 1),
    "subscription_state": choice(STATES, "In progress, paused, closed."),
    "paused_for": nullable(
        string(
            "`non_payment`: paying what is overdue ends the pause. Null if it is not paused, or"
            " somebody wanted it.",
            enum=["non_payment"],
        )
    ),
    "external_id": nullable(string("Your own id, if you gave one.", "sub-42")),
    "external_customer_id": nullable(string("Your id of the customer.", "cust-7")),
    "plan_id": integer("The plan in force.", 1),
    "plan_code": string("", "pro"),
    "next_plan_code": nullable(string("The next plan to come.")),
    "plan_change_date": nullable(day("Its first day.")),
    "start_date": nullable(day("The first day.", "2026-01-05")),
    "last_invoice_date": nullable(
        day(
            "The first day of the open billing period, once one before it is closed: what is before"
            " this day is billed. It is not the date of a document."
        )
    ),
    "next_invoice_date": nullable(
        day("The open billing period ends when this day begins.", "2026-02-05")
    ),
    "end_date": nullable(day("The subscription ends when this day begins.")),
}
SUBSCRIPTION = Record("Subscription", "What a customer pays for.", SUBSCRIPTION_FIELDS)

LINK_FIELDS = {
    "partner_id": integer("The customer's number here.", 7),
    "external_id": string("Your own id of the customer.", "cust-7"),
}
CUSTOMER_FIELDS = {
    **LINK_FIELDS,
    "name": string("", "Acme Ltd"),
    "email": nullable(string("", "billing@acme.example")),
    "phone": nullable(string()),
    "vat": nullable(string()),
    "street": nullable(string()),
    "street2": nullable(string()),
    "city": nullable(string()),
    "zip": nullable(string()),
    "country_code": nullable(string("ISO 3166.", "US")),
    "subscriptions": array(SUBSCRIPTION),
}
CUSTOMER = Record("Customer", "A customer of your app.", CUSTOMER_FIELDS)

# === USAGE === #

USAGE_FIELDS = {
    "usage_id": integer("", 1),
    "subscription_id": integer("", 1),
    "subscription_external_id": nullable(string("", "sub-42")),
    "metric_code": string("", "api_calls"),
    "quantity": decimal("", "1250.5"),
    "period_start": moment("", "2026-01-10T00:00:00Z"),
    "period_end": moment("", "2026-01-10T01:00:00Z"),
    "idempotency_key": nullable(string("", "sub-42/api_calls/2026-01-10T00")),
    "value": nullable(string("For metrics that count distinct values.")),
    "dimensions": mapping("", {"region": "eu"}),
}
USAGE = Record("Usage", "A stored counter.", USAGE_FIELDS)
USAGE_CHANGE = Record(
    "UsageChange",
    "A counter as it was stored, changed or deleted last.",
    {
        **USAGE_FIELDS,
        "deleted": boolean("Whether it is deleted: then this is what it said."),
        "changed_at": moment("", "2026-01-10T01:00:07.000001Z"),
        "cursor": string("Where to go on after this line.", "MTc2ODAwNjgwNzAwMDAwMS0x"),
    },
)
CHARGE_USAGE = Record(
    "ChargeUsage",
    "What the usage of one charge comes to, in one part of a billing period.",
    {
        "plan_code": string("", "pro"),
        "metric_code": string("", "api_calls"),
        "filter": mapping("Which usage it prices, by dimensions; `{}`: what no filter takes.", {}),
        "charge_model": choice(CHARGE_MODELS),
        "period_start": day("The first day of the part.", "2026-01-05"),
        "period_end": day("The day after the last one.", "2026-02-05"),
        "quantity": decimal("", "1350.5"),
        "included": decimal("", "1000"),
        "billable": decimal("", "350.5"),
        "amount": decimal("Before tax.", "1.75"),
        "projected_amount": decimal("At the end of the period, if usage goes on so.", "1.75"),
        "currency": CURRENCY,
        "rated_at": nullable(moment("Null where nothing was rated: it costs nothing.")),
    },
)

# === DOCUMENTS === #

UPCOMING_LINE = Record(
    "UpcomingLine",
    "A line of a document to come.",
    {
        "kind": choice(("fee", "usage", "product")),
        "description": string("In the customer's language.", "Pro"),
        "metric_code": nullable(string()),
        "period_start": nullable(day("", "2026-02-05")),
        "period_end": nullable(day("The day after the last one.", "2026-03-05")),
        "used": nullable(decimal("The quantity of usage.")),
        "quantity": decimal("", "1"),
        "price_unit": decimal("", "49"),
        "discount": decimal("In percent.", "0"),
        "amount_untaxed": decimal("", "49.00"),
        "amount_total": decimal("", "56.35"),
    },
)
UPCOMING_DOCUMENT = Record(
    "UpcomingDocument",
    "A document as it would be made.",
    {
        "type": choice(("invoice", "credit_note")),
        "invoice_date": day("", "2026-02-05"),
        "due_date": day("", "2026-02-05"),
        "currency": CURRENCY,
        "amount_untaxed": decimal("", "49.00"),
        "amount_tax": decimal("", "7.35"),
        "amount_total": decimal("", "56.35"),
        "lines": array(UPCOMING_LINE),
    },
)
# === ITEMS AND CHANGES === #

ITEM = Record(
    "Item",
    "A recurring fee of a subscription, in the course of time.",
    {
        "item_id": integer("It stays, whatever changes.", 5),
        "product_id": integer("", 3),
        "product_code": nullable(string("", "nexacloud-pro")),
        "name": string("Of the product.", "Pro"),
        "of_plan": boolean("Whether it comes with a plan, and ends with it.", False),
        "quantity": decimal("Today's; `0` where it is not owed today.", "1"),
        "currency": CURRENCY,
        "terms": array(
            Record(
                "ItemTerms",
                "What an item is from one day until another.",
                {
                    "from": day("", "2026-01-05"),
                    "until": nullable(day("The first day on which it does not hold any more.")),
                    "quantity": decimal("", "1"),
                    "price_unit": decimal("For each billing period, before tax.", "49"),
                    "discount": decimal("In percent.", "0"),
                    "timing": choice(("advance", "arrears"), "When it is billed."),
                    "prorate": boolean("Whether incomplete periods are owed by days.", True),
                },
            ),
            "In the order of their days; none is empty.",
        ),
    },
)
CHANGE_PREVIEW = Record(
    "ChangePreview",
    "What a change would come to.",
    {
        "from": day("The first day on which it would hold.", "2026-01-20"),
        "currency": CURRENCY,
        "amounts": array(
            Record(
                "ChangedAmount",
                "What a fee, or the usage of a charge, comes to in a billing period, before tax.",
                {
                    "period_start": day("", "2026-01-05"),
                    "period_end": day("The day after the last one.", "2026-02-05"),
                    "description": string("", "Pro"),
                    "before": decimal("As it is.", "49.00"),
                    "after": decimal("As it would be.", "73.50"),
                    "difference": decimal("", "24.50"),
                },
            ),
            "What would come to something else, by billing period.",
        ),
        "difference_untaxed": decimal(
            "What the next documents would ask for more, or, below zero, less.", "73.50"
        ),
        "difference_total": decimal("The same with taxes.", "73.50"),
        "documents": array(UPCOMING_DOCUMENT, "The next documents as they would be."),
    },
)
CHANGE = Record(
    "Change",
    "What is planned for a subscription.",
    {
        "change_id": string("To take it back by.", "plan-7"),
        "kind": choice(("plan", "pause", "resume", "end", "reopen", "item"), "What changes."),
        "date": day("The first day on which it holds.", "2099-01-05"),
        "plan_code": nullable(string("The plan that begins.", "business")),
        "item_id": nullable(integer("The item that begins, changes or ends.")),
        "product_code": nullable(string("Its product.")),
        "quantity": nullable(decimal("Its quantity from then on; `0`: it ends.")),
    },
)

# === INVOICES === #

INVOICE_FIELDS = {
    "invoice_id": integer("", 1),
    "number": nullable(string("Null as long as it has none.", "INV/2026/00001")),
    "type": choice(("invoice", "credit_note")),
    "state": choice(("draft", "posted", "cancel"), "", "posted"),
    "payment_state": string(
        "`not_paid`, `partial`, `in_payment`, `paid` or `reversed`.", "not_paid"
    ),
    "invoice_date": nullable(day("", "2026-01-05")),
    "due_date": nullable(day("", "2026-01-05")),
    "currency": CURRENCY,
    "amount_untaxed": decimal("", "49.00"),
    "amount_tax": decimal("", "0.00"),
    "amount_total": decimal("", "49.00"),
    "amount_residual": decimal("What is still to be paid.", "49.00"),
    "external_customer_id": nullable(string("", "cust-7")),
    "subscriptions": array(
        inline({"subscription_id": integer("", 1), "external_id": nullable(string("", "sub-42"))})
    ),
}
INVOICE = Record("Invoice", "An invoice or credit note of subscriptions.", INVOICE_FIELDS)

# === THE CATALOG === #

PLAN_FIELDS = {
    "plan_id": integer("", 1),
    "plan_code": string("", "pro"),
    "name": string("", "Pro"),
    "billing_period_value": integer("How many units a billing period has.", 1),
    "billing_period_unit": choice(("month", "week", "year")),
}
PLAN = Record("Plan", "What is sold.", PLAN_FIELDS)
METRIC = Record(
    "Metric",
    "What is counted.",
    {
        "metric_code": string("", "api_calls"),
        "name": string("", "API calls"),
        "aggregation": choice(AGGREGATIONS, "How counters combine over a period."),
    },
)
TIER = Record(
    "Tier",
    "One tier of a charge.",
    {
        "up_to": nullable(decimal("And including; null on the last one.", "10")),
        "unit_amount": decimal("", "8"),
        "unit_batch": nullable(decimal("It bills whole batches, if there is one.")),
        "flat_amount": decimal("", "0"),
        "rate": decimal("In percent.", "0"),
    },
)
CHARGE = Record(
    "Charge",
    "What usage of one metric costs on one plan, today.",
    {
        "plan_code": string("", "pro"),
        "metric_code": string("", "api_calls"),
        "filter": mapping("Which usage it prices, by dimensions; `{}`: what no filter takes.", {}),
        "charge_model": choice(CHARGE_MODELS),
        "included_quota": decimal("Comes off first.", "1000"),
        "price_per_unit": decimal("The price of one batch.", "0.5"),
        "unit_batch": decimal("", "100"),
        "rate": decimal("In percent.", "0"),
        "fixed_amount": decimal("", "0"),
        "minimum": nullable(decimal("Of the amount of a period.")),
        "maximum": nullable(decimal("Of the amount of a period.")),
        "tiers": array(TIER),
        "flat_fee_at_zero": boolean("Whether flat amounts are due without usage, too."),
        "prorate": boolean("Whether an incomplete period has its share of quota and amounts."),
        "currency": CURRENCY,
        "next_prices_from": nullable(day("If new prices are scheduled, their first day.")),
    },
)
FEE = Record(
    "Fee",
    "What a plan bills again in each billing period.",
    {
        "product_code": nullable(string("", "nexacloud-pro")),
        "name": string("", "Pro"),
        "quantity": decimal("", "1"),
        "price_unit": nullable(decimal("Null: as the customer's pricelist says.", "49")),
        "currency": nullable(string("Of the price.", "USD")),
        "fee_timing": choice(("advance", "arrears"), "Billed at a period's start, or its end."),
    },
)
PLAN_WITH_PRICES = Record(
    "PlanWithPrices",
    "A plan with all that it costs today.",
    {**PLAN_FIELDS, "fees": array(FEE), "charges": array(CHARGE)},
)
PRICED_LINE = Record(
    "PricedLine",
    "What a quantity costs at one charge.",
    {
        "metric_code": string("", "api_calls"),
        "filter": mapping("", {}),
        "charge_model": choice(CHARGE_MODELS),
        "quantity": decimal("", "1250.5"),
        "included": decimal("", "1000"),
        "billable": decimal("", "250.5"),
        "amount": decimal("", "1.25"),
        "currency": CURRENCY,
        "breakdown": mapping("How the amount comes about, line by line, exactly."),
    },
)
AMOUNT = inline({"currency": CURRENCY, "amount": decimal("", "1.25")})

# === RECONCILIATION === #

RECONCILIATION_FIELDS = {
    "reconciliation_id": integer("", 1),
    "reference": nullable(string("The name that it was given.")),
    "period_start": moment("Totals from this time on.", "2026-01-05T00:00:00Z"),
    "period_end": moment("Totals before this time.", "2026-02-05T00:00:00Z"),
    "partial": boolean("Whether nothing counts as missing there."),
    "compared_at": nullable(moment("Null until it is.", "2026-02-05T08:00:00Z")),
    **{result: integer("How many rows came to this.", 0) for result in RESULTS},
}
RECONCILIATION = Record("Reconciliation", "Your totals against ours.", RECONCILIATION_FIELDS)
RECONCILIATION_ROW = Record(
    "ReconciliationRow",
    "One subscription and metric, yours against ours.",
    {
        "subscription_id": nullable(integer("", 1)),
        "subscription_external_id": nullable(string("", "sub-42")),
        "metric_code": string("", "api_calls"),
        "result": choice(RESULTS),
        "reason": nullable(string("Why something could not be compared.")),
        "quantity": nullable(decimal("Yours.", "1350")),
        "our_quantity": nullable(decimal("", "1350.5")),
        "quantity_difference": nullable(decimal("Ours less yours.", "0.5")),
        "amount": nullable(decimal()),
        "our_amount": nullable(decimal()),
        "amount_difference": nullable(decimal()),
        "currency": nullable(string()),
        "open": boolean("Until staff close it."),
    },
)

# === WEBHOOKS === #

DELIVERY_FIELDS = {
    "event_id": string("", "evt_01KE6P4YM09GP165BBT7742542"),
    "event_type": string("", "invoice.paid"),
    "state": choice(DELIVERY_STATES),
    "subscription_id": nullable(integer()),
    "created_at": moment("", "2026-01-05T09:00:00Z"),
    "attempts": integer("Since it was last queued.", 1),
    "next_attempt_at": nullable(moment()),
    "delivered_at": nullable(moment("", "2026-01-05T09:00:01Z")),
    "last_status": nullable(integer("The HTTP status that your endpoint answered.", 204)),
    "last_error": nullable(string("What went wrong, in words.")),
}
DELIVERY = Record("Delivery", "An event for your endpoint, and what became of it.", DELIVERY_FIELDS)

# === ERRORS === #

ERRORS = {
    "errors": sometimes(
        array(
            inline(
                {
                    "index": integer("Its position in the batch.", 3),
                    "field": sometimes(string("", "quantity")),
                    "code": string("", "invalid_quantity"),
                    "error": string(),
                }
            ),
            "Of a batch: everything that is wrong, cut at 100.",
        )
    ),
    "errors_total": sometimes(integer("How many there are, if they are cut.")),
}
ERROR = Record(
    "Error",
    "Why a request was not carried out. Nothing was changed.",
    {
        "status": choice(("error",)),
        "code": string("For your program; it stays.", "invalid_quantity"),
        "error": string("For a person, one sentence."),
        "request_id": string("Name it when you ask for help.", "nightly-2026-01-11"),
        "field": sometimes(string("The field that is to blame, if one is.", "quantity")),
        **ERRORS,
        "count": sometimes(integer("Of `usage_after_end`: how many counters.")),
        "late_seconds": sometimes(mapping("Of `not_ready`: what is how late.")),
    },
)


def page_of(name, record):
    """The answer of a list."""
    return inline(
        {
            name: array(record),
            "next_cursor": nullable(string("The `cursor` of the next page; null on the last.")),
        }
    )
