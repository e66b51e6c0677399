"""What an endpoint reads of a request, and of its query beside."""

import unittest

from core.api.endpoints.usage import LIST, PUSH, PUSH_EVENTS
from core.api.errors import InvalidInput


class TestReading(unittest.TestCase):
    def test_a_body_is_an_object(self):
        self.assertEqual(PUSH.read_body(b'{"events": []}'), {"events": []})

    def test_a_body_that_is_a_member_of_a_list_or_the_list_stands_under_its_name(self):
        self.assertEqual(PUSH_EVENTS.members, "events")
        self.assertEqual(PUSH_EVENTS.read_body(b'{"id": "a"}'), {"events": [{"id": "a"}]})
        self.assertEqual(PUSH_EVENTS.read_body(b'[{"id": "a"}]'), {"events": [{"id": "a"}]})
        self.assertEqual(PUSH_EVENTS.read_body(b""), {"events": []})
        with self.assertRaises(InvalidInput) as refusal:
            PUSH_EVENTS.read_body(b"7")
        self.assertEqual(
            refusal.exception.message, "The body must be a JSON object, or an array of them."
        )

    def test_the_query_of_a_request_with_a_body_is_read_beside_it(self):
        body = {"events": [{}]}
        self.assertTrue(PUSH.read_values(body, {"partial": "true"})["partial"])
        self.assertFalse(PUSH.read_values(body)["partial"])
        with self.assertRaises(InvalidInput) as refusal:
            PUSH.read_values(body, {"partial": "yes"})
        self.assertEqual(refusal.exception.code, "invalid_partial")

    def test_the_query_of_a_request_without_a_body_is_what_it_is_about(self):
        query = {"metric_code": "api_calls"}
        self.assertEqual(LIST.read_values(query, query)["metric_code"], "api_calls")
