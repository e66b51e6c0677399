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
    rating_id = fields.Many2one(
        "fusion.billing.rating", index="btree_not_null", ondelete="cascade",
        help="Empty where all usage of the subscription counts together.",
    )
    period_start = fields.Date(required=True)
    crossed_at = fields.Datetime(required=True, default=fields.Datetime.now)

    _once_per_rating = models.UniqueIndex("(threshold_id, rating_id) WHERE rating_id IS NOT NULL")
    _once_per_period = models.UniqueIndex(
        "(threshold_id, period_start) WHERE rating_id IS NULL",
    )

    @api.model
    def _note(self, threshold, subscription, period_start, rating=None):
        """Note a crossing; return whether it is the first in this period.

        Two transactions that find the same at once are told apart by the database.
        """
        return bool(self.env.execute_query(SQL(
            "INSERT INTO fusion_billing_threshold_crossing"
            " (threshold_id, subscription_id, rating_id, period_start, crossed_at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            threshold.id, subscription.id, rating.id if rating else None, period_start,
            fields.Datetime.now(),
        )))
