from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.payment.models.payment_transaction import PaymentTransaction

from ..collection_case import CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionDeclines(CollectionCase):
    """A refusal for good is told from one that may be tried again."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice()
        self._plan_attempts()
        self.attempt = self.invoice.fusion_attempt_ids
        self.transaction = self.attempt.transaction_id

    def _refused(self, message, data):
        """The provider answers with data of its own, and its addon keeps a message of them."""
        self.attempt._claim()

        def refuse(transaction, _payment_data):
            transaction._set_error(message)

        with (
            patch.object(PaymentTransaction, "_apply_updates", refuse),
            patch.object(PaymentTransaction, "_validate_amount", lambda *_args: None),
        ):
            self.transaction._process("none", data)
        self.env.flush_all()

    def test_a_reason_in_the_message_is_read(self):
        self._refused("The card was refused: stolen_card.", {})
        self.assertTrue(self.attempt.is_hard_decline)

    def test_a_reason_that_the_message_does_not_name_is_read_in_the_data(self):
        error = {"code": "card_declined", "decline_code": "lost_card"}
        self._refused("Your card was declined.", {"payment_intent": {"last_payment_error": error}})
        self.assertEqual(self.attempt.decline_reason, "lost_card, card_declined")
        self.assertTrue(self.attempt.is_hard_decline)

    def test_what_may_be_tried_again_is_not_for_good(self):
        self._refused("Your card was declined.", {"refusalReason": "Not enough balance"})
        self.assertEqual(self.attempt.decline_reason, "Not enough balance")
        self.assertFalse(self.attempt.is_hard_decline)

    def test_what_was_called_off_before_it_went_out_is_no_refusal(self):
        self.transaction._set_canceled("lost_card")
        self.assertEqual(self.attempt.state, "failed")
        self.assertFalse(self.attempt.is_hard_decline)

    def test_what_succeeds_after_all_is_none_any_more(self):
        self._refused("lost_card", {"code": "lost_card"})
        self.transaction._set_done()
        self.assertFalse(self.attempt.is_hard_decline)

    def test_a_provider_may_say_it_otherwise(self):
        with patch.object(
            self.registry["payment.transaction"], "_fusion_is_hard_decline", lambda _self: True
        ):
            self._refused("51", {})
        self.assertTrue(self.attempt.is_hard_decline)

    def test_data_that_no_database_takes_stop_nothing(self):
        self._refused("It was refused.", {"reason": "lost\x00 card\ud800"})
        self.assertEqual(self.attempt.decline_reason, "lost card")
