from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..ledger.rating import DUE_AMOUNT
from .dashboard_revenue import RATINGS

SUBSCRIPTIONS = "fusion_billing.sale_order_action"
INVOICES = "account.action_move_out_invoice_type"
CUSTOMERS = "account.res_partner_action_customer"
UNPAID = ("not_paid", "partial")


class FusionBillingDashboard(models.AbstractModel):
    """What subscriptions are there, what they owe, and what of it is not paid."""

    _inherit = "fusion.billing.dashboard"

    def _read_figures(self, scope):
        return {
            **super()._read_figures(scope),
            "money": [*self._due_tiles(scope), self._overdue_tile(scope)],
            "states": self._state_tiles(scope),
        }

    # === WHAT IS DUE === #

    def _due_tiles(self, scope):
        """Return what is owed and on no document, today and within 7 and 30 days."""
        week, month = (scope.today + relativedelta(days=days) for days in (7, 30))
        due = SQL(DUE_AMOUNT, **{name: SQL(name) for name in ("amount", "settled", "waived")})
        [amounts] = self._query(DUE, scope, due=due, week=week, month=month)
        tiles = [
            ("owed", self.env._("Owed and on No Document"), scope.today, None),
            ("week", self.env._("To Invoice in 7 Days"), week, week),
            ("month", self.env._("To Invoice in 30 Days"), month, month),
        ]
        return [
            {
                "key": key,
                "label": label,
                "help": self.env._("What the ledger says so far; usage goes on until then."),
                "amount": float(amount),
                "action": self._action(RATINGS, label, self._due_domain(scope, day)),
                "also": next_day and self._next_documents(scope, next_day),
            }
            for (key, label, day, next_day), amount in zip(tiles, amounts, strict=True)
        ]

    def _due_domain(self, scope, day):
        owed = Domain("due", ">", 0) & Domain("bill_on", "<=", day)
        return owed & scope.of("subscription_id.")

    def _next_documents(self, scope, day):
        """Return how many subscriptions have a billing period that ends by a day."""
        orders = self.env["sale.order"]
        domain = orders._fusion_over_on(day) & scope.of()
        return {
            "count": orders.search_count(domain),
            "label": self.env._("subscriptions"),
            "action": self._action(SUBSCRIPTIONS, self.env._("Next Documents"), domain),
        }

    def _overdue_tile(self, scope):
        domain = (
            Domain("move_type", "=", "out_invoice")
            & Domain("state", "=", "posted")
            & Domain("payment_state", "in", UNPAID)
            & Domain("fusion_bill_on", "!=", False)
            & Domain("invoice_date_due", "<", scope.today)
            & scope.of("invoice_line_ids.fusion_rating_id.subscription_id.")
        )
        groups = self.env["account.move"]._read_group(
            domain, ["company_id"], ["amount_residual_signed:sum", "__count"]
        )
        amount = sum(
            company.currency_id._convert(residual, scope.currency, self.env.company, scope.today)
            for company, residual, _count in groups
        )
        action = self._action(INVOICES, self.env._("Overdue"), domain)
        return {
            "key": "overdue",
            "label": self.env._("Overdue"),
            "help": self.env._("Invoices of subscriptions whose due date has passed, unpaid."),
            "amount": amount,
            "action": action,
            "also": {
                "count": sum(count for *_group, count in groups),
                "label": self.env._("invoices"),
                "action": action,
            },
        }

    # === SUBSCRIPTIONS === #

    def _state_tiles(self, scope):
        """Return how many subscriptions there are by state, and how many customers used more than
        is included.
        """
        orders = self.env["sale.order"]
        base = Domain("fusion_plan_id", "!=", False) & Domain("state", "!=", "cancel") & scope.of()
        counts = dict(orders._read_group(base, ["fusion_state"], ["__count"]))
        labels = dict(orders._fields["fusion_state"]._description_selection(self.env))
        tiles = [
            {
                "key": state,
                "label": label,
                "count": counts.get(state, 0),
                "action": self._action(
                    SUBSCRIPTIONS, label, base & Domain("fusion_state", "=", state)
                ),
            }
            for state, label in labels.items()
        ]
        return [*tiles, self._quota_tile(scope)]

    def _quota_tile(self, scope):
        """Return how many customers have used more than a charge includes in an open period."""
        over = (
            Domain("charge_id", "!=", False)
            & Domain("included_quantity", ">", 0)
            & Domain("billable_quantity", ">", 0)
            & Domain("date_from", "<=", scope.today)
            & Domain("date_until", ">", scope.today)
        )
        [[count]] = self._query(OVER_QUOTA, scope)
        orders = Domain("fusion_rating_ids", "any", over) & scope.of()
        label = self.env._("Customers over Quota")
        return {
            "key": "quota",
            "label": label,
            "count": count,
            "action": self._action(
                CUSTOMERS,
                label,
                Domain("sale_order_ids", "any", orders),
                context={"active_test": False},
            ),
        }


# What is due is searched where the ledger's index has it; it is above zero there alone where
# documents settle less than is owed.
DUE = """
SELECT COALESCE(sum(%(converted)s) FILTER (WHERE bill_on <= %(today)s), 0),
       COALESCE(sum(%(converted)s) FILTER (WHERE bill_on <= %(week)s), 0),
       COALESCE(sum(%(converted)s), 0)
  FROM (SELECT bill_on, currency_id, sum(%(due)s) FILTER (WHERE amount > settled) AS amount
          FROM fusion_billing_rating
         WHERE company_id = ANY(%(companies)s) AND bill_on <= %(month)s
           AND amount - settled - waived <> 0 AND %(is_chosen)s
         GROUP BY bill_on, currency_id) AS unbilled
"""

OVER_QUOTA = """
SELECT count(DISTINCT subscription.partner_id)
  FROM fusion_billing_rating AS rating
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
 WHERE rating.company_id = ANY(%(companies)s) AND rating.charge_id IS NOT NULL
   AND rating.included_quantity > 0 AND rating.billable_quantity > 0
   AND rating.date_from <= %(today)s AND rating.date_until > %(today)s AND %(is_chosen)s
"""
