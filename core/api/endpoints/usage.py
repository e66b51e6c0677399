"""Usage: what your app counts."""

from .. import cloud_event
from ..endpoint import JSON, NDJSON, Endpoint
from ..errors import TooLarge
from ..export import cursor, limit
from ..paging import LIST as LISTING
from ..payload import (
    external_id,
    instant,
    invalid,
    optional,
    record_id,
    required,
    shaped,
    switch,
    text,
)
from ..records import ERRORS, USAGE, USAGE_CHANGE, page_of
from ..scopes import READ, USAGE_WRITE
from ..shapes import array, inline, integer, sometimes
from ..usage_event import READERS as EVENT

TITLE = "Usage"

BATCH_LIMIT = 5000


def batch_of(members):
    """Make the reader of a batch: it returns the events as they are."""

    @shaped(type="array", minItems=1, maxItems=BATCH_LIMIT, members=members)
    def batch(value, name):
        if not isinstance(value, list) or not value:
            raise invalid(name, "must be an array of at least one event")
        if len(value) > BATCH_LIMIT:
            raise TooLarge(f"A batch has at most {BATCH_LIMIT:,} events: send several.")
        return value

    return batch


PARTIAL = {
    "partial": optional(
        switch, "Store the good events, and tell which are rejected: `true` or `false`."
    )
}
STORED = inline(
    {
        "accepted": integer("How many are stored, or were before.", 1),
        "inserted": integer("How many of them are new.", 1),
        "updated": integer("How many replace a counter of the same key.", 0),
        "unchanged": integer("How many are known already.", 0),
        "rejected": sometimes(integer("With `partial`: how many are not stored.", 1)),
        "rejected_indexes": sometimes(
            array(integer("", 3), "With `partial`: the positions of all that are not stored.")
        ),
        **ERRORS,
    }
)
REFUSALS = (
    "invalid_event",
    "unknown_subscription",
    "unknown_metric",
    "period_outside_subscription",
    "duplicate_key_in_batch",
)
IN_PARTS = (
    "With `?partial=true` the good ones are stored and the others told, with 200 in any case."
)

PUSH = Endpoint(
    "push_usage",
    "POST",
    "/usage",
    USAGE_WRITE,
    "Push usage",
    "A batch of counters, all or nothing: the answer lists everything that is wrong with it. "
    + IN_PARTS,
    fields={"events": required(batch_of(EVENT), "1 to 5,000 counters.")},
    query=PARTIAL,
    answer=STORED,
    errors=REFUSALS,
)
PUSH_EVENTS = Endpoint(
    "push_events",
    "POST",
    "/events",
    USAGE_WRITE,
    "Push CloudEvents",
    "[CloudEvents](https://cloudevents.io) 1.0, one or an array of up to 5,000, each a counter: the"
    " type is the metric, the subject the subscription; source and id are the idempotency key. All"
    " or nothing. " + IN_PARTS,
    fields={"events": required(batch_of(cloud_event.READERS), "1 to 5,000 events.")},
    query=PARTIAL,
    members="events",
    media=("application/cloudevents+json", "application/cloudevents-batch+json", JSON),
    answer=STORED,
    errors=REFUSALS,
)
LIST = Endpoint(
    "list_usage",
    "GET",
    "/usage",
    READ,
    "List stored counters",
    fields={
        "subscription_id": optional(record_id, "Counters of one subscription.", 1),
        "subscription_external_id": optional(external_id, "Your own id of it, in its place."),
        "metric_code": optional(text, "Counters of one metric.", "api_calls"),
        "idempotency_key": optional(text, "Of one subscription and metric there is one with it."),
        "from": optional(instant, "Counters that begin at this time or later."),
        "to": optional(instant, "Counters that begin before this time."),
        **LISTING,
    },
    answer=page_of("usage", USAGE),
    errors=("unknown_subscription", "unknown_metric"),
)
DELETE = Endpoint(
    "delete_usage",
    "DELETE",
    "/usage",
    USAGE_WRITE,
    "Delete a counter",
    "By its `usage_id`, or by subscription, metric and key. What it said is kept in the log of"
    " corrections; if it is billed, the next document credits it. One that is not there is 200 with"
    " `deleted` 0, so that the request can be repeated.",
    fields={
        "usage_id": optional(record_id, "As the list of counters has it."),
        "subscription_id": optional(record_id, "The subscription's number, if not by its id."),
        "subscription_external_id": optional(external_id, "Your own id of it.", "sub-42"),
        "metric_code": optional(text, "", "api_calls"),
        "idempotency_key": optional(text, "", "sub-42/api_calls/2026-01-10T00"),
    },
    answer=inline({"deleted": integer("1, or 0 if there is none.", 1)}),
    errors=(
        "missing_field",
        "unknown_subscription",
        "unknown_metric",
        "period_outside_subscription",
    ),
)
EXPORT = Endpoint(
    "export_usage",
    "GET",
    "/usage/export",
    READ,
    "Export changes of counters",
    "Counters in the order in which they were stored, changed or deleted, a line of JSON each. Go"
    " on with the `cursor` of the last line that you have; no line means that there is nothing new."
    " It follows a few seconds behind, so that nothing is missed that is being stored.",
    fields={
        "changed_since": optional(instant, "Only what was changed, or is new, since this time."),
        "cursor": optional(cursor, "The `cursor` of the last line that you have."),
        "limit": optional(limit, "How many lines at most.", 5000),
    },
    answer=USAGE_CHANGE,
    content_type=NDJSON,
    # A replica does not know what is being stored.
    on_replica=False,
)
ENDPOINTS = (PUSH, LIST, DELETE, EXPORT, PUSH_EVENTS)
