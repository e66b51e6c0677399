"""Usage events: from what an app sent to counters that can be stored.

An event is read in two steps, so that a batch costs no query per event: :func:`read_events`
looks at each event alone, :func:`bind_events` puts each beside the subscription and the
metric it names. Both go on after an error: an app learns of everything that is wrong with a
batch at once (U2).
"""

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from . import payload
from .errors import InvalidInput
from .payload import TEXT_LENGTH, invalid, optional, required, shaped

DIMENSIONS = 20
DIMENSION_NAME_LENGTH = 64
AHEAD = timedelta(days=1)

# A double holds any number of 15 digits and gives the same digits back.
_DIMENSION_DIGITS = 15


class Subscription(NamedTuple):
    """What an event must know of a subscription.

    Its spans are the pairs of instants, half-open and naive in UTC, between which usage is taken;
    the last one's end is None while none is known.
    """

    id: int
    spans: list

    def covers(self, instant):
        """Say whether usage at this instant can be billed (U5)."""
        return any(begin <= instant and (end is None or instant < end) for begin, end in self.spans)


# === READING EACH EVENT ALONE === #


def read_events(raw_events, now):
    """Read the events of a batch, each for itself.

    :param list raw_events: JSON values, numbers as decimals (see :mod:`.strict_json`)
    :param datetime now: naive UTC
    :return: `(events, broken, errors)`: the good events as `{index: event}`, an event being a dict
        with every field there is, those that were not given None; of the others, in the same way,
        what could be read; and the errors as `[(index, InvalidInput), …]`
    """
    latest_start = now + AHEAD
    events, broken, errors = {}, {}, []
    for index, raw in enumerate(raw_events):
        event, event_errors = read_event(raw, latest_start)
        if event_errors:
            broken[index] = event
            errors.extend((index, error) for error in event_errors)
        else:
            events[index] = event
    return events, broken, errors


def read_event(raw, latest_start):
    """Read one event.

    :param datetime latest_start: naive UTC; a counter that starts later is a mistake
    :return: `(event, errors)`
    """
    if isinstance(raw, InvalidInput):
        return {}, [raw]
    if not isinstance(raw, dict):
        return {}, [InvalidInput("An event is a JSON object.", "invalid_event")]
    event, errors = payload.collect_fields(raw, READERS)
    errors.extend(_contradictions(event, latest_start))
    return event, errors


def contradicting_names(event):
    """Yield what is wrong with how a subscription is named: by one of two fields."""
    names = (event.get("subscription_external_id", "wrong"), event.get("subscription_id", "wrong"))
    if names == (None, None):
        yield payload.missing("subscription_external_id")
    elif None not in names:
        yield invalid("subscription_id", "and subscription_external_id must not both be given")


def _contradictions(event, latest_start):
    """Yield what is wrong between the fields that are right in themselves."""
    yield from contradicting_names(event)
    start, end = event.get("period_start"), event.get("period_end")
    if start and end and start >= end:
        yield invalid("period_end", "must be later than period_start")
    if start and start > latest_start:
        yield invalid("period_start", "must not be more than a day ahead of now")


@shaped(
    type="object",
    maxProperties=DIMENSIONS,
    additionalProperties={"type": ["string", "number", "boolean"], "maxLength": TEXT_LENGTH},
)
def dimensions(value, name):
    """Return a small object of texts, numbers and booleans; an empty one is none."""
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > DIMENSIONS:
        raise invalid(name, f"must be an object of at most {DIMENSIONS} members")
    if not all(1 <= len(key) <= DIMENSION_NAME_LENGTH for key in value):
        raise invalid(name, f"must have names of 1 to {DIMENSION_NAME_LENGTH} characters")
    return {key: _dimension(member, name) for key, member in value.items()} or None


def _dimension(value, name):
    if isinstance(value, bool) or (isinstance(value, str) and len(value) <= TEXT_LENGTH):
        return value
    if isinstance(value, Decimal) and _is_short(value):
        return int(value) if value == value.to_integral_value() else float(value)
    raise invalid(
        name,
        f"must have as values texts of at most {TEXT_LENGTH} characters, numbers of at most"
        f" {_DIMENSION_DIGITS} digits, or booleans",
    )


def _is_short(number):
    _sign, digits, exponent = number.as_tuple()
    longest = max(len(digits), len(digits) + exponent, -exponent)
    return longest <= _DIMENSION_DIGITS


READERS = {
    "subscription_external_id": optional(
        payload.external_id,
        "The id that you gave the subscription; one without is named by the digits of its number.",
        "sub-42",
    ),
    "subscription_id": optional(
        payload.record_id, "Its number here, if it is not named by your id."
    ),
    "metric_code": required(payload.text, "What is counted.", "api_calls"),
    "quantity": required(
        payload.quantity, "At least 0; at most 18 digits before the point and 6 after it.", "1250.5"
    ),
    "period_start": required(
        payload.instant,
        "Decides the billing period; at most a day ahead of now.",
        "2026-01-10T00:00:00Z",
    ),
    "period_end": required(payload.instant, "Later than the start.", "2026-01-10T01:00:00Z"),
    "idempotency_key": optional(
        payload.text,
        "Unique per subscription and metric, up to 255 characters: recommended.",
        "sub-42/api_calls/2026-01-10T00",
    ),
    "value": optional(payload.text, "A text, for metrics that count distinct values: `user-7`."),
    "dimensions": optional(
        dimensions,
        "Charges may price by them: up to 20 names (64 characters) with texts (255 characters),"
        " numbers (15 digits) or booleans.",
        {"region": "eu"},
    ),
}


# === PUTTING EVENTS BESIDE WHAT THEY NAME === #


def references_of(events, broken):
    """Return what names the subscriptions of a batch's events, good and broken ones."""
    names = {subscription_reference(event) for event in events.values()}
    return names | {subscription_reference(event) for event in broken.values()} - {None}


def bind_events(events, subscriptions, metric_ids):
    """Give each event the ids it needs to be stored.

    :param dict events: `{index: event}`; `subscription_id` and `metric_id` are set on those
        that can be bound
    :param dict subscriptions: :class:`Subscription` by external id (str) and by id (int)
    :param dict metric_ids: id by code
    :return: the errors, `[(index, InvalidInput), …]`
    """
    errors, keys = [], set()
    for index, event in events.items():
        if wrong := _bind_event(event, subscriptions, metric_ids) or _claim_key(event, keys):
            errors.extend((index, error) for error in wrong)
    return errors


def find_unknown(broken, subscriptions, metric_ids):
    """Say what broken events name that is not there, beside what is wrong with them already.

    :return: the errors, `[(index, InvalidInput), …]`
    """
    return [
        (index, error)
        for index, event in broken.items()
        for error in _unknown_names(event, subscriptions, metric_ids)
    ]


def subscription_reference(event):
    """Return what names the event's subscription: an external id (str) or an id (int).

    :return: None if that could not be read
    """
    name = event.get("subscription_external_id")
    return event.get("subscription_id") if name is None else name


def _bind_event(event, subscriptions, metric_ids):
    """Bind an event, or return all that is wrong with it."""
    subscription = subscriptions.get(subscription_reference(event))
    metric_id = metric_ids.get(event["metric_code"])
    is_outside = subscription is not None and not subscription.covers(event["period_start"])
    if subscription is None or metric_id is None or is_outside:
        errors = _unknown_names(event, subscriptions, metric_ids)
        return [*errors, _outside_subscription()] if is_outside else errors
    event["subscription_id"] = subscription.id
    event["metric_id"] = metric_id
    return ()


def _outside_subscription():
    return InvalidInput(
        "The subscription is not billed at this time: it begins later, has ended or is paused.",
        "period_outside_subscription",
        "period_start",
    )


def _unknown_names(event, subscriptions, metric_ids):
    """Return an error for each name of an event that could be read and names nothing."""
    errors = []
    reference, code = subscription_reference(event), event.get("metric_code")
    if reference is not None and reference not in subscriptions:
        errors.append(unknown_subscription(event))
    if code is not None and code not in metric_ids:
        errors.append(unknown_metric(code))
    return errors


def unknown_metric(code):
    return InvalidInput(f"There is no metric {code!r:.60}.", "unknown_metric", "metric_code")


def unknown_subscription(event):
    """Return the one answer to a subscription that is not there, is none or not theirs (U1).

    It names what the caller wrote, and tells nothing else.
    """
    by_id = event.get("subscription_external_id") is None
    name = str(subscription_reference(event))
    return InvalidInput(
        f"There is no subscription {name!r:.60} of a customer of this service.",
        "unknown_subscription",
        "subscription_id" if by_id else "subscription_external_id",
    )


def _claim_key(event, keys):
    key = event["subscription_id"], event["metric_id"], event["idempotency_key"]
    if key[-1] is None:
        return ()
    if key in keys:
        return (
            InvalidInput(
                "An earlier event of this batch has the same idempotency key.",
                "duplicate_key_in_batch",
                "idempotency_key",
            ),
        )
    keys.add(key)
    return ()
