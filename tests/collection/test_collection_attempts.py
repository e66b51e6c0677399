from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..collection_case import ATTEMPT, CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionAttempts(CollectionCase):
    """An attempt goes out at most once, and what became of it is what the provider says."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()
        self._plan_attempts()
        self.attempt = self.invoice.fusion_attempt_ids
        self.transaction = self.attempt.transaction_id

    def _other_payment(self):
        """What core makes when a customer pays in the portal."""
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": "portal-1",
                "amount": self.invoice.amount_residual,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.partner.id,
                "invoice_ids": [(6, 0, self.invoice.ids)],
            }
        )

    # === BEFORE IT GOES OUT === #

    def test_it_waits_until_it_is_sent(self):
        self.assertAttempts(self.invoice, ("waiting", 49))
        self.assertFalse(self.attempt.sent_at)

    def test_it_is_claimed_once(self):
        self.assertTrue(self.attempt._claim())
        self.assertEqual(self.attempt.state, "unknown")
        self.assertFalse(self.attempt._claim())

    def test_what_was_paid_by_hand_meanwhile_is_not_charged(self):
        self._pay_by_hand(self.invoice)
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.assertFalse(self.attempt.sent_at)

    def test_what_was_paid_in_part_meanwhile_is_not_charged_in_full(self):
        self._pay_by_hand(self.invoice, 9)
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.assertFalse(self.attempt.sent_at)

    def test_what_is_left_of_an_attempt_that_did_not_go_out_is_planned_anew(self):
        self._pay_by_hand(self.invoice, 20)
        self.attempt._claim()
        self._plan_attempts()
        self._plan_attempts()
        self.assertAttempts(
            self.invoice, ("failed", self.attempt.amount), ("waiting", self.invoice.amount_residual)
        )
        self.assertEqual(self.attempt.amount - self.invoice.amount_residual, 20)

    def test_a_method_that_took_the_place_of_another_is_charged(self):
        self.token.active = False
        self.attempt._claim()
        other = self._save_card()
        self._plan_attempts()
        self.assertEqual(
            [(one.state, one.token_id) for one in self.invoice.fusion_attempt_ids.sorted("id")],
            [("failed", self.token), ("waiting", other)],
        )

    def test_a_method_that_was_chosen_meanwhile_is_charged_instead(self):
        other = self._save_card()
        self._collect()
        self.assertEqual(
            [(one.state, one.token_id) for one in self.invoice.fusion_attempt_ids.sorted("id")],
            [("failed", self.token)],
        )
        self._collect()
        self.assertEqual(self.invoice.fusion_attempt_ids.sorted("id")[-1].token_id, other)

    def test_a_branch_charges_what_is_saved_with_a_provider_of_its_company(self):
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.company.id})
        self.assertEqual(self.partner._fusion_token_for(self.env["sale.order"], branch), self.token)
        self.assertFalse(
            self.partner._fusion_token_for(
                self.env["sale.order"], self.env["res.company"].create({"name": "Other"})
            )
        )

    def test_an_invoice_that_was_reset_meanwhile_is_not_charged(self):
        self.invoice.button_draft()
        self._collect()
        self.assertFalse(self.attempt.sent_at)
        self.assertEqual(self.attempt.state, "failed")

    def test_a_method_that_was_removed_meanwhile_is_not_charged(self):
        self.token.active = False
        self._collect()
        self.assertFalse(self.attempt.sent_at)
        self.assertEqual(self.attempt.state, "failed")

    def test_a_provider_that_was_disabled_meanwhile_is_not_asked(self):
        self.env.cr.execute(
            "UPDATE payment_provider SET state = 'disabled' WHERE id = %s", (self.provider.id,)
        )
        self.env.invalidate_all()
        self._collect()
        self.assertFalse(self.attempt.sent_at)

    # === ALONE === #

    def test_nobody_pays_in_the_portal_what_is_being_charged(self):
        self.assertFalse(self.invoice._has_to_be_paid())
        self.assertIn("is being charged", self.invoice._get_online_payment_error())
        with self.assertRaisesRegex(UserError, "cannot pay this invoice now"):
            self._other_payment()

    def test_what_was_charged_and_is_not_registered_yet_is_not_paid_again(self):
        self._collect()
        self.transaction._set_done()
        self.assertFalse(self.invoice._has_to_be_paid())
        with self.assertRaisesRegex(UserError, "cannot pay this invoice now"):
            self._other_payment()
        self.transaction._post_process()
        self.assertFalse(self.invoice._fusion_open_attempts())

    def test_what_failed_may_be_paid_in_the_portal(self):
        self.transaction._set_error("insufficient_funds")
        self.assertTrue(self.invoice._has_to_be_paid())
        self.assertTrue(self._other_payment())

    def test_what_is_being_paid_in_the_portal_is_not_charged(self):
        self.transaction._set_error("insufficient_funds")
        self._other_payment()
        with self.assertRaisesRegex(UserError, "it is being paid now"):
            self.invoice._fusion_check_can_charge()

    def test_the_database_holds_one_open_attempt_for_an_invoice(self):
        transaction = self.transaction.copy({"reference": "again", "invoice_ids": False})
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env[ATTEMPT].create(
                {"invoice_id": self.invoice.id, "number": 2, "transaction_id": transaction.id}
            ).flush_recordset()

    # === WHAT BECAME OF IT === #

    def test_what_nobody_answers_is_unknown_and_not_sent_again(self):
        self._collect()
        sent = self.attempt.sent_at
        self._collect()
        self.assertAttempts(self.invoice, ("unknown", 49))
        self.assertEqual(self.attempt.sent_at, sent)

    def test_a_notification_decides_also_twice(self):
        self._collect()
        for _time in range(2):
            self.transaction._set_done()
        self.transaction._post_process()
        self.assertAttempts(self.invoice, ("succeeded", 49))
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(len(self.transaction.payment_id), 1)

    def test_what_a_killed_run_has_not_registered_the_next_one_registers_once(self):
        self._collect()
        self.transaction._set_done()
        self.assertEqual(self.invoice.payment_state, "not_paid")
        for _run in range(2):
            self._collect()
        self.assertIn(self.invoice.payment_state, ("paid", "in_payment"))
        self.assertEqual(len(self.invoice.matched_payment_ids), 1)

    def test_a_notification_that_comes_before_the_answer_is_the_answer(self):
        self.attempt._claim()
        self.transaction._set_done()
        self.attempt._send()
        self.assertEqual(self.attempt.state, "succeeded")

    def test_a_request_that_broke_off_is_unknown_and_a_later_notification_counts(self):
        self.attempt._claim()
        self.attempt.is_unanswered = True
        self.transaction._fusion_wait()
        self.assertEqual((self.transaction.state, self.attempt.state), ("pending", "unknown"))
        self.transaction._set_done()
        self.assertEqual(self.attempt.state, "succeeded")

    def test_what_was_declined_is_charged_to_a_method_that_is_saved_later(self):
        self._collect()
        self.transaction._set_error("insufficient_funds")
        other = self._save_card()
        for _run in range(2):
            self._collect()
        self.assertEqual(
            [(one.state, one.token_id) for one in self.invoice.fusion_attempt_ids.sorted("id")],
            [("failed", self.token), ("unknown", other)],
        )

    def test_what_was_declined_is_not_charged_to_a_method_that_nobody_has_chosen(self):
        other = self._save_card()
        self.partner.with_company(self.company).fusion_token_id = self.token
        self._collect()
        self.transaction._set_error("insufficient_funds")
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.partner.with_company(self.company).fusion_token_id = other
        self._collect()
        self.assertEqual(len(self.invoice.fusion_attempt_ids), 2)

    def test_a_payment_that_is_taken_back_is_not_charged_anew_to_another_method(self):
        self._collect()
        self.transaction._set_done()
        self.transaction._post_process()
        self.transaction.payment_id.action_cancel()
        self.invoice.line_ids.remove_move_reconcile()
        self._save_card()
        self._collect()
        self.assertEqual(len(self.invoice.fusion_attempt_ids), 1)

    def test_a_declined_charge_failed_and_is_not_tried_again(self):
        self._collect()
        self.transaction._set_error("insufficient_funds")
        self._collect()
        self.assertAttempts(self.invoice, ("failed", 49))
        self.assertEqual(self.attempt.message, "insufficient_funds")
