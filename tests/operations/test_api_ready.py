from contextlib import closing
from datetime import timedelta

from odoo import fields

from ..api_case import ApiCase

CRONS = {
    "rating": "ir_cron_rate_open_periods",
    "invoicing": "ir_cron_create_invoices",
    "collecting": "ir_cron_collect",
    "dunning": "ir_cron_dun",
    "webhooks": "ir_cron_deliver_webhooks",
}


class TestApiReady(ApiCase):
    """Whoever watches the server learns whether it does its work."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.now = fields.Datetime.now()
        for name in CRONS:
            cls._cron(name).write({"active": True, "nextcall": cls.now + timedelta(hours=1)})
        cls.service.webhook_url = "https://hooks.nexacloud.example/fusion"
        cls.service._generate_webhook_secret()
        cls.key = cls.service._generate_api_key(scope_operations=True)

    @classmethod
    def _cron(cls, name):
        return cls.env.ref(f"fusion_billing.{CRONS[name]}")

    def _ready(self):
        return self.assertOk(self.get("/ready"))

    def _not_ready(self):
        response = self.get("/ready")
        self.assertTrue(response.headers["Retry-After"])
        return self.assertError(response, 503, "not_ready")

    def test_who_does_its_work_on_time_is_ready(self):
        on_time = dict.fromkeys((*CRONS, "deliveries"), 0)
        self.assertEqual(self._ready(), {"late_seconds": on_time})

    def test_an_action_that_is_a_little_late_is_shown(self):
        self._cron("rating").nextcall = self.now - timedelta(minutes=10)
        self.assertAlmostEqual(self._ready()["late_seconds"]["rating"], 600, delta=120)

    def test_an_action_that_missed_its_turns_is_told(self):
        turns = {"rating": 200, "invoicing": 200, "collecting": 40, "dunning": 200, "webhooks": 5}
        for name, minutes in turns.items():
            with self.subTest(name), closing(self.env.cr.savepoint()):
                self._cron(name).nextcall = self.now - timedelta(minutes=minutes)
                answer = self._not_ready()
                self.assertIn(self._cron(name).name, answer["error"])
                self.assertAlmostEqual(answer["late_seconds"][name], 60 * minutes, delta=120)

    def test_an_action_that_is_switched_off_is_told(self):
        self._cron("invoicing").active = False
        answer = self._not_ready()
        self.assertIn("switched off", answer["error"])
        self.assertIsNone(answer["late_seconds"]["invoicing"])

    def test_events_that_nobody_sends_are_told(self):
        delivery = self.env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test", self.service, lambda _service: {}
        )
        self.assertEqual(self._ready()["late_seconds"]["deliveries"], 0)
        delivery.next_attempt_at = self.now - timedelta(minutes=30)
        answer = self._not_ready()
        self.assertGreater(answer["late_seconds"]["deliveries"], 1700)
        delivery.state = "delivered"
        self._ready()

    def test_it_says_nothing_of_the_business(self):
        self.assertEqual(self._ready().keys(), {"late_seconds"})

    def test_an_app_need_not_know(self):
        key = self.service._generate_api_key()
        self.assertError(self.get("/ready", key=key), 403, "insufficient_scope")
