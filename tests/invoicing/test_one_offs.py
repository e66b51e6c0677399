from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestOneOffs(DocumentCase):
    """One-off order lines ride along, each exactly once in every life."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(products=self.fee_product | self.setup_product)
        self.line = self.subscription.order_line.filtered(
            lambda line: line.product_id == self.setup_product
        )
        self._bill_on("2026-01-01")
        self.invoice = self._moves(self.subscription)

    def _one_offs(self):
        """What the customer bears of one-off lines."""
        return sum(
            -line.move_id.direction_sign * line.price_subtotal
            for line in self._moves(self.subscription).invoice_line_ids
            if not line.fusion_rating_id
        )

    def test_it_is_billed_once(self):
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._one_offs(), 200)
        self.assertEqual((self.line.qty_invoiced, self.line.qty_to_invoice), (1, 0))

    def test_a_raised_quantity_is_billed_and_a_lowered_one_credited(self):
        for quantity, day in ((3, "2026-02-01"), (1, "2026-03-01"), (0, "2026-04-01")):
            self.line.product_uom_qty = quantity
            self._bill_on(day)
            self.assertEqual(self._one_offs(), quantity * 200)

    def test_what_was_cancelled_is_billed_again(self):
        self._cancel(self.invoice)
        self._bill_on("2026-02-01")
        self.assertEqual(self._one_offs(), 200)
        self._bill_on("2026-03-01")
        self.assertEqual(self._one_offs(), 200)

    def test_a_cancelled_invoice_is_not_reset_where_it_would_bill_twice(self):
        self._cancel(self.invoice)
        with freeze_time("2026-01-05"):
            self.subscription._create_invoices()
        self.subscription.fusion_rating_ids._waive("given away")
        with self.assertRaisesRegex(UserError, "billed again"):
            self.invoice.button_draft()

    def test_what_staff_credited_is_not_billed_again(self):
        self._reverse(self.invoice)
        self._bill_on("2026-02-01")
        self.assertEqual(self._one_offs(), 0)

    def test_what_staff_replaced_is_billed_once(self):
        self._reverse(self.invoice, modify=True)
        self._bill_on("2026-02-01")
        self.assertEqual(self._one_offs(), 200)

    def test_what_is_delivered_after_closing_is_billed(self):
        delivered = self._product("Training", list_price=80, invoice_policy="delivery")
        with freeze_time("2026-01-02"):
            self.subscription.order_line = [Command.create({"product_id": delivered.id})]
            self.subscription._fusion_close()
        self._bill_on("2026-01-03")
        self.assertEqual(self._one_offs(), 200)
        self.subscription.order_line[-1].qty_delivered = 1
        self._bill_on("2026-01-04", "2026-01-05")
        self.assertEqual(self._one_offs(), 280)

    def test_a_line_that_is_reduced_before_closing_is_credited(self):
        self.line.product_uom_qty = 0
        with freeze_time("2026-01-31 12:00:00"):
            self.subscription._fusion_close()
        self.assertEqual(self._one_offs(), 0)

    def test_a_line_that_is_reduced_after_closing_is_credited_by_the_run(self):
        with freeze_time("2026-01-31 12:00:00"):
            self.subscription._fusion_close()
        self.line.product_uom_qty = 0
        self._bill_on("2026-02-02", "2026-02-03")
        self.assertEqual(self._one_offs(), 0)

    def test_a_line_added_to_a_running_subscription_is_on_the_next_document(self):
        with freeze_time("2026-01-15"):
            self.subscription.order_line = [Command.create({"product_id": self.setup_product.id})]
        self._bill_on("2026-01-16")
        self.assertEqual(self._one_offs(), 200)
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._one_offs(), 400)


@tagged("post_install", "-at_install")
class TestDownPayments(DocumentCase):
    """What was paid in advance is taken off once."""

    @freeze_time("2026-01-01")
    def _pay_in_advance(self, subscription, amount):
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=subscription.ids)
            .create({"advance_payment_method": "fixed", "fixed_amount": amount})
        )
        wizard.create_invoices()
        moves = subscription.invoice_ids.filtered(lambda move: move.state == "draft")
        moves.action_post()
        return moves

    def test_it_is_deducted_from_the_first_document(self):
        subscription = self._start()
        self._pay_in_advance(subscription, 30)
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._amounts_signed(subscription), [30, 19, 49])

    def test_one_that_is_left_over_is_credited_when_the_subscription_ends(self):
        subscription = self._start()
        self._bill_on("2026-01-01")
        self._pay_in_advance(subscription, 30)
        with freeze_time("2026-01-31 12:00:00"):
            subscription._fusion_close()
        self.assertNet(subscription, 49)

    def test_one_that_was_credited_is_not_deducted(self):
        subscription = self._start()
        self._reverse(self._pay_in_advance(subscription, 30))
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertNet(subscription, 98)
