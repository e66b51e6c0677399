from odoo import models
from odoo.tools import SQL


class FusionBillingUsage(models.Model):
    """What a group of counters comes to in lists, pivots and graphs.

    A sum of calls and gigabytes is a number of nothing, and so is a sum of maxima: a group is
    combined as its metric says, and has no quantity where that would not be one.
    """

    _inherit = "fusion.billing.usage"

    def _read_group_select(self, aggregate_spec, query):
        select = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec != "quantity:sum":
            return select
        _metrics, metric = self._fields["metric_id"].join(self, self._table, query)
        return SQL(
            COMBINED,
            quantity=SQL.identifier(self._table, "quantity"),
            value=SQL.identifier(self._table, "value"),
            subscription=SQL.identifier(self._table, "subscription_id"),
            metric=SQL.identifier(metric, "id"),
            kind=SQL.identifier(metric, "aggregation"),
            last=SQL(", ").join(
                SQL("%s DESC", SQL.identifier(self._table, name))
                for name in ("period_start", "write_date", "id")
            ),
        )


# Of levels there is one for each subscription: several have a highest, and an average. A level that
# is weighted by time is shown as it was in the end.
COMBINED = """
CASE WHEN min(%(metric)s) = max(%(metric)s) THEN
    CASE min(%(kind)s)
        WHEN 'sum' THEN sum(%(quantity)s)
        WHEN 'count' THEN count(*)
        WHEN 'max' THEN max(%(quantity)s)
        WHEN 'average' THEN avg(%(quantity)s)
        WHEN 'unique_count' THEN
            count(DISTINCT (%(subscription)s, COALESCE(%(value)s, %(quantity)s::text)))
            FILTER (WHERE %(kind)s = 'unique_count')
        ELSE CASE WHEN min(%(subscription)s) = max(%(subscription)s) THEN
            (array_agg(%(quantity)s ORDER BY %(last)s)
             FILTER (WHERE %(kind)s IN ('last', 'weighted')))[1] END
    END
END
"""
