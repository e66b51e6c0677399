"""A good request for each endpoint: what the fuzzer begins with."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

BEGAN = datetime(2026, 1, 1)
METRIC, PLAN, OTHER_PLAN, PRODUCT = "api_calls", "metered", "business", "bench-metered"


@dataclass
class Call:
    """A request as a client library would be asked for it."""

    path: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    body: dict | None = None


class Some:
    """Names, ids and times that mean something to the server, by chance.

    :param world: what `e2e.in_odoo.fuzz.prepare` made
    """

    def __init__(self, rng: Random, world: dict):
        self.rng, self.world = rng, world

    def subscription(self) -> int:
        return self.rng.choice(self.world["subscription_ids"])

    def subscription_path(self) -> str:
        """A subscription as a path names it, in either way."""
        return self.rng.choice((str(self.subscription()), f"external:{self.name()}"))

    def item_path(self) -> dict:
        """What names a recurring fee of a subscription."""
        name, ids = self.rng.choice(list(self.world["item_ids"].items()))
        return {"subscription_id": f"external:{name}", "item_id": str(self.rng.choice(ids))}

    def change_id(self) -> str:
        kind = self.rng.choice(("plan", "state", "fee", "fee_end"))
        return f"{kind}-{self.rng.randrange(1, 50)}"

    def name(self) -> str:
        """The external id of a customer, and of the customer's subscription."""
        return self.rng.choice(self.world["names"])

    def new_name(self) -> str:
        return f"fuzz-{self.rng.randrange(200)}"

    def event_id(self) -> str:
        return self.rng.choice(self.world["event_ids"])

    def moment(self) -> datetime:
        return BEGAN + timedelta(hours=self.rng.randrange(24 * 60))

    def instant(self) -> str:
        return f"{self.moment():%Y-%m-%dT%H:%M:%SZ}"

    def day(self) -> str:
        return f"{BEGAN + timedelta(days=self.rng.randrange(400)):%Y-%m-%d}"

    def maybe(self, **values) -> dict:
        return {name: value for name, value in values.items() if self.rng.random() < 0.5}

    def pages(self) -> dict:
        cursor = base64.urlsafe_b64encode(b"%d" % self.rng.randrange(1, 50)).decode()
        return self.maybe(limit=str(self.rng.randrange(1, 501)), cursor=cursor)

    def plan(self) -> dict:
        return self.rng.choice(({"plan_code": PLAN}, {"plan_code": OTHER_PLAN}))

    def event(self) -> dict:
        start = self.moment()
        return {
            "subscription_external_id": self.name(),
            "metric_code": METRIC,
            "quantity": self.rng.choice(("1250.5", 7, "0", 12.25)),
            "period_start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "period_end": f"{start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
            "idempotency_key": f"key-{self.rng.randrange(10**9)}",
            **self.maybe(value="user-7", dimensions={"region": "eu", "tier": 2, "trial": True}),
        }

    def counter(self) -> dict:
        """What names a counter."""
        return {
            "subscription_external_id": self.name(),
            "metric_code": METRIC,
            "idempotency_key": f"key-{self.rng.randrange(10**9)}",
        }

    def cloud_event(self) -> dict:
        return {
            "specversion": "1.0",
            "id": f"id-{self.rng.randrange(10**9)}",
            "source": "/fuzz",
            "type": f"com.example.{METRIC}",
            "subject": self.name(),
            "time": self.instant(),
            **self.maybe(data={"quantity": self.rng.choice(("1.5", 2)), "value": "user-7"}),
            **self.maybe(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        }


def customer(some: Some) -> dict:
    return {
        "external_id": some.new_name(),
        **some.maybe(name="Acme Ltd", email="billing@acme.example", country_code="US"),
        **some.maybe(street="Main St 1", city="Springfield", zip="12345", phone="+1 555 0100"),
    }


def subscription(some: Some) -> dict:
    line = {"product_code": PRODUCT, "quantity": some.rng.choice((1, "2.5"))}
    return {
        "external_customer_id": some.name(),
        **some.plan(),
        **some.maybe(external_id=some.new_name(), start_date=some.day(), lines=[line]),
    }


def totals(some: Some) -> dict:
    row = {"subscription_external_id": some.name(), "metric_code": METRIC, "quantity": "1250.5"}
    return {
        "period_start": some.instant(),
        "period_end": "2027-01-01T00:00:00Z",
        "rows": [{**row, **some.rng.choice(({}, {"amount": "12.51", "currency": "USD"}))}],
        **some.maybe(reference=some.new_name(), partial=True),
    }


def period(some: Some) -> dict:
    return {"from": some.instant(), "to": "2027-01-01T00:00:00Z"}


def documents(some: Some) -> dict:
    return {
        **some.pages(),
        **some.rng.choice(
            (
                {"subscription_id": str(some.subscription())},
                {"subscription_external_id": some.name()},
                {},
            )
        ),
        **some.maybe(**{"from": some.day(), "to": "2099-01-01"}),
    }


def of_invoice(some: Some) -> Call:
    return Call({"invoice_id": str(some.rng.choice(some.world["invoice_ids"]))})


def on_subscription(body: Callable = dict) -> Callable[[Some], Call]:
    return lambda some: Call({"subscription_id": some.subscription_path()}, body=body(some))


def query(make: Callable) -> Callable[[Some], Call]:
    return lambda some: Call(query=make(some))


def body(make: Callable) -> Callable[[Some], Call]:
    return lambda some: Call(body=make(some))


def nothing(_some: Some) -> dict:
    return {}


#: By verb and path, as the server's routing map has it below the base path.
CORPUS: dict[str, Callable[[Some], Call]] = {
    "GET /": query(nothing),
    "GET /health": query(nothing),
    "GET /openapi.json": query(nothing),
    "GET /docs": query(nothing),
    "GET /ready": query(nothing),
    "GET /metrics": query(nothing),
    "POST /customers": body(customer),
    "GET /customers": query(
        lambda some: {
            **some.pages(),
            **some.maybe(changed_since=some.instant(), email="billing@acme.example"),
        }
    ),
    "GET /customers/<customer:external_id>": lambda some: Call({"external_id": some.name()}),
    "GET /customers/<customer:external_id>/collection": lambda some: Call(
        {"external_id": some.name()}
    ),
    "PATCH /customers/<customer:external_id>": lambda some: Call(
        {"external_id": some.name()},
        body={name: text for name, text in customer(some).items() if name != "external_id"},
    ),
    "POST /subscriptions": body(subscription),
    "GET /subscriptions": query(
        lambda some: {
            **some.pages(),
            **some.maybe(changed_since=some.instant(), external_id=some.name(), plan_code=PLAN),
            **some.maybe(external_customer_id=some.name(), state="3_progress"),
        }
    ),
    "GET /subscriptions/<subscription:subscription_id>": lambda some: Call(
        {"subscription_id": str(some.subscription())}
    ),
    "POST /subscriptions/<subscription:subscription_id>/pause": on_subscription(
        lambda some: some.maybe(date=some.day(), discard_usage=True)
    ),
    "POST /subscriptions/<subscription:subscription_id>/resume": on_subscription(
        lambda some: some.maybe(date=some.day())
    ),
    "POST /subscriptions/<subscription:subscription_id>/cancel": on_subscription(
        lambda some: {
            "date": f"20{some.rng.randrange(28, 40)}-01-01",
            **some.maybe(date=some.day(), refund=some.rng.choice(("none", "prorata"))),
        }
    ),
    "POST /subscriptions/<subscription:subscription_id>/change_plan": on_subscription(
        lambda some: {**some.plan(), **some.maybe(date=some.day())}
    ),
    "GET /subscriptions/<subscription:subscription_id>/items": lambda some: Call(
        {"subscription_id": some.subscription_path()}
    ),
    "POST /subscriptions/<subscription:subscription_id>/items": on_subscription(
        lambda some: {
            "product_code": PRODUCT,
            "quantity": some.rng.choice((1, "2.5")),
            "from": some.day(),
            "preview": some.rng.random() < 0.5,
        }
    ),
    "PATCH /subscriptions/<subscription:subscription_id>/items/<item_id>": lambda some: Call(
        some.item_path(),
        body={"quantity": some.rng.choice((0, 3, "2.5")), **some.maybe(preview=True)},
    ),
    "GET /subscriptions/<subscription:subscription_id>/changes": lambda some: Call(
        {"subscription_id": some.subscription_path()}
    ),
    "DELETE /subscriptions/<subscription:subscription_id>/changes/<change_id>": lambda some: Call(
        {"subscription_id": some.subscription_path(), "change_id": some.change_id()}, body={}
    ),
    "POST /usage": lambda some: Call(
        query=some.maybe(partial="true"),
        body={"events": [some.event() for _number in range(some.rng.choice((1, 1, 3, 20)))]},
    ),
    "GET /usage": query(
        lambda some: {
            **some.pages(),
            **some.maybe(**period(some), subscription_id=str(some.subscription())),
            **some.maybe(metric_code=METRIC, idempotency_key="key-1"),
        }
    ),
    "DELETE /usage": body(
        lambda some: some.rng.choice((some.counter(), {"usage_id": some.rng.randrange(1, 500)}))
    ),
    "GET /usage/export": query(
        lambda some: {
            **some.maybe(limit="10000", cursor="MTc2ODAwNjgwNzAwMDAwMS0x"),
            **some.maybe(changed_since=some.instant()),
        }
    ),
    "POST /events": lambda some: Call(query=some.maybe(partial="true"), body=some.cloud_event()),
    "GET /subscriptions/<subscription:subscription_id>/usage": lambda some: Call(
        {"subscription_id": str(some.subscription())}, some.maybe(period=some.day())
    ),
    "GET /subscriptions/<subscription:subscription_id>/upcoming_invoice": lambda some: Call(
        {"subscription_id": str(some.subscription())}, some.maybe(at=some.day())
    ),
    "GET /invoices": query(
        lambda some: {
            **documents(some),
            **some.maybe(external_customer_id=some.name(), state="posted", payment_state="paid"),
        }
    ),
    "GET /invoices/<invoice_id>": of_invoice,
    "GET /invoices/<invoice_id>.pdf": of_invoice,
    "GET /ledger": query(lambda some: {**documents(some), **some.maybe(due="true")}),
    "GET /catalog": query(nothing),
    "GET /plans": query(Some.pages),
    "GET /plans/<path:plan_code>": lambda some: Call(some.plan()),
    "GET /metrics/<path:metric_code>": lambda _some: Call({"metric_code": METRIC}),
    "POST /estimate": body(
        lambda some: {**some.plan(), "quantities": {METRIC: some.rng.choice((5, "1.5"))}}
    ),
    "GET /sandbox/clock": query(nothing),
    "POST /sandbox/clock": body(lambda some: {"now": some.instant()}),
    "POST /sandbox/reset": body(nothing),
    "POST /reconciliation": body(totals),
    "GET /reconciliation": query(Some.pages),
    "GET /reconciliation/<reconciliation_id>": lambda some: Call(
        {"reconciliation_id": str(some.rng.choice(some.world["reconciliation_ids"]))},
        {**some.pages(), **some.maybe(result="mismatch")},
    ),
    "GET /webhooks/deliveries": query(
        lambda some: {**some.pages(), **some.maybe(state="pending", event_type="customer.linked")}
    ),
    "GET /webhooks/deliveries/<event_id>": lambda some: Call({"event_id": some.event_id()}),
    "POST /webhooks/deliveries/retry": body(
        lambda some: some.rng.choice((period(some), {"failed_since": some.instant()}))
    ),
    "POST /webhooks/deliveries/<event_id>/retry": lambda some: Call(
        {"event_id": some.event_id()}, body={}
    ),
    "POST /webhooks/test": body(nothing),
    "GET /webhooks/endpoint": query(nothing),
    "PATCH /webhooks/endpoint": body(
        lambda some: {"enabled": True, **some.maybe(url="https://127.0.0.1:9/hook")}
    ),
    "POST /webhooks/secret": body(lambda some: some.maybe(overlap_hours=some.rng.choice((0, 24)))),
    "GET /keys": query(Some.pages),
    "POST /keys/rotate": body(lambda some: some.maybe(overlap_hours=168)),
    "DELETE /keys/<key_id>": lambda some: Call(
        {"key_id": str(some.rng.choice(some.world["key_ids"]))}, body={}
    ),
}
