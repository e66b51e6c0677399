from odoo import api, fields, models
from odoo.fields import Domain
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

    def _late_domain(self):
        """Return the domain of the closed ratings that these changes touch.

        A level that is weighted by time holds until the next one, so it touches every later
        period as well (R9).
        """
        touched = self.filtered("touched_from").grouped("subscription_id")
        return Domain.OR(changes._late_domain_of_one() for changes in touched.values())

    def _late_domain_of_one(self):
        return (
            Domain("subscription_id", "=", self.subscription_id.id)
            & Domain("closed", "=", True)
            & Domain("ends_at", ">", min(self.mapped("touched_from")))
            & (
                Domain("starts_at", "<=", max(self.mapped("touched_until")))
                | Domain("metric_id.aggregation", "=", "weighted")
            )
        )

    @api.model
    def _pending_subscription_ids(self):
        """Return the ids of the subscriptions that have something to rate, oldest note first."""
        rows = self.env.execute_query(SQL(
            "SELECT subscription_id FROM fusion_billing_rating_request"
            " GROUP BY subscription_id ORDER BY min(id)"
        ))
        return [subscription_id for [subscription_id] in rows]
