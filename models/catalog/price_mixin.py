from decimal import Decimal, localcontext

from odoo import api, fields, models

from ...core.money.curve import curve
from ...core.money.exact import EXACT
from ..base.wording import format_quantity
from .price_wording import PriceWords, format_price

NUMBERS = {
    "included_quota": "included_quota",
    "price_per_unit": "price_per_unit",
    "unit_batch": "unit_batch",
    "rate": "rate",
    "fixed_amount": "fixed_amount",
    "minimum_amount": "minimum",
    "maximum_amount": "maximum",
}
TIER_NUMBERS = ("up_to", "unit_amount", "unit_batch", "flat_amount", "rate")
OPTIONAL = {"minimum_amount", "maximum_amount", "up_to", "unit_batch"}


TERMS = (
    "metric_id.name",
    "currency_id",
    "charge_model",
    "flat_fee_at_zero",
    *NUMBERS,
    *(f"tier_ids.{name}" for name in (*TIER_NUMBERS, "sequence")),
)


class PriceMixin(models.AbstractModel):
    """Says what the terms of a charge come to, also those that are being typed.

    A model has it besides the fields of `fusion.billing.charge.version`, a metric and a currency.
    """

    _name = "fusion.billing.price.mixin"
    _description = "Says What Prices Come To"

    price_summary = fields.Text(
        "In Words",
        compute="_compute_price_summary",
        help="What this charge costs a customer in each billing period.",
    )
    price_curve = fields.Json(
        "What a Period Costs",
        compute="_compute_price_curve",
        help="What usage costs in a full billing period, for the prices as they are typed here.",
    )

    @api.depends(*TERMS)
    @api.depends_context("lang")
    def _compute_price_summary(self):
        for terms in self:
            is_complete = terms.metric_id and terms.currency_id
            terms.price_summary = PriceWords(terms, terms).sentence() if is_complete else False

    @api.depends(*TERMS)
    @api.depends_context("lang")
    def _compute_price_curve(self):
        for terms in self:
            terms.price_curve = terms._draw_curve()

    def _draw_curve(self):
        """Return what the widget shows: points to draw, and some of them in words; or the
        sentence that says what makes no sense.
        """
        currency = self.currency_id or self.env.company.currency_id
        try:
            points, marks = curve(self.charge_model, **self._typed_terms())
        except ValueError as error:
            return {"error": f"{self.metric_id.name or self.env._('Charge')}: {error}"}
        return {
            "points": [[float(quantity), float(amount)] for quantity, amount in points],
            "marks": [
                [
                    format_quantity(self.env, quantity),
                    format_price(self.env, self._shown(amount, currency), currency),
                ]
                for quantity, amount in marks
            ],
            "metric": self.metric_id.name or "",
            "currency": currency.name,
        }

    def _shown(self, amount, currency):
        """No digit is lost, but those of quotients without end."""
        with localcontext(EXACT):
            return round(amount, max(currency.decimal_places, 6)).normalize()

    def _typed_terms(self):
        """Return the terms as `core.money.pricing.price` takes them, saved or not."""
        return {
            **{argument: _typed(self, name) for name, argument in NUMBERS.items()},
            "unit_batch": Decimal(str(self.unit_batch)),
            "flat_fee_at_zero": self.flat_fee_at_zero,
            "tiers": [
                {name: _typed(tier, name) for name in TIER_NUMBERS}
                for tier in self.tier_ids.sorted("sequence")
            ],
        }


def _typed(record, name):
    """A number that was typed; None for an empty one where that says something else than zero."""
    number = Decimal(str(record[name]))
    return None if name in OPTIONAL and not number else number
