"""Events are declared once, and described as the requests that an app's endpoint gets."""

import json
import unittest

from core.api.endpoints import webhooks
from core.api.events import EVENT_TYPES, EVENTS
from core.api.openapi import describe

HEADERS = {
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "X-Fusion-Event-Id",
    "X-Fusion-Event-Type",
    "X-Fusion-Attempt",
}


class TestEvents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.document = json.loads(json.dumps(describe("1")))
        cls.operations = {name: one["post"] for name, one in cls.document["webhooks"].items()}

    def body_of(self, operation):
        return operation["requestBody"]["content"]["application/json"]["schema"]

    def test_every_type_is_described_once_in_the_order_of_the_declarations(self):
        self.assertEqual(list(self.operations), list(EVENT_TYPES))
        self.assertEqual(len(EVENT_TYPES), len(set(EVENT_TYPES)))

    def test_events_can_be_listed_by_every_type(self):
        self.assertEqual(
            webhooks.LIST.fields["event_type"].schema["enum"], [event.type for event in EVENTS]
        )

    def test_a_body_has_what_every_event_has_and_its_own_type(self):
        for event_type, operation in self.operations.items():
            with self.subTest(event_type):
                body = self.body_of(operation)
                self.assertEqual(
                    body["required"], ["id", "type", "timestamp", "api_version", "data"]
                )
                self.assertEqual(body["properties"]["type"]["enum"], [event_type])
                name = body["properties"]["data"]["$ref"].rpartition("/")[2]
                self.assertIn(name, self.document["components"]["schemas"])

    def test_an_event_shows_a_record_as_the_api_does(self):
        name = self.body_of(self.operations["subscription.paused"])["properties"]["data"]["$ref"]
        read = self.document["paths"]["/subscriptions"]["get"]["responses"]["200"]
        listed = read["content"]["application/json"]["schema"]["properties"]["subscriptions"]
        self.assertEqual(listed["items"]["$ref"], name)

    def test_the_headers_are_those_that_are_sent(self):
        for operation in self.operations.values():
            self.assertEqual({one["name"] for one in operation["parameters"]}, HEADERS)
            self.assertEqual({one["in"] for one in operation["parameters"]}, {"header"})

    def test_answers_say_what_comes_of_them(self):
        for operation in self.operations.values():
            self.assertEqual(set(operation["responses"]), {"2XX", "410", "default"})
            self.assertIn("Retry-After", operation["responses"]["default"]["headers"])

    def test_an_event_is_signed_and_has_no_key_of_ours(self):
        for operation in self.operations.values():
            self.assertEqual(operation["security"], [])

    def test_names_of_operations_are_names_of_no_endpoint(self):
        names = [one["operationId"] for one in self.operations.values()]
        for verbs in self.document["paths"].values():
            names += [operation["operationId"] for operation in verbs.values()]
        self.assertEqual(len(names), len(set(names)))

    def test_an_event_says_when_it_happens_in_a_sentence(self):
        for event in EVENTS:
            self.assertTrue(event.about.endswith("."), event.type)
            self.assertTrue(event.label, event.type)
