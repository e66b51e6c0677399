from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..base.staff import BILLING, check_staff


class SaleOrder(models.Model):
    """What the ledger says of a subscription."""

    _inherit = "sale.order"

    fusion_rating_ids = fields.One2many(
        "fusion.billing.rating", "subscription_id", "Ledger", groups=BILLING
    )
    fusion_rating_count = fields.Integer(
        "Ratings", compute="_compute_fusion_rating_count", groups=BILLING
    )
    fusion_due_amount = fields.Monetary(
        "Due",
        compute="_compute_fusion_due_amount",
        groups=BILLING,
        help="What is owed until now and stands on no document, before tax.",
    )

    @api.constrains("currency_id", "company_id")
    def _check_fusion_ledger_kept(self):
        """A subscription's ledger is in one currency and of one company."""
        for order in self.filtered(lambda order: order._fusion_has_begun()):
            # sudo: what is rated counts, whoever looks.
            rating = order.sudo().fusion_rating_ids[:1]
            if rating and (rating.currency_id, rating.company_id) != (
                order.currency_id,
                order.company_id,
            ):
                raise ValidationError(
                    self.env._(
                        "You cannot change the currency or the company of %s: usage and fees are"
                        " rated already. Close it and make a new quotation.",
                        order.display_name,
                    )
                )

    @api.depends("fusion_rating_ids")
    def _compute_fusion_rating_count(self):
        counts = self._fusion_count("fusion.billing.rating")
        for order in self:
            order.fusion_rating_count = counts.get(order.id, 0)

    @api.depends(
        "fusion_rating_ids.amount", "fusion_rating_ids.settled", "fusion_rating_ids.waived"
    )
    def _compute_fusion_due_amount(self):
        ratings = (
            self.env["fusion.billing.rating"]
            .search([("subscription_id", "in", self.ids), ("due", "!=", 0)])
            .grouped("subscription_id")
        )
        for order in self:
            order.fusion_due_amount = sum(rating.due for rating in ratings.get(order._origin, ()))

    # === ACTIONS === #

    def action_fusion_rate_now(self):
        """Bring ledger and order lines up to the usage that is known now."""
        check_staff(self)
        self._fusion_check_few()
        # sudo: rating alone writes the ledger, whoever asks for it.
        ratings, orders = self.env["fusion.billing.rating"].sudo(), self.sudo()
        if len(self) == 1:
            ratings._rate_requested(orders)
            self._fusion_clear_failure("rating")
        elif not ratings._rate_as_one(orders):
            refused = orders._fusion_try_each(ratings._rate_requested)
            orders.filtered(lambda order: order not in refused)._fusion_clear_failure("rating")
            if refused:
                return self._fusion_tell_refused(refused)
        return self._fusion_notify("success", self.env._("All usage until now is rated."))

    def action_view_fusion_ratings(self):
        return self._fusion_open_own("fusion_billing.fusion_billing_rating_action")
