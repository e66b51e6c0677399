"""JSON as a billing API must read it."""

import json
import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.errors import InvalidInput
from core.api.strict_json import is_storable, read_members, read_object

storable = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
scalars = st.none() | st.booleans() | storable | st.decimals(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(storable, inner), max_leaves=20
)
objects = st.dictionaries(storable, values, max_size=5)


def write(value):
    """JSON with its decimals written as numbers, digit by digit."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value)


class TestReading(unittest.TestCase):
    @quick
    @given(objects)
    def test_every_number_arrives_with_all_its_digits(self, value):
        """M1."""
        self.assertEqual(repr(read_object(write(value).encode())), repr(value))

    def test_a_quantity_is_a_decimal_however_it_is_written(self):
        """M1."""
        body = b'{"a": 1, "b": 1250.50, "c": 1e3, "d": -0, "e": true}'
        self.assertEqual(
            list(map(repr, read_object(body).values())),
            ["Decimal('1')", "Decimal('1250.50')", "Decimal('1E+3')", "Decimal('-0')", "True"],
        )

    def test_no_body_is_an_empty_object(self):
        self.assertEqual(read_object(b""), {})

    def test_letters_of_any_language_are_read(self):
        self.assertEqual(read_object('{"name": "Zoë 龍 😀"}'.encode()), {"name": "Zoë 龍 😀"})
        self.assertEqual(read_object(rb'{"name": "\ud83d\ude00"}'), {"name": "😀"})


class TestRefusals(unittest.TestCase):
    def assertRefused(self, body, code):
        with self.assertRaises(InvalidInput) as caught:
            read_object(body)
        self.assertEqual(caught.exception.code, code)
        self.assertTrue(caught.exception.message.endswith("."))

    def test_what_is_not_json_is_refused(self):
        """A1."""
        for body in (
            b"hello",
            b"{",
            b'{"a": 1,}',
            b"{'a': 1}",
            b'{"a": 01}',
            b'{"a": .5}',
            b" ",
            b'{"a": "\n"}',
            b'{"a": "\x00"}',
            b'{"a": 1} {"b": 2}',
            b'{"a": "\xff"}',
            b'{"a": "\xed\xa0\x80"}',
            '{"a": 1}'.encode("utf-16"),
            b'\xef\xbb\xbf{"a": 1}',
        ):
            with self.subTest(body=body):
                self.assertRefused(body, "invalid_json")

    def test_a_refusal_says_what_is_wrong_with_the_body(self):
        deep = b"[" * 100_000
        for body, code, sentence in (
            (b"[]", "invalid_payload", "The body must be a JSON object."),
            (b"\xff", "invalid_json", "The body is not UTF-8 text."),
            (
                b"{",
                "invalid_json",
                "The body is not JSON: Expecting property name enclosed in double"
                " quotes (line 1, column 2).",
            ),
            (
                b'{"a": 1e99999999999999999999}',
                "invalid_json",
                "A number in the body is out of range.",
            ),
            (b'{"a": NaN}', "invalid_json", "NaN is not a JSON number."),
            (deep, "invalid_json", "The body is nested too deeply."),
            (b'{"a": 1, "a": 1}', "invalid_json", "A name stands twice in one JSON object."),
            (
                rb'{"a": "\u0000"}',
                "invalid_payload",
                "A text holds a NUL character or half of a surrogate pair.",
            ),
        ):
            with self.subTest(body=body[:40]), self.assertRaises(InvalidInput) as caught:
                read_object(body)
            self.assertEqual((caught.exception.code, caught.exception.message), (code, sentence))

    def test_numbers_that_are_none_are_refused(self):
        """A1."""
        for number in (b"NaN", b"Infinity", b"-Infinity", b"1e99999999999999999999"):
            with self.subTest(number=number):
                self.assertRefused(b'{"quantity": %s}' % number, "invalid_json")

    def test_a_name_that_stands_twice_is_refused(self):
        """Which of two quantities would be billed?"""
        self.assertRefused(b'{"a": {"quantity": 1, "quantity": 2}}', "invalid_json")

    def test_deep_nesting_is_refused(self):
        """A1."""
        for deep in (b'{"a":' * 100_000, b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"):
            with self.subTest(start=deep[:8]):
                self.assertRefused(deep, "invalid_json")

    def test_a_number_of_a_million_digits_is_read_at_once(self):
        self.assertGreater(read_object(b'{"a": %s}' % (b"9" * 1_000_000))["a"], 10**18)

    def test_anything_but_an_object_is_refused(self):
        """A1."""
        for body in (b"[]", b"null", b"1", b'"text"', b"true"):
            with self.subTest(body=body):
                self.assertRefused(body, "invalid_payload")

    def test_text_that_postgresql_cannot_hold_is_refused_wherever_it_stands(self):
        """A1."""
        for text in (rb"\u0000", rb"a\u0000b", rb"\ud800", rb"\uDFFF", rb"\ude00\ud83d"):
            for body in (
                b'{"a": "%s"}',
                b'{"%s": 1}',
                b'{"a": {"b": [1, "%s"]}}',
                b'{"a": ["%s"]}',
                b'{"a": {"b": [{"%s": 1}]}}',
            ):
                with self.subTest(body=body % text):
                    self.assertRefused(body % text, "invalid_payload")

    def test_of_a_batch_the_member_that_cannot_be_stored_is_told_and_the_others_are_read(self):
        """A1."""
        for text in (rb"\u0000", rb"\ud800"):
            for member in (b'{"%s": 1}', b'{"b": [{"c": "%s"}]}'):
                batch = b'[{"b": 1}, %s, 2, {"b": 3}]' % (member % text)
                for read in (read_object(b'{"a": %s}' % batch)["a"], read_members(batch)):
                    with self.subTest(batch=batch):
                        first, bad, *rest = read
                        self.assertEqual((first, rest), ({"b": 1}, [2, {"b": 3}]))
                        self.assertEqual((type(bad), bad.code), (InvalidInput, "invalid_payload"))

    def test_a_written_out_escape_is_plain_text(self):
        self.assertEqual(read_object(rb'{"a": "\\u0000 \\ud800"}'), {"a": r"\u0000 \ud800"})

    @quick
    @given(st.binary(max_size=60))
    def test_any_bytes_are_read_or_refused(self, body):
        """A1."""
        try:
            self.assertIsInstance(read_object(body), dict)
        except InvalidInput as error:
            self.assertIn(error.code, ("invalid_json", "invalid_payload"))

    @quick
    @given(st.text(st.characters(categories=("Cs", "Cc", "L", "S")), max_size=8))
    def test_what_is_read_can_be_stored(self, text):
        """A1."""
        try:
            [read] = read_object(json.dumps({"a": text}).encode()).values()
        except InvalidInput:
            # Python writes a pair of halves as two escapes, which are one character to read.
            self.assertFalse(is_storable(text))
        else:
            self.assertNotIn("\0", read)
            read.encode()
