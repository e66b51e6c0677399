"""What stands on the lines of documents: amounts of the ledger, and words (M4)."""

from decimal import Decimal, localcontext
from fractions import Fraction

from ...core.money.exact import EXACT, plain_text, tidy
from ..base.wording import format_period, format_quantity
from ..catalog.price_wording import format_price
from .explanation import Explanation

QUANTITIES = ["quantity", "included_quantity", "billable_quantity"]
TERMS = ["quantity", "price_unit", "discount"]


class LineValues:
    """Values of invoice lines and order lines for a set of ledger rows, which are read once.

    :param ratings: the rows, in sudo
    """

    def __init__(self, ratings):
        self.env = ratings.env
        self._figures = ratings._read_exact([*QUANTITIES, "amount", "settled"])
        self._items = ratings.item_id._read_exact(TERMS)
        self._envs = {}

    # === DOCUMENTS === #

    def of_document_line(self, rating, order_line, amount, own_line=None):
        """Return the values of a line that settles an amount of a row.

        :param Decimal amount: negative where it gives back
        :param own_line: the line of a draft that they are for, if it exists already
        """
        priced = self._priced(rating, order_line, amount)
        return {
            **order_line._prepare_invoice_line(quantity=1),
            "product_id": rating.product_id.id,
            "name": self._explained(rating, order_line, amount, priced, own_line),
            **priced,
            "fusion_rating_id": rating.id,
            "fusion_settled": float(amount),
            "fusion_quantity": plain_text(self._figures[rating.id]["quantity"]),
        }

    def name(self, rating, order_line, own_line=None):
        """Say what a line settles: all of the row, or the difference to what others settle."""
        lang = order_line.order_id._get_lang()
        settled = self._settled(rating, own_line)
        if rating._is_usage():
            if not settled:
                return self._usage(rating, lang)
            return self._usage_correction(rating, settled, self._was(rating, own_line), lang)
        if not settled:
            return self._fee(rating, order_line, lang)
        return self._fee_correction(rating, order_line, settled, lang)

    def included(self, rating):
        """Say of usage that costs nothing what was used, and what is included."""
        lang = rating.subscription_id._get_lang()
        words, quota = self._usage_words(rating, lang), rating.breakdown["included_quota"]
        words["included"] = format_quantity(self.env, Decimal(quota), lang)
        if Decimal(quota) < self._figures[rating.id]["quantity"]:
            return self._env(lang)._("%(metric)s, %(period)s: %(used)s used", **words)
        return self._env(lang)._(
            "%(metric)s, %(period)s: %(used)s used, %(included)s included", **words
        )

    def _explained(self, rating, order_line, amount, priced, own_line):
        """Say what a line settles, and below that how its amount comes about."""
        name = self.name(rating, order_line, own_line)
        reader = rating.with_env(self._env(order_line.order_id._get_lang()))
        price = exact_amount(priced["price_unit"]) if rating._is_usage() else amount
        text = Explanation(reader, self._figures[rating.id]["amount"]).text(
            amount, self._settled(rating, own_line), price
        )
        return f"{name}\n{text}" if text else name

    def _settled(self, rating, own_line):
        """Return what other lines settle of a row."""
        settled = self._figures[rating.id]["settled"]
        return settled - exact_amount(own_line.fusion_settled) if own_line else settled

    def _env(self, lang):
        """Return the environment of a language: one for all rows, which share what it reads."""
        if lang not in self._envs:
            self._envs[lang] = self.env(context={**self.env.context, "lang": lang})
        return self._envs[lang]

    # === AMOUNTS === #

    def _priced(self, rating, order_line, amount):
        """Return quantity, price, discount and factor of a line that comes to an amount.

        A whole fee shows its own quantity, price and discount where they come to the amount
        exactly; everything else is one piece at the amount, so that lines sum to the ledger's
        amounts however taxes are rounded (L7).
        """
        if self._shows_terms(rating, amount):
            terms = {name: float(number) for name, number in self._items[rating.item_id.id].items()}
            return {**terms, "fusion_price_factor": 1}
        price = amount
        if rating._is_usage():
            price = adapted_price(order_line, rating.product_id, amount)
        return {
            "quantity": 1,
            "price_unit": float(price),
            "discount": 0,
            "fusion_price_factor": float(amount / price) if price else 1,
        }

    def _shows_terms(self, rating, amount):
        if not rating.item_id or Fraction(rating.share) != 1:
            return False
        terms = self._items[rating.item_id.id]
        # Quantities of documents have two decimals, and prices of whole cents sum in every way.
        shown = round(terms["quantity"], 2) == terms["quantity"]
        with localcontext(EXACT):
            whole = terms["quantity"] * terms["price_unit"] * (100 - terms["discount"]) / 100
        return shown and whole == amount

    # === WORDS === #

    def _usage(self, rating, lang):
        return self._env(lang)._(
            "%(metric)s, %(period)s\n%(used)s used, %(included)s included, %(billed)s billed",
            **self._usage_words(rating, lang),
        )

    def _usage_correction(self, rating, settled, was, lang):
        words = self._usage_words(rating, lang)
        if was == self._figures[rating.id]["quantity"]:
            words["was"], words["now"] = self._amount_words(rating, settled, lang)
        else:
            words["was"], words["now"] = format_quantity(self.env, was, lang), words["used"]
        return rating.with_context(lang=lang).env._(
            "Correction for %(period)s: %(metric)s, was %(was)s, now %(now)s\n"
            "%(used)s used, %(included)s included, %(billed)s billed",
            **words,
        )

    def _usage_words(self, rating, lang):
        figures = self._figures[rating.id]
        used, included, billed = (
            format_quantity(self.env, tidy(figures[name]), lang) for name in QUANTITIES
        )
        return {
            "metric": self._metric(rating, lang),
            "period": format_period(self.env, rating.date_from, rating.date_until, lang),
            "used": used,
            "included": included,
            "billed": billed,
        }

    def _metric(self, rating, lang):
        """Name what was used, and which part of it: `API calls (region = eu)`."""
        name = rating.metric_id.with_env(self._env(lang)).name
        only = ", ".join(
            f"{dimension} = {' / '.join(values)}"
            for dimension, values in (rating.usage_filter or {}).items()
        )
        return f"{name} ({only})" if only else name

    def _was(self, rating, own_line):
        """Return the quantity that the latest other line of a row brought the bill up to."""
        lines = rating.invoice_line_ids.filtered(
            lambda line: line.parent_state != "cancel" and line.fusion_quantity and line != own_line
        )
        return Decimal(lines.sorted("id")[-1:].fusion_quantity or 0)

    def _fee(self, rating, order_line, lang):
        name = f"{self._product_name(rating, order_line, lang)}\n"
        period = format_period(self.env, rating.date_from, rating.date_until, lang)
        if self._shows_terms(rating, self._figures[rating.id]["amount"]):
            return name + period
        reader = rating.with_context(lang=lang)
        return name + reader.env._(
            "%(period)s: %(terms)s for a full billing period",
            period=period,
            terms=reader._describe_fee(),
        )

    def _fee_correction(self, rating, order_line, settled, lang):
        was, now = self._amount_words(rating, settled, lang)
        return rating.with_context(lang=lang).env._(
            "Correction for %(period)s: %(fee)s, was %(was)s, now %(now)s",
            period=format_period(self.env, rating.date_from, rating.date_until, lang),
            fee=self._product_name(rating, order_line, lang),
            was=was,
            now=now,
        )

    def _amount_words(self, rating, settled, lang):
        env = rating.with_context(lang=lang).env
        return tuple(
            format_price(env, tidy(amount), rating.currency_id)
            for amount in (settled, self._figures[rating.id]["amount"])
        )

    def _product_name(self, rating, order_line, lang):
        if order_line.product_id == rating.product_id:
            return order_line.name
        return rating.product_id.with_context(lang=lang).display_name


def exact_amount(amount):
    """Return an amount of money that the ORM read as a float."""
    return Decimal(repr(amount or 0.0))


def adapted_price(order_line, product, amount):
    """Return an amount, which is as the product's taxes say, in terms of an order line's taxes.

    :param Decimal amount: of a charge, with the taxes that the product's prices include
    """
    own = product.taxes_id._filter_taxes_by_company(order_line.company_id)
    if own == order_line.tax_ids or not all(own.mapped("price_include")) or not own:
        return amount
    price = own._adapt_price_unit_to_another_taxes(
        float(amount), product, own, order_line.tax_ids, order_line.product_uom_id
    )
    rounding = Decimal(str(order_line.currency_id.rounding))
    return (Decimal(repr(price)) / rounding).quantize(Decimal(1)) * rounding
