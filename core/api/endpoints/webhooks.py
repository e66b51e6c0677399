"""Webhooks: look at your events, and have them sent again."""

from ..endpoint import Endpoint
from ..events import EVENT_TYPES
from ..paging import LIST as LISTING
from ..paging import cursor
from ..payload import OVERLAP, instant, one_of, optional, url, wanted
from ..records import DELIVERY, DELIVERY_FIELDS, DELIVERY_STATES, page_of
from ..scopes import READ, WEBHOOKS_WRITE
from ..shapes import Record, array, boolean, choice, inline, integer, moment, nullable, string

TITLE = "Webhooks"

ATTEMPT = Record(
    "Attempt",
    "One try to send an event.",
    {
        "number": integer("Counted anew when the event is sent again.", 1),
        "sent_at": moment("", "2026-01-05T09:00:01Z"),
        "url": string("", "https://app.example/hook"),
        "duration_ms": integer("", 87),
        "outcome": choice(("success", "failure")),
        "http_status": nullable(integer("What your endpoint answered, if it did.", 204)),
        "error": nullable(string("What went wrong, in words.")),
        "response": nullable(string("How the answer began.")),
    },
)
DELIVERY_DETAIL = Record(
    "DeliveryDetail",
    "An event for your endpoint, with its content and every attempt.",
    {
        **DELIVERY_FIELDS,
        "body": string("What is signed and sent, as it is.", "{}"),
        "all_attempts": array(ATTEMPT, "The latest first."),
    },
)
SECRET_FIELDS = {
    "prefix": string("How it begins.", "whsec_a1b2"),
    "created_at": moment("", "2026-01-05T09:00:00Z"),
    "expires_at": nullable(moment("From then on it signs nothing any more.")),
}
ENDPOINT = Record(
    "WebhookEndpoint",
    "Where your events are sent, and how that goes.",
    {
        "url": nullable(string("", "https://app.example/hook")),
        "enabled": boolean("While it is off, what happens is not kept for later.", True),
        "failing_since": nullable(moment("Every attempt since then has failed.")),
        "disabled_reason": nullable(string("Why the server sends nothing any more.")),
        "secrets": array(inline(SECRET_FIELDS), "What signs your events now, the newest first."),
    },
)

LIST = Endpoint(
    "list_deliveries",
    "GET",
    "/webhooks/deliveries",
    READ,
    "List your events, the oldest first",
    fields={
        "state": optional(one_of(DELIVERY_STATES), "What became of it."),
        "event_type": optional(one_of(EVENT_TYPES), "What it tells of."),
        **LISTING,
    },
    answer=page_of("deliveries", DELIVERY),
)
RETRIEVE = Endpoint(
    "retrieve_delivery",
    "GET",
    "/webhooks/deliveries/{event_id}",
    READ,
    "Retrieve an event, with its content and every attempt",
    answer=DELIVERY_DETAIL,
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
RETRIEVE_ENDPOINT = Endpoint(
    "retrieve_endpoint",
    "GET",
    "/webhooks/endpoint",
    READ,
    "Retrieve your endpoint",
    answer=ENDPOINT,
)
CHANGE_ENDPOINT = Endpoint(
    "change_endpoint",
    "PATCH",
    "/webhooks/endpoint",
    WEBHOOKS_WRITE,
    "Change your endpoint",
    "What is not given stays. An endpoint that is moved or enabled gets what waits for it at once.",
    fields={
        "url": optional(url, "An https address that is public.", "https://app.example/hook"),
        "enabled": optional(wanted, "Whether events are sent, and kept.", True),
    },
    answer=ENDPOINT,
)
ROTATE_SECRET = Endpoint(
    "rotate_secret",
    "POST",
    "/webhooks/secret",
    WEBHOOKS_WRITE,
    "Make the secret that signs from now on",
    "It is told once. The older ones sign as well until the overlap is over.",
    fields={"overlap_hours": OVERLAP},
    answer=inline(
        {
            "secret": string("Keep it: it is told nowhere else.", "whsec_…"),
            **SECRET_FIELDS,
            "created": boolean("", True),
        }
    ),
    errors=("invalid_state",),
    creates=True,
    tells_secret=True,
)
ENDPOINTS = (RETRIEVE_ENDPOINT, CHANGE_ENDPOINT, ROTATE_SECRET, LIST, RETRIEVE, REPLAY, RETRY, TEST)
