"""Items: the recurring fees of a subscription, and what is planned for it."""

from ..endpoint import Endpoint
from ..payload import day, flag, optional, quantity, record_id, required, text
from ..records import CHANGE, CHANGE_PREVIEW, ITEM
from ..scopes import BILLING_WRITE, READ
from ..shapes import array, boolean, inline, integer, nullable

TITLE = "Items and changes"

FROM = optional(
    day,
    "The first day on which it holds; if not given what the plan says: today, or the first day of"
    " the next billing period.",
    "2099-01-05",
)
PREVIEW = optional(flag, "Only say what it would come to; nothing is stored.")
ANSWER = {"item": nullable(ITEM), "preview": nullable(CHANGE_PREVIEW)}

LIST = Endpoint(
    "list_items",
    "GET",
    "/subscriptions/{subscription_id}/items",
    READ,
    "List a subscription's items",
    "Its recurring fees, those that have ended, too.",
    answer=inline({"subscription_id": integer("", 1), "items": array(ITEM)}),
)
ADD = Endpoint(
    "add_item",
    "POST",
    "/subscriptions/{subscription_id}/items",
    BILLING_WRITE,
    "Add an item",
    "A product that recurs, at the customer's price. A subscription has one such item of a product:"
    " the same quantity from the same day is found again, anything else is a `conflict`.",
    fields={
        "product_id": optional(record_id),
        "product_code": optional(text, "The product, if not by `product_id`.", "nexacloud-pro"),
        "quantity": required(quantity, "", "1"),
        "from": FROM,
        "preview": PREVIEW,
    },
    answer=inline({**ANSWER, "created": boolean("Whether it is new.", True)}),
    errors=("unknown_product", "invalid_state", "conflict", "missing_field"),
    creates=True,
)
CHANGE_ITEM = Endpoint(
    "change_item",
    "PATCH",
    "/subscriptions/{subscription_id}/items/{item_id}",
    BILLING_WRITE,
    "Change an item's quantity",
    "Seats up and down; 0 ends it. Days that are billed already come to a difference on the next"
    " document.",
    fields={
        "quantity": required(quantity, "From that day on.", "3"),
        "from": FROM,
        "preview": PREVIEW,
    },
    answer=inline(ANSWER),
    errors=("invalid_state",),
)
LIST_CHANGES = Endpoint(
    "list_changes",
    "GET",
    "/subscriptions/{subscription_id}/changes",
    READ,
    "List what is planned",
    "What is to come, by day. A fee that begins or ends with its plan goes without saying.",
    answer=inline({"subscription_id": integer("", 1), "changes": array(CHANGE)}),
)
TAKE_BACK = Endpoint(
    "take_back_change",
    "DELETE",
    "/subscriptions/{subscription_id}/changes/{change_id}",
    BILLING_WRITE,
    "Take back a change to come",
    "What was in force before it goes on. The answer says what is planned then.",
    answer=inline({"subscription_id": integer("", 1), "changes": array(CHANGE)}),
    errors=("invalid_state", "usage_after_end"),
)
ENDPOINTS = (LIST, ADD, CHANGE_ITEM, LIST_CHANGES, TAKE_BACK)
