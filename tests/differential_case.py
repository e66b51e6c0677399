"""A world for random histories: metrics of all kinds, currencies with exchange rates."""

from datetime import date
from fractions import Fraction

from .common import BillingCase
from .differential_world import KINDS

ZONES = ("UTC", "America/New_York", "Europe/Paris", "Australia/Lord_Howe", "America/Phoenix")


class DifferentialCase(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metrics = {kind: cls._metric(kind, aggregation=kind) for kind in KINDS}
        cls.foreign = cls._currency("EUR")
        # Quotients of these rates end, so that a rate is the same in binary and in fractions.
        cls.rates = {
            cls.currency.name: [Fraction(1)],
            "EUR": [Fraction("0.5"), Fraction("0.4"), Fraction("0.625")],
            "JPY": [Fraction(128), Fraction(160), Fraction(128)],
            "KWD": [Fraction("0.25"), Fraction("0.3125"), Fraction("0.25")],
            "CHF": [Fraction("0.8"), Fraction("1"), Fraction("0.8")],
        }
        cls.orders_in = [cls.currency, *map(cls._currency, ("JPY", "KWD", "CHF"))]
        cls._currency("CHF").rounding = 0.05
        cls.env["res.currency.rate"].search([]).unlink()
        cls.env["res.currency.rate"].create(
            [
                {
                    "currency_id": cls._currency(name).id,
                    "name": date(year, month, 10),
                    "rate": float(rates[month % 3]),
                }
                for name, rates in cls.rates.items()
                if len(rates) > 1
                for year in range(2022, 2028)
                for month in range(1, 13)
            ]
        )
        cls.pricelists = {
            currency: cls.env["product.pricelist"].create(
                {"name": currency.name, "currency_id": currency.id}
            )
            for currency in cls.orders_in
        }

    @classmethod
    def _currency(cls, name):
        currency = (
            cls.env["res.currency"].with_context(active_test=False).search([("name", "=", name)])
        )
        currency.active = True
        return currency

    def pricelist(self, currency):
        return self.pricelists[currency]

    def exchange(self, currency, day):
        """Units of a currency for one of the company's: new ones come on each 10th."""
        rates = self.rates[currency]
        month = day.month - (day.day < 10)
        return rates[month % 3] if len(rates) > 1 else rates[0]
