"""The JSON of answers."""

import json
import unittest
from datetime import date, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.answer import Partial, money, plain, validator, write_json
from core.api.api_path import is_api_path, urls
from core.api.errors import BatchError, InvalidInput


class TestAnswer(unittest.TestCase):
    def test_numbers_are_exact_texts_and_times_end_in_z(self):
        """M1."""
        self.assertEqual(
            json.loads(
                write_json(
                    {
                        "quantity": Decimal("1250.500000"),
                        "day": date(2026, 11, 1),
                        "id": 7,
                        "time": datetime(2026, 11, 1, 12),
                        "name": "Zoë",
                        "end": None,
                    }
                )
            ),
            {
                "quantity": "1250.5",
                "day": "2026-11-01",
                "id": 7,
                "time": "2026-11-01T12:00:00Z",
                "name": "Zoë",
                "end": None,
            },
        )

    def test_what_has_no_place_in_json_is_a_mistake_of_ours(self):
        with self.assertRaisesRegex(TypeError, "^object has no place in an answer.$"):
            write_json({"quantity": object()})

    def test_a_batch_that_was_carried_out_in_part_has_facts_and_an_error(self):
        error = BatchError([(0, InvalidInput("No."))])
        partial = Partial({"created": 1}, error)
        self.assertEqual((partial, partial.error), ({"created": 1}, error))

    @quick
    @given(st.decimals(-(10**30), 10**30, allow_nan=False))
    def test_a_plain_number_is_the_same_number(self, number):
        """M1."""
        self.assertEqual(Decimal(plain(number)), number)
        self.assertNotIn("E", plain(number))

    def test_a_plain_number_is_as_short_as_it_can_be(self):
        for text in ("12", "100", "0", "1.5", "0.05", "-3.25"):
            for zeros in ("", "0", "000"):
                longer = text + (zeros if "." in text else f".{zeros}")
                self.assertEqual(plain(Decimal(longer)), text)

    def test_money_has_the_digits_of_its_currency(self):
        self.assertEqual(money(Decimal("12.5"), 2), "12.50")
        self.assertEqual(money(Decimal(12), 0), "12")


class TestValidator(unittest.TestCase):
    def test_the_same_bytes_are_known_by_the_same_and_others_by_another(self):
        self.assertEqual(validator("é"), validator("é".encode()))
        self.assertEqual(len({validator(text) for text in ("", "a", "b", "a ")}), 4)
        self.assertRegex(validator(""), "^[0-9a-f]{32}$")


class TestPaths(unittest.TestCase):
    def test_the_api_is_what_stands_under_its_path(self):
        """A1."""
        for path in ("/fusion/api", "/fusion/api/", "/fusion/api/v1/x", "/fusion/api//x"):
            self.assertTrue(is_api_path(path), path)
        for path in ("/fusion/apix", "/fusion", "/", "/web/fusion/api/", "/shop/fusion/api"):
            self.assertFalse(is_api_path(path), path)

    def test_so_is_a_slash_too_many_and_a_language_before_it(self):
        """A1."""
        for start in ("//fusion/api", "/fusion//api", "/fr/fusion/api", "/pt_BR//fusion/api"):
            for path in (start, f"{start}/v1/usage"):
                self.assertTrue(is_api_path(path), path)
        for language in ("en_US", "kab", "es_419", "sr@latin", "sr_RS@Cyrl", "zh-Hant-TW"):
            self.assertTrue(is_api_path(f"/{language}/fusion/api/v1"), language)

    def test_an_endpoint_has_an_address_with_and_without_version(self):
        self.assertEqual(urls("/usage"), ["/fusion/api/v1/usage", "/fusion/api/usage"])
