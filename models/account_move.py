from odoo import api, fields, models


class AccountMove(models.Model):
    """Invoices of subscriptions that wait as drafts for late counters."""

    _inherit = "account.move"

    fusion_post_at = fields.Datetime(
        "Held Until", copy=False, readonly=True, index="btree_not_null",
        help="Until then late usage still lands in this draft; then it is posted.",
    )

    @api.model
    def _fusion_held_until_now(self):
        """Return the drafts whose time has come."""
        return self.search([
            ("state", "=", "draft"), ("fusion_post_at", "<=", fields.Datetime.now()),
        ])

    def _fusion_subscription(self):
        """Return the subscription that this invoice bills."""
        return self.invoice_line_ids.sale_line_ids.order_id.filtered("fusion_plan_id")[:1]

    def _fusion_post_held(self):
        """Rate what came in since the draft was made, in the same transaction, and post it."""
        self.ensure_one()
        self.env["fusion.billing.rating"]._rate_requested(self._fusion_subscription())
        self.action_post()
