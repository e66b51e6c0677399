from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL


class FusionBillingRatingRequest(models.Model):
    """A note that something changed that a subscription's rating depends on.

    Rows are only inserted and deleted, never updated: thousands of writers can note a change of
    the same subscription at once without waiting for each other. Rating deletes exactly the rows
    that its own snapshot saw, so a change that commits meanwhile is rated by the next run, never
    lost. The instants say which part of the past was touched; both are empty where the open
    period as a whole is meant (a price changed, a period began).
    """

    _name = "fusion.billing.rating.request"
    _description = "Rating Request"
    _log_access = False

    subscription_id = fields.Many2one("sale.order", required=True, index=True, ondelete="cascade")
    touched_from = fields.Datetime()
    touched_until = fields.Datetime()
    requested_at = fields.Datetime(readonly=True, default=fields.Datetime.now)

    def init(self):
        # For those that ingest inserts.
        self.env.cr.execute(
            "ALTER TABLE fusion_billing_rating_request"
            " ALTER COLUMN requested_at SET DEFAULT (now() AT TIME ZONE 'UTC')"
        )

    @api.model
    def _request(self, subscriptions, touched_from=None, touched_until=None):
        """Note that these subscriptions are to be rated again."""
        # sudo: whoever may change a price or a counter need not know of this queue.
        self.sudo().create(
            [
                {
                    "subscription_id": subscription.id,
                    "touched_from": touched_from,
                    "touched_until": touched_until or touched_from,
                }
                for subscription in subscriptions
            ]
        )

    @api.model
    def _touched(self, subscriptions):
        """Return which parts of the past were touched: `{subscription id: [(from, until)]}`.

        A part is a pair of instants, the first and the last one of its days in UTC.
        """
        self.flush_model()
        touched = defaultdict(list)
        rows = self.env.execute_query(SQL(TOUCHED, subscriptions.ids))
        for subscription_id, since, until in rows:
            touched[subscription_id].append((since, until))
        return touched

    @api.model
    def _settle(self, subscriptions):
        """Delete the requests that this transaction sees; later ones stay for the next run."""
        self.env.execute_query(
            SQL(
                "DELETE FROM fusion_billing_rating_request WHERE subscription_id = ANY(%s)"
                " RETURNING 1",
                subscriptions.ids,
            )
        )
        self.invalidate_model()

    @api.model
    def _pending_subscription_ids(self, companies):
        """Return the ids of the subscriptions of some companies that have something to rate,
        oldest note first.
        """
        rows = self.env.execute_query(SQL(PENDING, companies.ids))
        return [subscription_id for [subscription_id] in rows]


# A subscription that is pushed to every second has many requests, of few days.
TOUCHED = """
SELECT subscription_id, min(touched_from), max(touched_until)
  FROM fusion_billing_rating_request
 WHERE subscription_id = ANY(%s) AND touched_from IS NOT NULL
 GROUP BY subscription_id, date_trunc('day', touched_from), date_trunc('day', touched_until)
"""

PENDING = """
SELECT request.subscription_id
  FROM (SELECT subscription_id, min(id) AS first
          FROM fusion_billing_rating_request GROUP BY subscription_id) AS request
  JOIN sale_order AS subscription ON subscription.id = request.subscription_id
 WHERE subscription.company_id = ANY(%s)
 ORDER BY request.first
"""
