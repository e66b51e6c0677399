"""Fields that people fill in, and that say what they can hold.

Anything else ends in an error of the database, or in arithmetic, and tells people nothing.
"""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from odoo import fields
from odoo.exceptions import ValidationError

from .wording import format_quantity

_CONTEXT = Context(prec=150)
YEARS = range(2000, 2100)  # as in the API


class Bounded:
    """A field that checks what it is given; what is stored already is not checked again."""

    def convert_to_column(self, value, record, values=None, validate=True):
        if validate:
            self._check(value, record)
        return super().convert_to_column(value, record, values, validate)

    def convert_to_cache(self, value, record, validate=True):
        # Without a record it is a value to compare with: a search may ask for any. A form that
        # is opened is empty at first.
        is_given = record and (value or any(record._ids))
        if is_given and not isinstance(value, dict):
            self._check(value, record)
        return super().convert_to_cache(value, record, validate)

    def _check(self, value, record):
        """:raise ValidationError: the field cannot hold this"""
        if not self._holds(value):
            name = self._description_string(record.env)
            raise ValidationError(self._explain(record.env, name))


class _Typed(fields.Float):
    """A Float whose column holds the decimal that was typed."""

    def convert_to_column(self, value, record, values=None, validate=True):
        return f"{self._round(value):f}"

    def convert_to_cache(self, value, record, validate=True):
        return float(self._round(value))

    def _round(self, value):
        """Return what a text or number says, rounded; NaN for what says none."""
        _precision, scale = self._digits
        unit = Decimal(1).scaleb(-scale)
        try:
            return Decimal(str(value or 0)).quantize(unit, ROUND_HALF_UP, context=_CONTEXT)
        except InvalidOperation:
            return Decimal("NaN")


class Exact(Bounded, _Typed):
    """A decimal number, held as it was typed; its `digits` are its bounds.

    Odoo rounds in binary and stores 1073741824 with six digits as 1073741824.000001: a quota
    that no usage reaches, or a batch too many.
    """

    def _places(self):
        precision, scale = self._digits
        return precision - scale

    def _holds(self, value):
        number = self._round(value)
        return number.is_finite() and abs(number) < 10 ** self._places()

    def _explain(self, env, name):
        return env._(
            "%(field)s must be a number with at most %(digits)s digits before the point.",
            field=name,
            digits=self._places(),
        )


class Whole(Bounded, fields.Integer):
    """A whole number, `between=(least, most)`: what the column can hold if nothing is said."""

    between = (-(2**31), 2**31 - 1)

    def _holds(self, value):
        least, most = self.between
        try:
            return least <= int(value or 0) <= most
        except (ValueError, TypeError, OverflowError):
            return False

    def _explain(self, env, name):
        least, most = (format_quantity(env, Decimal(bound)) for bound in self.between)
        return env._(
            "%(field)s must be a whole number from %(least)s to %(most)s.",
            field=name,
            least=least,
            most=most,
        )


class Day(Bounded, fields.Date):
    """A day on which something begins or ends: billing periods are counted until then."""

    def _holds(self, value):
        try:
            day = self.to_date(value)
        except (ValueError, TypeError):
            return False
        return not day or day.year in YEARS

    def _explain(self, env, name):
        return env._(
            "%(field)s must be a day in a year from %(first)s to %(last)s.",
            field=name,
            first=YEARS[0],
            last=YEARS[-1],
        )
