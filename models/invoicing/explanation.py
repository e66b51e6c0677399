"""How the amount of a document's line comes about, for who pays it (M4)."""

from ...core.money.exact import tidy
from ..catalog.formula_wording import FormulaWords
from ..catalog.price_wording import format_price


class Explanation:
    """What stands under a line that settles a row of the ledger.

    It is written with the line, in the customer's language, and stays what it was when the ledger
    says something else later: the line settled what it explains.

    :param rating: the row, in the reader's language
    :param Decimal owed: what the row came to
    """

    def __init__(self, rating, owed):
        self.env = rating.env
        self.rating = rating
        self.owed = owed

    def text(self, amount, settled, price):
        """Return the explanation, a sentence a line; empty where a line explains itself.

        :param Decimal amount: what the line settles
        :param Decimal settled: what other lines settle
        :param Decimal price: the line's own, without the taxes that the amount includes
        """
        lines = [*self._how(), self._rest(amount, settled), self._taxes(amount, price)]
        return "\n".join(filter(None, lines))

    def _how(self):
        """Yield the part of a period, the steps, and what was rounded or exchanged."""
        rating, breakdown = self.rating, self.rating.breakdown or {}
        words = FormulaWords(self.env, rating.charge_currency_id)
        is_own = rating.charge_currency_id == rating.currency_id
        steps = words.steps(breakdown, self.owed if is_own else None)
        if steps and rating._is_usage():
            yield rating._describe_share()
        yield "; ".join(steps)
        if is_own:
            yield words.total(breakdown, self.owed)
        elif steps:
            yield f"{rating._describe_exchange()}: {self._money(self.owed)}"

    def _rest(self, amount, settled):
        """Say what of it other documents bill, and what nobody bills."""
        rest = []
        if settled and self.rating._is_usage():
            rest.append(self.env._("billed before: %s", self._money(settled)))
        if self.rating.waived and self.owed - settled - amount > 0:
            rest.append(self.env._("waived: %s", self._money(self.owed - settled - amount)))
        if not rest:
            return ""
        return "; ".join([self.env._("Owed: %s", self._money(self.owed)), *rest])

    def _taxes(self, amount, price):
        if price == amount:
            return ""
        return self.env._(
            "%(amount)s with the taxes that the price includes, %(price)s without",
            amount=self._money(amount),
            price=self._money(price),
        )

    def _money(self, amount):
        return format_price(self.env, tidy(amount), self.rating.currency_id)
