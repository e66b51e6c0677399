"""What usage costs, exactly, and why.

:func:`price` is the one place where a quantity becomes money. It works in
decimals only, in a decimal context of its own, does not round to a currency,
and explains the amount line by line.

A quantity goes one way: what the charge includes is taken off first, the charge
model prices the rest (the *billable* quantity), then a minimum is reached with a
true-up line or a maximum is kept with a cap line. The lines sum to the amount.

====================  ==========================================  ==============
model                 price of the billable quantity              reads
====================  ==========================================  ==============
standard              pro rata: billable ÷ batch × price          price_per_unit,
                                                                  unit_batch
package               whole batches, rounded up, × price          price_per_unit,
                                                                  unit_batch
graduated             each unit at the price of its own tier      tiers
volume                all units at the price of the tier reached  tiers
stairstep             the flat amount of the tier reached         tiers
percentage            a rate on an amount of money, plus a fee    rate,
                                                                  fixed_amount
graduated_percentage  each tier's rate on the part in that tier   tiers
====================  ==========================================  ==============

Every model reads included_quota, minimum, maximum and, where it has flat or
fixed fees, flat_fee_at_zero. What a model does not read, it ignores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from .exact import DECIMALS, EXACT, ZERO, plain_text, read_finite, read_number, read_positive, tidy


@dataclass(frozen=True)
class PricedAmount:
    """An amount and its explanation.

    ``amount`` is an exact :class:`~decimal.Decimal` in the currency's main unit,
    not rounded to the currency (see :func:`round_amount`).

    ``breakdown`` is ready for JSON: a dict in which every number is an exact
    string without exponent (tier rows are ints)::

        {"model": "graduated", "quantity": "350", "included_quota": "100",
         "billable": "250", "amount": "130", "lines": [
             {"kind": "usage", "tier": 1, "above": "0", "up_to": "100",
              "units": "100", "unit_amount": "1", "amount": "100"},
             {"kind": "usage", "tier": 2, "above": "100", "up_to": None,
              "units": "150", "unit_batch": "100", "batches": "2",
              "unit_amount": "10", "amount": "20"},
             {"kind": "flat", "tier": 2, "above": "100", "up_to": None,
              "amount": "10"}]}

    The lines sum exactly to the amount. A line's ``kind`` is one of

    * ``usage``: ``units × rate %``, or ``batches × unit_amount`` where the line
      has ``batches``, or ``units ÷ unit_batch × unit_amount`` where it has only
      ``unit_batch``, or ``units × unit_amount``;
    * ``flat``: a tier's flat amount;
    * ``fixed``: the fixed fee of the percentage model;
    * ``true_up``: what was missing to the ``minimum`` it names;
    * ``cap``: what was above the ``maximum`` it names (negative).

    A line of a tier says which (``tier``, counted from 1) and its bounds: units
    above ``above``, up to and including ``up_to`` (None: no end).
    """

    amount: Decimal
    breakdown: dict


def price(
    model,
    quantity,
    *,
    price_per_unit=0,
    unit_batch=1,
    included_quota=0,
    tiers=(),
    rate=0,
    fixed_amount=0,
    minimum=None,
    maximum=None,
    flat_fee_at_zero=False,
):
    """Price the usage of one billing period.

    Numbers are Decimal, int or decimal strings, never negative, with at most 30
    digits before the point and 40 after it; binary floats are refused.

    :param str model: one of :data:`MODELS`
    :param quantity: units used in the period, or money for the percentage models
    :param price_per_unit: price of one batch of ``unit_batch`` units
    :param unit_batch: units in a batch, above zero (standard and package; a tier
        has its own)
    :param included_quota: units (or money) that cost nothing, taken off first
    :param tiers: mappings from the lowest tier to the highest, see
        :func:`validate_tiers`
    :param rate: in percent: ``"2.9"`` is 2.9 %
    :param fixed_amount: fee of the percentage model, due once when something is
        billable
    :param minimum: least amount of the period, or None
    :param maximum: greatest amount of the period, or None
    :param bool flat_fee_at_zero: the first tier's flat amount (or the fixed fee)
        is due even when nothing is billable
    :rtype: PricedAmount
    :raise ValueError: a sentence that says which parameter makes no sense
    """
    with localcontext(EXACT):
        price_lines = _find_model(model)
        terms = _Terms(
            price_per_unit=read_number("Price per unit", price_per_unit),
            unit_batch=read_positive("Unit batch", unit_batch),
            tiers=_read_tiers(tiers) if model in TIERED_MODELS else (),
            rate=read_number("Rate", rate),
            fixed_amount=read_number("Fixed amount", fixed_amount),
            flat_fee_at_zero=bool(flat_fee_at_zero),
        )
        bounds = _read_bounds(minimum, maximum)
        used = read_number("Quantity", quantity)
        included = read_number("Included quota", included_quota)
        billable = max(used - included, ZERO)
        lines = price_lines(billable, terms)
        lines += _bound_lines(_total(lines), *bounds)
        return _priced(
            lines, model=model, quantity=used, included_quota=included, billable=billable
        )


def validate_tiers(model, tiers):
    """Check the tiers of a charge; models without tiers pass whatever they hold.

    A tier is a mapping of ``up_to`` (the last unit in the tier, None on the last
    tier), ``unit_amount``, ``flat_amount``, ``rate`` (in percent) and
    ``unit_batch``. All but ``up_to`` are optional. Where ``unit_batch`` is given,
    the units in the tier are billed in whole batches, rounded up, and
    ``unit_amount`` is the price of one batch.

    :raise ValueError: a sentence that names the row, counted from 1
    """
    with localcontext(EXACT):
        _find_model(model)
        if model in TIERED_MODELS:
            _read_tiers(tiers)


def round_amount(amount, currency_rounding, currency_rate=1):
    """Round to the currency's step (0.01, 1, 0.05…), half away from zero.

    What a quotient without end loses at its last decimal does not decide a tie.

    The sign changes nothing else: ``round_amount(-a) == -round_amount(a)``.

    :param currency_rate: what one unit of the amount's currency is in the one rounded to
    :raise ValueError: the amount is not a number or the step or rate is not above zero
    """
    with localcontext(EXACT):
        step = read_positive("Currency rounding", currency_rounding)
        rate = read_positive("Currency rate", currency_rate)
        steps = round(read_finite("Amount", amount) * rate / step, _SIGNIFICANT_DECIMALS)
        # Adding zero turns -0.00 into 0.00.
        return steps.to_integral_value(ROUND_HALF_UP) * step + ZERO


# Quotients end at 40 decimals, and times a quantity or a rate they lose some of those.
_SIGNIFICANT_DECIMALS = 20


def prorate(value, share):
    """A share of a quota, minimum or maximum, to 40 decimals.

    :param fractions.Fraction share: see :func:`.periods.prorata`
    """
    with localcontext(EXACT):
        product = read_number("Value", value) * share.numerator
        return tidy(round(product / share.denominator, DECIMALS))


# === CHARGE MODELS: billable quantity and terms to lines === #


def _standard(billable, terms):
    """Pro rata; the quotient ends at the 40th decimal if not before."""
    amount = billable * terms.price_per_unit / terms.unit_batch
    return [
        {
            "kind": "usage",
            "units": billable,
            "unit_batch": terms.unit_batch,
            "unit_amount": terms.price_per_unit,
            "amount": round(amount, DECIMALS),
        }
    ]


def _package(billable, terms):
    return [_batch_line(billable, terms.unit_batch, terms.price_per_unit)]


def _graduated(billable, terms):
    return [
        line
        for tier in _entered_tiers(billable, terms)
        for line in (tier.usage_line(tier.units_of(billable)), *tier.flat_lines())
    ]


def _volume(billable, terms):
    return [
        line
        for tier in _entered_tiers(billable, terms)[-1:]
        for line in (tier.usage_line(billable), *tier.flat_lines())
    ]


def _stairstep(billable, terms):
    return [tier.flat_line() for tier in _entered_tiers(billable, terms)[-1:]]


def _percentage(billable, terms):
    lines = [_rate_line(billable, terms.rate)]
    if terms.fixed_amount and (billable or terms.flat_fee_at_zero):
        lines.append({"kind": "fixed", "amount": terms.fixed_amount})
    return lines


def _graduated_percentage(billable, terms):
    return [
        line
        for tier in _entered_tiers(billable, terms)
        for line in (tier.rate_line(tier.units_of(billable)), *tier.flat_lines())
    ]


_MODELS = {
    "standard": _standard,
    "package": _package,
    "graduated": _graduated,
    "volume": _volume,
    "stairstep": _stairstep,
    "percentage": _percentage,
    "graduated_percentage": _graduated_percentage,
}
MODELS = tuple(_MODELS)
TIERED_MODELS = frozenset({"graduated", "volume", "stairstep", "graduated_percentage"})


# === TERMS === #


@dataclass(frozen=True)
class _Terms:
    """The checked parameters that a charge model reads."""

    price_per_unit: Decimal
    unit_batch: Decimal
    tiers: tuple
    rate: Decimal
    fixed_amount: Decimal
    flat_fee_at_zero: bool


@dataclass(frozen=True)
class _Tier:
    """One checked row: units above ``above``, up to and including ``up_to``."""

    row: int
    above: Decimal
    up_to: Decimal | None
    unit_amount: Decimal
    unit_batch: Decimal | None
    flat_amount: Decimal
    rate: Decimal

    def units_of(self, billable):
        """How many of the billable units lie in this tier."""
        top = billable if self.up_to is None else min(billable, self.up_to)
        return top - self.above

    def usage_line(self, units):
        if self.unit_batch is None:
            line = _unit_line(units, self.unit_amount)
        else:
            line = _batch_line(units, self.unit_batch, self.unit_amount)
        return self._placed(line)

    def rate_line(self, units):
        return self._placed(_rate_line(units, self.rate))

    def flat_line(self):
        return self._placed({"kind": "flat", "amount": self.flat_amount})

    def flat_lines(self):
        return [self.flat_line()] if self.flat_amount else []

    def _placed(self, line):
        place = {"tier": self.row, "above": self.above, "up_to": self.up_to}
        return {**place, **line}


def _entered_tiers(billable, terms):
    """The tiers whose lower bound the billable quantity exceeds.

    With ``flat_fee_at_zero`` the first one is entered without any usage.
    """
    return [
        tier
        for tier in terms.tiers
        if billable > tier.above or (terms.flat_fee_at_zero and tier.row == 1)
    ]


# === LINES === #


def _unit_line(units, unit_amount):
    return {
        "kind": "usage",
        "units": units,
        "unit_amount": unit_amount,
        "amount": units * unit_amount,
    }


def _batch_line(units, unit_batch, unit_amount):
    full, rest = divmod(units, unit_batch)
    batches = full + (1 if rest else 0)
    return {
        "kind": "usage",
        "units": units,
        "unit_batch": unit_batch,
        "batches": batches,
        "unit_amount": unit_amount,
        "amount": batches * unit_amount,
    }


def _rate_line(units, rate):
    return {"kind": "usage", "units": units, "rate": rate, "amount": units * rate / 100}


def _bound_lines(subtotal, minimum, maximum):
    """What brings the subtotal to its minimum or maximum."""
    if minimum is not None and subtotal < minimum:
        return [{"kind": "true_up", "minimum": minimum, "amount": minimum - subtotal}]
    if maximum is not None and subtotal > maximum:
        return [{"kind": "cap", "maximum": maximum, "amount": maximum - subtotal}]
    return []


def _total(lines):
    return sum((line["amount"] for line in lines), ZERO)


def _priced(lines, **facts):
    amount = tidy(_total(lines))
    breakdown = {
        **_as_text({**facts, "amount": amount}),
        "lines": [_as_text(line) for line in lines],
    }
    return PricedAmount(amount, breakdown)


def _as_text(facts):
    return {
        key: plain_text(value) if isinstance(value, Decimal) else value
        for key, value in facts.items()
    }


# === READING PARAMETERS === #


def _find_model(model):
    if not isinstance(model, str) or model not in _MODELS:
        raise ValueError(
            f"There is no charge model {model!r:.40}; choose one of {', '.join(MODELS)}."
        )
    return _MODELS[model]


def _read_bounds(minimum, maximum):
    minimum = None if minimum is None else read_number("Minimum", minimum)
    maximum = None if maximum is None else read_number("Maximum", maximum)
    if None not in (minimum, maximum) and minimum > maximum:
        raise ValueError(
            f"Minimum {plain_text(minimum)} must not be greater than maximum {plain_text(maximum)}."
        )
    return minimum, maximum


_TIER_KEYS = ("up_to", "unit_amount", "flat_amount", "rate", "unit_batch")


def _read_tiers(tiers):
    rows = tuple(tiers or ())
    if not rows:
        raise ValueError("There must be at least one tier.")
    read, above = [], ZERO
    for row, tier in enumerate(rows, start=1):
        read.append(_read_tier(row, tier, above, is_last=row == len(rows)))
        above = read[-1].up_to
    return tuple(read)


def _read_tier(row, tier, above, is_last):
    _check_tier_keys(row, tier)

    def read(key, reader, default):
        value = tier.get(key)
        label = f"Tier {row}: {key.replace('_', ' ')}"
        return default if value is None else reader(label, value)

    return _Tier(
        row=row,
        above=above,
        up_to=_check_up_to(row, read("up_to", read_number, None), above, is_last),
        unit_amount=read("unit_amount", read_number, ZERO),
        unit_batch=read("unit_batch", read_positive, None),
        flat_amount=read("flat_amount", read_number, ZERO),
        rate=read("rate", read_number, ZERO),
    )


def _check_tier_keys(row, tier):
    if not isinstance(tier, Mapping):
        raise ValueError(f"Tier {row} must be a mapping, not {type(tier).__name__}.")
    for key in tier:
        if key not in _TIER_KEYS:
            raise ValueError(
                f"Tier {row} has an unknown key {key!r:.40}; "
                f"known keys are {', '.join(_TIER_KEYS)}."
            )


def _check_up_to(row, up_to, above, is_last):
    if is_last and up_to is not None:
        raise ValueError(
            f"Tier {row} is the last one and must have no end, but it ends at {plain_text(up_to)}."
        )
    if not is_last and up_to is None:
        raise ValueError(f"Tier {row} has no end, but only the last tier may have none.")
    if not is_last and up_to <= above:
        raise ValueError(
            f"Tier {row} must end above {plain_text(above)}, but it ends at {plain_text(up_to)}."
        )
    return up_to
