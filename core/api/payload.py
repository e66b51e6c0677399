"""Reads the fields of a request: each by a reader of its own, none that nobody reads.

A reader takes a JSON value (numbers as decimals, see :mod:`.strict_json`; in a query all
values are texts) and the field's name, and returns what the field means. A field that is not
there, or null, is None for its reader.
"""

import re
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache

from .errors import InvalidInput

TEXT_LENGTH = 255
ID_LIMIT = 2**31  # ids are int4 in PostgreSQL

_QUANTITY_LIMIT = Decimal(10) ** 18
_QUANTITY_UNIT = Decimal("0.000001")
_QUANTITY_CONTEXT = Context(prec=28)
_DECIMAL_TEXT = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")

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
    for name, reader in readers.items():
        try:
            values[name] = reader(payload.get(name), name)
        except InvalidInput as error:
            # Its traceback would keep all that its reader knew, and there may be thousands.
            errors.append(error.with_traceback(None))
    if not payload.keys() <= readers.keys():
        errors.extend(map(unknown_field, sorted(payload.keys() - readers.keys())))
    return values, errors


def unknown_field(name):
    """Return the error for a field that nobody reads: often a name with a typing error."""
    return InvalidInput(f"There is no field {name!r:.60} here.", "unknown_field", name[:60])


def missing(name):
    return InvalidInput(f"{name} is missing.", "missing_field", name)


def invalid(name, rule):
    """Return the error for a value that breaks the rule ("must be …")."""
    return InvalidInput(f"{name} {rule}.", f"invalid_{name}", name)


# === READERS === #


def required(reader):
    """Make a reader that refuses a field that is not there."""

    def read_required(value, name):
        if value is None:
            raise missing(name)
        return reader(value, name)

    return read_required


def text(value, name):
    """Return a text of 1 to 255 characters that are not all blank."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LENGTH:
        raise invalid(name, f"must be a text of 1 to {TEXT_LENGTH} characters")
    return value


def flag(value, name):
    """Return whether something is wanted: it is not, if nobody says so."""
    if value is not None and not isinstance(value, bool):
        raise invalid(name, "must be true or false")
    return bool(value)


def external_id(value, name):
    """Return a text; a whole number stands for its digits."""
    return text(_digits(value) or value, name)


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
