"""Writes the JSON of answers: exact numbers as texts, times in UTC with a Z."""

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple


class Document(NamedTuple):
    """An answer that is written already.

    :param content: text, or bytes
    :param tuple headers: what it has besides those of every answer: pairs of name and text
    """

    content: str | bytes
    content_type: str
    headers: tuple = ()


class Partial(dict):
    """The facts of an answer to a batch that was carried out in part.

    :param error: the :class:`.errors.BatchError` that says what was refused
    """

    def __init__(self, facts, error):
        super().__init__(facts)
        self.error = error


def write_json(facts):
    """Return the facts as JSON, in bytes."""
    return json.dumps(facts, default=plain_json).encode()


def validator(content):
    """Return what an answer is known by: the same for the same bytes, and for no others."""
    data = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(data).hexdigest()[:32]


def plain_json(value):
    """Return what JSON knows, of a value that it does not."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in an answer.")


def plain(number):
    """Return the shortest exact text of a decimal, never with an exponent: 1250.5, 0."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def money(amount, decimal_places):
    """Return an amount as its currency writes it: 12.50."""
    return f"{amount:.{decimal_places}f}"
