"""Reads the cells of a file as an app would send what they say.

A spreadsheet writes numbers and times as its reader likes them; the API knows one way. What cannot
be one of the other is left as it is, so that it is refused with the sentence that an app would get.
"""

import re
from datetime import datetime
from decimal import Decimal

from .errors import InvalidInput
from .payload import day, parse_instant

_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}")
_PLACES = 6  # of a quantity


def plain_number(text, thousands, decimal):
    """Return a number without separators and with a decimal point: `1,250.5` as `1250.5`.

    Thousands are only taken for such where they stand: `1,5` is not 15.
    """
    whole, point, fraction = text.strip().partition(decimal)
    first, *groups = whole.split(thousands) if thousands else [whole]
    if groups and not (1 <= len(first) <= 3 and all(len(group) == 3 for group in groups)):
        return text
    return "".join((first, *groups, "." if point else "", fraction))


def shown_number(text):
    """Return a number with the digits that a spreadsheet shows of it.

    It computes in binary: 0.1 + 0.2 is 0.30000000000000004 in its file, and 0.3 to who looks.
    """
    if _SCIENTIFIC.fullmatch(text):
        return f"{Decimal(text):f}"
    is_long = len(text.partition(".")[2]) > _PLACES
    if is_long and text.isascii() and text.replace(".", "", 1).isdigit():
        number = float(text)
        if repr(number) == text:
            return f"{Decimal(f'{number:.15g}'):f}"
    return text


def iso_moment(text, formats):
    """Return a day or a time as ISO 8601 has it.

    :param formats: what else it may be written in, as `strptime` has them; those with an hour are
        of times, and in UTC
    """
    if parse_instant(text) or read_day(text):
        return text
    for pattern in filter(None, formats):
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - in UTC, or a day
        except (ValueError, re.error):
            continue
        return moment.isoformat() if "%H" in pattern else moment.date().isoformat()
    return text


def read_day(text):
    """Return the date that a text is, or None."""
    try:
        return day(text, "day")
    except InvalidInput:
        return None
