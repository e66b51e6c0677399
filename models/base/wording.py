"""How dates and quantities read on invoices and screens, in the reader's language."""

from datetime import timedelta
from decimal import Context, localcontext
from functools import lru_cache

from babel.dates import format_interval
from babel.numbers import format_decimal

from odoo.tools.misc import babel_locale_parse, get_lang


def format_period(env, start, end, lang_code=None):
    """Say a half-open span of days with both its days: `Nov 1 – 30, 2026`.

    :param date start: first day
    :param date end: first day after it
    """
    return _write_period(start, end, get_lang(env, lang_code).code)


@lru_cache(maxsize=1024)
def _write_period(start, end, code):
    """One run writes the same month on thousands of lines."""
    locale = babel_locale_parse(code)
    return format_interval(start, end - timedelta(days=1), "yMMMd", locale=locale)


def format_quantity(env, quantity, lang_code=None):
    """Write an exact decimal with the separators of a language, no digit lost."""
    return _write_quantity(quantity, get_lang(env, lang_code).code)


@lru_cache(maxsize=4096)
def _write_quantity(quantity, code):
    locale = babel_locale_parse(code)
    with localcontext(Context(prec=60)):  # babel's arithmetic must hold every digit
        return format_decimal(quantity, format="#,##0.############", locale=locale)
