"""How a priced amount reads on a document: as sums that its reader can do again."""

from decimal import Decimal, localcontext

from ...core.money.exact import EXACT, plain_text
from .breakdown_wording import BreakdownWords

# A price per unit may have more; who does the sum again gets there with these.
PLACES = 6


class FormulaWords(BreakdownWords):
    """Says the steps of a breakdown: `10,000 × $0.01 = $100.00; 23,000 × $0.006 = $138.00`."""

    def steps(self, breakdown, rounded=None):
        """Return the steps that an amount comes from, without those that come to nothing.

        :param dict breakdown: of `core.money.pricing.PricedAmount`; empty if nothing was priced
        :param Decimal rounded: what the amount was rounded to, in the charge's currency: a step
            that comes to the whole of it says so
        """
        lines = _worth_telling(breakdown)
        return [
            self._write_step(line, breakdown, rounded if _is_whole(line, lines) else None)
            for line in lines
        ]

    def total(self, breakdown, rounded):
        """Say what several steps come to where a cent was rounded: `Together ≈ $11.12`."""
        lines = _worth_telling(breakdown)
        if not lines or _is_whole(lines[-1], lines) or Decimal(breakdown["amount"]) == rounded:
            return ""
        return self.env._("Together") + self._equals(Decimal(breakdown["amount"]), rounded)

    def _write_step(self, line, breakdown, rounded):
        exact = Decimal(line["amount"])
        if line["kind"] == "share":
            # The line says what is not owed; people are told what is.
            whole, exact = Decimal(breakdown["amount"]) - exact, Decimal(breakdown["amount"])
            return f"{line['share']} × {self._money(whole)}" + self._equals(exact, rounded)
        if line["kind"] == "usage":
            return self._write_product(line) + self._equals(exact, rounded)
        # A share of a minimum or maximum has decimals without end.
        bounds = {
            name: _shorten(Decimal(line[name])) for name in ("minimum", "maximum") if name in line
        }
        amount = exact if rounded is None else rounded
        return f"{self._describe_line({**line, **bounds})}: {self._money(amount)}"

    def _write_product(self, line):
        words = {
            "units": self._format_units(line["units"]),
            "unit_batch": self._format_units(line.get("unit_batch")),
            "batches": self._format_units(line.get("batches")),
            "price": self._format_money(line.get("unit_amount")),
        }
        if "rate" in line:
            rate = self._format_units(line["rate"])
            return f"{rate} % × {self._format_money(line['units'])}"
        if "batches" in line:
            return self.env._("%(batches)s batches of %(unit_batch)s × %(price)s", **words)
        if line.get("unit_batch", "1") != "1":
            return "{units} ÷ {unit_batch} × {price}".format(**words)
        return "{units} × {price}".format(**words)

    def _equals(self, exact, rounded=None):
        shown = _short(exact) if rounded is None else rounded
        return f" {'=' if shown == exact else '≈'} {self._money(shown)}"

    def _money(self, amount):
        return self._format_money(_shorten(amount))


def _worth_telling(breakdown):
    return [
        line
        for line in breakdown.get("lines", ())
        if line["kind"] != "fee" and Decimal(line["amount"])
    ]


def _is_whole(line, lines):
    """Whether a step comes to all of the amount, and not to a part of it."""
    return line["kind"] == "share" or len(lines) == 1


def _short(amount):
    with localcontext(EXACT):
        return round(amount, PLACES)


def _shorten(amount):
    return plain_text(_short(amount))
