"""The API, endpoint by endpoint: see docs/api.md for what each takes and answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .calls import Answer, Day, Event, Moment, Named, Number, plain, read
from .service_calls import ServiceCalls


class Client(ServiceCalls):
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
        return read(self._transport.call("PATCH", path, None, plain(details)))

    def customer(self, external_id: str) -> Answer:
        return self._get(f"/customers/{quote(external_id, safe='')}")

    def customer_collection(self, external_id: str) -> Answer:
        """How a customer pays, and what is overdue, with the page that pays it."""
        return self._get(f"/customers/{quote(external_id, safe='')}/collection")

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
        payload = plain({"quantity": quantity, "from": day, "preview": preview})
        path = f"{_path(subscription)}/items/{item_id:d}"
        return read(self._transport.call("PATCH", path, None, payload))

    def changes(self, subscription: Named) -> list[Answer]:
        """What is planned for a subscription, by day."""
        found: list[Answer] = self._get(f"{_path(subscription)}/changes")["changes"]
        return found

    def take_back_change(self, subscription: Named, change_id: str) -> list[Answer]:
        """Take back what is planned; return what is planned then.

        :raise InvalidStateError: it has begun
        """
        path = f"{_path(subscription)}/changes/{quote(change_id, safe='')}"
        left: list[Answer] = read(self._transport.call("DELETE", path, None, {}))["changes"]
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
        batch = [plain(event) for event in events]
        once = not all(event.get("idempotency_key") for event in batch)
        query = {"partial": "true"} if partial else None
        call = self._transport.call
        return read(call("POST", "/usage", query, {"events": batch}, once, attempts))

    def push_events(self, events: Iterable[Event], *, partial: bool = False) -> Answer:
        """Push one batch of up to 5,000 CloudEvents, each with all its attributes."""
        batch = [plain(event) for event in events]
        query = {"partial": "true"} if partial else None
        return read(self._transport.call("POST", "/events", query, batch))

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
        answer = read(self._transport.call("DELETE", "/usage", None, plain(payload)))
        return bool(answer["deleted"])

    def export_usage(
        self, cursor: str | None = None, *, changed_since: Moment | None = None
    ) -> Iterator[Answer]:
        """What was stored, changed or `deleted`, until a moment ago, in that order.

        :param cursor: of the last one that you have: go on after it
        """
        while True:
            query = plain({"cursor": cursor, "changed_since": changed_since})
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

    def _change(self, subscription: Named, what: str, **payload: Any) -> Answer:
        return self._post(f"{_path(subscription)}/{what}", payload)


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
