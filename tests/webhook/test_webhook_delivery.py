import json

from ..core.https_endpoint import answer
from ..webhook_case import WebhookCase


class TestWebhookDelivery(WebhookCase):
    """W1, W3: what is in the outbox reaches the endpoint, and what came of it is kept."""

    def test_the_stored_bytes_are_the_bytes_that_are_sent(self):
        """W1"""
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self._deliver()
        [(line, headers, body)] = endpoint.requests
        self.assertEqual(line, "POST /hook?app=1 HTTP/1.1")
        self.assertEqual(body, delivery.body.encode())
        self.assertEqual(headers["content-type"], "application/json")
        self.assertEqual(headers["webhook-id"], delivery.event_id)
        self.assertEqual(headers["x-fusion-event-id"], delivery.event_id)
        self.assertEqual(headers["x-fusion-event-type"], "endpoint.test")
        self.assertEqual(headers["x-fusion-attempt"], "1")
        event = json.loads(body)
        self.assertEqual(list(event), ["id", "type", "timestamp", "api_version", "data"])
        self.assertEqual(event["id"], delivery.event_id)
        self.assertEqual(event["data"], {"number": 1})

    def test_a_success_is_kept_with_its_attempt(self):
        with self._endpoint(answer(202, b"thank you")):
            delivery = self._emit()
            self._deliver()
        self.assertState(delivery, "delivered", attempts=1)
        self.assertTrue(delivery.delivered_at)
        self.assertFalse(delivery.next_attempt_at)
        self.assertEqual(delivery.last_status, 202)
        attempt = delivery.attempt_ids
        self.assertEqual((attempt.outcome, attempt.status, attempt.number), ("success", 202, 1))
        self.assertEqual(attempt.response_excerpt, "thank you")
        self.assertEqual(attempt.url, self.service.webhook_url)
