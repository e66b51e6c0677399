from unittest.mock import patch

from ...models.webhook import delivery as outbox
from ..api_case import ApiCase


class TestApiWebhooks(ApiCase):
    """An app sees its own events, and has them sent again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._service("nexadesk", webhook_url="https://desk.example.com/hook")
        cls.service.webhook_url = "https://hooks.example.com/billing"
        cls.service._generate_webhook_secret()
        cls.env.cr.flush()

    def _emit(self, service=None, state="delivered"):
        delivery = self.env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test", service or self.service, lambda _service: {}
        )
        delivery.state = state
        return delivery

    def test_the_list_shows_the_service_its_own_events(self):
        own = self._emit()
        self._emit(self.other)
        [shown] = self.assertOk(self.get("/webhooks/deliveries"))["deliveries"]
        self.assertEqual(shown["event_id"], own.event_id)
        self.assertEqual(shown["event_type"], "endpoint.test")
        self.assertEqual(shown["state"], "delivered")
        self.assertEqual(
            set(shown),
            {
                "event_id",
                "event_type",
                "state",
                "subscription_id",
                "created_at",
                "attempts",
                "next_attempt_at",
                "delivered_at",
                "last_status",
                "last_error",
            },
        )

    def test_the_list_is_filtered_and_paged(self):
        events = [self._emit(state=state) for state in ("failed", "delivered", "failed")]
        failed = [events[0].event_id, events[2].event_id]
        first = self.assertOk(self.get("/webhooks/deliveries?state=failed&limit=1"))
        second = self.assertOk(
            self.get(f"/webhooks/deliveries?state=failed&limit=1&cursor={first['next_cursor']}")
        )
        self.assertEqual([page["deliveries"][0]["event_id"] for page in (first, second)], failed)
        self.assertIsNone(second["next_cursor"])
        none = self.assertOk(self.get("/webhooks/deliveries?event_type=invoice.paid"))
        self.assertEqual(none["deliveries"], [])

    def test_a_filter_that_makes_no_sense_is_refused(self):
        for query, field in (
            ("state=lost", "state"),
            ("state=failed&state=failed", "state"),
            ("event_type=invoice.paid&event_type=invoice.paid", "event_type"),
        ):
            response = self.get(f"/webhooks/deliveries?{query}")
            self.assertError(response, 400, f"invalid_{field}", field)

    def test_one_event_is_sent_again(self):
        delivery = self._emit(state="failed")
        answer = self.assertOk(self.post(f"/webhooks/deliveries/{delivery.event_id}/retry"))
        self.assertEqual((answer["state"], answer["attempts"]), ("pending", 0))
        self.assertTrue(answer["next_attempt_at"])
        self.env.invalidate_all()
        self.assertEqual(delivery.state, "pending")

    def test_an_event_of_another_service_is_not_there(self):
        foreign = self._emit(self.other, state="failed")
        for name in (foreign.event_id, "evt_0"):
            self.assertError(self.post(f"/webhooks/deliveries/{name}/retry"), 404, "not_found")
        self.env.invalidate_all()
        self.assertEqual(foreign.state, "failed")

    def test_all_that_failed_since_a_time_is_sent_again(self):
        failed = self._emit(state="failed") | self._emit(state="failed")
        self._emit()
        self._emit(self.other, state="failed")
        path = "/webhooks/deliveries/retry"
        answer = self.assertOk(self.post(path, {"failed_since": "2020-01-01T00:00:00Z"}))
        self.assertEqual(answer, {"queued": 2, "next_cursor": None})
        self.env.invalidate_all()
        self.assertEqual(set(failed.mapped("state")), {"pending"})
        answer = self.assertOk(self.post(path, {"failed_since": "2099-01-01T00:00:00Z"}))
        self.assertEqual(answer, {"queued": 0, "next_cursor": None})

    def test_a_span_of_time_is_sent_again(self):
        self._emit()
        path = "/webhooks/deliveries/retry"
        span = {"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}
        nothing = {"queued": 0, "next_cursor": None}
        self.assertEqual(self.assertOk(self.post(path, span)), nothing)
        answer = self.assertOk(self.post(path, {"from": "2020-01-01T00:00:00Z"}))
        self.assertEqual(answer, {"queued": 1, "next_cursor": None})

    def test_many_events_are_sent_again_request_by_request(self):
        """None is left out, none is queued twice, and no request is about all of them."""
        for _number in range(5):
            self._emit(state="failed")
        span, queued = {"from": "2020-01-01T00:00:00Z"}, []
        with patch.object(outbox, "REPLAY_LIMIT", 2):
            while not queued or span["cursor"]:
                answer = self.assertOk(self.post("/webhooks/deliveries/retry", span))
                queued.append(answer["queued"])
                span["cursor"] = answer["next_cursor"]
        self.assertEqual(queued, [2, 2, 1])
        self.assertError(
            self.post("/webhooks/deliveries/retry", {**span, "cursor": "soon"}),
            400,
            "invalid_cursor",
            "cursor",
        )

    def test_a_replay_needs_to_know_what(self):
        path = "/webhooks/deliveries/retry"
        self.assertError(self.post(path), 400, "missing_field", "from")
        both = {"from": "2020-01-01T00:00:00Z", "failed_since": "2020-01-01T00:00:00Z"}
        self.assertError(self.post(path, both), 400, "invalid_failed_since", "failed_since")
        self.assertError(self.post(path, {"from": "soon"}), 400, "invalid_from", "from")

    def test_a_test_event_is_queued(self):
        answer = self.assertOk(self.post("/webhooks/test"), status=201)
        self.assertEqual((answer["event_type"], answer["state"]), ("endpoint.test", "pending"))
        self.assertTrue(
            self.env["fusion.billing.webhook.delivery"].search(
                [("service_id", "=", self.service.id), ("event_id", "=", answer["event_id"])]
            )
        )

    def test_without_an_endpoint_nothing_can_be_sent(self):
        delivery = self._emit(state="failed")
        self.service.webhook_enabled = False
        for response in (
            self.post("/webhooks/test"),
            self.post(f"/webhooks/deliveries/{delivery.event_id}/retry"),
            self.post("/webhooks/deliveries/retry", {"from": "2020-01-01T00:00:00Z"}),
        ):
            self.assertError(response, 400, "endpoint_not_ready")

    def test_a_request_through_the_api_emits_what_it_did_and_a_refused_one_nothing(self):
        self.post(
            "/subscriptions",
            {"external_customer_id": "acme", "external_id": "sub-1", "plan_code": "nope"},
        )
        self.assertOk(
            self.post(
                "/subscriptions",
                {"external_customer_id": "acme", "external_id": "sub-1", "plan_code": "pro"},
            ),
            status=201,
        )
        told = self.env["fusion.billing.webhook.delivery"].search(
            [("service_id", "=", self.service.id), ("event_type", "=", "subscription.created")]
        )
        self.assertEqual(len(told), 1)
