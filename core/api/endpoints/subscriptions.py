"""Subscriptions: what a customer is on, and every change of it."""

from ..endpoint import Endpoint
from ..paging import LIST as LISTING
from ..payload import (
    day,
    external_id,
    flag,
    invalid,
    one_of,
    optional,
    quantity,
    read_objects,
    record_id,
    required,
    shaped,
    text,
)
from ..records import (
    CHARGE_USAGE,
    STATES,
    SUBSCRIPTION,
    SUBSCRIPTION_FIELDS,
    UPCOMING_DOCUMENT,
    page_of,
)
from ..scopes import BILLING_WRITE, READ
from ..shapes import array, boolean, inline, integer
from ..shapes import day as a_day

TITLE = "Subscriptions"

LINES = 100

LINE = {
    "product_id": optional(record_id),
    "product_code": optional(text, "The product, if not by `product_id`.", "nexacloud-pro"),
    "quantity": required(quantity, "", "1"),
}


@shaped(type="array", maxItems=LINES, members=LINE)
def order_lines(value, name):
    """Return the products that an app wants on a subscription: dicts of read fields."""
    if value is None:
        return []
    objects = isinstance(value, list) and all(isinstance(line, dict) for line in value)
    if not objects or len(value) > LINES:
        raise invalid(name, f"must be an array of at most {LINES} objects")
    return read_objects(value, LINE, "line")


PLAN = {
    "plan_id": optional(record_id),
    "plan_code": optional(text, "The plan, if not by `plan_id`.", "pro"),
}
DISCARD = optional(flag, "Let accepted counters of later days be lost.")

CREATE = Endpoint(
    "create_subscription",
    "POST",
    "/subscriptions",
    BILLING_WRITE,
    "Create a subscription",
    "The same `external_id` again finds the same subscription.",
    fields={
        "external_customer_id": required(external_id, "A registered customer.", "cust-7"),
        **PLAN,
        "external_id": optional(external_id, "Your own id: recommended.", "sub-42"),
        "start_date": optional(day, "Today, if not given.", "2026-01-05"),
        "lines": optional(order_lines, "Products besides usage, such as a monthly fee."),
    },
    answer=inline({**SUBSCRIPTION_FIELDS, "created": boolean("Whether it is new.", True)}),
    errors=("unknown_customer", "unknown_plan", "unknown_product", "conflict"),
    creates=True,
)
LIST = Endpoint(
    "list_subscriptions",
    "GET",
    "/subscriptions",
    READ,
    "List subscriptions",
    "A subscription is changed when any of what the answer says is, plans to come included.",
    fields={
        **LISTING,
        "external_id": optional(external_id, "Only the one with this id of yours."),
        "state": optional(one_of(STATES), "Only those in this state."),
        "plan_code": optional(text, "Only those that are on this plan today."),
        "external_customer_id": optional(external_id, "Only those of this customer."),
    },
    answer=page_of("subscriptions", SUBSCRIPTION),
    errors=("unknown_customer", "unknown_plan"),
)
RETRIEVE = Endpoint(
    "retrieve_subscription",
    "GET",
    "/subscriptions/{subscription_id}",
    READ,
    "Retrieve a subscription",
    answer=SUBSCRIPTION,
)
PAUSE = Endpoint(
    "pause_subscription",
    "POST",
    "/subscriptions/{subscription_id}/pause",
    BILLING_WRITE,
    "Pause a subscription",
    fields={
        "date": optional(day, "The first day of the pause; tomorrow, if not given.", "2026-01-20"),
        "discard_usage": DISCARD,
    },
    answer=SUBSCRIPTION,
    errors=("invalid_state", "usage_after_end"),
)
RESUME = Endpoint(
    "resume_subscription",
    "POST",
    "/subscriptions/{subscription_id}/resume",
    BILLING_WRITE,
    "Resume a subscription",
    fields={"date": optional(day, "The first day after the pause; today, if not given.")},
    answer=SUBSCRIPTION,
    errors=("invalid_state",),
)
CANCEL = Endpoint(
    "cancel_subscription",
    "POST",
    "/subscriptions/{subscription_id}/cancel",
    BILLING_WRITE,
    "Cancel a subscription",
    fields={
        "date": optional(day, "It has ended on this day; tomorrow, if not given.", "2099-12-31"),
        "discard_usage": DISCARD,
        "refund": optional(
            one_of(("prorata", "none")),
            "What was billed for days after the end is credited, or, with `none`, is not. It counts"
            " when the end is set.",
        ),
    },
    answer=SUBSCRIPTION,
    errors=("invalid_state", "usage_after_end"),
)
CHANGE_PLAN = Endpoint(
    "change_plan",
    "POST",
    "/subscriptions/{subscription_id}/change_plan",
    BILLING_WRITE,
    "Change the plan",
    fields={**PLAN, "date": optional(day, "The first day of the new plan.", "2099-01-05")},
    answer=SUBSCRIPTION,
    errors=("unknown_plan", "invalid_state", "missing_field"),
)
PERIOD_USAGE = Endpoint(
    "period_usage",
    "GET",
    "/subscriptions/{subscription_id}/usage",
    READ,
    "What usage comes to",
    "What the ledger says of a billing period, the same as will be invoiced.",
    fields={"period": optional(day, "A day of the billing period; the open one, if not given.")},
    answer=inline(
        {
            "subscription_id": integer("", 1),
            "period_start": a_day("", "2026-01-05"),
            "period_end": a_day("The day after the last one.", "2026-02-05"),
            "fresh": boolean("Whether what was pushed lately is in it.", True),
            "charges": array(CHARGE_USAGE),
        }
    ),
    errors=("invalid_state",),
    on_replica=False,
)
UPCOMING_INVOICE = Endpoint(
    "upcoming_invoice",
    "GET",
    "/subscriptions/{subscription_id}/upcoming_invoice",
    READ,
    "What the next invoice will be",
    "The documents as they would be made, with taxes; nothing is stored.",
    fields={"at": optional(day, "From today to the end of the open period: the default.")},
    answer=inline(
        {
            "subscription_id": integer("", 1),
            "at": a_day("", "2026-02-05"),
            "documents": array(UPCOMING_DOCUMENT),
        }
    ),
    errors=("invalid_state",),
    on_replica=False,
)
ENDPOINTS = (
    CREATE,
    LIST,
    RETRIEVE,
    PAUSE,
    RESUME,
    CANCEL,
    CHANGE_PLAN,
    PERIOD_USAGE,
    UPCOMING_INVOICE,
)
