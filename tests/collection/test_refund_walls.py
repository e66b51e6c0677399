from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .refund_case import BACK, RefundCase


@tagged("post_install", "-at_install")
class TestRefundWalls(RefundCase):
    """Who else can touch what is being refunded: nobody gets the same money twice."""

    def setUp(self):
        super().setUp()
        self._plan_refunds()
        self.attempt = self.credit_note.fusion_attempt_ids
        self.assertEqual(self.attempt.state, "waiting")

    @contextmanager
    def _refused(self, sentence):
        with self.assertRaisesRegex(UserError, sentence), self.env.cr.savepoint():
            yield

    # === BEFORE IT GOES OUT === #

    def test_it_is_claimed_once(self):
        self.assertTrue(self._claim(self.attempt))
        self.assertEqual(self.attempt.state, "unknown")
        self.assertFalse(self._claim(self.attempt))

    def _assert_called_off(self):
        self.assertFalse(self._claim(self.attempt))
        self.assertFalse(self.attempt.sent_at)
        self.assertEqual(self.attempt.state, "failed")

    def test_a_credit_note_that_was_reset_or_cancelled_meanwhile_is_not_refunded(self):
        self.credit_note.button_cancel()
        self._assert_called_off()
        self._refund()
        self.assertRefunds(("failed", -BACK))

    def test_a_credit_note_that_pays_another_invoice_meanwhile_is_refunded_the_rest(self):
        self._pay_with_credit(self._owed(5))
        self._assert_called_off()
        self._refund()
        self.assertRefunds(("failed", -BACK), ("unknown", -round(BACK - 5, 2)))

    def test_a_setting_that_was_switched_off_meanwhile_is_heard(self):
        self.company.fusion_refunds = False
        self._assert_called_off()

    def test_what_became_due_meanwhile_comes_first(self):
        self._owed(5)
        self._assert_called_off()

    def test_a_payment_that_was_cancelled_meanwhile_gives_nothing_back(self):
        self.payment.payment_id.action_cancel()
        self._assert_called_off()

    # === BY HAND === #

    def test_staff_cannot_refund_what_is_being_refunded(self):
        with self._refused("cannot refund so much"):
            self._refund_by_hand(49)
        with self._refused("cannot refund so much"):
            self._refund_by_hand(20)
        self.assertTrue(self._refund_by_hand(15))

    def test_what_staff_are_refunding_meanwhile_may_be_for_this(self):
        self.attempt.transaction_id._set_canceled()
        by_hand = self._refund_by_hand(10)
        self._refund()
        self.assertRefunds(("failed", -BACK))
        self.assertIn("made by hand", self.credit_note.fusion_refund_note)
        by_hand._set_done()
        by_hand._post_process()
        self.assertEqual(self._stage(), "owing")
        self._refund()
        self.assertRefunds(("failed", -BACK))
        self._reconcile(self.credit_note.line_ids | by_hand.payment_id.move_id.line_ids)
        self._refund()
        self.assertRefunds(("failed", -BACK), ("unknown", -round(BACK - 10, 2)))

    def test_what_staff_tried_in_vain_counts_for_nothing(self):
        self.attempt.transaction_id._set_canceled()
        self._refund_by_hand(49)._set_error("expired_card")
        self._refund()
        self.assertRefunds(("failed", -BACK), ("unknown", -BACK))

    def test_a_refund_by_hand_of_the_rest_leaves_what_is_left_of_the_payment(self):
        self.attempt.transaction_id._set_canceled()
        by_hand = self._refund_by_hand(30)
        by_hand._set_done()
        by_hand._post_process()
        concession = self._reverse(self.invoice, post=False)
        concession.invoice_line_ids.price_unit = 30
        concession.action_post()
        self._reconcile(concession.line_ids | by_hand.payment_id.move_id.line_ids)
        self._refund()
        self.assertRefunds(("failed", -BACK), ("unknown", -19))

    # === WHILE IT IS UNDER WAY === #

    def test_a_credit_note_that_is_being_refunded_is_not_reset_nor_cancelled(self):
        self._claim(self.attempt)
        for act in ("button_draft", "button_cancel"):
            with self._refused("it is being refunded"):
                getattr(self.credit_note, act)()

    def test_a_credit_note_that_is_being_refunded_pays_nothing_else(self):
        self._claim(self.attempt)
        with self._refused("it is being refunded"):
            self._pay_with_credit(self._owed(5))
        with self._refused("it is being refunded"):
            self.credit_note._reverse_moves(cancel=True)
        self.attempt.transaction_id._set_done()
        with self._refused("it is being refunded"):
            self._pay_with_credit(self._owed(5))
        self.attempt.transaction_id._post_process()
        self.assertEqual(self.credit_note.amount_residual, 0)

    def test_a_refund_that_the_provider_tells_of_by_itself_is_the_one_it_was_asked_for(self):
        self._claim(self.attempt)
        told = self.payment._create_child_transaction(BACK, is_refund=True)
        self.assertEqual(told, self.attempt.transaction_id)
        other = self.payment._create_child_transaction(7, is_refund=True)
        self.assertNotEqual(other, told)

    def test_a_credit_note_that_is_being_refunded_is_not_paid_by_hand(self):
        self._claim(self.attempt)
        with self._refused("it is being refunded"):
            self._pay_by_hand(self.credit_note)

    # === AFTER IT === #

    def test_what_was_refunded_is_not_refunded_again_whatever_staff_unlink(self):
        self._claim(self.attempt)
        self._succeed(self.attempt)
        self.credit_note.line_ids.remove_move_reconcile()
        self.assertEqual(self.credit_note.amount_residual, BACK)
        self.assertIsNone(self._stage())
        self.attempt.transaction_id.payment_id.action_cancel()
        self.assertIsNone(self._stage())
        self._refund()
        self.assertRefunds(("succeeded", -BACK))

    def test_what_is_credited_again_after_a_refund_was_cancelled_is_not_refunded_again(self):
        self._claim(self.attempt)
        self._succeed(self.attempt)
        self._cancel(self.credit_note)
        again = self._credit_again()
        self.assertEqual(again.amount_residual, BACK)
        self.assertEqual(self._stage(again), "owing")
        self.attempt.transaction_id.payment_id.action_cancel()
        self.assertEqual(self._stage(again), "by hand")
        self._refund()
        self.assertRefunds(credit_note=again)

    def _credit_again(self):
        subscription = self.invoice._fusion_subscriptions()
        self._bill_on("2026-01-11")
        return self._moves(subscription)[-1]

    def _pay_with_credit(self, invoice):
        self._reconcile(self.credit_note.line_ids | invoice.line_ids)


@tagged("post_install", "-at_install")
class TestRefundsWithoutEntries(RefundCase):
    """Journals without an outstanding account: their payments have no entry."""

    def setUp(self):
        with self._without_entries():
            super().setUp()
        self.assertFalse(self.payment.payment_id.move_id)

    def _without_entries(self):
        return patch.object(
            self.env.registry["account.move"],
            "_get_invoice_in_payment_state",
            lambda self: "in_payment",
        )

    def _succeed(self, attempt):
        with self._without_entries():
            return super()._succeed(attempt)

    def test_what_was_refunded_is_not_refunded_again(self):
        self._refund()
        self._succeed(self.credit_note.fusion_attempt_ids)
        self.assertEqual(self.credit_note.amount_residual, BACK)
        for _run in range(2):
            self._refund()
        self.assertRefunds(("succeeded", -BACK))
        self.assertIsNone(self._stage())

    def test_what_staff_paid_of_it_is_not_refunded(self):
        with self._without_entries():
            self._pay_by_hand(self.credit_note, 10)
        self._refund()
        self.assertRefunds(("unknown", -round(BACK - 10, 2)))

    def test_what_staff_refunded_may_be_for_this(self):
        by_hand = self._refund_by_hand(10)
        by_hand._set_done()
        with self._without_entries():
            by_hand._post_process()
        self.assertEqual(self._stage(), "by hand")
        self._refund()
        self.assertRefunds()
