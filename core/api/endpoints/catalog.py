"""Prices: what is sold, and what it would cost."""

from ..endpoint import Endpoint
from ..errors import InvalidInput
from ..paging import PAGE
from ..payload import invalid, optional, quantity, record_id, required, shaped, text
from ..records import AMOUNT, CHARGE, METRIC, PLAN, PLAN_WITH_PRICES, PRICED_LINE, page_of
from ..scopes import READ
from ..shapes import array, inline, integer, nullable, string

TITLE = "Prices"

METRICS = 1000


@shaped(type="object", maxProperties=METRICS, additionalProperties=quantity.schema)
def quantities(value, name):
    """Return an object of quantities, each under the code of its metric."""
    if not isinstance(value, dict) or len(value) > METRICS:
        raise invalid(name, f"must be an object of at most {METRICS:,} quantities by metric code")
    return {code: _quantity_of(code, amount) for code, amount in value.items()}


def _quantity_of(code, amount):
    try:
        return required(quantity)(amount, f"{code:.60}")
    except InvalidInput as error:
        raise InvalidInput(
            f"In quantities, {error.message}", "invalid_quantities", "quantities"
        ) from None


CATALOG = Endpoint(
    "catalog",
    "GET",
    "/catalog",
    READ,
    "Plans, metrics and charges that are sold today",
    answer=inline({"plans": array(PLAN), "metrics": array(METRIC), "charges": array(CHARGE)}),
    is_cached=True,
)
LIST_PLANS = Endpoint(
    "list_plans",
    "GET",
    "/plans",
    READ,
    "List plans, with what they cost today",
    fields=PAGE,
    answer=page_of("plans", PLAN_WITH_PRICES),
    is_cached=True,
)
RETRIEVE_PLAN = Endpoint(
    "retrieve_plan",
    "GET",
    "/plans/{plan_code}",
    READ,
    "Retrieve a plan, with what it costs today",
    answer=PLAN_WITH_PRICES,
    is_cached=True,
)
RETRIEVE_METRIC = Endpoint(
    "retrieve_metric",
    "GET",
    "/metrics/{metric_code}",
    READ,
    "Retrieve a metric",
    "All of them are in the catalog.",
    answer=METRIC,
    is_cached=True,
)
ESTIMATE = Endpoint(
    "estimate",
    "POST",
    "/estimate",
    READ,
    "What would it cost?",
    "Prices quantities for one full period at today's prices, and stores nothing.",
    fields={
        "plan_id": optional(record_id),
        "plan_code": optional(text, "The plan, if not by `plan_id`.", "pro"),
        "quantities": required(quantities, "By metric code.", {"api_calls": "1250.5"}),
        "currency": optional(text, "Where the plan has prices in several.", "USD"),
    },
    answer=inline(
        {
            "plan_id": integer("", 1),
            "plan_code": string("", "pro"),
            "lines": array(PRICED_LINE),
            "total": nullable(string("Null if there are several currencies.", "1.25")),
            "currency": nullable(string("", "USD")),
            "totals": array(AMOUNT),
            "not_charged": array(string("", "seats"), "Metrics that the plan does not price."),
        }
    ),
    errors=("unknown_plan", "unknown_metric", "missing_field"),
    on_replica=True,
)
ENDPOINTS = (CATALOG, LIST_PLANS, RETRIEVE_PLAN, RETRIEVE_METRIC, ESTIMATE)
