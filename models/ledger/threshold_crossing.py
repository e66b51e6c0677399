from odoo import api, fields, models
from odoo.tools import SQL


class FusionBillingThresholdCrossing(models.Model):
    """Says that a threshold was reached in a period, so that it is told once."""

    _name = "fusion.billing.threshold.crossing"
    _description = "Usage Threshold Reached"
    _order = "id desc"
    _log_access = False

    threshold_id = fields.Many2one(
        "fusion.billing.threshold", required=True, index=True, ondelete="cascade"
    )
    subscription_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    charge_id = fields.Many2one(
        "fusion.billing.charge",
        index="btree_not_null",
        ondelete="cascade",
        help="Empty where all usage of the subscription counts together.",
    )
    cycle_start = fields.Date(required=True)
    crossed_at = fields.Datetime(required=True, default=fields.Datetime.now)

    _once = models.UniqueIndex(
        "(threshold_id, subscription_id, COALESCE(charge_id, 0), cycle_start)"
    )

    @api.model
    def _note_reached(self, subscriptions):
        """Note the thresholds that these subscriptions have reached, each once in a billing period.

        Two transactions that find the same at once are told apart by the database.

        :return: those that are new, `[(threshold, the ratings that count together)]`
        """
        thresholds = self.env["fusion.billing.threshold"]
        if not thresholds.search_count([], limit=1):
            return []
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(NOTE, subscriptions=subscriptions.ids, now=fields.Datetime.now())
        )
        ratings = self.env["fusion.billing.rating"]
        return [(thresholds.browse(row[0]), ratings.browse(row[1])) for row in rows]


# The billing periods that are open, or that this transaction has rated anew. A part of a quota is
# of each stretch, which has a quota of its own; amounts are of all stretches together. What was
# noted may have begun on another day: the period may have been cut or moved since then.
NOTE = """
WITH cycle AS (
    SELECT DISTINCT rating.subscription_id, rating.cycle_start
      FROM fusion_billing_rating AS rating
      JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
     WHERE rating.subscription_id = ANY(%(subscriptions)s) AND rating.charge_id IS NOT NULL
       AND (rating.rated_at = now() AT TIME ZONE 'UTC'
            OR rating.cycle_end >= subscription.fusion_next_invoice_date)
), rated AS (
    SELECT rating.*, (rating.breakdown ->> 'included_quota')::numeric AS quota
      FROM cycle JOIN fusion_billing_rating AS rating USING (subscription_id, cycle_start)
     WHERE rating.charge_id IS NOT NULL
), watched AS (
    SELECT threshold.id AS threshold_id, kind, threshold_value, rated.charge_id AS counts_for,
           amount_exact AS counts, rated.*
      FROM rated JOIN fusion_billing_threshold AS threshold
        ON threshold.charge_id = rated.charge_id
     UNION ALL
    SELECT threshold.id, kind, threshold_value,
           CASE kind WHEN 'percent' THEN rated.charge_id END, amount, rated.*
      FROM rated JOIN fusion_billing_threshold AS threshold
        ON threshold.subscription_id = rated.subscription_id
), reached AS (
    SELECT threshold_id, subscription_id, cycle_start, max(cycle_end) AS cycle_end,
           counts_for AS charge_id,
           array_agg(id ORDER BY date_from, id) FILTER (
               WHERE kind = 'amount' OR quantity * 100 >= quota * threshold_value) AS ratings
      FROM watched
     GROUP BY threshold_id, subscription_id, cycle_start, counts_for, kind, threshold_value
    HAVING CASE kind WHEN 'amount' THEN sum(counts) >= threshold_value
           ELSE bool_or(quota > 0 AND quantity * 100 >= quota * threshold_value) END
), noted AS (
    INSERT INTO fusion_billing_threshold_crossing AS crossing
           (threshold_id, subscription_id, charge_id, cycle_start, crossed_at)
    SELECT threshold_id, subscription_id, charge_id, cycle_start, %(now)s
      FROM reached
     WHERE NOT EXISTS (
           SELECT FROM fusion_billing_threshold_crossing AS earlier
            WHERE earlier.threshold_id = reached.threshold_id
              AND earlier.subscription_id = reached.subscription_id
              AND earlier.charge_id IS NOT DISTINCT FROM reached.charge_id
              AND earlier.cycle_start >= reached.cycle_start
              AND earlier.cycle_start < reached.cycle_end)
        ON CONFLICT DO NOTHING
    RETURNING threshold_id, subscription_id, charge_id, cycle_start
)
SELECT reached.threshold_id, reached.ratings
  FROM reached JOIN noted
    ON noted.threshold_id = reached.threshold_id
   AND noted.subscription_id = reached.subscription_id
   AND noted.charge_id IS NOT DISTINCT FROM reached.charge_id
   AND noted.cycle_start = reached.cycle_start
 ORDER BY reached.subscription_id, reached.threshold_id, reached.charge_id
"""
