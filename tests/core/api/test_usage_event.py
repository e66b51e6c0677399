"""Usage events, from what an app sent to what can be stored."""

import unittest
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.errors import ERRORS_SHOWN, BatchError, InvalidInput
from core.api.usage_event import (
    READERS,
    Subscription,
    bind_events,
    find_unknown,
    read_event,
    read_events,
    references_of,
    subscription_reference,
)

NOW = datetime(2026, 11, 15)
EVENT = {
    "subscription_external_id": "sub-42",
    "metric_code": "api_calls",
    "quantity": "1250.5",
    "period_start": "2026-11-01T00:00:00Z",
    "period_end": "2026-11-01T01:00:00Z",
    "idempotency_key": "sub-42/api_calls/2026-11-01T00",
    "value": "user-7",
    "dimensions": {"region": "eu"},
}
SUBSCRIPTION = Subscription(7, [(datetime(2026, 11, 1), datetime(2026, 12, 1))])

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=8)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def event(**fields):
    """A good event but for these fields; ... leaves one out."""
    return {name: value for name, value in {**EVENT, **fields}.items() if value is not ...}


class TestReadingOneEvent(unittest.TestCase):
    def read(self, **fields):
        read, errors = read_event(event(**fields), NOW + timedelta(days=1))
        self.assertEqual(errors, [])
        return read

    def codes(self, **fields):
        _read, errors = read_event(event(**fields), NOW + timedelta(days=1))
        return [(error.code, error.field) for error in errors]

    def test_the_documented_event_is_read(self):
        self.assertEqual(
            self.read(),
            {
                "subscription_external_id": "sub-42",
                "subscription_id": None,
                "metric_code": "api_calls",
                "quantity": Decimal("1250.5"),
                "period_start": datetime(2026, 11, 1),
                "period_end": datetime(2026, 11, 1, 1),
                "idempotency_key": "sub-42/api_calls/2026-11-01T00",
                "value": "user-7",
                "dimensions": {"region": "eu"},
            },
        )

    def test_key_value_and_dimensions_are_optional(self):
        for absent in (..., None):
            read = self.read(idempotency_key=absent, value=absent, dimensions=absent)
            self.assertEqual(
                (read["idempotency_key"], read["value"], read["dimensions"]), (None, None, None)
            )

    def test_every_other_field_is_required(self):
        for name in (
            "subscription_external_id",
            "metric_code",
            "quantity",
            "period_start",
            "period_end",
        ):
            for absent in (..., None):
                with self.subTest(name=name):
                    self.assertEqual(self.codes(**{name: absent}), [("missing_field", name)])

    def test_each_field_has_an_error_of_its_own(self):
        for name, value in (
            ("subscription_external_id", ""),
            ("subscription_external_id", True),
            ("subscription_external_id", Decimal("1.5")),
            ("metric_code", Decimal(1)),
            ("metric_code", "x" * 256),
            ("quantity", Decimal(-1)),
            ("quantity", True),
            ("quantity", "NaN"),
            ("quantity", ""),
            ("quantity", Decimal("1e400")),
            ("period_start", "2026-02-30T00:00:00Z"),
            ("period_end", "tomorrow"),
            ("idempotency_key", ""),
            ("idempotency_key", "x" * 256),
            ("idempotency_key", Decimal(1)),
            ("value", ""),
            ("value", Decimal(7)),
            ("value", "x" * 256),
            ("dimensions", []),
            ("dimensions", "eu"),
        ):
            with self.subTest(name=name, value=value):
                self.assertEqual(self.codes(**{name: value}), [(f"invalid_{name}", name)])

    def test_a_field_that_is_not_in_the_contract_is_an_error(self):
        """An app that writes idempotencyKey would count twice without ever knowing."""
        self.assertEqual(
            self.codes(idempotencyKey="x", qty="1"),
            [("unknown_field", "idempotencyKey"), ("unknown_field", "qty")],
        )

    def test_all_errors_of_an_event_are_told(self):
        """U2."""
        self.assertEqual(
            self.codes(quantity="x", period_start="y", value=""),
            [
                ("invalid_quantity", "quantity"),
                ("invalid_period_start", "period_start"),
                ("invalid_value", "value"),
            ],
        )

    def test_an_event_is_an_object(self):
        for raw in (None, True, "event", Decimal(1), [], [event()]):
            with self.subTest(raw=raw):
                _read, [error] = read_event(raw, NOW)
                self.assertEqual(
                    (error.code, error.message), ("invalid_event", "An event is a JSON object.")
                )

    @quick
    @given(st.dictionaries(st.sampled_from(sorted(READERS)) | st.text(max_size=5), anything))
    def test_any_json_in_any_field_is_read_or_refused(self, fields):
        """A1."""
        _read, errors = read_event({**EVENT, **fields}, NOW)
        codes = {"missing_field", "unknown_field", *(f"invalid_{name}" for name in READERS)}
        for error in errors:
            self.assertIsInstance(error, InvalidInput)
            self.assertIn(error.code, codes)

    @quick
    @given(anything)
    def test_any_json_instead_of_an_event_is_refused(self, raw):
        """A1."""
        _read, errors = read_event(raw, NOW)
        self.assertTrue(errors)


class TestNamingTheSubscription(unittest.TestCase):
    def reference(self, **fields):
        events, _broken, errors = read_events([event(**fields)], NOW)
        self.assertEqual(errors, [])
        return subscription_reference(events[0])

    def test_an_external_id_is_a_text_and_an_id_a_number(self):
        self.assertEqual(self.reference(), "sub-42")
        self.assertEqual(self.reference(subscription_external_id=Decimal(42)), "42")
        for given_id in ("42", Decimal(42)):
            self.assertEqual(
                self.reference(subscription_external_id=..., subscription_id=given_id), 42
            )

    def test_two_names_at_once_are_refused(self):
        _events, _broken, [(_index, error)] = read_events([event(subscription_id=Decimal(1))], NOW)
        self.assertEqual(error.code, "invalid_subscription_id")
        self.assertEqual(
            error.message, "subscription_id and subscription_external_id must not both be given."
        )

    def test_a_name_that_cannot_be_read_is_not_missed_as_well(self):
        for fields in (
            {"subscription_external_id": ..., "subscription_id": "x"},
            {"subscription_external_id": True},
        ):
            _read, errors = read_event(event(**fields), NOW)
            self.assertEqual(len(errors), 1, errors)


class TestPeriods(unittest.TestCase):
    def codes(self, start, end):
        _read, errors = read_event(
            event(period_start=start, period_end=end), NOW + timedelta(days=1)
        )
        self.sentences = [error.message for error in errors]
        return [error.code for error in errors]

    def test_a_period_ends_after_it_starts(self):
        self.assertEqual(self.codes("2026-11-01T00:00Z", "2026-11-01T00:00:00.000001Z"), [])
        for end in ("2026-11-01T00:00Z", "2026-10-31T23:59Z", "2026-11-01T01:00+02:00"):
            self.assertEqual(self.codes("2026-11-01T00:00Z", end), ["invalid_period_end"])
            self.assertEqual(self.sentences, ["period_end must be later than period_start."])

    def test_a_period_starts_at_most_a_day_ahead(self):
        self.assertEqual(self.codes("2026-11-16T00:00Z", "2026-12-01T00:00Z"), [])
        self.assertEqual(
            self.codes("2026-11-16T00:00:01Z", "2026-12-01T00:00Z"), ["invalid_period_start"]
        )
        self.assertEqual(self.sentences, ["period_start must not be more than a day ahead of now."])


class TestDimensions(unittest.TestCase):
    def read(self, dimensions):
        read, errors = read_event(event(dimensions=dimensions), NOW)
        for error in errors:
            raise error
        return read["dimensions"]

    def test_texts_numbers_and_booleans_are_kept(self):
        self.assertEqual(
            repr(
                self.read({"region": "", "gpu": True, "cores": Decimal(8), "ratio": Decimal("0.5")})
            ),
            repr({"region": "", "gpu": True, "cores": 8, "ratio": 0.5}),
        )

    def test_no_dimension_is_none(self):
        self.assertIsNone(self.read({}))

    def test_their_size_is_bounded(self):
        self.assertEqual(len(self.read({str(n): "x" * 255 for n in range(20)})), 20)
        for dimensions in (
            {str(n): "x" for n in range(21)},
            {"": "x"},
            {"n" * 65: "x"},
            {"a": "x" * 256},
            {"a": None},
            {"a": []},
            {"a": {}},
            {"a": Decimal("1e400")},
            {"a": Decimal("1e-16")},
            {"a": Decimal(10**15)},
            {"a": Decimal("12345678901.12345")},
        ):
            with self.subTest(dimensions=dimensions), self.assertRaises(InvalidInput) as caught:
                self.read(dimensions)
            self.assertEqual(caught.exception.code, "invalid_dimensions")
            self.assertIn("must", caught.exception.message)

    @quick
    @given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 15))
    def test_a_number_keeps_its_digits(self, digits, places):
        number = Decimal(digits).scaleb(-places)
        self.assertEqual(Decimal(str(self.read({"n": number})["n"])), number)


class TestReadingABatch(unittest.TestCase):
    def test_good_events_and_errors_are_told_by_index(self):
        """U2."""
        events, broken, errors = read_events([event(), event(quantity=-1), event(), 5], NOW)
        self.assertEqual((list(events), list(broken)), ([0, 2], [1, 3]))
        self.assertEqual(
            [(index, error.code) for index, error in errors],
            [(1, "invalid_quantity"), (3, "invalid_event")],
        )

    def test_an_event_may_begin_within_a_day_from_now(self):
        for hours, codes in ((24, []), (25, ["invalid_period_start"])):
            start = NOW + timedelta(hours=hours)
            ahead = event(period_start=f"{start}Z", period_end=f"{start + timedelta(hours=1)}Z")
            _events, _broken, errors = read_events([ahead], NOW)
            self.assertEqual([error.code for _index, error in errors], codes)

    def test_good_and_broken_events_name_their_subscriptions(self):
        by_id = event(subscription_external_id=..., subscription_id="7")
        events, broken, _errors = read_events([by_id, event(quantity=-1)], NOW)
        self.assertEqual(references_of(events, broken), {7, "sub-42"})

    def test_the_error_of_a_batch_lists_a_hundred_and_counts_all(self):
        """U2."""
        _events, _broken, errors = read_events([5] * 150, NOW)
        told = BatchError(errors).as_dict()
        self.assertEqual(len(told["errors"]), ERRORS_SHOWN)
        self.assertEqual(told["errors_total"], 150)
        self.assertEqual(told["code"], "invalid_event")
        self.assertEqual(told["errors"][99]["index"], 99)

    def test_the_errors_of_a_batch_are_in_the_order_of_its_events(self):
        """U2."""
        wrong = InvalidInput("Wrong.", "wrong", "value")
        told = BatchError([(4, wrong), (2, InvalidInput("Bad.", "bad"))]).as_dict()
        self.assertEqual(
            told["errors"],
            [
                {"index": 2, "code": "bad", "error": "Bad."},
                {"index": 4, "field": "value", "code": "wrong", "error": "Wrong."},
            ],
        )
        self.assertNotIn("errors_total", told)


class TestBinding(unittest.TestCase):
    def bind(self, *raw_events, subscriptions=None):
        events, _broken, errors = read_events(raw_events, NOW)
        self.assertEqual(errors, [])
        known = {"sub-42": SUBSCRIPTION, 7: SUBSCRIPTION}
        errors = bind_events(
            events, known if subscriptions is None else subscriptions, {"api_calls": 3, "gb": 4}
        )
        self.sentences = [error.message for _index, error in errors]
        return events, [(index, error.code, error.field) for index, error in errors]

    def test_an_event_gets_the_ids_of_what_it_names(self):
        events, errors = self.bind(event())
        self.assertEqual(errors, [])
        bound = events[0]
        self.assertEqual((bound["subscription_id"], bound["metric_id"]), (7, 3))

    def test_an_unknown_subscription_is_told_under_the_field_that_names_it(self):
        """U1."""
        _events, errors = self.bind(
            event(), event(subscription_external_id=..., subscription_id="7"), subscriptions={}
        )
        self.assertEqual(
            errors,
            [
                (0, "unknown_subscription", "subscription_external_id"),
                (1, "unknown_subscription", "subscription_id"),
            ],
        )

    def test_all_that_is_wrong_with_an_event_is_told(self):
        """U2."""
        _events, errors = self.bind(
            event(metric_code="calls", subscription_external_id="sub-43"),
            event(metric_code="calls", period_start="2026-10-01T00:00:00Z"),
        )
        self.assertEqual(
            errors,
            [
                (0, "unknown_subscription", "subscription_external_id"),
                (0, "unknown_metric", "metric_code"),
                (1, "unknown_metric", "metric_code"),
                (1, "period_outside_subscription", "period_start"),
            ],
        )

    def test_of_a_broken_event_it_is_told_what_it_names_that_is_not_there(self):
        """U2."""
        raw_events = [
            event(quantity=-1, metric_code="calls"),
            event(quantity=-1),
            event(quantity=-1, metric_code=5, subscription_external_id="sub-43"),
            event(quantity=-1, subscription_external_id=[]),
            5,
        ]
        events, broken, _errors = read_events(raw_events, NOW)
        self.assertEqual((events, list(broken)), ({}, [0, 1, 2, 3, 4]))
        self.assertEqual(references_of(events, broken), {"sub-42", "sub-43"})
        errors = find_unknown(broken, {"sub-42": SUBSCRIPTION}, {"api_calls": 3})
        self.assertEqual(
            [(index, error.code) for index, error in errors],
            [(0, "unknown_metric"), (2, "unknown_subscription")],
        )

    def test_what_is_unknown_is_named_and_cut(self):
        raw_events = [
            event(metric_code="x" * 200),
            event(subscription_external_id=..., subscription_id=Decimal(8)),
            event(period_start="2026-10-01T00:00:00Z"),
        ]
        events, _broken, _errors = read_events(raw_events, NOW)
        errors = bind_events(events, {"sub-42": SUBSCRIPTION}, {"api_calls": 3})
        self.assertEqual(
            [error.message for _index, error in errors],
            [
                f"There is no metric '{'x' * 59}.",
                "There is no subscription '8' of a customer of this service.",
                "The subscription is not billed at this time: it begins later, has ended or is"
                " paused.",
            ],
        )

    def test_a_number_and_its_digits_are_different_names(self):
        """An external id may look like somebody else's number."""
        _events, errors = self.bind(event(subscription_external_id="7"))
        self.assertEqual([code for _index, code, _field in errors], ["unknown_subscription"])

    def test_an_unknown_metric_is_told(self):
        _events, errors = self.bind(event(metric_code="calls"))
        self.assertEqual(errors, [(0, "unknown_metric", "metric_code")])

    def test_usage_before_the_life_of_its_subscription_or_from_its_end_on_is_refused(self):
        """U5."""
        outside = [(0, "period_outside_subscription", "period_start")]
        for start, errors in (
            ("2026-10-31T23:59:59.999999Z", outside),
            ("2026-11-01T00:00:00Z", []),
        ):
            self.assertEqual(self.bind(event(period_start=start))[1], errors)
        ended = {"sub-42": self.taking((datetime(2026, 11, 1), datetime(2026, 11, 2)))}
        for start, errors in (("2026-11-01T23:59:59Z", []), ("2026-11-02T00:00:00Z", outside)):
            late = event(period_start=start, period_end="2026-11-03T00:00:00Z")
            self.assertEqual(self.bind(late, subscriptions=ended)[1], errors)

    def test_a_subscription_without_end_takes_usage_for_ever(self):
        """U5."""
        self.assertTrue(self.taking((datetime(2026, 11, 1), None)).covers(datetime(2099, 1, 1)))

    def test_usage_in_a_pause_is_refused_and_after_it_taken_again(self):
        """U5: a pause begins and ends at an instant, like everything else."""
        paused = self.taking(
            (datetime(2026, 11, 1), datetime(2026, 11, 10)), (datetime(2026, 11, 20), None)
        )
        for text, taken in (
            ("2026-11-09T23:59:59", True),
            ("2026-11-10", False),
            ("2026-11-19T23:59:59", False),
            ("2026-11-20", True),
        ):
            self.assertEqual(paused.covers(datetime.fromisoformat(text)), taken, text)

    def test_a_subscription_that_never_ran_takes_none(self):
        """U5."""
        self.assertFalse(self.taking().covers(datetime(2026, 11, 1)))

    @staticmethod
    def taking(*spans):
        return SUBSCRIPTION._replace(spans=list(spans))

    def test_a_key_stands_once_in_a_batch(self):
        """U3."""
        _events, errors = self.bind(
            event(),
            event(idempotency_key=None),
            event(metric_code="gb"),
            event(idempotency_key=None),
            event(quantity="2"),
        )
        self.assertEqual(errors, [(4, "duplicate_key_in_batch", "idempotency_key")])
        self.assertEqual(
            self.sentences, ["An earlier event of this batch has the same idempotency key."]
        )

    def test_a_key_is_the_same_under_both_names_of_a_subscription(self):
        """U3."""
        _events, errors = self.bind(
            event(), event(subscription_external_id=..., subscription_id=Decimal(7))
        )
        self.assertEqual(errors, [(1, "duplicate_key_in_batch", "idempotency_key")])
