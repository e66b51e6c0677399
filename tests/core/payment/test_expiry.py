"""When a card expires is read from what providers send, and nothing they send breaks it."""

import unittest
from calendar import monthrange
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.payment.expiry import find_expiry
from core.payment.nested import MOST_NODES

from .payment_strategies import ANYTHING

MARCH = date(2030, 3, 31)
MONTHS = st.tuples(st.integers(2000, 2099), st.integers(1, 12))


class TestExpiry(unittest.TestCase):
    def test_each_provider_is_understood(self):
        for data in (
            {"payment_method": {"type": "card", "card": {"exp_month": 3, "exp_year": 2030}}},
            {"additionalData": {"cardSummary": "1111", "expiryDate": "03/2030"}},
            {"additionalData": {"expiryDate": "3/2030"}},
            {"eventCode": "AUTHORISATION", "reason": "033899:1111:03/2030"},
            {"payment": {"paymentOutput": {"card": {"expiryDate": "0330"}}}},
            {"card": {"last_4digits": "2950", "expiry": "03/30"}},
            {"card": {"expiration_month": 3, "expiration_year": 2030}},
            {"token": {"card": {"expiry_month": "03", "expiry_year": "2030"}}},
            {"card_expiration_month": "03", "card_expiration_year": "2030"},
            {"expirationDate": "2030-03"},
            [{"nested": ({"expMonth": "3", "expYear": "30"},)}],
        ):
            with self.subTest(data):
                self.assertEqual(find_expiry(data), MARCH)

    def test_what_is_no_month_is_none(self):
        for data in (
            None,
            {},
            {"exp_month": 3},
            {"exp_month": 13, "exp_year": 2030},
            {"exp_month": True, "exp_year": 2030},
            {"exp_month": 3, "exp_year": 1999},
            {"exp_month": 3, "exp_year": 10**400},
            {"exp_month": 3, "exp_year": -1},
            {"exp_month": 3, "exp_year": 100},
            {"exp_month": 3, "exp_year": 2100},
            {"exp_month": 0, "exp_year": 2030},
            {"expirationDate": "XXXX"},
            {"expiryDate": "2030-03-15T10:00:00Z"},
            {"expiry": 1893456000},
            {"expiry_date": "3003"},
            {"reason": "Refused on 03/2030"},
            {"exp_month": "٣", "exp_year": "٢٠٣٠"},
        ):
            with self.subTest(data):
                self.assertIsNone(find_expiry(data))

    def test_the_same_month_twice_is_one_and_two_months_are_none(self):
        card = {"exp_month": 3, "exp_year": 2030}
        self.assertEqual(find_expiry([card, {"card": card}, {"expiryDate": "03/30"}]), MARCH)
        self.assertIsNone(find_expiry([card, {"exp_month": 4, "exp_year": 2030}]))

    @quick
    @given(MONTHS)
    def test_the_last_day_of_the_month_is_the_last_day(self, when):
        year, month = when
        last = date(year, month, monthrange(year, month)[1])
        for text in (f"{month}/{year}", f"{month:02}{year % 100:02}", f"{year}-{month:02}"):
            self.assertEqual(find_expiry({"expiryDate": text}), last)
        self.assertEqual(find_expiry({"exp_month": month, "exp_year": str(year)}), last)

    @quick
    @given(ANYTHING)
    def test_nothing_makes_it_fail(self, data):
        found = find_expiry(data)
        self.assertTrue(found is None or found.year in range(2000, 2100))

    def test_neither_depth_nor_size_nor_a_circle_makes_it_fail(self):
        deep = {}
        for _level in range(5_000):
            deep = {"inner": [deep]}
        round_and_round = []
        round_and_round += [round_and_round] * 3
        wide = [{"a": {}}] * (2 * MOST_NODES)
        for data in (deep, round_and_round, wide):
            self.assertIsNone(find_expiry(data))
