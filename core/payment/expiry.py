"""Reads until when a card can be charged from what its provider sends.

Nothing is guessed: a month is found under names that providers document for the expiry of a card,
and written as they write it. Where two months are named, nobody knows which is the card's.
"""

import re
from calendar import monthrange
from datetime import date

from .nested import mappings

# Two fields of one object: Stripe (exp_), Mercado Pago (expiration_), Razorpay (expiry_), Adyen's
# stored methods (expiryMonth), Xendit's tokens (card_).
PAIRS = (
    ("exp_month", "exp_year"),
    ("expMonth", "expYear"),
    ("expiration_month", "expiration_year"),
    ("expirationMonth", "expirationYear"),
    ("expiry_month", "expiry_year"),
    ("expiryMonth", "expiryYear"),
    ("card_exp_month", "card_exp_year"),
    ("card_expiration_month", "card_expiration_year"),
)
# One text: Adyen and Worldline (expiryDate), Flutterwave (expiry), Authorize.net (expirationDate).
# Not `expiry_date`, which is the year and then the month at one provider.
TEXTS = ("expiryDate", "expiry", "expirationDate", "cardExpiry", "card_expiry")

# 03/2030, 3/30, 03-2030; 2030-03; 0330.
_MONTH_FIRST = re.compile(r"\s*([0-9]{1,2})\s*[/-]\s*([0-9]{4}|[0-9]{2})\s*")
_YEAR_FIRST = re.compile(r"\s*([0-9]{4})\s*-\s*([0-9]{2})\s*")
_TOGETHER = re.compile(r"\s*([0-9]{2})([0-9]{2})\s*")
# Adyen's notification of a success: the bank's code, the last four digits, the month.
_IN_REASON = re.compile(r"[^:]*:[0-9]{4}:([0-9]{1,2}/[0-9]{4})")
_NUMBER = re.compile(r"\s*([0-9]{1,4})\s*")

CENTURY = 2000
YEARS = range(CENTURY, CENTURY + 100)
MONTHS = range(1, 13)


def find_expiry(data):
    """Return the last day on which the card in a provider's data can be charged.

    :param data: what the provider sent, of any shape
    :return: a date; None if the data names no month, or more than one
    """
    months = {month for mapping in mappings(data) for month in _months(mapping)}
    if len(months) != 1:
        return None
    [(year, month)] = months
    return date(year, month, monthrange(year, month)[1])


def _months(mapping):
    for month, year in PAIRS:
        yield from _month_of(_whole(mapping.get(year)), _whole(mapping.get(month)))
    for name in TEXTS:
        yield from _read(mapping.get(name))
    reason = mapping.get("reason")
    if isinstance(reason, str) and (found := _IN_REASON.fullmatch(reason)):
        yield from _read(found[1])


def _read(text):
    """Yield the month that a text is, as (year, month)."""
    if not isinstance(text, str):
        return
    if found := _MONTH_FIRST.fullmatch(text) or _TOGETHER.fullmatch(text):
        yield from _month_of(int(found[2]), int(found[1]))
    elif found := _YEAR_FIRST.fullmatch(text):
        yield from _month_of(int(found[1]), int(found[2]))


def _whole(value):
    """Return a value as a number, a text of at most four digits as well; None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return None
    if isinstance(value, int):
        return value
    found = _NUMBER.fullmatch(value)
    return int(found[1]) if found else None


def _month_of(year, month):
    if year is None or month is None:
        return
    full = year + CENTURY if year < 100 else year
    if full in YEARS and month in MONTHS:
        yield full, month
