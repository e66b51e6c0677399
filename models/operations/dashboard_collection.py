from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

ATTEMPTS = "fusion_billing.fusion_billing_collection_attempt_action"
CASES = "fusion_billing.fusion_billing_dunning_case_action"
CASE = "fusion.billing.dunning.case"
OF_INVOICE = "invoice_line_ids.fusion_rating_id.subscription_id."
OPEN = Domain("closed_on", "=", False)


class FusionBillingDashboard(models.AbstractModel):
    """What saved payment methods bring in, who is late, and what dunning has brought back."""

    _inherit = "fusion.billing.dashboard"

    def _read_figures(self, scope):
        return {
            **super()._read_figures(scope),
            "collection": [
                self._collected_tile(scope),
                self._late_tile(scope),
                self._recovered_tile(scope),
            ],
            "steps": self._step_tiles(scope),
        }

    # === TILES === #

    def _collected_tile(self, scope):
        charged = (
            Domain("state", "=", "succeeded")
            & Domain("sent_at", ">=", self._month_began(scope))
            & scope.of(f"invoice_id.{OF_INVOICE}")
        )
        return self._money_tile(
            "collected",
            self.env._("Collected This Month"),
            self.env._("What was charged to saved payment methods."),
            self.env._("charges"),
            self._of_currencies(COLLECTED, scope, "fusion.billing.collection.attempt", charged),
            lambda currency: self._action(
                ATTEMPTS,
                self.env._("Collected This Month"),
                charged & _in_currency("transaction_id.currency_id", currency),
            ),
        )

    def _month_began(self, scope):
        """Return the instant at which the month began, as the company has it."""
        start = scope.today.replace(day=1)
        return self.env.company._fusion_zones().midnight(start)

    def _late_tile(self, scope):
        cases = OPEN & self._cases_of(scope)
        late = self.env["account.move"]._search(
            self.env["account.move"]._fusion_late_domain(scope.companies)
        )
        return self._money_tile(
            "late",
            self.env._("Overdue Customers"),
            self.env._("What is overdue in open dunning cases."),
            self.env._("open cases"),
            self._of_currencies(LATE, scope, CASE, cases, late=late.subselect()),
            lambda currency: self._action(
                CASES,
                self.env._("Overdue Customers"),
                cases & _in_currency("currency_id", currency),
            ),
        )

    def _recovered_tile(self, scope):
        cases = (
            Domain("outcome", "=", "paid")
            & Domain("closed_on", ">=", scope.today.replace(day=1))
            & self._cases_of(scope)
        )
        return self._money_tile(
            "recovered",
            self.env._("Recovered This Month"),
            self.env._("What was settled in dunning cases that were closed as paid."),
            self.env._("cases"),
            self._of_currencies(RECOVERED, scope, CASE, cases),
            lambda currency: self._action(
                CASES,
                self.env._("Recovered This Month"),
                cases & _in_currency("currency_id", currency),
            ),
        )

    def _step_tiles(self, scope):
        """Return how many open cases there are by the last step that was taken."""
        cases = OPEN & self._cases_of(scope)
        labels = dict(self.env[CASE]._fields["action"]._description_selection(self.env))
        counts = dict(self.env[CASE]._read_group(cases, ["action"], ["__count"]))
        return [
            {
                "key": action or "none",
                "label": label,
                "count": counts[action],
                "action": self._action(CASES, label, cases & Domain("action", "=", action)),
            }
            for action, label in [(False, self.env._("No Step Yet")), *labels.items()]
            if action in counts
        ]

    def _cases_of(self, scope):
        return scope.of(f"invoice_ids.{OF_INVOICE}")

    # === HOW === #

    def _of_currencies(self, statement, scope, model, domain, **parameters):
        """Return what records come to: `[(currency, amount, converted amount, count)]`.

        :param statement: for `amount` and `count` by `currency_id`, of records with `%(ids)s`
        """
        ids = self.env[model]._search(domain).subselect()
        of_currencies = SQL(statement, ids=ids, **parameters)
        rows = self._query(BY_CURRENCY, scope, of_currencies=of_currencies)
        currencies = self.env["res.currency"]
        return [(currencies.browse(currency), *figures) for currency, *figures in rows]

    def _money_tile(self, key, label, about, counted, rows, open_list):
        """Return a tile of an amount in the dashboard's currency; several that it comes of are
        shown each.

        :param str counted: what is counted
        :param rows: see `_of_currencies`
        :param open_list: function from a currency to the action that opens its list; of all: None
        """
        parts = [
            {"currency_id": currency.id, "amount": float(amount), "action": open_list(currency)}
            for currency, amount, _converted, _count in rows
        ]
        everything = open_list(None)
        return {
            "key": key,
            "label": label,
            "help": about,
            "amount": float(sum(converted or 0 for _currency, _own, converted, _count in rows)),
            "parts": parts if self._are_foreign(rows) else [],
            "action": everything,
            "also": {
                "count": sum(count for *_amounts, count in rows),
                "label": counted,
                "action": everything,
            },
        }

    def _are_foreign(self, rows):
        """Whether one of the currencies is another one than the dashboard's."""
        return any(currency != self.env.company.currency_id for currency, *_figures in rows)


def _in_currency(path, currency):
    return Domain(path, "=", currency.id) if currency else Domain.TRUE


BY_CURRENCY = """
SELECT currency_id, amount, %(converted)s, count FROM (%(of_currencies)s) AS of_currencies
 ORDER BY currency_id
"""

COLLECTED = """
SELECT charge.currency_id, sum(charge.amount) AS amount, count(*) AS count
  FROM fusion_billing_collection_attempt AS attempt
  JOIN payment_transaction AS charge ON charge.id = attempt.transaction_id
 WHERE attempt.id IN %(ids)s
 GROUP BY charge.currency_id
"""

LATE = """
SELECT dunned.currency_id, COALESCE(sum(invoice.amount_residual), 0) AS amount,
       count(DISTINCT dunned.id) AS count
  FROM fusion_billing_dunning_case AS dunned
  LEFT JOIN account_move AS invoice ON invoice.commercial_partner_id = dunned.partner_id
   AND invoice.company_id = dunned.company_id AND invoice.currency_id = dunned.currency_id
   AND invoice.id IN %(late)s
 WHERE dunned.id IN %(ids)s
 GROUP BY dunned.currency_id
"""

RECOVERED = """
SELECT dunned.currency_id, sum(invoice.amount_total - invoice.amount_residual) AS amount,
       count(DISTINCT dunned.id) AS count
  FROM fusion_billing_dunning_case AS dunned
  JOIN account_move_fusion_billing_dunning_case_rel AS had
    ON had.fusion_billing_dunning_case_id = dunned.id
  JOIN account_move AS invoice ON invoice.id = had.account_move_id AND invoice.state = 'posted'
 WHERE dunned.id IN %(ids)s
 GROUP BY dunned.currency_id
"""
