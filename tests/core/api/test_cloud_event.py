"""CloudEvents, from what an app sent to counters."""

import json
import unittest
from datetime import datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api import usage_event
from core.api.cloud_event import (
    NO_CLOUD_EVENT,
    idempotency_key,
    name_as_sent,
    read_events,
    shorten_types,
)
from core.api.endpoints.usage import PUSH, PUSH_EVENTS
from core.api.errors import InvalidInput
from core.api.openapi import write
from core.api.usage_event import Subscription, bind_events, find_unknown

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
NOW = datetime(2026, 11, 15)
EVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/app",
    "type": "com.example.api_calls",
    "subject": "sub-42",
    "time": "2026-11-01T00:00:00Z",
}
KNOWN = {"sub-42": Subscription(7, [(datetime(2026, 11, 1), None)])}


def event(**attributes):
    """A good event but for these attributes; ... leaves one out."""
    return {name: value for name, value in {**EVENT, **attributes}.items() if value is not ...}


class TestReading(unittest.TestCase):
    def read(self, **attributes):
        events, _broken, errors = read_events([event(**attributes)], NOW)
        self.assertEqual(errors, [])
        return events[0]

    def test_an_event_becomes_a_counter_with_every_field_that_one_has(self):
        counter = self.read(data={"quantity": Decimal("1.5"), "dimensions": {"region": "eu"}})
        pushed, _broken, _errors = usage_event.read_events(
            [
                {
                    "subscription_external_id": "sub-42",
                    "metric_code": "com.example.api_calls",
                    "quantity": Decimal("1.5"),
                    "period_start": "2026-11-01T00:00:00Z",
                    "period_end": "2026-11-01T00:00:01Z",
                    "idempotency_key": "/app A-1",
                    "dimensions": {"region": "eu"},
                }
            ],
            NOW,
        )
        self.assertEqual(counter, pushed[0])

    def test_an_event_that_says_no_quantity_counts_once(self):
        for attributes in ({}, {"data": {}}, {"data": {"value": "user-7"}}):
            self.assertEqual(repr(self.read(**attributes)["quantity"]), "Decimal('1')")

    def test_attributes_of_others_are_passed_over(self):
        self.assertEqual(self.read(traceparent="00-a-b-01", partitionkey=1), self.read())

    def test_an_event_may_happen_within_a_day_from_now(self):
        self.assertEqual(self.read(time="2026-11-16T00:00:00Z")["period_start"].day, 16)
        self.assertEqual(
            self.refusals(event(time="2026-11-16T00:00:01Z")),
            [("invalid_time", "time", "time must not be more than a day ahead of now.")],
        )

    def test_what_is_no_cloud_event_is_told_what_one_is(self):
        for raw in ({}, event(specversion=None), event(specversion=...)):
            self.assertEqual(self.refusals(raw), [("missing_field", "specversion", NO_CLOUD_EVENT)])
        self.assertEqual(self.refusals(7), [("invalid_event", None, "An event is a JSON object.")])
        broken = InvalidInput("No.", "no", "x")
        self.assertEqual(self.refusals(broken), [("no", "x", "No.")])

    def test_data_are_json(self):
        self.assertEqual(
            self.refusals(event(data_base64="AA==")),
            [("invalid_data", "data", "data must be JSON: data_base64 is not read.")],
        )

    def refusals(self, raw):
        events, broken, errors = read_events([event(), raw], NOW)
        self.assertEqual((list(events), list(broken)), ([0], [1]))
        self.assertEqual({index for index, _error in errors}, {1})
        return [(error.code, error.field, error.message) for _index, error in errors]

    @quick
    @given(anything)
    def test_whatever_comes_is_a_counter_or_an_error(self, raw):
        events, broken, errors = read_events([raw], NOW)
        self.assertEqual(len(events) + len(broken), 1)
        self.assertEqual(bool(errors), bool(broken))

    @quick
    @given(st.dictionaries(st.sampled_from((*EVENT, "data", "data_base64", "x")), anything))
    def test_so_is_an_event_with_any_attributes(self, attributes):
        events, broken, errors = read_events([{**EVENT, **attributes}], NOW)
        shorten_types({**events, **broken}, {"api_calls": 3})
        errors += find_unknown(broken, KNOWN, {"api_calls": 3})
        errors += bind_events(events, KNOWN, {"api_calls": 3})
        declared = set(PUSH_EVENTS.codes)
        self.assertLessEqual({error.code for _index, error in errors}, declared)
        if not errors:
            self.assertEqual((events[0]["subscription_id"], events[0]["metric_id"]), (7, 3))


class TestKeys(unittest.TestCase):
    def test_a_key_is_the_source_and_the_id(self):
        self.assertEqual(idempotency_key("/app", "A 1"), "/app A 1")

    @quick
    @given(
        *[st.text(st.characters(exclude_categories=("Z", "C")), min_size=1) for _ in range(2)],
        *[st.text(min_size=1) for _ in range(2)],
    )
    def test_two_events_never_have_the_same_key(self, source, other_source, name, other_name):
        """U3: a source has no spaces, so the first one ends it."""
        same = (source, name) == (other_source, other_name)
        keys = idempotency_key(source, name), idempotency_key(other_source, other_name)
        self.assertEqual(keys[0] == keys[1], same)

    def test_a_key_has_at_most_255_characters(self):
        longest = idempotency_key("/app", "x" * 250)
        self.assertEqual((len(longest), longest[:6]), (255, "/app x"))
        digest = idempotency_key("/app", "x" * 251)
        self.assertEqual((len(digest), digest[:7]), (71, "sha256:"))


class TestNames(unittest.TestCase):
    def test_errors_name_the_attributes_of_the_event(self):
        events, broken, errors = read_events([event(subject="sub-43", type="com.calls")], NOW)
        errors += find_unknown(broken, KNOWN, {})
        errors += bind_events(events, KNOWN, {})
        self.assertEqual(
            [(error.code, error.field) for _index, error in name_as_sent(errors)],
            [("unknown_subscription", "subject"), ("unknown_metric", "type")],
        )

    def test_a_field_that_an_event_has_itself_is_named_as_it_is(self):
        _events, _broken, errors = read_events([event(specversion="2")], NOW)
        self.assertEqual([error.field for _index, error in name_as_sent(errors)], ["specversion"])

    def test_a_type_is_the_code_of_a_metric_or_ends_with_a_dot_and_it(self):
        codes = {"api_calls": 3, "com.gb": 4}
        for sent, code in (
            ("api_calls", "api_calls"),
            ("com.example.api_calls", "api_calls"),
            ("com.gb", "com.gb"),
            ("com.example.calls", "com.example.calls"),
            ("com.example.my_api_calls", "com.example.my_api_calls"),
        ):
            events, _broken, _errors = read_events([event(type=sent)], NOW)
            shorten_types(events, codes)
            self.assertEqual(events[0]["metric_code"], code)

    def test_an_unknown_type_is_named_as_it_was_sent(self):
        events, _broken, _errors = read_events([event()], NOW)
        shorten_types(events, {})
        [_subscription, (_index, error)] = bind_events(events, {}, {})
        self.assertEqual(error.message, "There is no metric 'com.example.api_calls'.")


class TestDescription(unittest.TestCase):
    def test_each_type_of_body_has_its_schema(self):
        document = json.loads(write("19.0.1.0.0"))
        body = document["paths"]["/events"]["post"]["requestBody"]["content"]
        one = body["application/cloudevents+json"]["schema"]
        many = body["application/cloudevents-batch+json"]["schema"]
        self.assertTrue(one["additionalProperties"])
        self.assertEqual(many["items"], one)
        self.assertEqual(body["application/json"]["schema"], {"anyOf": [one, many]})
        data = one["properties"]["data"]
        self.assertEqual(list(data["properties"]), ["quantity", "value", "dimensions"])
        self.assertFalse(data["additionalProperties"])

    def test_queries_of_requests_with_a_body_are_described(self):
        document = json.loads(write("19.0.1.0.0"))
        for endpoint in (PUSH, PUSH_EVENTS):
            parameter, _header = document["paths"][endpoint.path]["post"]["parameters"]
            self.assertEqual((parameter["name"], parameter["in"]), ("partial", "query"))
            self.assertIn("invalid_partial", endpoint.codes)

    def test_lines_of_json_are_described_by_one_of_them(self):
        document = json.loads(write("19.0.1.0.0"))
        answer = document["paths"]["/usage/export"]["get"]["responses"]["200"]["content"]
        self.assertEqual(
            answer["application/x-ndjson"]["schema"], {"$ref": "#/components/schemas/UsageChange"}
        )
