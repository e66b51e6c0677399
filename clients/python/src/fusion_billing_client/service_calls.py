"""What a service does with itself: the server, its webhooks and keys, its sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from .calls import Answer, Calls, Moment


class ServiceCalls(Calls):
    """What is asked of the server beside the billing of customers."""

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
