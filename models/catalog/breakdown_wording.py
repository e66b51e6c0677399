"""How a priced amount reads to people: on receipts and in estimates."""

from decimal import Decimal

from ..base.wording import format_quantity
from .price_wording import format_price


class BreakdownWords:
    """Says line by line how an amount comes about.

    :param env: names the reader's language
    :param currency: of the charge that was priced
    """

    def __init__(self, env, currency):
        self.env = env
        self.currency = currency

    def facts(self, breakdown):
        """Return what a receipt's template shows; all numbers are formatted texts.

        :param dict breakdown: of `core.money.pricing.PricedAmount`; empty if nothing was priced
        """
        return {
            "quantities": {
                name: self._format_units(breakdown[name])
                for name in ("quantity", "included_quota", "billable")
                if name in breakdown
            },
            "lines": [
                {
                    "description": self._describe_line(line),
                    "amount": self._format_money(line["amount"]),
                }
                for line in breakdown.get("lines", ())
            ],
            "exact": self._format_money(breakdown.get("amount", "0")),
        }

    def _describe_line(self, line):
        """Say in words how one line of a breakdown comes to its amount.

        :param dict line: one of the `lines` of a breakdown
        """
        describe = getattr(self, f"_describe_{line['kind']}")
        words = {
            "units": self._format_units(line.get("units")),
            "unit_batch": self._format_units(line.get("unit_batch")),
            "batches": self._format_units(line.get("batches")),
            "rate": self._format_units(line.get("rate")),
            "unit_amount": self._format_money(line.get("unit_amount")),
            "minimum": self._format_money(line.get("minimum")),
            "maximum": self._format_money(line.get("maximum")),
        }
        return self._describe_tier(line) + describe(line, words)

    def _describe_tier(self, line):
        if "tier" not in line:
            return ""
        above, up_to = self._format_units(line["above"]), self._format_units(line["up_to"])
        if not line["up_to"]:
            return self.env._("Tier %(tier)s (above %(above)s): ", tier=line["tier"], above=above)
        return self.env._(
            "Tier %(tier)s (above %(above)s, up to %(up_to)s): ",
            tier=line["tier"],
            above=above,
            up_to=up_to,
        )

    def _describe_usage(self, line, words):
        if "rate" in line:
            return self.env._("%(rate)s %% of %(units)s", **words)
        if "batches" in line:
            return self.env._(
                "%(units)s in %(batches)s batches of %(unit_batch)s, at %(unit_amount)s each",
                **words,
            )
        if line.get("unit_batch", "1") != "1":
            return self.env._("%(units)s at %(unit_amount)s per %(unit_batch)s", **words)
        return self.env._("%(units)s at %(unit_amount)s each", **words)

    def _describe_flat(self, _line, _words):
        return self.env._("Flat amount")

    def _describe_fixed(self, _line, _words):
        return self.env._("Fixed fee")

    def _describe_true_up(self, _line, words):
        return self.env._("True-up to the minimum of %(minimum)s", **words)

    def _describe_cap(self, _line, words):
        return self.env._("Cap at the maximum of %(maximum)s", **words)

    def _describe_fee(self, _line, _words):
        return self.env._("Full billing period")

    def _describe_share(self, line, _words):
        return self.env._("Reduced to %(share)s of it", share=line["share"])

    def _format_units(self, text):
        return format_quantity(self.env, Decimal(text)) if text else ""

    def _format_money(self, text):
        return format_price(self.env, Decimal(text), self.currency) if text else ""
