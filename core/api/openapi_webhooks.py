"""Webhooks in the described API: each event as the request that your endpoint gets."""

from .endpoints.webhooks import TITLE as WEBHOOKS
from .events import body_schema


def describe_event(event, shared):
    """Return the request that tells an event, and what may be answered.

    :param shared: :class:`.openapi.Shared`
    """
    return {
        "operationId": f"on_{event.type.replace('.', '_')}",
        "tags": [WEBHOOKS],
        "summary": event.label,
        "description": event.about,
        "security": [],
        "parameters": SENT_HEADERS,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": shared.refer(body_schema(event))}},
        },
        "responses": TAKEN,
    }


def _sent(name, about, example, kind="string"):
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": about,
        "schema": {"type": kind, "examples": [example]},
    }


_EVENT_ID = "evt_01KE6P4YM09GP165BBT7742542"
SENT_HEADERS = [
    _sent("webhook-id", "The event's id: deal with each once.", _EVENT_ID),
    _sent(
        "webhook-timestamp",
        "When this attempt was signed, in seconds since 1970: refuse one that is five minutes off.",
        "1767603600",
    ),
    _sent(
        "webhook-signature",
        "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body` under your secret; several,"
        " with spaces between them, while the secret is changed.",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
    _sent("X-Fusion-Event-Id", "The event's id again.", _EVENT_ID),
    _sent("X-Fusion-Event-Type", "The event's type.", "invoice.paid"),
    _sent(
        "X-Fusion-Attempt", "Counts from 1, and anew when the event is sent again.", 1, "integer"
    ),
]
_WAIT = {
    "Retry-After": {
        "description": "Seconds, or an HTTP date: it is not tried again before.",
        "schema": {"type": "string"},
    }
}
TAKEN = {
    "2XX": {"description": "You have it. Answer at once, and work later."},
    "410": {"description": "Your endpoint is gone: it is disabled at once."},
    "default": {
        "description": "Anything else, a redirect or no answer within 15 seconds: it is tried again"
        " in growing pauses, for three days.",
        "headers": _WAIT,
    },
}
