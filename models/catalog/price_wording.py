"""How prices read to people: on plans, in price histories, on receipts."""

from decimal import Decimal, localcontext

from babel.numbers import format_currency

from odoo.tools.misc import babel_locale_parse, get_lang

from ...core.money.exact import EXACT
from ...core.money.pricing import TIERED_MODELS
from ..base.wording import format_quantity


def format_price(env, amount, currency):
    """Write an exact amount of money, no digit lost: `$0.0005`.

    :param Decimal amount: in the currency's main unit
    :param currency: a `res.currency` record
    """
    locale = babel_locale_parse(get_lang(env).code)
    with localcontext(EXACT):  # babel's arithmetic must hold every digit
        return format_currency(amount, currency.name, locale=locale, decimal_quantization=False)


class PriceWords:
    """Says in a sentence what the terms of a charge cost in each billing period.

    :param terms: a charge or one of its versions, saved or still being typed
    :param charge: the charge, for its metric and currency
    """

    def __init__(self, terms, charge):
        self.env = terms.env
        self.terms = terms
        self.charge = charge

    def sentence(self):
        """Return for example `10,000 API calls included, then $0.50 per 1,000, pro rata`."""
        sentence = ", ".join((self._included_and_price(), *self._bounds()))
        return sentence[:1].upper() + sentence[1:]

    def _included_and_price(self):
        if not self.terms.included_quota:
            return self._price()
        return self.env._(
            "%(quota)s %(metric)s included, then %(price)s",
            price=self._price(),
            quota=self._units(self.terms.included_quota),
            metric=self.charge.metric_id.name,
        )

    def _price(self):
        model = self.terms.charge_model
        if model in TIERED_MODELS:
            return self._tiers()
        if model == "percentage":
            return self._percentage()
        return self._batches()

    def _batches(self):
        if not self.terms.price_per_unit:
            return self.env._("free of charge")
        words = {
            "price": self._money(self.terms.price_per_unit),
            "batch": self._units(self.terms.unit_batch),
        }
        if self.terms.charge_model == "package":
            return self.env._("%(price)s for each started %(batch)s", **words)
        if self.terms.unit_batch == 1:
            return self.env._("%(price)s each", **words)
        return self.env._("%(price)s per %(batch)s, pro rata", **words)

    def _percentage(self):
        words = {"rate": self._units(self.terms.rate), "fee": self._money(self.terms.fixed_amount)}
        if self.terms.fixed_amount:
            return self.env._("%(rate)s %% of the amount plus %(fee)s per period", **words)
        return self.env._("%(rate)s %% of the amount", **words)

    def _tiers(self):
        return f"{self._manner()}: " + "; ".join(
            self._tier(tier) for tier in self.terms.tier_ids.sorted()
        )

    def _manner(self):
        return {
            "graduated": self.env._("each unit at the price of its tier"),
            "volume": self.env._("all units at the price of the tier reached"),
            "stairstep": self.env._("the flat amount of the tier reached"),
            "graduated_percentage": self.env._("the rate of each tier on the money in it"),
        }[self.terms.charge_model]

    def _tier(self, tier):
        words = {"price": self._tier_price(tier), "up_to": self._units(tier.up_to)}
        if tier.up_to:
            return self.env._("%(price)s up to %(up_to)s", **words)
        return self.env._("%(price)s above", **words)

    def _tier_price(self, tier):
        flat = [self._money(tier.flat_amount)] if tier.flat_amount else []
        if self.terms.charge_model == "stairstep":
            return self._money(tier.flat_amount)
        if self.terms.charge_model == "graduated_percentage":
            return " + ".join([f"{self._units(tier.rate)} %", *flat])
        price = self._money(tier.unit_amount)
        if tier.unit_batch:
            price = self.env._(
                "%(price)s for each started %(batch)s",
                price=price,
                batch=self._units(tier.unit_batch),
            )
        return " + ".join([price, *flat])

    def _bounds(self):
        if self.terms.minimum_amount:
            yield self.env._("at least %s", self._money(self.terms.minimum_amount))
        if self.terms.maximum_amount:
            yield self.env._("at most %s", self._money(self.terms.maximum_amount))

    def _units(self, number):
        return format_quantity(self.env, Decimal(str(number)))

    def _money(self, number):
        return format_price(self.env, Decimal(str(number)), self.charge.currency_id)
