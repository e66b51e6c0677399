"""Reads JSON as a billing API must: exactly, or not at all.

Numbers become decimals, so that no quantity passes through binary floating point (M1) and
no boolean passes for a number. What JSON allows but nobody means is refused: a name twice in
an object, NaN and infinities, text that PostgreSQL cannot hold.
"""

import json
import re
from decimal import Decimal, InvalidOperation

from .errors import InvalidInput, TooLarge

# A full batch, each event with all its fields and dimensions, has 150,000.
VALUES_LIMIT = 160_000

# Smaller bodies cannot take much memory, however many values they have: they are not looked at.
_SMALL = 1024 * 1024

# Every value but the first follows one of them.
_MARKS = b",[{"
_PIECE = 64 * 1024

# Plain text holds neither: JSON forbids control characters, UTF-8 forbids surrogates. An
# escape is the only way in, so only a body that has one is searched.
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|d[89a-f])", re.IGNORECASE)


def read_object(body):
    """Return the JSON object in a request's body.

    :param bytes body: nothing at all reads as an empty object
    :return: dict, with every number a :class:`~decimal.Decimal`
    :raise InvalidInput: `invalid_json` if it is not JSON, `invalid_payload` if it is
        something else than an object or holds what cannot be stored; a member of a batch that
        does is replaced by this error
    :raise TooLarge: it has more values than any request needs
    """
    return _read(body, dict, "The body must be a JSON object.") if body else {}


def read_members(body):
    """Return the objects in a request's body: one, or an array of them.

    :param bytes body: nothing at all reads as none
    :return: list; see :func:`read_object` for the rest
    """
    if not body:
        return []
    value = _read(body, (dict, list), "The body must be a JSON object, or an array of them.")
    return value if isinstance(value, list) else [value]


def _read(body, kind, rule):
    if len(body) > _SMALL:
        _check_values(body)
    value = _parse(body)
    if not isinstance(value, kind):
        raise InvalidInput(rule, "invalid_payload")
    if _SUSPECT_ESCAPE.search(body):
        _set_aside_members(value)
        _check_texts(value)
    return value


def _check_values(body):
    """Refuse more values than :data:`VALUES_LIMIT`, before each takes a hundred bytes or more."""
    if _count_marks(body) <= VALUES_LIMIT:
        return
    if sum(map(_count_marks, _outside_texts(body))) > VALUES_LIMIT:
        raise TooLarge(f"The body has more than {VALUES_LIMIT:,} values: send smaller batches.")


def _outside_texts(body):
    """Yield, piece by piece, what a body has outside of its texts: marks in them are none."""
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    inside = 0
    for start in range(0, len(plain), _PIECE):
        parts = plain[start : start + _PIECE].split(b'"')
        yield b"".join(parts[inside::2])
        inside = (inside + len(parts) - 1) % 2


def _count_marks(text):
    return len(text) - len(text.translate(None, _MARKS))


def _parse(body):
    try:
        return json.loads(
            body.decode(),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_read_pairs,
        )
    except UnicodeDecodeError:
        raise InvalidInput("The body is not UTF-8 text.", "invalid_json") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).",
            "invalid_json",
        ) from None
    except InvalidOperation:
        raise InvalidInput("A number in the body is out of range.", "invalid_json") from None
    except (RecursionError, MemoryError):
        raise InvalidInput("The body is nested too deeply.", "invalid_json") from None


def _refuse_constant(name):
    raise InvalidInput(f"{name} is not a JSON number.", "invalid_json")


def _read_pairs(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidInput("A name stands twice in one JSON object.", "invalid_json")
    return members


def _set_aside_members(value):
    """Put the error in the place of each member of a batch that cannot be stored.

    So whoever reads the batch tells which member it is, and takes the others.
    """
    batches = [value] if isinstance(value, list) else value.values()
    for batch in filter(lambda one: isinstance(one, list), batches):
        for index, member in enumerate(batch):
            if isinstance(member, dict):
                try:
                    _check_texts(member)
                except InvalidInput as error:
                    batch[index] = error.with_traceback(None)


def _check_texts(value):
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict):
            waiting += value
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _check_text(text):
    if not is_storable(text):
        raise InvalidInput(
            "A text holds a NUL character or half of a surrogate pair.", "invalid_payload"
        )


def is_storable(text):
    """Say whether PostgreSQL can hold the text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
