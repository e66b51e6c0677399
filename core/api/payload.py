"""Reads the fields of a request: each by a reader of its own, none that nobody reads.

A reader takes a JSON value (numbers as decimals, see :mod:`.strict_json`; in a query all
values are texts) and the field's name, and returns what the field means. A field that is not
there, or null, is None for its reader. A reader that is :func:`shaped` also says, as JSON Schema
does, what it takes.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache, partial

from .errors import BatchError, InvalidInput

TEXT_LENGTH = 255
URL_LENGTH = 2000
ID_LIMIT = 2**31  # ids are int4 in PostgreSQL

_QUANTITY_LIMIT = Decimal(10) ** 18
_QUANTITY_UNIT = Decimal("0.000001")
_QUANTITY_CONTEXT = Context(prec=28)
_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")

#: Other names of fields, that older requests have.
ALIASES = {"metric": "metric_code"}

# A text that can be stored, and is not all blank. No NUL is in it.
_SOME_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"
_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(20[0-9]{2})-([0-9]{2})-([0-9]{2})[T ]([01][0-9]|2[0-3]):([0-5][0-9])"
    r"(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):?([0-5][0-9]))?"
)


# === FIELDS === #


def read_fields(payload, readers):
    """Read a request's fields, all of them.

    :param dict payload: JSON object, or query
    :param dict readers: `{field name: reader}`
    :return: `{field name: value}` for every reader
    :raise InvalidInput: the first field that is wrong, missing or unknown
    """
    values, errors = collect_fields(payload, readers)
    if errors:
        raise errors[0]
    return values


def collect_fields(payload, readers):
    """Do the same without raising.

    :return: `(values, errors)`, the values being those that could be read
    """
    values, errors = {}, []
    if not payload.keys() <= readers.keys():
        payload = _by_their_names(payload, readers)
    for name, reader in readers.items():
        try:
            values[name] = reader(payload.get(name), name)
        except InvalidInput as error:
            # Its traceback would keep all that its reader knew, and there may be thousands.
            errors.append(error.with_traceback(None))
    if not payload.keys() <= readers.keys():
        errors.extend(map(unknown_field, sorted(payload.keys() - readers.keys())))
    return values, errors


def read_objects(objects, readers, member):
    """Read the fields of the objects of a list.

    :param str member: what one of them is called: `line`
    :return: a list of dicts of values
    :raise BatchError: all that is wrong, by index
    """
    read = [collect_fields(one, readers) for one in objects]
    wrong = [(index, error) for index, (_values, some) in enumerate(read) for error in some]
    if wrong:
        raise BatchError(wrong, member)
    return [values for values, _errors in read]


def _by_their_names(payload, readers):
    """Return the payload with each alias of a field under the field's own name."""
    renamed = {
        name: ALIASES[name]
        for name in payload.keys() & ALIASES.keys() - readers.keys()
        if ALIASES[name] in readers and ALIASES[name] not in payload
    }
    return {renamed.get(name, name): value for name, value in payload.items()}


def unknown_field(name):
    """Return the error for a field that nobody reads: often a name with a typing error."""
    return InvalidInput(f"There is no field {name!r:.60} here.", "unknown_field", name[:60])


def missing(name):
    return InvalidInput(f"{name} is missing.", "missing_field", name)


def invalid(name, rule):
    """Return the error for a value that breaks the rule ("must be …")."""
    return InvalidInput(f"{name} {rule}.", f"invalid_{name}", name)


# === READERS === #


def shaped(**schema):
    """Say of a reader what it takes.

    :param schema: JSON Schema; `members` names the fields of the objects in it, if it has any
    """

    def mark(reader):
        reader.members = schema.pop("members", None)
        reader.schema = schema
        return reader

    return mark


def required(reader, about="", example=None):
    """Declare a field that has to be there.

    :param str about: what it means
    :param example: a value that makes sense beside those of the other fields
    """

    def read_required(value, name):
        if value is None:
            raise missing(name)
        return reader(value, name)

    return _declare(read_required, reader, about, example, is_required=True)


def optional(reader, about="", example=None):
    """Declare a field that may be left out."""
    return _declare(partial(reader), reader, about, example, is_required=False)


def _declare(field, reader, about, example, is_required):
    field.schema = getattr(reader, "schema", {})
    field.members = getattr(reader, "members", None)
    field.about, field.example, field.is_required = about, example, is_required
    return field


def one_of(choices):
    """Make a reader for one of some texts."""
    choices = tuple(choices)

    @shaped(type="string", enum=list(choices))
    def read(value, name):
        if value is not None and value not in choices:
            raise invalid(name, f"must be one of {', '.join(choices)}")
        return value

    return read


@shaped(type="string", minLength=1, maxLength=TEXT_LENGTH, pattern=_SOME_TEXT)
def text(value, name):
    """Return a text of 1 to 255 characters that are not all blank."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LENGTH:
        raise invalid(name, f"must be a text of 1 to {TEXT_LENGTH} characters")
    return value


@shaped(type="boolean")
def flag(value, name):
    """Return whether something is wanted: it is not, if nobody says so."""
    if value is not None and not isinstance(value, bool):
        raise invalid(name, "must be true or false")
    return bool(value)


@shaped(type="boolean")
def wanted(value, name):
    """Return whether something is wanted; None where nobody says so."""
    return value if value is None else flag(value, name)


@shaped(type="boolean", default=False)
def switch(value, name):
    """Return whether something is wanted, of a query: all that it holds are texts."""
    if value not in (None, "true", "false"):
        raise invalid(name, "must be true or false")
    return value == "true"


@shaped(type="string", format="uri", minLength=1, maxLength=URL_LENGTH, pattern="^https://")
def url(value, name):
    """Return an https address, of which nothing else is known yet."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.startswith("https://") or len(value) > URL_LENGTH:
        raise invalid(name, f"must be an https address of at most {URL_LENGTH:,} characters")
    return value


@shaped(**text.schema | {"type": ["string", "integer"], "minimum": 0})
def external_id(value, name):
    """Return a text; a whole number stands for its digits."""
    return text(_digits(value) or value, name)


@shaped(type=["integer", "string"], pattern="^[0-9]+$", maxLength=TEXT_LENGTH, minimum=0)
def record_id(value, name):
    """Return the id of a record as an int, however large."""
    if value is None:
        return None
    digits = _digits(value)
    if digits is None or len(digits) > TEXT_LENGTH:
        raise invalid(name, "must be a whole number")
    return int(digits)


def _digits(value):
    """Return the digits of a whole number that is not negative, or None."""
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        value = str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    return None


@shaped(
    type=["string", "number"],
    pattern=r"^[0-9]{1,18}(\.[0-9]{1,6}0*)?$",
    minimum=0,
    exclusiveMaximum=int(_QUANTITY_LIMIT),
)
def quantity(value, name):
    """Return a quantity, exactly: any number that has the digits it may have."""
    if value is None:
        return None
    if isinstance(value, str) and _DECIMAL_TEXT.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise invalid(name, "must be a number or a decimal string")
    if not 0 <= value < _QUANTITY_LIMIT:
        raise invalid(name, "must be at least 0, with at most 18 digits before the point")
    exact = value.quantize(_QUANTITY_UNIT, context=_QUANTITY_CONTEXT)
    if exact != value:
        raise invalid(name, "must have at most 6 digits after the point")
    return abs(exact)


@shaped(type="string", format="date-time", pattern="^20[^tz]*$")
def instant(value, name):
    """Return a time as a naive datetime in UTC; one without an offset is UTC."""
    if value is None:
        return None
    moment = parse_instant(value) if isinstance(value, str) else None
    if moment is None:
        raise invalid(name, "must be a time like 2026-11-01T00:00:00Z, in a year from 2000 to 2099")
    return moment


@lru_cache(maxsize=4096)
def parse_instant(iso_text):
    """Return a time in ISO 8601 as a naive datetime in UTC, or None if it is not one.

    Seconds may be left out; a fraction of them is kept to the microsecond.
    """
    match = _INSTANT.fullmatch(iso_text)
    if not match:
        return None
    *numbers, fraction, sign, hours, minutes = match.groups()
    try:
        local = datetime(*(int(number or 0) for number in numbers))
    except ValueError:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    micros = timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0")))
    return local + micros + (offset if sign == "-" else -offset)


@shaped(type="string", format="date", pattern="^20")
def day(value, name):
    """Return a date of the calendar."""
    if value is None:
        return None
    error = invalid(name, "must be a date like 2026-11-01, in a year from 2000 to 2099")
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise error
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise error from None


OVERLAP_HOURS = 24
MOST_OVERLAP = 168  # hours: a week


@shaped(type="integer", minimum=0, maximum=MOST_OVERLAP, default=OVERLAP_HOURS)
def overlap(value, name):
    """Return for how many hours what is replaced goes on: 0 to 168, 24 if not given."""
    hours = record_id(value, name)
    if hours is None:
        return OVERLAP_HOURS
    if hours > MOST_OVERLAP:
        raise invalid(name, f"must be from 0 to {MOST_OVERLAP}")
    return hours


OVERLAP = optional(overlap, "For how many hours the old one goes on as well.", 24)
