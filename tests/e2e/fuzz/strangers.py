"""Requests that name something of another service, and the same of what does not exist."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from e2e.fuzz.corpus import BEGAN, CORPUS, METRIC, PLAN, PRODUCT

NOBODY = {
    "name": "nobody-7",
    "subscription": "999999",
    "event": "evt_00000000000000000000000000",
    "reconciliation": "999999",
    "item": "999999",
    "change": "plan-999999",
    "invoice": "999999",
    "key": "999999",
}
#: What a path's parameter names.
KINDS = {
    "external_id": "name",
    "subscription_id": "subscription",
    "event_id": "event",
    "reconciliation_id": "reconciliation",
    "item_id": "item",
    "change_id": "change",
    "invoice_id": "invoice",
    "key_id": "key",
}


#: What an endpoint has to be told before it looks for anything.
BODIES = {
    "POST /subscriptions/<subscription:subscription_id>/change_plan": {"plan_code": PLAN},
    "POST /subscriptions/<subscription:subscription_id>/items": {
        "product_code": PRODUCT,
        "quantity": 1,
    },
    "PATCH /subscriptions/<subscription:subscription_id>/items/<item_id>": {"quantity": 1},
}
#: What is the company's, and no service's.
SHARED = {"plan_code", "metric_code"}
_VARYING = re.compile(r"<(?:\w+:)?(\w+)>")


def probes(names: dict) -> Iterator[tuple[str, str, dict | None]]:
    """Yield a request for each place of the API that takes an id: verb, path with query, body.

    :param names: by kind, see NOBODY
    """
    for endpoint in CORPUS:
        verb, path = endpoint.split()
        if set(_VARYING.findall(path)) - SHARED:
            filled = _VARYING.sub(lambda found: quote(names[KINDS[found[1]]]), path)
            yield verb, filled, None if verb == "GET" else BODIES.get(endpoint, {})
    yield "GET", f"/subscriptions/external:{quote(names['name'])}", None
    yield "GET", f"/usage?subscription_id={names['subscription']}", None
    for path in ("/invoices", "/ledger"):
        yield "GET", f"{path}?subscription_id={names['subscription']}", None
        yield "GET", f"{path}?subscription_external_id={names['subscription']}", None
    yield "POST", "/subscriptions", {"external_customer_id": names["name"], "plan_code": PLAN}
    for name in ("name", "subscription"):
        yield "POST", "/usage", {"events": [event(subscription_external_id=names[name])]}
    yield "POST", "/usage", {"events": [event(subscription_id=int(names["subscription"]))]}


def event(**subscription) -> dict:
    day = f"{BEGAN:%Y-%m-%d}"
    times = {"period_start": f"{day}T00:00:00Z", "period_end": f"{day}T01:00:00Z"}
    return {"metric_code": METRIC, "quantity": 1, **times, **subscription}
