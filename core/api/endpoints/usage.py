"""Usage: what your app counts."""

from ..endpoint import Endpoint
from ..errors import TooLarge
from ..paging import LIST as LISTING
from ..payload import instant, invalid, optional, record_id, required, shaped, text
from ..records import USAGE, page_of
from ..scopes import READ, USAGE_WRITE
from ..shapes import inline, integer
from ..usage_event import READERS as EVENT

TITLE = "Usage"

BATCH_LIMIT = 5000


@shaped(type="array", minItems=1, maxItems=BATCH_LIMIT, members=EVENT)
def batch(value, name):
    """Return the events of a batch, as they are."""
    if not isinstance(value, list) or not value:
        raise invalid(name, "must be an array of at least one event")
    if len(value) > BATCH_LIMIT:
        raise TooLarge(f"A batch has at most {BATCH_LIMIT:,} events: send several.")
    return value


PUSH = Endpoint(
    "push_usage",
    "POST",
    "/usage",
    USAGE_WRITE,
    "Push usage",
    "A batch of counters, all or nothing: the answer lists everything that is wrong with it.",
    fields={"events": required(batch, "1 to 5,000 counters.")},
    answer=inline(
        {
            "accepted": integer("How many there were.", 1),
            "inserted": integer("How many of them are new.", 1),
            "updated": integer("How many replace a counter of the same key.", 0),
            "unchanged": integer("How many are known already.", 0),
        }
    ),
    errors=(
        "invalid_event",
        "unknown_subscription",
        "unknown_metric",
        "period_outside_subscription",
        "duplicate_key_in_batch",
    ),
)
LIST = Endpoint(
    "list_usage",
    "GET",
    "/usage",
    READ,
    "List stored counters",
    fields={
        "subscription_id": optional(record_id, "", 1),
        "metric_code": optional(text, "", "api_calls"),
        "from": optional(instant, "Counters that begin at this time or later."),
        "to": optional(instant, "Counters that begin before this time."),
        **LISTING,
    },
    answer=page_of("usage", USAGE),
    errors=("unknown_subscription", "unknown_metric"),
)
ENDPOINTS = (PUSH, LIST)
