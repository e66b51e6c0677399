"""CloudEvents 1.0 as counters: https://github.com/cloudevents/spec.

An event of an instant becomes a counter of one second. What it is known by, its source and its
id, becomes the idempotency key, so that it counts once however often it is delivered.
"""

import hashlib
import re
from datetime import timedelta
from decimal import Decimal

from . import payload
from .errors import InvalidInput
from .payload import TEXT_LENGTH, invalid, one_of, optional, required, shaped
from .usage_event import AHEAD, dimensions

LASTS = timedelta(seconds=1)

_JSON = re.compile(r"application/([\w.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)

NO_CLOUD_EVENT = (
    "specversion is missing: send a CloudEvent, or an array of them, as JSON (structured or batched"
    " mode). Binary mode is not read."
)
#: What a counter's fields are made of.
NAMES = {
    "subscription_external_id": "subject",
    "metric_code": "type",
    "period_start": "time",
    "idempotency_key": "id",
}


# === READERS === #


@shaped(type="string", minLength=1, pattern=r"^\S+$")
def source(value, name):
    """Return a URI reference, of any length."""
    if value is not None and (not isinstance(value, str) or not re.fullmatch(r"\S+", value)):
        raise invalid(name, "must be a URI reference, without spaces")
    return value


@shaped(type="string", minLength=1)
def event_id(value, name):
    """Return a text of any length."""
    if value is not None and (not isinstance(value, str) or not value):
        raise invalid(name, "must be a text that is not empty")
    return value


@shaped(type="string", pattern=r"^application/([A-Za-z0-9_.+-]+\+)?json$")
def content_type(value, name):
    """Return the type of the data, which is JSON."""
    if value is not None and (not isinstance(value, str) or not _JSON.fullmatch(value)):
        raise invalid(name, "must be application/json: other data are not read")
    return value


DATA = {
    "quantity": optional(payload.quantity, "1 if it is not given.", "1"),
    "value": optional(payload.text, "For metrics that count distinct values."),
    "dimensions": optional(dimensions, "Charges may price by them.", {"region": "eu"}),
}


@shaped(type="object", members=DATA)
def data(value, name):
    """Return what is counted: how much, and of what kind."""
    if value is not None and not isinstance(value, dict):
        raise invalid(name, "must be a JSON object")
    return payload.read_fields(value or {}, DATA)


READERS = {
    "specversion": required(one_of(("1.0",)), "", "1.0"),
    "id": required(event_id, "Unique within its source.", "A234-1234"),
    "source": required(source, "Where it happened, without spaces.", "/app/eu-1"),
    "type": required(
        payload.text, "The metric's code, or what ends with a dot and it.", "com.example.api_calls"
    ),
    "subject": required(payload.external_id, "The subscription: your own id of it.", "sub-42"),
    "time": required(payload.instant, "Decides the billing period.", "2026-01-10T00:00:00Z"),
    "datacontenttype": optional(content_type, "", "application/json"),
    "data": optional(data, "", {"quantity": "1"}),
}


# === FROM CLOUDEVENTS TO COUNTERS === #


def read_events(raw_events, now):
    """Read the events of a batch, each for itself: see :func:`.usage_event.read_events`."""
    latest = now + AHEAD
    events, broken, errors = {}, {}, []
    for index, raw in enumerate(raw_events):
        event, wrong = _read_event(raw, latest)
        (broken if wrong else events)[index] = event
        errors.extend((index, error) for error in wrong)
    return events, broken, errors


def _read_event(raw, latest):
    """Return a counter, or what could be read of it, and what is wrong."""
    if isinstance(raw, InvalidInput):
        return {}, [raw]
    if not isinstance(raw, dict):
        return {}, [InvalidInput("An event is a JSON object.", "invalid_event")]
    if raw.get("specversion") is None:
        return {}, [InvalidInput(NO_CLOUD_EVENT, "missing_field", "specversion")]
    # Producers and what is between may add attributes of their own.
    known = {name: raw[name] for name in READERS.keys() & raw.keys()}
    values, errors = payload.collect_fields(known, READERS)
    if raw.get("data_base64") is not None:
        errors.append(invalid("data", "must be JSON: data_base64 is not read"))
    if (time := values.get("time")) and time > latest:
        errors.append(invalid("time", "must not be more than a day ahead of now"))
    return _counter(values), errors


def _counter(values):
    """Return as a counter what could be read of an event."""
    counter = {ours: values.get(theirs) for ours, theirs in NAMES.items()}
    counter |= {"subscription_id": None, **(values.get("data") or {})}
    if values.get("time"):
        counter["period_end"] = values["time"] + LASTS
    if values.get("source") and values.get("id"):
        counter["idempotency_key"] = idempotency_key(values["source"], values["id"])
    if counter.get("quantity") is None:
        counter["quantity"] = Decimal(1)
    return counter


def idempotency_key(source, event_id):
    """Return the key of an event: its source, a space and its id; a long one's digest."""
    key = f"{source} {event_id}"
    if len(key) <= TEXT_LENGTH:
        return key
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def shorten_types(events, metric_ids):
    """Name the metric of each event whose type is not its code, but ends with a dot and it."""
    for event in events.values():
        code = event.get("metric_code")
        if code is not None and code not in metric_ids:
            last = code.rpartition(".")[2]
            event["metric_code"] = last if last in metric_ids else code


def name_as_sent(errors):
    """Name in errors the fields as CloudEvents have them."""
    for _index, error in errors:
        error.field = NAMES.get(error.field, error.field)
    return errors
