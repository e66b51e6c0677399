"""What a comparison of two totals says, in words."""

from decimal import Decimal

from ..base.wording import format_quantity


class RowWording:
    """Says what differs in a row.

    :param row: a `fusion.billing.reconciliation.row`
    :param dict figures: its exact numbers
    """

    def __init__(self, row, figures):
        self._row, self.env, self._figures = row, row.env, figures

    def sentence(self):
        row = self._row
        if row.result == "matched":
            return self.env._("Both have %s.", self._number("their_quantity"))
        if row.result == "missing_here":
            return self._missing_here()
        if row.result == "missing_there":
            return self.env._("We have %s; their list has none.", self._number("our_quantity"))
        return " ".join(filter(None, [self._quantities(), self._amounts()]))

    def _missing_here(self):
        row, theirs = self._row, self._number("their_quantity")
        if not row.subscription_id:
            return self.env._("They have %s; we know no such subscription.", theirs)
        if not row.metric_id:
            return self.env._("They have %s; we know no such metric.", theirs)
        return self.env._("They have %s; we have no counter.", theirs)

    def _quantities(self):
        difference = self._figures["quantity_difference"]
        if self._row.reason == "usage_removed":
            return self.env._(
                "Our counters of these days were removed: nothing is left to compare with."
            )
        if not difference:
            return self.env._("Both have %s.", self._number("their_quantity"))
        figures = {
            "theirs": self._number("their_quantity"),
            "ours": self._number("our_quantity"),
            "difference": self._write(abs(difference)),
        }
        if difference > 0:
            return self.env._(
                "They have %(theirs)s, we have %(ours)s: we count %(difference)s more.", **figures
            )
        return self.env._(
            "They have %(theirs)s, we have %(ours)s: we count %(difference)s less.", **figures
        )

    def _amounts(self):
        figures, row = self._figures, self._row
        if figures["their_amount"] is None:
            return None
        if row.reason and row.reason != "usage_removed":
            return self._not_comparable()
        difference = figures["amount_difference"]
        if not difference:
            return None
        return self.env._(
            "They charge %(theirs)s %(currency)s, we charge %(ours)s: a difference of"
            " %(difference)s.",
            theirs=self._number("their_amount"),
            ours=self._number("our_amount"),
            difference=self._write(difference),
            currency=row.currency_id.name,
        )

    def _not_comparable(self):
        return {
            "other_currency": self.env._(
                "The amounts cannot be compared: the subscription has another currency."
            ),
            "other_periods": self.env._(
                "The amounts cannot be compared: a billing period reaches beyond this one."
            ),
            "not_rated": self.env._("The amounts cannot be compared: new usage is not rated yet."),
        }[self._row.reason]

    def _number(self, name):
        return self._write(self._figures[name] or Decimal(0))

    def _write(self, number):
        return format_quantity(self.env, number)
