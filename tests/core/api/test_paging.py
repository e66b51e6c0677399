"""Limits and cursors of lists."""

import base64
import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.errors import InvalidInput
from core.api.paging import LIST, make_cursor
from core.api.payload import ID_LIMIT, read_fields


def encode(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


class TestPaging(unittest.TestCase):
    def assertRefused(self, name, value):
        with self.subTest(value=value), self.assertRaises(InvalidInput) as caught:
            read_fields({name: value}, LIST)
        self.assertEqual(caught.exception.code, f"invalid_{name}")

    def test_a_first_page_has_a_hundred_records(self):
        first = {"limit": 100, "cursor": 0, "changed_since": None}
        self.assertEqual(read_fields({}, LIST), first)

    def test_a_page_has_1_to_500_records(self):
        for limit in ("1", "500"):
            self.assertEqual(read_fields({"limit": limit}, LIST)["limit"], int(limit))
        for limit in ("0", "501", "-1", "", "x", "1e2", "10.0", "9" * 30, "٣", Decimal("1.5")):
            self.assertRefused("limit", limit)

    @quick
    @given(st.integers(1, ID_LIMIT - 1))
    def test_a_cursor_leads_back_to_its_id(self, last_id):
        cursor = make_cursor(last_id)
        self.assertEqual(read_fields({"cursor": cursor}, LIST)["cursor"], last_id)

    def test_a_cursor_that_was_never_given_out_is_refused(self):
        for cursor in (
            "",
            "x",
            "12",
            "ä",
            "====",
            encode("0"),
            encode("-1"),
            encode("01"),
            encode(" 1"),
            encode("1_0"),
            encode(str(ID_LIMIT)),
            encode("9" * 5000),
            encode("x"),
            "MQ",
            "MQ==\n",
            "\0",
        ):
            self.assertRefused("cursor", cursor)

    @quick
    @given(st.text(max_size=30))
    def test_any_cursor_is_read_or_refused(self, cursor):
        """A1."""
        try:
            read_fields({"cursor": cursor}, LIST)
        except InvalidInput as error:
            self.assertEqual(error.code, "invalid_cursor")
