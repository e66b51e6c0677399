"""Where an export goes on."""

import base64
import unittest
from datetime import datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.errors import InvalidInput
from core.api.export import DEFAULT_LIMIT, HIGHEST_LIMIT, cursor, limit, make_cursor

moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))


class TestCursors(unittest.TestCase):
    @quick
    @given(moments, st.integers(0, 2**31 - 1))
    def test_a_cursor_leads_back_to_its_place(self, moment, number):
        self.assertEqual(cursor(make_cursor(moment, number), "cursor"), (moment, number))

    def test_without_a_cursor_an_export_begins_at_the_beginning(self):
        self.assertIsNone(cursor(None, "cursor"))

    @quick
    @given(
        st.text(max_size=40)
        | st.binary(max_size=30).map(lambda code: base64.urlsafe_b64encode(code).decode())
        | st.sampled_from((5, [], {}, True, Decimal(1)))
    )
    def test_any_cursor_is_read_or_refused(self, value):
        try:
            place = cursor(value, "cursor")
        except InvalidInput as error:
            self.assertEqual((error.code, error.field), ("invalid_cursor", "cursor"))
        else:
            self.assertEqual(make_cursor(*place), value)

    def test_a_cursor_that_was_never_given_out_is_refused(self):
        for text in (
            b"5",
            b"-5-1",
            b"5-",
            b"05-1",
            b"5-01",
            b"99999999999999999-1",
            b"5-2147483648",
        ):
            with self.subTest(text=text), self.assertRaises(InvalidInput):
                cursor(base64.urlsafe_b64encode(text).decode(), "cursor")


class TestLimits(unittest.TestCase):
    def test_a_page_has_1_to_10_000_lines(self):
        self.assertEqual(limit(None, "limit"), DEFAULT_LIMIT)
        self.assertEqual((limit("1", "limit"), limit("10000", "limit")), (1, HIGHEST_LIMIT))
        for value in ("0", "10001", "x", "-1", ""):
            with self.subTest(value=value), self.assertRaises(InvalidInput):
                limit(value, "limit")
