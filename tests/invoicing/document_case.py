"""What tests of documents share."""

from odoo.tests import freeze_time

from ..lifecycle_case import LifecycleCase


class DocumentCase(LifecycleCase):
    """One call costs 1; the fee is 49 a month in advance. Days are of 2026, in UTC."""

    @classmethod
    @freeze_time("2026-01-01")
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge()

    @freeze_time("2026-01-01")
    def _start(self, used=0, products=None, **vals):
        """A subscription from 1 January, and calls on 10 January."""
        products = self.fee_product if products is None else products
        subscription = self._subscribe(products=products, **vals)
        if used:
            self._use(subscription, used)
        return subscription

    def _moves(self, subscription):
        """All documents of a subscription that are not cancelled, the oldest first."""
        moves = subscription.fusion_rating_ids.invoice_line_ids.move_id
        moves |= subscription.order_line.invoice_lines.move_id
        return moves.filtered(lambda move: move.state != "cancel").sorted("id")

    def _amounts_signed(self, subscription):
        return self._moves(subscription).mapped("amount_untaxed_signed")

    def _net(self, subscription):
        """What the customer bears, before tax."""
        return round(sum(self._amounts_signed(subscription)), 2)

    def _fee_line(self, subscription):
        return subscription.order_line.filtered("fusion_item_ids")

    def _names(self, move):
        """What the lines of a document say, with ordinary spaces."""
        return [name.replace("\u2009", " ") for name in move.invoice_line_ids.mapped("name")]

    def assertNet(self, subscription, amount):
        """What the customer bears, before tax."""
        self.assertEqual(self._net(subscription), round(amount, 2))

    def _reverse(self, move, modify=False, post=True):
        """Press *Reverse*, or *Reverse and create invoice*; return the document it makes."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id})
        )
        before = move.reversal_move_ids
        wizard.modify_moves() if modify else wizard.refund_moves()
        made = wizard.new_move_ids if modify else move.reversal_move_ids - before
        if post:
            made.filtered(lambda new: new.state == "draft").action_post()
        return made

    def _cancel(self, move):
        move.button_draft()
        move.button_cancel()

    def assertSettled(self, subscription):
        """Nothing is due, and documents settle what is owed."""
        subscription.invalidate_recordset()
        ratings = subscription.fusion_rating_ids.filtered(
            lambda row: row.bill_on <= self.env.company._fusion_today()
        )
        for row in ratings:
            self.assertEqual((row.due, row.settled), (0, row.amount), row.display_name)
