"""The fields of a request, each read by its reader."""

import unittest
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api import payload
from core.api.errors import BatchError, InvalidInput
from core.api.payload import (
    collect_fields,
    one_of,
    optional,
    read_fields,
    read_objects,
    required,
    shaped,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=300)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
moments = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30))
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59)
READERS = (
    payload.text,
    payload.external_id,
    payload.record_id,
    payload.quantity,
    payload.instant,
    payload.day,
    payload.flag,
    payload.wanted,
    payload.url,
    payload.overlap,
)


class ReaderCase(unittest.TestCase):
    reader = None

    def read(self, value):
        return type(self).reader(value, "field")

    def assertRefused(self, *values):
        for value in values:
            with self.subTest(value=value), self.assertRaises(InvalidInput) as caught:
                self.read(value)
            self.assertEqual(caught.exception.code, "invalid_field")
            self.assertEqual(caught.exception.field, "field")


class TestDeclarations(unittest.TestCase):
    """What is declared of a field is all that the API's description says of it."""

    def facts(self, field):
        return field.schema, field.members, field.about, field.example, field.is_required

    def test_a_field_says_what_it_takes_and_means_and_whether_it_must_be_there(self):
        for declare, is_required in ((optional, False), (required, True)):
            field = declare(payload.text, "Its name.", "Zoë")
            self.assertEqual(
                self.facts(field), (payload.text.schema, None, "Its name.", "Zoë", is_required)
            )
            self.assertEqual(field("a", "name"), "a")
            with self.assertRaises(InvalidInput) as refusal:
                field("", "name")
            self.assertEqual(refusal.exception.field, "name")
            self.assertEqual(self.facts(declare(payload.text))[2:4], ("", None))
        self.assertIsNone(optional(payload.text)(None, "name"))
        with self.assertRaises(InvalidInput) as refusal:
            required(payload.text)(None, "name")
        self.assertEqual(
            (refusal.exception.code, refusal.exception.field), ("missing_field", "name")
        )

    def test_two_fields_of_one_reader_are_declared_apart(self):
        one, other = optional(payload.text, "One."), optional(payload.text, "Other.")
        self.assertEqual((one.about, other.about), ("One.", "Other."))

    def test_a_reader_says_what_it_takes_and_what_is_in_it(self):
        members = {"name": required(payload.text)}
        reader = shaped(type="object", members=members)(lambda value, name: (value, name))
        self.assertEqual((reader.schema, reader.members), ({"type": "object"}, members))
        self.assertEqual(reader(1, "a"), (1, "a"))
        field = optional(reader)
        self.assertEqual((field.schema, field.members), ({"type": "object"}, members))

    def test_a_reader_that_says_nothing_takes_anything(self):
        field = optional(lambda value, name: value)
        self.assertEqual((field.schema, field.members), ({}, None))

    def test_one_of_some_texts_is_read_and_the_others_are_named(self):
        reader = one_of(text for text in ("up", "down"))
        self.assertEqual(reader.schema, {"type": "string", "enum": ["up", "down"]})
        self.assertEqual((reader("up", "to"), reader(None, "to")), ("up", None))
        with self.assertRaises(InvalidInput) as refusal:
            reader("left", "to")
        self.assertEqual(refusal.exception.message, "to must be one of up, down.")


class TestFields(unittest.TestCase):
    readers = {"name": required(payload.text), "plan_id": payload.record_id}

    def codes(self, fields):
        _values, errors = collect_fields(fields, self.readers)
        return [(error.code, error.field) for error in errors]

    def test_every_reader_gives_a_value(self):
        self.assertEqual(read_fields({"name": "a"}, self.readers), {"name": "a", "plan_id": None})

    def test_a_required_field_may_neither_lack_nor_be_null(self):
        self.assertEqual(self.codes({}), [("missing_field", "name")])
        self.assertEqual(self.codes({"name": None}), [("missing_field", "name")])

    def test_a_field_that_nobody_reads_is_an_error(self):
        self.assertEqual(self.codes({"name": "a", "plan": 1}), [("unknown_field", "plan")])

    def test_it_is_named_and_cut(self):
        with self.assertRaises(InvalidInput) as caught:
            read_fields({"name": "a", "x" * 70: 1}, self.readers)
        self.assertEqual(
            caught.exception.as_dict(),
            {
                "code": "unknown_field",
                "field": "x" * 60,
                "error": f"There is no field '{'x' * 59} here.",
            },
        )

    def test_an_older_name_of_a_field_stands_for_it_where_it_is_read_and_not_given(self):
        readers = {"metric_code": required(payload.text), "name": payload.text}
        self.assertEqual(
            read_fields({"metric": "gb", "name": "a"}, readers), {"metric_code": "gb", "name": "a"}
        )
        for fields, known in (
            ({"metric": "gb", "metric_code": "calls"}, readers),
            ({"metric": "gb", "name": "a"}, self.readers),
        ):
            _values, errors = collect_fields(fields, known)
            self.assertEqual(
                [(error.code, error.field) for error in errors], [("unknown_field", "metric")]
            )
        both = {"metric": payload.text, "metric_code": payload.text}
        self.assertEqual(read_fields({"metric": "gb"}, both), {"metric": "gb", "metric_code": None})

    def test_every_error_is_found(self):
        self.assertEqual(
            self.codes({"name": "", "plan_id": True, "x": 1, "y": 2}),
            [
                ("invalid_name", "name"),
                ("invalid_plan_id", "plan_id"),
                ("unknown_field", "x"),
                ("unknown_field", "y"),
            ],
        )

    def test_reading_stops_at_the_first_error(self):
        with self.assertRaises(InvalidInput) as caught:
            read_fields({"plan_id": True}, self.readers)
        self.assertEqual(
            caught.exception.as_dict(),
            {"code": "missing_field", "field": "name", "error": "name is missing."},
        )

    def test_the_objects_of_a_list_are_read_or_all_that_is_wrong_is_told(self):
        good, bad = {"name": "a", "plan_id": "7"}, {"plan_id": True}
        read = read_objects([good, {"name": "b"}], self.readers, "line")
        self.assertEqual(read, [{"name": "a", "plan_id": 7}, {"name": "b", "plan_id": None}])
        with self.assertRaises(BatchError) as caught:
            read_objects([good, bad, {}], self.readers, "line")
        self.assertEqual(
            [(index, error.code) for index, error in caught.exception.errors],
            [(1, "missing_field"), (1, "invalid_plan_id"), (2, "missing_field")],
        )
        self.assertEqual(caught.exception.member, "line")

    @quick
    @given(st.sampled_from(READERS), json_values)
    def test_any_value_is_read_or_refused_by_its_own_code(self, reader, value):
        """A1."""
        try:
            reader(value, "field")
        except InvalidInput as error:
            self.assertEqual((error.code, error.field), ("invalid_field", "field"))


class TestText(ReaderCase):
    reader = payload.text

    def test_a_text_is_itself(self):
        self.assertEqual(self.read("Zoë & co"), "Zoë & co")
        self.assertEqual(self.read("x" * 255), "x" * 255)
        self.assertIsNone(self.read(None))

    def test_what_is_no_text_or_says_nothing_is_refused(self):
        self.assertRefused("", "  ", "x" * 256, Decimal(1), True, [], {})


class TestWanted(ReaderCase):
    reader = payload.wanted

    def test_nobody_said_so_is_neither_yes_nor_no(self):
        self.assertEqual(list(map(self.read, (True, False, None))), [True, False, None])

    def test_what_is_no_boolean_is_refused(self):
        self.assertRefused("", "true", Decimal(1), [], {})


class TestUrl(ReaderCase):
    reader = payload.url

    def test_an_address_is_itself(self):
        longest = "https://" + "x" * 1992
        for value in ("https://app.example/hook?a=1", longest, None):
            self.assertEqual(self.read(value), value)

    def test_what_is_none_of_https_or_too_long_is_refused(self):
        self.assertRefused("", "http://x", "HTTPS://x", " https://x", "https://" + "x" * 1993)
        self.assertRefused(True, Decimal(1), [], {})


class TestOverlap(ReaderCase):
    reader = payload.overlap

    def test_hours_are_whole_and_a_day_if_not_given(self):
        for value, hours in ((None, 24), (Decimal(0), 0), (Decimal(168), 168), ("7", 7)):
            self.assertEqual(self.read(value), hours)

    def test_other_numbers_are_refused(self):
        self.assertRefused(Decimal(169), Decimal(-1), Decimal("1.5"), True, "soon", [], {})


class TestExternalId(ReaderCase):
    reader = payload.external_id

    def test_a_whole_number_stands_for_its_digits(self):
        self.assertEqual(self.read(Decimal(42)), "42")
        self.assertEqual(self.read("sub-42"), "sub-42")
        self.assertEqual(self.read("007"), "007")

    def test_other_numbers_are_refused(self):
        self.assertRefused(Decimal("4.0"), Decimal("1e3"), Decimal(-1), True, "")


class TestRecordId(ReaderCase):
    reader = payload.record_id

    def test_a_number_and_its_digits_are_the_same(self):
        self.assertEqual(self.read(Decimal(42)), 42)
        self.assertEqual(self.read("42"), 42)

    def test_an_id_beyond_the_database_is_a_number_like_others(self):
        """It names nothing, which is for the caller to say."""
        self.assertEqual(self.read(Decimal(2**31)), 2**31)
        self.assertEqual(self.read("9" * 255), int("9" * 255))

    def test_what_is_no_whole_number_is_refused(self):
        self.assertRefused(
            True,
            "",
            "4.0",
            "-1",
            "+1",
            " 1",
            "1_0",
            "²",
            "٣",
            Decimal("1.0"),
            Decimal("1e400"),
            Decimal(-1),
            "9" * 256,
            Decimal("9" * 5000),
            "x",
            [1],
            {},
        )


class TestQuantity(ReaderCase):
    reader = payload.quantity

    def test_a_quantity_is_exact_in_every_notation(self):
        """M1."""
        for value, expected in (
            ("1250.5", "1250.5"),
            (Decimal("1250.5"), "1250.5"),
            (Decimal("1e3"), "1000"),
            (Decimal("1.5000000"), "1.5"),
            ("1.5000000", "1.5"),
            ("007", "7"),
            ("0", "0"),
            (Decimal("-0"), "0"),
            ("-0.0", "0"),
            ("0.000001", "0.000001"),
            ("9" * 18 + "." + "9" * 6, "9" * 18 + "." + "9" * 6),
        ):
            with self.subTest(value=value):
                self.assertEqual(self.read(value), Decimal(expected))
                self.assertNotIn("E", str(self.read(value)))
                self.assertFalse(self.read(value).is_signed())

    def test_more_digits_than_can_be_stored_are_refused(self):
        self.assertRefused(
            "0.0000001",
            Decimal("1e-7"),
            "1" + "0" * 18,
            Decimal("1e18"),
            Decimal("1e400"),
            Decimal("1e999999999999"),
            Decimal("1e-999999999999"),
            Decimal("9" * 100_000),
            "1." + "0" * 31,
        )

    def test_what_is_no_quantity_is_refused(self):
        self.assertRefused(
            True,
            False,
            "",
            " ",
            "NaN",
            "Infinity",
            "1e3",
            "+1",
            "1,5",
            "1_000",
            ".5",
            "5.",
            "-1",
            Decimal(-1),
            "-0.000001",
            "٣",
            "½",
            [],
            {},
            [Decimal(1)],
        )

    @quick
    @given(st.decimals(0, 10**18 - 1, places=6))
    def test_what_is_allowed_is_kept_digit_by_digit(self, value):
        """M1."""
        self.assertEqual(self.read(value), value)
        self.assertEqual(self.read(f"{value:f}"), value)


class TestInstant(ReaderCase):
    reader = payload.instant

    def test_a_time_is_read_in_utc(self):
        expected = datetime(2026, 11, 1, 10, 30)
        for text in (
            "2026-11-01T10:30:00Z",
            "2026-11-01T10:30:00",
            "2026-11-01T10:30",
            "2026-11-01 10:30Z",
            "2026-11-01T10:30:00.000Z",
            "2026-11-01T12:30:00+02:00",
            "2026-11-01T05:00-0530",
            "2026-11-01T10:30:00+00:00",
            "2026-11-02T00:30:00+14:00",
            "2026-11-01T10:30:00-00:00",
        ):
            with self.subTest(text=text):
                self.assertEqual(self.read(text), expected)

    def test_a_fraction_is_kept_to_the_microsecond(self):
        self.assertEqual(
            self.read("2026-11-01T00:00:00.1234567Z"), datetime(2026, 11, 1, 0, 0, 0, 123456)
        )
        self.assertEqual(self.read("2026-11-01T00:00:00.5Z").microsecond, 500_000)

    def test_what_is_no_time_is_refused(self):
        self.assertRefused(
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T00:60:00Z",
            "2026-11-01T00:00:60Z",
            "2026-11-01",
            "20261101T000000Z",
            "2026-W44-7T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "2026-11-01T00:00:00+24:00",
            "2026-11-01T00:00:00+05:60",
            "2026-11-01T00:00:00 00:00",
            "٢٠٢٦-11-01T00:00:00Z",
            "2026-11-01T00:00:00Z\n",
            "2026-11-01t00:00:00z",
            "now",
            "",
            True,
            Decimal(1),
            {},
            [],
        )

    @quick
    @given(moments, offsets)
    def test_every_offset_is_taken_off(self, moment, minutes):
        zone = timezone(timedelta(minutes=minutes))
        text = moment.replace(tzinfo=timezone.utc).astimezone(zone).isoformat()
        self.assertEqual(self.read(text), moment)


class TestDay(ReaderCase):
    reader = payload.day

    def test_a_date_is_read(self):
        self.assertEqual(self.read("2028-02-29"), date(2028, 2, 29))

    def test_what_is_not_in_the_calendar_is_refused(self):
        self.assertRefused(
            "2026-02-30",
            "2026-2-3",
            "20260203",
            "2026-W05",
            "2026-02-03T00:00:00Z",
            "1999-12-31",
            "0001-01-01",
            "٢٠٢٦-01-01",
            "",
            True,
            Decimal(20260101),
            [],
        )


class TestFlag(ReaderCase):
    reader = payload.flag

    def test_nothing_is_wanted_unless_it_is_asked_for(self):
        self.assertEqual([self.read(value) for value in (True, False, None)], [True, False, False])

    def test_what_is_neither_true_nor_false_is_refused(self):
        self.assertRefused("true", "", Decimal(1), Decimal(0), [], {})
