from odoo import api, fields, models


class AccountMove(models.Model):
    """Invoices of subscriptions that wait as drafts for late counters."""

    _inherit = "account.move"

    fusion_post_at = fields.Datetime(
        "Held Until", copy=False, readonly=True, index="btree_not_null",
        help="Until then late usage still lands in this draft; then it is posted.",
    )

    fusion_fees_from = fields.Date(copy=False, readonly=True)
    fusion_fees_until = fields.Date(
        copy=False, readonly=True, help="First day whose recurring fees are not on this invoice.",
    )

    def unlink(self):
        self._fusion_take_back()
        return super().unlink()

    def button_cancel(self):
        self._fusion_take_back()
        return super().button_cancel()

    def _fusion_take_back(self):
        """Have what these invoices bill billed again: they are deleted or cancelled.

        Usage is found again by its lines; fees can be taken back while they are the last billed.
        """
        for move in self.filtered(lambda move: move.move_type == "out_invoice"):
            # sudo: who deletes an invoice need not be allowed to change the subscription.
            order = move.sudo()._fusion_subscription()
            if order and move.fusion_fees_until:
                order._fusion_take_back_fees(move.fusion_fees_from, move.fusion_fees_until)
            if order.fusion_state == "6_churn":
                order.fusion_owes_corrections = True

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
