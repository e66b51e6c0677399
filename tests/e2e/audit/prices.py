"""What a quantity costs, in exact fractions: the rules of the guide, written down once more."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

ZERO = Fraction(0)


def half_away(number, step):
    """Round to a multiple of a step, half away from zero."""
    sign = -1 if number < 0 else 1
    return sign * floor(abs(Fraction(number)) / step + Fraction(1, 2)) * step


@dataclass(frozen=True)
class Tier:
    """The units above those of the tier before it, up to and including ``up_to`` (0: no end)."""

    up_to: Fraction
    unit: Fraction
    flat: Fraction
    rate: Fraction
    batch: Fraction

    def cost(self, units):
        return (ceil(units / self.batch) if self.batch else units) * self.unit


@dataclass(frozen=True)
class Terms:
    """What a charge costs for a full billing period; a minimum or maximum of 0 is none."""

    model: str
    quota: Fraction
    price: Fraction
    batch: Fraction
    rate: Fraction
    fixed: Fraction
    minimum: Fraction
    maximum: Fraction
    flat_at_zero: bool
    tiers: tuple

    def shared(self, share):
        """The same with quota, minimum, maximum and flat amounts for a share of the days."""
        return replace(
            self,
            quota=self.quota * share,
            minimum=self.minimum * share,
            maximum=self.maximum * share,
            fixed=self.fixed * share,
            tiers=tuple(replace(tier, flat=tier.flat * share) for tier in self.tiers),
        )

    def cost(self, quantity):
        amount = getattr(self, f"_{self.model}")(max(ZERO, quantity - self.quota))
        amount = max(amount, self.minimum)
        return min(amount, self.maximum) if self.maximum else amount

    def _standard(self, units):
        return units / self.batch * self.price

    def _package(self, units):
        return ceil(units / self.batch) * self.price

    def _percentage(self, money):
        return money * self.rate / 100 + (self.fixed if money or self.flat_at_zero else 0)

    def _graduated(self, units):
        return sum(tier.flat + tier.cost(inside) for tier, inside in self._entered(units))

    def _graduated_percentage(self, money):
        return sum(tier.flat + inside * tier.rate / 100 for tier, inside in self._entered(money))

    def _volume(self, units):
        return sum(tier.flat + tier.cost(units) for tier, _inside in self._entered(units)[-1:])

    def _stairstep(self, units):
        return sum(tier.flat for tier, _inside in self._entered(units)[-1:])

    def _entered(self, units):
        """Pairs of each tier that is entered and the units in it."""
        entered, above = [], ZERO
        for number, tier in enumerate(self.tiers):
            if units > above or (number == 0 and self.flat_at_zero):
                top = min(units, tier.up_to) if tier.up_to else units
                entered.append((tier, top - above))
            above = tier.up_to
        return entered
