"""Webhooks: look at your events, and have them sent again."""

from ..endpoint import Endpoint
from ..events import EVENT_TYPES
from ..paging import LIST as LISTING
from ..paging import cursor
from ..payload import instant, one_of, optional
from ..records import DELIVERY, DELIVERY_FIELDS, DELIVERY_STATES, page_of
from ..scopes import READ, WEBHOOKS_WRITE
from ..shapes import boolean, inline, integer, nullable, string

TITLE = "Webhooks"

LIST = Endpoint(
    "list_deliveries",
    "GET",
    "/webhooks/deliveries",
    READ,
    "List your events, the oldest first",
    fields={
        "state": optional(one_of(DELIVERY_STATES)),
        "event_type": optional(one_of(EVENT_TYPES)),
        **LISTING,
    },
    answer=page_of("deliveries", DELIVERY),
)
REPLAY = Endpoint(
    "replay_deliveries",
    "POST",
    "/webhooks/deliveries/retry",
    WEBHOOKS_WRITE,
    "Have many events sent again",
    "Those of a span of time, or all that failed since a time. One request queues at most 10,000.",
    fields={
        "from": optional(instant, "Events since this time."),
        "to": optional(instant, "Events before this time."),
        "failed_since": optional(
            instant, "Those that failed since this time.", "2026-01-05T00:00:00Z"
        ),
        "cursor": optional(cursor, "The `next_cursor` of the answer before."),
    },
    answer=inline(
        {
            "queued": integer("How many are on their way now.", 0),
            "next_cursor": nullable(string("If there are more: ask again with it.")),
        }
    ),
    errors=("endpoint_not_ready", "missing_field"),
)
RETRY = Endpoint(
    "retry_delivery",
    "POST",
    "/webhooks/deliveries/{event_id}/retry",
    WEBHOOKS_WRITE,
    "Have one event sent again",
    "It keeps its id and its bytes.",
    answer=DELIVERY,
    errors=("endpoint_not_ready",),
)
TEST = Endpoint(
    "test_endpoint",
    "POST",
    "/webhooks/test",
    WEBHOOKS_WRITE,
    "Try your endpoint",
    "With an event of no meaning, `endpoint.test`.",
    answer=inline({**DELIVERY_FIELDS, "created": boolean("", True)}),
    errors=("endpoint_not_ready",),
    creates=True,
)
ENDPOINTS = (LIST, REPLAY, RETRY, TEST)
