"""Exact numbers: checked on the way in, kept in our own decimal context, written as text.

A reader takes the label that its refusal begins with; readers, sums and products are
meant to run under ``localcontext(EXACT)``.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

# Bounds on what is read, so that the context holds all our sums and products of it
# without rounding; what a division leaves is rounded at the last of these decimals.
WHOLE_DIGITS = 30
DECIMALS = 40
EXACT = Context(
    prec=150,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
_LIMIT = Decimal(10) ** WHOLE_DIGITS
ZERO = Decimal(0)


def read_positive(label, value):
    """Like :func:`read_number`, and above zero."""
    number = read_number(label, value)
    if not number:
        raise ValueError(f"{label} must be greater than zero.")
    return number


def read_number(label, value):
    """A decimal that is not negative and not longer than the bounds above."""
    number = read_finite(label, value)
    if number < 0:
        raise ValueError(f"{label} must not be negative, but it is {number!s:.40}.")
    if number >= _LIMIT:
        raise ValueError(f"{label} has more than {WHOLE_DIGITS} digits before the point.")
    if number != round(number, DECIMALS):
        raise ValueError(f"{label} has more than {DECIMALS} digits after the point.")
    # Zero has signs and exponents that would show.
    return number or ZERO


def read_finite(label, value):
    """A decimal from a Decimal, an int or a decimal string, of any sign and length.

    :raise ValueError: anything else, a binary float or a bool included
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise ValueError(
            f"{label} must be a Decimal, an int or a decimal string, not {type(value).__name__}."
        )
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{label} is not a number: {value!r:.40}.") from None
    if not number.is_finite():
        raise ValueError(f"{label} must be a finite number, not {number}.")
    return number


def plain_text(number):
    """The shortest exact text of a number, never with an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tidy(number):
    """The same number however its inputs were written: 49.0000 is 49."""
    return Decimal(plain_text(number))
