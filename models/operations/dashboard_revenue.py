from decimal import Decimal
from itertools import pairwise

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.fields import Domain
from odoo.tools.misc import format_date

MOVEMENTS = "fusion_billing.fusion_billing_revenue_movement_action"
RATINGS = "fusion_billing.fusion_billing_rating_action"
KINDS = ("new", "expansion", "reactivation", "contraction", "churn")
TOP = 5
METRICS = 4


class FusionBillingDashboard(models.AbstractModel):
    """What comes in: recurring revenue from its log, usage revenue from the ledger beside it."""

    _inherit = "fusion.billing.dashboard"

    def _read_figures(self, scope):
        movements = self._read_movements(scope)
        usage = self._read_usage(scope)
        rows = self._query(CUSTOMERS, scope, top=TOP)
        kept = rows[0][:2]
        return {
            **super()._read_figures(scope),
            "revenue": self._revenue_tiles(scope, movements, usage, kept),
            "recurring_chart": self._recurring_chart(scope, movements),
            "movement_chart": self._movement_chart(scope, movements),
            "usage_chart": self._usage_chart(scope, usage),
            "metric_charts": self._metric_charts(scope, usage),
            "customers": self._top_customers(scope, [row[2:] for row in rows if row[2]]),
        }

    # === RECURRING REVENUE === #

    def _read_movements(self, scope):
        """Return by how much revenue moved: `{(first day of the month, kind): Decimal}`."""
        rows = self._query(MOVED, scope)
        return {(month, kind): Decimal(amount) for month, kind, amount in rows}

    def _revenue_tiles(self, scope, movements, usage, kept):
        recurring = sum(movements.values())
        before = sum(amount for (month, _kind), amount in movements.items() if month < scope.first)
        month = scope.today.replace(day=1)
        of_month = sum(amount for (day, _id), (amount, _used) in usage.items() if day == month)
        until_today = Domain("date", "<=", scope.today) & scope.of("subscription_id.")
        return [
            {
                "key": "recurring",
                "label": self.env._("Monthly Recurring Revenue"),
                "help": self.env._("What the fees in force come to in a month, without usage."),
                "amount": float(recurring),
                "change": float(recurring - before),
                "action": self._action(MOVEMENTS, self.env._("Recurring Revenue"), until_today),
            },
            {
                "key": "usage",
                "label": self.env._("Usage This Month"),
                "help": self.env._("What billing periods that began this month come to so far."),
                "amount": float(of_month),
                "action": self._usage_action(scope, month),
            },
            self._retention_tile(scope, until_today, *kept),
        ]

    def _retention_tile(self, scope, until_today, before, after):
        return {
            "key": "retention",
            "label": self.env._("Net Revenue Retention"),
            "help": self.env._(
                "Of what customers paid for recurring fees when the period began: how much the"
                " same customers pay now. More than 100 % means that they grew."
            ),
            "percent": float(after / before * 100) if before else None,
            "action": self._action(
                MOVEMENTS,
                self.env._("Changes since %s", format_date(self.env, scope.first)),
                until_today & Domain("date", ">=", scope.first),
                context={"group_by": ["partner_id"]},
            ),
        }

    def _recurring_chart(self, scope, movements):
        data, domains = [], []
        for start, end in self._months(scope):
            data.append(float(sum(a for (month, _kind), a in movements.items() if month <= start)))
            domains.append(list(Domain("date", "<", end) & scope.of("subscription_id.")))
        label = self.env._("Recurring revenue")
        return self._chart(
            scope,
            self.env._("Recurring Revenue at the Month's End"),
            "bar",
            [{"key": "recurring", "label": label, "data": data, "domains": domains}],
            self._action(MOVEMENTS, self.env._("Recurring Revenue")),
        )

    def _movement_chart(self, scope, movements):
        labels = dict(
            self.env["fusion.billing.revenue.movement"]
            ._fields["kind"]
            ._description_selection(self.env)
        )
        datasets = [
            {
                "key": kind,
                "label": labels[kind],
                "data": [
                    float(movements.get((start, kind), 0)) for start, _end in self._months(scope)
                ],
                "domains": [
                    list(
                        Domain("kind", "=", kind)
                        & Domain("date", ">=", start)
                        & Domain("date", "<", end)
                        & scope.of("subscription_id.")
                    )
                    for start, end in self._months(scope)
                ],
            }
            for kind in KINDS
        ]
        action = self._action(MOVEMENTS, self.env._("Revenue Movements"))
        return self._chart(scope, self.env._("How It Moved"), "stacked", datasets, action)

    # === USAGE === #

    def _read_usage(self, scope):
        """Return what usage comes to, by month and metric.

        :return: `{(first day of the month, metric id): (amount, quantity)}`, of Decimals
        """
        rows = self._query(USED, scope)
        return {(day, metric): (Decimal(a), Decimal(q)) for day, metric, a, q in rows}

    def _usage_domain(self, scope, start):
        return (
            Domain("charge_id", "!=", False)
            & Domain("date_from", ">=", start)
            & Domain("date_from", "<", start + relativedelta(months=1))
            & scope.of("subscription_id.")
        )

    def _usage_action(self, scope, start):
        return self._action(RATINGS, self.env._("Usage Revenue"), self._usage_domain(scope, start))

    def _usage_chart(self, scope, usage):
        starts = scope.starts[:-1]
        data = [
            float(sum(amount for (day, _id), (amount, _used) in usage.items() if day == start))
            for start in starts
        ]
        domains = [list(self._usage_domain(scope, start)) for start in starts]
        label = self.env._("Usage revenue")
        return self._chart(
            scope,
            self.env._("Usage Revenue by Month"),
            "bar",
            [{"key": "usage", "label": label, "data": data, "domains": domains}],
            self._action(RATINGS, self.env._("Usage Revenue")),
        )

    def _metric_charts(self, scope, usage):
        """Return a chart for each of the metrics that bring most, of those that add up."""
        amounts = {}
        for (_day, metric_id), (amount, _quantity) in usage.items():
            amounts[metric_id] = amounts.get(metric_id, 0) + amount
        metrics = self.env["fusion.billing.metric"].browse(
            sorted(amounts, key=amounts.get, reverse=True)
        )
        metrics = metrics.filtered(lambda metric: metric.aggregation in ("sum", "count"))
        return [self._metric_chart(scope, usage, metric) for metric in metrics[:METRICS]]

    def _metric_chart(self, scope, usage, metric):
        starts = scope.starts[:-1]
        data = [float(usage.get((start, metric.id), (0, 0))[1]) for start in starts]
        of_metric = Domain("metric_id", "=", metric.id)
        domains = [list(self._usage_domain(scope, start) & of_metric) for start in starts]
        dataset = {"key": "metric", "label": metric.name, "data": data, "domains": domains}
        action = self._action(RATINGS, metric.name)
        return self._chart(scope, metric.name, "line", [dataset], action, unit="quantity")

    # === CUSTOMERS === #

    def _top_customers(self, scope, rows):
        """Return the customers that bring most, each with what fees and usage come to."""
        names = self.env["res.partner"].browse(row[0] for row in rows).mapped("display_name")
        return [
            {
                "id": partner_id,
                "name": name,
                "recurring": float(recurring),
                "recurring_action": self._action(
                    MOVEMENTS,
                    name,
                    Domain("subscription_id.partner_id", "child_of", partner_id)
                    & Domain("date", "<=", scope.today)
                    & scope.of("subscription_id."),
                ),
                "usage": float(usage),
                "usage_action": self._action(
                    RATINGS,
                    name,
                    Domain("partner_id", "child_of", partner_id)
                    & Domain("charge_id", "!=", False)
                    & Domain("date_until", ">", scope.today)
                    & Domain("date_from", "<=", scope.today)
                    & scope.of("subscription_id."),
                ),
            }
            for (partner_id, recurring, usage), name in zip(rows, names, strict=True)
        ]

    # === HOW === #

    def _months(self, scope):
        return list(pairwise(scope.starts))

    def _chart(self, scope, title, kind, datasets, action, unit="amount"):
        labels = [
            format_date(self.env, start, date_format="MMM yyyy")
            for start, _end in self._months(scope)
        ]
        return {
            "title": title,
            "kind": kind,
            "unit": unit,
            "labels": labels,
            "datasets": datasets,
            "action": action,
        }


# Rows are added up before anything else is asked of them: there are very many.
MOVED = """
SELECT date_trunc('month', date::timestamp)::date, kind, sum(%(own_converted)s)::text
  FROM (SELECT date, kind, company_id, sum(amount) AS amount
          FROM fusion_billing_revenue_movement
         WHERE company_id = ANY(%(companies)s) AND date <= %(today)s AND %(is_chosen)s
         GROUP BY date, kind, company_id) AS moved
 GROUP BY 1, 2
"""

USED = """
SELECT date_trunc('month', date_from::timestamp)::date, metric_id,
       sum(%(converted)s)::text, sum(quantity)::text
  FROM (SELECT date_from, metric_id, currency_id, sum(amount) AS amount, sum(quantity) AS quantity
          FROM fusion_billing_rating
         WHERE company_id = ANY(%(companies)s) AND charge_id IS NOT NULL
           AND date_from BETWEEN %(first)s AND %(today)s AND %(is_chosen)s
         GROUP BY date_from, metric_id, currency_id) AS used
 GROUP BY 1, 2
"""

# A customer is a company with all its contacts: who moves from one subscription to another stays.
CUSTOMERS = """
WITH worth AS (
       SELECT subscription_id, %(own_converted)s AS recurring, NULL::numeric AS usage,
              CASE WHEN date < %(first)s THEN %(own_converted)s END AS before
         FROM fusion_billing_revenue_movement
        WHERE company_id = ANY(%(companies)s) AND date <= %(today)s AND %(is_chosen)s
        UNION ALL
       SELECT subscription_id, NULL, %(converted)s, NULL
         FROM fusion_billing_rating
        WHERE company_id = ANY(%(companies)s) AND charge_id IS NOT NULL
          AND date_until > %(today)s AND date_from <= %(today)s AND %(is_chosen)s),
     customer AS (
       SELECT partner.commercial_partner_id AS id, COALESCE(sum(worth.recurring), 0) AS recurring,
              COALESCE(sum(worth.usage), 0) AS usage, COALESCE(sum(worth.before), 0) AS before
         FROM worth
         JOIN sale_order AS subscription ON subscription.id = worth.subscription_id
         JOIN res_partner AS partner ON partner.id = subscription.partner_id
        GROUP BY partner.commercial_partner_id)
SELECT kept.before, kept.after, best.id, best.recurring, best.usage
  FROM (SELECT COALESCE(sum(before), 0) AS before, COALESCE(sum(recurring), 0) AS after
          FROM customer WHERE before > 0) AS kept
  LEFT JOIN (SELECT * FROM customer WHERE recurring > 0 OR usage > 0
              ORDER BY recurring + usage DESC, id LIMIT %(top)s) AS best ON true
"""
