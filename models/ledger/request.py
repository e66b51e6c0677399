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

    subscription_id = fields.Many2one(
        "sale.order", required=True, index=True, ondelete="cascade",
    )
    touched_from = fields.Datetime()
    touched_until = fields.Datetime()

    @api.model
    def _request(self, subscriptions, touched_from=None, touched_until=None):
        """Note that these subscriptions are to be rated again."""
        # sudo: whoever may change a price or a counter need not know of this queue.
        self.sudo().create([
            {"subscription_id": subscription.id, "touched_from": touched_from,
             "touched_until": touched_until or touched_from}
            for subscription in subscriptions
        ])

    def _reaches_on(self):
        """Whether a change reaches every later day: a level that is weighted by time holds until
        the next counter (R9).
        """
        self.ensure_one()
        plans = self.subscription_id.fusion_phase_ids.plan_id.with_context(active_test=False)
        return "weighted" in plans.charge_ids.metric_id.mapped("aggregation")

    @api.model
    def _pending_subscription_ids(self):
        """Return the ids of the subscriptions that have something to rate, oldest note first."""
        rows = self.env.execute_query(SQL(
            "SELECT subscription_id FROM fusion_billing_rating_request"
            " GROUP BY subscription_id ORDER BY min(id)"
        ))
        return [subscription_id for [subscription_id] in rows]
