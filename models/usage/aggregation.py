import json
from decimal import ROUND_HALF_UP, Context, Decimal

from odoo import api, models
from odoo.tools import SQL

# Averages and weighted levels are quotients: they end at this decimal if not before.
QUOTIENT = Decimal("1e-12")
EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


class FusionBillingUsage(models.Model):
    """How counters combine to the quantity of a period: the one place that reads them in sets."""

    _inherit = "fusion.billing.usage"

    @api.model
    def _aggregate(self, targets):
        """Combine the counters of each target as its metric says (R2).

        :param list targets: of `ledger.target.Target`
        :return: one Decimal per target, in their order; zero without counters
        """
        self.flush_model()
        quantities = [Decimal(0)] * len(targets)
        held = [target.stretch.source.aggregation == "weighted" for target in targets]
        for query, wanted in ((COUNTERS, False), (LEVELS, True)):
            positions = [n for n, weighted in enumerate(held) if weighted is wanted]
            if positions:
                rows = self._aggregate_rows(query, [targets[n] for n in positions])
                for position, total, divisor in rows:
                    quantities[positions[position - 1]] = self._divide(total, divisor)
        return quantities

    @api.model
    def _aggregate_rows(self, query, targets):
        spans = [
            (position, target, start.isoformat(), end.isoformat())
            for position, target in enumerate(targets, 1)
            for start, end in target.spans
        ]
        return self.env.execute_query(
            SQL(
                query,
                [target.subscription.id for _position, target, _start, _end in spans],
                [target.stretch.source.metric for _position, target, _start, _end in spans],
                [start for _position, _target, start, _end in spans],
                [end for _position, _target, _start, end in spans],
                [target.full_seconds for _position, target, _start, _end in spans],
                [_as_json(target.usage_filter) for _position, target, _start, _end in spans],
                [_as_json(target.other_filters) for _position, target, _start, _end in spans],
                [position for position, _target, _start, _end in spans],
            )
        )

    @api.model
    def _counters(self, target):
        """Return the counters that combine to a target's quantity."""
        self.flush_model()
        return self.browse(row[0] for row in self._aggregate_rows(COUNTED, [target]))

    @api.model
    def _counted_at(self, targets):
        """Return which counters combine to which targets: pairs of a counter's id and a position,
        from 1 on.
        """
        self.flush_model()
        return set(self._aggregate_rows(COUNTED, targets))

    @api.model
    def _divide(self, total, divisor):
        total, divisor = Decimal(total), Decimal(divisor)
        if divisor == 1:
            return total
        return EXACT.divide(total, divisor).quantize(QUOTIENT, context=EXACT)


def _as_json(filters):
    return filters and json.dumps(filters)


_TARGET = """
    SELECT * FROM unnest(
        %s::int[], %s::int[], %s::timestamp[], %s::timestamp[], %s::bigint[], %s::jsonb[],
        %s::jsonb[], %s::int[]
    ) AS target(
        subscription_id, metric_id, start_at, end_at, full_seconds, usage_filter, other_filters,
        position)
"""

# A counter matches a filter if each named dimension has one of the listed values. A target takes
# what matches its own filter, and leaves what matches the filter of another charge.
_MATCHES = """
       (target.usage_filter IS NULL OR NOT EXISTS (
           SELECT FROM jsonb_each(target.usage_filter) AS rule
            WHERE NOT COALESCE(rule.value ? (usage.dimensions ->> rule.key), FALSE)))
   AND (target.other_filters IS NULL OR NOT EXISTS (
           SELECT FROM jsonb_array_elements(target.other_filters) AS other
            WHERE NOT EXISTS (
                SELECT FROM jsonb_each(other) AS rule
                 WHERE NOT COALESCE(rule.value ? (usage.dimensions ->> rule.key), FALSE))))
"""

# One pass over the counters; each aggregate reads only the rows of its own kind of metric.
# `unique_count` counts the values, and the quantities of counters that carry no value.
COUNTERS = f"""
WITH target AS ({_TARGET}), counter AS (
    SELECT target.position, metric.aggregation AS kind, usage.*
      FROM target
      JOIN fusion_billing_metric AS metric ON metric.id = target.metric_id
      JOIN fusion_billing_usage AS usage
        ON usage.subscription_id = target.subscription_id
       AND usage.metric_id = target.metric_id
       AND usage.period_start >= target.start_at
       AND usage.period_start < target.end_at
     WHERE {_MATCHES}
)
SELECT position,
       CASE kind
           WHEN 'count' THEN count(*)
           WHEN 'max' THEN max(quantity)
           WHEN 'last' THEN (
               array_agg(quantity ORDER BY period_start DESC, write_date DESC, id DESC)
               FILTER (WHERE kind = 'last'))[1]
           WHEN 'unique_count' THEN
               count(DISTINCT value) FILTER (WHERE kind = 'unique_count')
               + count(DISTINCT quantity)
                 FILTER (WHERE kind = 'unique_count' AND value IS NULL)
           ELSE sum(quantity)
       END::text,
       CASE kind WHEN 'average' THEN count(*) ELSE 1 END::text
  FROM counter
 GROUP BY position, kind
"""

# The start of the last matching counter before a target: its level reaches into the target.
_REACHES_IN = f"""
    COALESCE((
        SELECT max(usage.period_start)
          FROM fusion_billing_usage AS usage
         WHERE usage.subscription_id = target.subscription_id
           AND usage.metric_id = target.metric_id
           AND usage.period_start <= target.start_at
           AND {_MATCHES}), target.start_at)
"""

# A level holds from its counter's start until the next counter's, and the last one before the
# target reaches into it. Levels are weighted with the seconds that they held of those of the full
# billing period, so that the parts of a period that is cut sum to the whole.
LEVELS = f"""
WITH target AS ({_TARGET}), held AS (
    SELECT target.position, usage.quantity, target.full_seconds,
           GREATEST(usage.period_start, target.start_at) AS since,
           LEAD(GREATEST(usage.period_start, target.start_at), 1, target.end_at) OVER (
               PARTITION BY target.position
               ORDER BY usage.period_start, usage.write_date, usage.id) AS until
      FROM target
      JOIN fusion_billing_usage AS usage
        ON usage.subscription_id = target.subscription_id
       AND usage.metric_id = target.metric_id
       AND usage.period_start < target.end_at
       AND usage.period_start >= {_REACHES_IN}
     WHERE {_MATCHES}
)
SELECT position,
       sum(quantity * EXTRACT(EPOCH FROM until - since)::numeric)::text,
       full_seconds::text
  FROM held
 GROUP BY position, full_seconds
"""

# The counters behind one quantity, for people to look at.
COUNTED = f"""
WITH target AS ({_TARGET})
SELECT usage.id, target.position
  FROM target
  JOIN fusion_billing_metric AS metric ON metric.id = target.metric_id
  JOIN fusion_billing_usage AS usage
    ON usage.subscription_id = target.subscription_id
   AND usage.metric_id = target.metric_id
   AND usage.period_start < target.end_at
   AND usage.period_start >= CASE metric.aggregation
       WHEN 'weighted' THEN {_REACHES_IN} ELSE target.start_at END
 WHERE {_MATCHES}
"""
