"""CloudEvents, as counters."""

import json
from datetime import datetime, timezone
from decimal import Decimal
from hashlib import sha256

from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from odoo.tests import freeze_time, tagged

from ..api_usage_case import ApiUsageCase

ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiEvents(ApiUsageCase):
    def send_events(self, body, media=ONE, query=""):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.post(f"/events{query}", content, headers={"Content-Type": media})

    def cloud_event(self, **attributes):
        """A good event; an attribute that is None is left out."""
        event = {
            "specversion": "1.0",
            "id": "A-1",
            "source": "/app",
            "type": "api_calls",
            "subject": "sub-42",
            "time": "2026-01-10T00:00:00Z",
            **attributes,
        }
        return {name: value for name, value in event.items() if value is not None}

    # === WHAT IS STORED === #

    def test_an_event_is_a_counter_of_a_second(self):
        event = self.cloud_event(
            time="2026-01-10T02:00:00.25+02:00",
            data={"quantity": "0.1", "value": "user-7", "dimensions": {"region": "eu"}},
        )
        self.assertPushed(self.send_events(event), inserted=1)
        [usage] = self.assertOk(self.get("/usage"))["usage"]
        del usage["usage_id"]
        self.assertEqual(
            usage,
            {
                "subscription_id": self.subscription.id,
                "subscription_external_id": "sub-42",
                "metric_code": "api_calls",
                "quantity": "0.1",
                "period_start": "2026-01-10T00:00:00.250000Z",
                "period_end": "2026-01-10T00:00:01.250000Z",
                "idempotency_key": "/app A-1",
                "value": "user-7",
                "dimensions": {"region": "eu"},
            },
        )

    def test_without_data_it_counts_one(self):
        for number, data in enumerate((None, {}, {"value": "user-7"}, {"quantity": None})):
            event = self.cloud_event(id=str(number), data=data)
            self.assertPushed(self.send_events(event), inserted=1)
            self.assertEqual(self._stored()[-1], (f"/app {number}", Decimal(1)))

    def test_the_same_event_again_counts_once(self):
        """U3."""
        self.assertPushed(self.send_events(self.cloud_event()), inserted=1)
        self.assertPushed(self.send_events(self.cloud_event()), unchanged=1)
        self.assertPushed(self.send_events(self.cloud_event(source="/other")), inserted=1)

    def test_a_long_source_or_id_is_known_by_its_digest(self):
        """U3."""
        event = self.cloud_event(id="x" * 300)
        self.assertPushed(self.send_events(event), inserted=1)
        self.assertPushed(self.send_events(event), unchanged=1)
        digest = sha256(f"/app {'x' * 300}".encode()).hexdigest()
        self.assertEqual(self._stored(), [(f"sha256:{digest}", Decimal(1))])

    def test_a_type_is_a_metric_s_code_or_ends_with_a_dot_and_it(self):
        self._metric("com.example.seats")
        self._metric("seats")
        for number, (name, code) in enumerate(
            (
                ("api_calls", "api_calls"),
                ("com.example.api_calls", "api_calls"),
                ("com.example.seats", "com.example.seats"),
                ("org.example.seats", "seats"),
            )
        ):
            self.assertPushed(
                self.send_events(self.cloud_event(id=str(number), type=name)), inserted=1
            )
            usage = self.env["fusion.billing.usage"].search([], order="id desc", limit=1)
            self.assertEqual(usage.metric_id.code, code)

    def test_attributes_of_others_are_left_alone(self):
        event = self.cloud_event(
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            dataschema="https://example.com/schema",
            datacontenttype="application/json; charset=utf-8",
            comexampleother={"a": 1},
        )
        self.assertPushed(self.send_events(event), inserted=1)

    # === HOW IT IS SENT === #

    def test_one_or_many_come_in_each_mode(self):
        for media in (ONE, MANY, "application/json", f"{ONE}; charset=utf-8"):
            with self.subTest(media=media):
                one = self.cloud_event(id=media)
                self.assertPushed(self.send_events(one, media), inserted=1)
                other = self.cloud_event(id=f"{media} other")
                self.assertPushed(self.send_events([one, other], media), inserted=1, unchanged=1)

    def test_what_the_cloudevents_sdk_writes_is_read(self):
        """Somebody else's library."""
        event = CloudEvent(
            {
                "type": "com.example.api_calls",
                "source": "https://example.com/app",
                "subject": "sub-42",
                "time": datetime(2026, 1, 10, 1, 2, 3, tzinfo=timezone.utc),
                "datacontenttype": "application/json",
            },
            {"quantity": "12.5"},
        )
        message = to_structured(event, JSONFormat())
        response = self.send_events(message.body, message.headers["content-type"])
        self.assertPushed(response, inserted=1)
        key = f"https://example.com/app {event.get_id()}"
        self.assertEqual(self._stored(), [(key, Decimal("12.5"))])

    def test_binary_mode_is_refused_in_a_sentence(self):
        message = to_binary(CloudEvent(self.cloud_event(time=None), {"quantity": 1}), JSONFormat())
        response = self.post(
            "/events", message.body, headers={**message.headers, "Content-Type": "application/json"}
        )
        answer = self.assertError(response, 400, "missing_field")
        self.assertIn("Binary mode is not read", answer["errors"][0]["error"])

    def test_other_types_of_a_body_are_refused(self):
        for media in ("text/plain", "application/cloudevents+xml", "application/cloudevents"):
            with self.subTest(media=media), self.assertNothingWritten():
                answer = self.assertError(
                    self.send_events(self.cloud_event(), media), 415, "unsupported_media_type"
                )
                self.assertIn(ONE, answer["error"])
        events = json.dumps({"events": [self._event()]}).encode()
        for media in (ONE, MANY):
            response = self.post("/usage", events, headers={"Content-Type": media})
            self.assertError(response, 415, "unsupported_media_type")

    # === WHAT IS WRONG === #

    def test_a_batch_is_all_or_nothing(self):
        """U2."""
        events = [self.cloud_event(id="a"), self.cloud_event(id="b", subject="sub-43")]
        self.assertBatchRefused(
            self.send_events(events, MANY), (1, "unknown_subscription", "subject")
        )

    def test_the_good_events_are_stored_if_somebody_says_so(self):
        events = [self.cloud_event(id="a"), self.cloud_event(id="b", subject="sub-43"), 5]
        answer = self.assertOk(self.send_events(events, MANY, "?partial=true"))
        self.assertEqual((answer["accepted"], answer["rejected_indexes"]), (1, [1, 2]))
        self.assertEqual(self._stored(), [("/app a", Decimal(1))])

    def test_what_is_wrong_is_told_by_the_names_of_cloudevents(self):
        for attributes, *errors in (
            ({"specversion": "0.3"}, ("invalid_specversion", "specversion")),
            ({"specversion": None}, ("missing_field", "specversion")),
            ({"id": None}, ("missing_field", "id")),
            ({"id": ""}, ("invalid_id", "id")),
            ({"id": 5}, ("invalid_id", "id")),
            ({"source": None}, ("missing_field", "source")),
            ({"source": "a b"}, ("invalid_source", "source")),
            ({"type": None}, ("missing_field", "type")),
            ({"type": "calls"}, ("unknown_metric", "type")),
            ({"type": "api_calls."}, ("unknown_metric", "type")),
            ({"subject": None}, ("missing_field", "subject")),
            ({"subject": "sub-43"}, ("unknown_subscription", "subject")),
            ({"time": None}, ("missing_field", "time")),
            ({"time": "noon"}, ("invalid_time", "time")),
            ({"time": "2026-02-02T00:00:00Z"}, ("invalid_time", "time")),
            ({"time": "2025-01-01T00:00:00Z"}, ("period_outside_subscription", "time")),
            ({"datacontenttype": "text/xml"}, ("invalid_datacontenttype", "datacontenttype")),
            ({"data": "5"}, ("invalid_data", "data")),
            ({"data_base64": "NQ=="}, ("invalid_data", "data")),
            ({"data": {"quantity": -1}}, ("invalid_quantity", "quantity")),
            ({"data": {"quantiy": 1}}, ("unknown_field", "quantiy")),
            (
                {"time": "noon", "type": "calls", "subject": "sub-43"},
                ("invalid_time", "time"),
                ("unknown_subscription", "subject"),
                ("unknown_metric", "type"),
            ),
        ):
            with self.subTest(attributes=attributes):
                self.assertBatchRefused(
                    self.send_events(self.cloud_event(**attributes)),
                    *[(0, code, field) for code, field in errors],
                )

    def test_an_event_stands_once_in_a_batch(self):
        self.assertBatchRefused(
            self.send_events([self.cloud_event(), self.cloud_event()], MANY),
            (1, "duplicate_key_in_batch", "id"),
        )

    def test_a_body_that_holds_no_event_is_refused(self):
        for body, code, field in (
            (b"", "invalid_events", "events"),
            (b"[]", "invalid_events", "events"),
            (b"5", "invalid_payload", None),
            (b'"x"', "invalid_payload", None),
            (b"null", "invalid_payload", None),
            (b"{", "invalid_json", None),
            (b'{"id": "\\u0000"}', "invalid_payload", None),
        ):
            with self.subTest(body=body), self.assertNothingWritten():
                self.assertError(self.send_events(body), 400, code, field)
        self.assertError(self.send_events([{}] * 5001, MANY), 413, "payload_too_large")

    def test_events_count_against_the_quota_of_events(self):
        self.service.event_quota = 2
        self.assertPushed(self.send_events([self.cloud_event(id=str(n)) for n in range(2)]), 2)
        response = self.send_events(self.cloud_event(id="3"))
        self.assertError(response, 429, "rate_limited")
