from odoo import api, fields, models
from odoo.tools import SQL


class FusionBillingThresholdCrossing(models.Model):
    """Says that a threshold was reached in a period, so that it is told once."""

    _name = "fusion.billing.threshold.crossing"
    _description = "Usage Threshold Reached"
    _order = "id desc"
    _log_access = False

    threshold_id = fields.Many2one(
        "fusion.billing.threshold", required=True, index=True, ondelete="cascade",
    )
    subscription_id = fields.Many2one(
        "sale.order", required=True, index=True, ondelete="cascade",
    )
    charge_id = fields.Many2one(
        "fusion.billing.charge", index="btree_not_null", ondelete="cascade",
        help="Empty where all usage of the subscription counts together.",
    )
    period_start = fields.Date(required=True)
    crossed_at = fields.Datetime(required=True, default=fields.Datetime.now)

    _once = models.UniqueIndex(
        "(threshold_id, subscription_id, COALESCE(charge_id, 0), period_start)",
    )

    @api.model
    def _note(self, threshold, rating, charge=None):
        """Note a crossing; return whether it is the first in the rating's billing period.

        Two transactions that find the same at once are told apart by the database.
        """
        start, end = rating._billing_period()
        return bool(self.env.execute_query(SQL(
            NOTE, threshold=threshold.id, subscription=rating.subscription_id.id,
            charge=charge.id if charge else None, period_start=rating.period_start,
            start=start, end=end, now=fields.Datetime.now(),
        )))


# What was noted may have begun on another day: a plan or prices may cut the period since then.
NOTE = """
INSERT INTO fusion_billing_threshold_crossing
       (threshold_id, subscription_id, charge_id, period_start, crossed_at)
SELECT %(threshold)s, %(subscription)s, %(charge)s, %(period_start)s, %(now)s
 WHERE NOT EXISTS (
       SELECT FROM fusion_billing_threshold_crossing
        WHERE threshold_id = %(threshold)s AND subscription_id = %(subscription)s
          AND charge_id IS NOT DISTINCT FROM %(charge)s
          AND period_start >= %(start)s AND period_start < %(end)s)
    ON CONFLICT DO NOTHING
RETURNING id
"""
