from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Invoices of subscriptions that wait as drafts for late counters."""

    _inherit = "account.move"

    fusion_post_at = fields.Datetime(
        "Held Until", copy=False, readonly=True, index="btree_not_null",
        help="Until then late usage still lands in this draft; then it is posted.",
    )

    fusion_usage_until = fields.Date(
        copy=False, readonly=True, help="First day whose usage does not belong on this draft.",
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

    def button_draft(self):
        self._fusion_check_not_replaced()
        result = super().button_draft()
        # Whoever resets an invoice posts it again; waiting for late counters is over.
        self.fusion_post_at = False
        return result

    def _fusion_check_not_replaced(self):
        """Refuse to bring back what was cancelled, and is billed again because of that."""
        # While an invoice stands, nothing replaces the credit note that staff made of it.
        replaced = self.filtered(
            lambda m: m.state == "cancel" and m.reversed_entry_id.state in (False, "cancel")
        )
        for move in replaced:
            # sudo: who resets an invoice need not see the subscription.
            lines = move.sudo().invoice_line_ids.sale_line_ids
            if any(line._fusion_invoiced_by_engine() for line in lines):
                raise UserError(self.env._(
                    "What stood on this invoice is billed again since it was cancelled: it stays"
                    " cancelled."
                ))

    def _fusion_take_back(self):
        """Have what these invoices bill billed again: they are deleted or cancelled.

        Usage is found again by its lines; fees can be taken back while they are the last billed.
        """
        # What is cancelled was taken back then.
        for move in self.filtered(lambda move: move.is_sale_document() and move.state != "cancel"):
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

    def _fusion_bills_fees(self):
        """Whether recurring products stand on this invoice."""
        return any(
            line._fusion_is_recurring() for line in self.invoice_line_ids.sale_line_ids
        )

    def _fusion_add_usage(self, order_line):
        """Put a usage line on this draft."""
        sign = -1 if self.move_type == "out_refund" else 1
        self.invoice_line_ids = [
            fields.Command.create(order_line._prepare_invoice_line(quantity=sign)),
        ]
        self._fusion_follow_sign()

    def _fusion_follow_sign(self):
        """Turn drafts that came to less than zero into credit notes, or back into invoices."""
        self.filtered(
            lambda move: move.amount_total < 0 and not move.posted_before
        ).action_switch_move_type()

    def _fusion_post_held(self):
        """Rate what came in since the draft was made, in the same transaction, and post it."""
        if self not in self._fusion_held_until_now():
            return  # staff were faster
        self.env["fusion.billing.rating"]._rate_requested(self._fusion_subscription())
        self.action_post()
