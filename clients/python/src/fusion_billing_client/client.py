"""The API, endpoint by endpoint: see docs/api.md for what each takes and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import requests

from .errors import ApiError, NoAnswerError
from .transport import Transport
from .version import VERSION

#: What the API answers: quantities and money are decimal texts, times are ISO 8601.
Answer = dict[str, Any]
Number = int | Decimal | str
Day = date | str
Moment = datetime | str
Event = Mapping[str, Any]
#: A subscription: your own id of it, or, as an int, its number.
Named = str | int


class Client:
    """Calls the API with one service's key.

    A request that meets no server, or a busy one (429, 502, 503, 504), is sent again with growing
    and slightly random pauses, and not before the server's `Retry-After`; nothing else is. What
    would be done twice (a subscription without external id, an event without key) is sent with an
    `Idempotency-Key`, which has the server do it once.

    :param url: of the server: `https://billing.example`
    :param key: begins with `fbk_`
    :param timeout: seconds for a connection and for each silence of the server
    :param attempts: how often a request is sent at most
    :param patience: a `Retry-After` of more seconds than this is raised instead of waited for
    :param database: where a server with several databases needs the header `X-Odoo-Database`
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float | tuple[float, float] = (5, 60),
        attempts: int = 6,
        patience: float = 120,
        database: str | None = None,
    ):
        agent = f"fusion-billing-client/{VERSION}"
        self._transport = Transport(url, key, timeout, attempts, patience, database, agent)

    # === THE SERVER === #

    def index(self) -> Answer:
        """Where the API's description and its reference are."""
        return self._get("/")

    def health(self) -> Answer:
        """Whether the server is there, and its version."""
        return self._get("/health")

    def description(self) -> Answer:
        """The API, described as OpenAPI 3.1."""
        document: Answer = self._transport.call("GET", "/openapi.json").json()
        return document

    def ready(self) -> Answer:
        """Whether scheduled work is done in time. Scope `operations`.

        :raise NotReadyError: it is not; `answer` says what is late
        """
        return self._get("/ready")

    def metrics_text(self) -> str:
        """The company's figures, as Prometheus reads them. Scope `operations`."""
        return self._transport.call("GET", "/metrics").text

    # === CUSTOMERS === #

    def register_customer(self, external_id: str, **details: str) -> Answer:
        """Register a customer under your own id; again, it is found, and changed details are taken.

        :param details: name, email, phone, vat, street, street2, city, zip, country_code
        :return: with `kept`: the details that the contact has otherwise, and keeps
        """
        return self._post("/customers", {"external_id": external_id, **details})

    def update_customer(self, external_id: str, **details: str) -> Answer:
        """Change details of a customer; the answer says which are `kept`."""
        path = f"/customers/{quote(external_id, safe='')}"
        return _read(self._transport.call("PATCH", path, None, _plain(details)))

    def customer(self, external_id: str) -> Answer:
        return self._get(f"/customers/{quote(external_id, safe='')}")

    def customers(
        self, *, email: str | None = None, changed_since: Moment | None = None
    ) -> Iterator[Answer]:
        return self._pages("/customers", "customers", email=email, changed_since=changed_since)

    # === SUBSCRIPTIONS === #

    def create_subscription(
        self,
        external_customer_id: str,
        plan: str | int,
        *,
        external_id: str | None = None,
        start_date: Day | None = None,
        lines: Iterable[Mapping[str, Any]] = (),
    ) -> Answer:
        """Create a subscription; with the same `external_id` again, it is found.

        :param plan: a plan's code, or its id
        :param external_id: your own id: recommended, since without it each call creates one
        :param lines: products besides usage: `{"product_code": "pro", "quantity": 1}`
        :raise ConflictError: the external id is known with other content
        """
        payload = {
            "external_customer_id": external_customer_id,
            "external_id": external_id,
            "start_date": start_date,
            "lines": [dict(line) for line in lines] or None,
            **_named(plan, "plan_id", "plan_code"),
        }
        return self._post("/subscriptions", payload, once=external_id is None)

    def subscription(self, subscription: Named) -> Answer:
        """One subscription. Here as everywhere, a text is your own id of it, an int its number."""
        return self._get(_path(subscription))

    def subscriptions(
        self,
        *,
        external_id: str | None = None,
        external_customer_id: str | None = None,
        plan_code: str | None = None,
        state: str | None = None,
        changed_since: Moment | None = None,
    ) -> Iterator[Answer]:
        """All of them, or those that are all of what is given."""
        query = {
            "external_id": external_id,
            "external_customer_id": external_customer_id,
            "plan_code": plan_code,
            "state": state,
            "changed_since": changed_since,
        }
        return self._pages("/subscriptions", "subscriptions", **query)

    def pause_subscription(
        self, subscription: Named, day: Day | None = None, *, discard_usage: bool | None = None
    ) -> Answer:
        """Pause from a day on, from tomorrow if not given.

        :raise UsageAfterEndError: accepted counters would be lost
        """
        return self._change(subscription, "pause", date=day, discard_usage=discard_usage)

    def resume_subscription(self, subscription: Named, day: Day | None = None) -> Answer:
        """Go on from a day on, from today if not given."""
        return self._change(subscription, "resume", date=day)

    def cancel_subscription(
        self,
        subscription: Named,
        day: Day | None = None,
        *,
        discard_usage: bool | None = None,
        refund: str | None = None,
    ) -> Answer:
        """End it when a day begins, tomorrow if not given.

        :param refund: `prorata` credits what was billed for later days, `none` does not
        :raise UsageAfterEndError: accepted counters would be lost
        """
        return self._change(
            subscription, "cancel", date=day, discard_usage=discard_usage, refund=refund
        )

    def change_plan(self, subscription: Named, plan: str | int, day: Day | None = None) -> Answer:
        """Have another plan, by code or id, take over on a day; if not given, now and for good."""
        named = _named(plan, "plan_id", "plan_code")
        return self._change(subscription, "change_plan", date=day, **named)

    def period_usage(self, subscription: Named, day: Day | None = None) -> Answer:
        """What usage comes to in the billing period with this day; the open one if not given."""
        return self._get(f"{_path(subscription)}/usage", period=day)

    def upcoming_invoice(self, subscription: Named, day: Day | None = None) -> Answer:
        """The documents that would be made on a day; at the end of the open period if not given."""
        return self._get(f"{_path(subscription)}/upcoming_invoice", at=day)

    # === ITEMS AND CHANGES === #

    def items(self, subscription: Named) -> list[Answer]:
        """The recurring fees of a subscription, with their days."""
        found: list[Answer] = self._get(f"{_path(subscription)}/items")["items"]
        return found

    def add_item(
        self,
        subscription: Named,
        product: str | int,
        quantity: Number = 1,
        day: Day | None = None,
        *,
        preview: bool | None = None,
    ) -> Answer:
        """Add a product that recurs, by code or id.

        :param day: the first one on which it is owed; if not given what the plan says
        :param preview: only say what it would come to
        :raise ConflictError: there is an item of this product already, with other terms
        """
        named = _named(product, "product_id", "product_code")
        payload = {**named, "quantity": quantity, "from": day, "preview": preview}
        return self._post(f"{_path(subscription)}/items", payload)

    def change_item(
        self,
        subscription: Named,
        item_id: int,
        quantity: Number,
        day: Day | None = None,
        *,
        preview: bool | None = None,
    ) -> Answer:
        """Let an item have another quantity from a day on; 0 ends it."""
        payload = _plain({"quantity": quantity, "from": day, "preview": preview})
        path = f"{_path(subscription)}/items/{item_id:d}"
        return _read(self._transport.call("PATCH", path, None, payload))

    def changes(self, subscription: Named) -> list[Answer]:
        """What is planned for a subscription, by day."""
        found: list[Answer] = self._get(f"{_path(subscription)}/changes")["changes"]
        return found

    def take_back_change(self, subscription: Named, change_id: str) -> list[Answer]:
        """Take back what is planned; return what is planned then.

        :raise InvalidStateError: it has begun
        """
        path = f"{_path(subscription)}/changes/{quote(change_id, safe='')}"
        left: list[Answer] = _read(self._transport.call("DELETE", path, None, {}))["changes"]
        return left

    # === USAGE === #

    def push_usage(
        self, events: Iterable[Event], *, partial: bool = False, attempts: int | None = None
    ) -> Answer:
        """Push one batch of up to 5,000 counters, all or nothing; `Meter` does it for you.

        :param partial: store the good ones; `rejected_indexes` and `errors` of the answer tell of
            the others
        :raise BadRequestError: nothing was stored; its `events` say what is wrong with which
        """
        batch = [_plain(event) for event in events]
        once = not all(event.get("idempotency_key") for event in batch)
        query = {"partial": "true"} if partial else None
        call = self._transport.call
        return _read(call("POST", "/usage", query, {"events": batch}, once, attempts))

    def push_events(self, events: Iterable[Event], *, partial: bool = False) -> Answer:
        """Push one batch of up to 5,000 CloudEvents, each with all its attributes."""
        batch = [_plain(event) for event in events]
        query = {"partial": "true"} if partial else None
        return _read(self._transport.call("POST", "/events", query, batch))

    def usage(
        self,
        *,
        subscription_id: int | None = None,
        subscription_external_id: str | None = None,
        metric_code: str | None = None,
        idempotency_key: str | None = None,
        since: Moment | None = None,
        until: Moment | None = None,
        changed_since: Moment | None = None,
    ) -> Iterator[Answer]:
        """The stored counters that begin in a span of time; `until` is not included."""
        query = {
            "subscription_id": subscription_id,
            "subscription_external_id": subscription_external_id,
            "metric_code": metric_code,
            "idempotency_key": idempotency_key,
            "from": since,
            "to": until,
            "changed_since": changed_since,
        }
        return self._pages("/usage", "usage", **query)

    def delete_usage(
        self,
        usage_id: int | None = None,
        *,
        subscription_external_id: str | None = None,
        subscription_id: int | None = None,
        metric_code: str | None = None,
        idempotency_key: str | None = None,
    ) -> bool:
        """Delete a counter, by its id or by subscription, metric and key.

        :return: whether there was one
        """
        payload = {
            "usage_id": usage_id,
            "subscription_external_id": subscription_external_id,
            "subscription_id": subscription_id,
            "metric_code": metric_code,
            "idempotency_key": idempotency_key,
        }
        answer = _read(self._transport.call("DELETE", "/usage", None, _plain(payload)))
        return bool(answer["deleted"])

    def export_usage(
        self, cursor: str | None = None, *, changed_since: Moment | None = None
    ) -> Iterator[Answer]:
        """What was stored, changed or `deleted`, until a moment ago, in that order.

        :param cursor: of the last one that you have: go on after it
        """
        while True:
            query = _plain({"cursor": cursor, "changed_since": changed_since})
            page = self._transport.call("GET", "/usage/export", query).content.splitlines()
            for line in page:
                change: Answer = json.loads(line)
                yield change
                cursor = change["cursor"]
            if not page:
                return

    # === INVOICES AND THE LEDGER === #

    def invoices(
        self,
        *,
        external_customer_id: str | None = None,
        subscription: str | int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        state: str | None = None,
        payment_state: str | None = None,
        changed_since: Moment | None = None,
    ) -> Iterator[Answer]:
        """Invoices and credit notes with their lines, drafts too.

        :param subscription: your own id of it, or its number
        :param since: those dated on this day or later; `until` is not included
        """
        query = {
            "external_customer_id": external_customer_id,
            "state": state,
            "payment_state": payment_state,
        }
        some = _some(subscription, since, until, changed_since)
        return self._pages("/invoices", "invoices", **query, **some)

    def invoice(self, invoice_id: int) -> Answer:
        return self._get(f"/invoices/{invoice_id:d}")

    def invoice_pdf(self, invoice_id: int) -> bytes:
        """The PDF, as the customer gets it.

        :raise InvalidStateError: the document is a draft, or cancelled
        """
        return self._transport.call("GET", f"/invoices/{invoice_id:d}.pdf").content

    def ledger(
        self,
        *,
        subscription: str | int | None = None,
        since: Day | None = None,
        until: Day | None = None,
        due: bool = False,
        changed_since: Moment | None = None,
    ) -> Iterator[Answer]:
        """What is owed, row by row; with `due` only where something is due.

        :param since: rows whose first day is this one or later; `until` is not included
        """
        some = _some(subscription, since, until, changed_since)
        return self._pages("/ledger", "rows", **some, due="true" if due else None)

    # === PRICES === #

    def plans(self) -> Iterator[Answer]:
        """What is sold, with fees and charges of today."""
        return self._pages("/plans", "plans")

    def plan(self, code: str) -> Answer:
        return self._get(f"/plans/{quote(code, safe='')}")

    def metric(self, code: str) -> Answer:
        return self._get(f"/metrics/{quote(code, safe='')}")

    def catalog(self) -> Answer:
        """Plans, metrics and charges that are sold today."""
        return self._get("/catalog")

    def aggregations(self) -> dict[str, str]:
        """How the counters of each metric combine, by its code; a `Meter` wants to know."""
        return {one["metric_code"]: one["aggregation"] for one in self.catalog()["metrics"]}

    def estimate(
        self, plan: str | int, quantities: Mapping[str, Number], *, currency: str | None = None
    ) -> Answer:
        """What quantities would cost in one full period; nothing is stored."""
        named = _named(plan, "plan_id", "plan_code")
        payload = {"quantities": dict(quantities), "currency": currency, **named}
        return self._post("/estimate", payload)

    # === RECONCILIATION === #

    def reconcile(
        self,
        period_start: Moment,
        period_end: Moment,
        rows: Iterable[Mapping[str, Any]],
        *,
        reference: str | None = None,
        partial: bool | None = None,
    ) -> Answer:
        """Hold your own totals against what is billed; the same again is compared again."""
        payload = {
            "period_start": period_start,
            "period_end": period_end,
            "rows": [dict(row) for row in rows],
            "reference": reference,
            "partial": partial,
        }
        return self._post("/reconciliation", payload)

    def reconciliation_rows(
        self, reconciliation_id: int, result: str | None = None
    ) -> Iterator[Answer]:
        """Its rows, all or those of one result: matched, different, …, or mismatch."""
        return self._pages(f"/reconciliation/{reconciliation_id:d}", "rows", result=result)

    def reconciliations(self) -> Iterator[Answer]:
        return self._pages("/reconciliation", "reconciliations")

    # === WEBHOOKS === #

    def endpoint(self) -> Answer:
        """Where your events are sent, and how that goes."""
        return self._get("/webhooks/endpoint")

    def change_endpoint(self, *, url: str | None = None, enabled: bool | None = None) -> Answer:
        """Move your endpoint, or turn events on or off; what is not given stays."""
        return self._call("PATCH", "/webhooks/endpoint", {"url": url, "enabled": enabled})

    def rotate_secret(self, overlap_hours: int | None = None) -> Answer:
        """Make the secret that signs from now on; keep `secret`, it is told nowhere else."""
        payload = {"overlap_hours": overlap_hours}
        return self._post("/webhooks/secret", payload, once=True)

    def delivery(self, event_id: str) -> Answer:
        """One event, with its content and every attempt."""
        return self._get(f"/webhooks/deliveries/{quote(event_id, safe='')}")

    def deliveries(
        self,
        *,
        state: str | None = None,
        event_type: str | None = None,
        changed_since: Moment | None = None,
    ) -> Iterator[Answer]:
        """What became of your events, the oldest first."""
        query = {"state": state, "event_type": event_type, "changed_since": changed_since}
        return self._pages("/webhooks/deliveries", "deliveries", **query)

    def resend(self, event_id: str) -> Answer:
        """Have one event sent again."""
        return self._post(f"/webhooks/deliveries/{quote(event_id, safe='')}/retry", {})

    def resend_failed(self, since: Moment) -> int:
        """Have all events sent again that failed since a time; return how many."""
        return self._resend_all({"failed_since": since})

    def resend_between(self, since: Moment, until: Moment | None = None) -> int:
        """Have all events of a span of time sent again; return how many."""
        return self._resend_all({"from": since, "to": until})

    def send_test_event(self) -> Answer:
        """Have `endpoint.test` sent to your endpoint."""
        return self._post("/webhooks/test", {}, once=True)

    def _resend_all(self, span: dict[str, Any]) -> int:
        queued, cursor = 0, None
        while True:
            answer = self._post("/webhooks/deliveries/retry", {**span, "cursor": cursor})
            queued, cursor = queued + int(answer["queued"]), answer["next_cursor"]
            if cursor is None:
                return queued

    # === KEYS === #

    def keys(self) -> Iterator[Answer]:
        """The keys of your service; `is_asking` is true of the one that this client has."""
        return self._pages("/keys", "keys")

    def rotate_key(self, overlap_hours: int | None = None) -> Answer:
        """Replace the key of this client; keep `key`, it is told nowhere else. This client goes on
        with the old one until the overlap is over: make another. Scope `keys:write`.
        """
        return self._post("/keys/rotate", {"overlap_hours": overlap_hours})

    def revoke_key(self, key_id: int) -> Answer:
        """Have another key refused from now on. Scope `keys:write`."""
        return self._call("DELETE", f"/keys/{key_id:d}", {})

    # === THE SANDBOX === #

    def sandbox_clock(self) -> Answer:
        """What time it is in the sandbox that the key is of."""
        return self._get("/sandbox/clock")

    def advance_clock(self, now: datetime) -> Answer:
        """Let it be a later time in the sandbox: all that is due until then is done on the way.

        :return: `now`; and how many `documents` and `events` were made, and subscriptions are
            `failing`
        """
        documents = events = 0
        while True:  # a long way is gone in several requests
            answer = self._post("/sandbox/clock", {"now": now})
            documents, events = documents + answer["documents"], events + answer["events"]
            if answer["reached"]:
                return {**answer, "documents": documents, "events": events}

    def reset_sandbox(self) -> Answer:
        """Remove what was tried out in the sandbox; its prices, keys and endpoint stay."""
        return self._post("/sandbox/reset", {})

    # === REQUESTS === #

    def _change(self, subscription: Named, what: str, **payload: Any) -> Answer:
        return self._post(f"{_path(subscription)}/{what}", payload)

    def _get(self, path: str, **query: Any) -> Answer:
        return _read(self._transport.call("GET", path, _plain(query)))

    def _post(self, path: str, payload: Mapping[str, Any], once: bool = False) -> Answer:
        return self._call("POST", path, payload, once)

    def _call(self, verb: str, path: str, payload: Mapping[str, Any], once: bool = False) -> Answer:
        return _read(self._transport.call(verb, path, None, _plain(payload), once))

    def _pages(self, path: str, name: str, **query: Any) -> Iterator[Answer]:
        """Yield the records of a list, asking for page after page as they are needed."""
        cursor = None
        while True:
            answer = self._get(path, **query, cursor=cursor, limit=500)
            yield from answer[name]
            cursor = answer["next_cursor"]
            if cursor is None:
                return


def instant(when: datetime) -> str:
    """An instant as the API reads it: in UTC, with a Z.

    :raise ValueError: it has no time zone, so that nobody knows which instant it is
    """
    if when.tzinfo is None:
        raise ValueError("a time must have a time zone: datetime.now(timezone.utc)")
    return when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def _path(subscription: Named) -> str:
    if isinstance(subscription, int):
        return f"/subscriptions/{subscription:d}"
    return f"/subscriptions/external:{quote(subscription, safe='')}"


def _named(record: str | int, by_id: str, by_code: str) -> dict[str, str | int]:
    return {by_id if isinstance(record, int) else by_code: record}


def _some(
    subscription: str | int | None,
    since: Day | None,
    until: Day | None,
    changed_since: Moment | None,
) -> dict[str, Any]:
    """What a list of documents, or of what is owed, is limited to."""
    named: dict[str, str | int] = {}
    if subscription is not None:
        named = _named(subscription, "subscription_id", "subscription_external_id")
    return {**named, "from": since, "to": until, "changed_since": changed_since}


def _plain(value: Any) -> Any:
    """A value as JSON has it: decimals as texts; what is None is not said."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value


def _read(response: requests.Response) -> Answer:
    try:
        answer = response.json()
    except requests.JSONDecodeError as error:
        raise NoAnswerError("The answer is no JSON: is this the address of the API?") from error
    if not isinstance(answer, dict) or answer.get("status") != "ok":
        raise ApiError(response.status_code, {"error": "The answer is none of the API's."})
    return answer
