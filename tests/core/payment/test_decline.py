"""A refusal for good is told from one that may be tried again."""

import unittest

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.payment.decline import HARD, MOST, REASONS, find_reason, is_hard_decline

from .payment_strategies import ANYTHING


class TestDecline(unittest.TestCase):
    def test_a_code_is_understood_however_it_is_written(self):
        for text in (
            "lost_card",
            "LOST CARD",
            "Blocked Card",
            "Refused: Expired Card.",
            "The card was refused (stolen_card).",
            "Your card has expired.",
            "Your card number is incorrect.",
            "Transaction Not Permitted",
            "card_declined, pickup_card",
            "FRAUD-CANCELLED",
            "Revocation Of Auth",
        ):
            with self.subTest(text):
                self.assertTrue(is_hard_decline(text))

    def test_what_may_be_tried_again_is_none(self):
        for text in (
            None,
            False,
            "",
            "insufficient_funds",
            "Not enough balance",
            "do_not_honor",
            "generic_decline",
            "try_again_later",
            "Issuer Unavailable",
            "Your card was declined.",
            "Your payment was refused. Please try again.",
            "It was not needed any more.",
        ):
            with self.subTest(text):
                self.assertFalse(is_hard_decline(text))

    def test_a_code_is_whole_words(self):
        for text in ("flost_card", "lost_cards", "antifraudulent", "defrauded"):
            self.assertFalse(is_hard_decline(text))

    def test_every_code_is_as_it_is_compared(self):
        for code in HARD:
            self.assertRegex(code, r"^[a-z]+(_[a-z]+)*$")
            self.assertTrue(is_hard_decline(code))

    @quick
    @given(st.text())
    def test_no_text_makes_it_fail(self, text):
        self.assertIsInstance(is_hard_decline(text), bool)


class TestReason(unittest.TestCase):
    def test_the_codes_of_providers_are_found(self):
        error = {"code": "card_declined", "decline_code": "lost_card", "message": "It was declined"}
        stripe = {"payment_intent": {"id": "pi_1", "last_payment_error": error}}
        self.assertEqual(find_reason(stripe), "lost_card, card_declined")
        adyen = {"resultCode": "Refused", "refusalReason": "Blocked Card"}
        self.assertEqual(find_reason(adyen), "Blocked Card")
        self.assertEqual(find_reason({"eventCode": "AUTHORISATION", "reason": "FRAUD"}), "FRAUD")

    def test_where_nothing_is_said_it_is_empty(self):
        for data in (
            None,
            {},
            {"code": 51},
            {"reason": ""},
            {"reason": "…"},
            {"reason": "x" * 200},
        ):
            self.assertEqual(find_reason(data), "")

    def test_a_reason_has_at_most_a_hundred_characters_and_all_of_them_three_hundred(self):
        longest = {name: letter * MOST for name, letter in zip(REASONS, "abcd", strict=False)}
        self.assertEqual(find_reason({"reason": "x" * MOST}), "x" * MOST)
        self.assertEqual(find_reason({"reason": "x" * (MOST + 1)}), "")
        self.assertEqual(len(find_reason(longest)), 3 * MOST)

    @quick
    @given(ANYTHING)
    def test_nothing_makes_it_fail(self, data):
        found = find_reason(data)
        self.assertLessEqual(len(found), 300)
        self.assertTrue(found.isprintable())

    def test_what_no_database_takes_is_left_out(self):
        self.assertEqual(find_reason({"reason": "lost\x00_card\ud800\n"}), "lost_card")
