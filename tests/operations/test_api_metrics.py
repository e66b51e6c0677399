import re
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time

from ...controllers import answer
from ...core.api import traffic
from ...core.api.traffic import BOUNDS
from ..api_case import ApiCase

SAMPLE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")


class TestApiMetrics(ApiCase):
    """A monitoring system reads the figures of a company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.watch = cls.service._generate_api_key(scope_operations=True)
        cls.subscription = cls._own_subscription("sub-42")

    def setUp(self):
        super().setUp()
        self.patch(answer, "_traffic", traffic.Traffic())

    def _metrics(self):
        """Return the figures: by name and labels."""
        response = self.get("/metrics", key=self.watch)
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(
            response.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8"
        )
        lines = [line for line in response.text.splitlines() if not line.startswith("#")]
        self.assertTrue(response.text.endswith("\n"))
        figures = {}
        for line in lines:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            figures[name.removeprefix("fusion_billing_"), labels] = float(value)
        self.assertEqual(len(figures), len(lines))
        return figures

    def _store(self):
        """Store what was counted with the next request."""
        self.patch(traffic, "STORED_EVERY", 0)
        self.get("/health")
        self.patch(traffic, "STORED_EVERY", 3600)

    def test_requests_are_counted_by_service_and_status(self):
        self.assertOk(self.push(self._event(), self._event(idempotency_key="2")))
        self.push(self._event(quantity=-1))
        self.get("/catalog", key="wrong")
        self._store()
        figures = self._metrics()
        for labels, count in (
            ('service="nexacloud",status="200"', 1),
            ('service="nexacloud",status="400"', 1),
            ('service="",status="401"', 1),
            ('service="",status="200"', 1),
        ):
            self.assertEqual(figures["requests_total", labels], count)
            self.assertEqual(figures["request_duration_seconds_count", labels], count)
            self.assertGreater(figures["request_duration_seconds_sum", labels], 0)
        self.assertEqual(figures["events_total", 'service="nexacloud"'], 2)

    def test_how_long_requests_took_is_a_histogram(self):
        self.push(self._event())
        self._store()
        figures = self._metrics()
        labels = 'service="nexacloud",status="200"'
        counts = [
            figures["request_duration_seconds_bucket", f'{labels},le="{bound}"']
            for bound in (*BOUNDS, "+Inf")
        ]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], 1)

    def test_figures_only_grow(self):
        for count in (1, 2, 3):
            self.push(self._event())
            self._store()
            self.assertEqual(
                self._metrics()["requests_total", 'service="nexacloud",status="200"'],
                2 * count - 1,  # with those that read the figures
            )

    def test_figures_of_a_service_that_was_deleted_meanwhile_are_forgotten(self):
        self.push(self._event())
        gone = self._service("gone")
        answer._traffic.note(self.env.cr.dbname, gone.id + 1, 200, 0.1, 5, 0)
        self._store()
        self.assertIn(("requests_total", 'service="nexacloud",status="200"'), self._metrics())

    def test_what_waits_to_be_rated_is_told(self):
        self.env["fusion.billing.rating.request"].search([]).unlink()
        self.assertEqual(self._metrics()["rating_waiting", None], 0)
        self.assertEqual(self._metrics()["rating_lag_seconds", None], 0)
        self.push(self._event())
        self.env["fusion.billing.rating.request"]._request(self.subscription)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fusion_billing_rating_request"
            " SET requested_at = requested_at - interval '1 hour'"
            " WHERE id = (SELECT min(id) FROM fusion_billing_rating_request)"
        )
        figures = self._metrics()
        self.assertEqual(figures["rating_waiting", None], 1)
        self.assertAlmostEqual(figures["rating_lag_seconds", None], 3600, delta=120)

    def test_each_request_says_when_it_was_made(self):
        self.push(self._event())
        self.env["fusion.billing.rating.request"]._request(self.subscription)
        self.env.flush_all()
        self.assertTrue(
            all(self.env["fusion.billing.rating.request"].search([]).mapped("requested_at"))
        )

    def test_what_is_due_and_on_no_document_is_told(self):
        with freeze_time("2025-12-01"):
            self._charge()
        self.push(self._event(quantity="2000"))
        self._rate()
        self.env.invalidate_all()
        ratings = self.env["fusion.billing.rating"].search([("due", ">", 0)])
        owed = sum(
            ratings.filtered(lambda rating: rating.bill_on <= fields.Date.today()).mapped("due")
        )
        self.assertGreater(owed, 0)
        figures = self._metrics()
        labels = f'currency="{self.subscription.currency_id.name}"'
        self.assertAlmostEqual(figures["unbilled_amount", labels], owed)
        self.assertGreater(figures["unbilled_rows", labels], 0)

    def test_failures_are_told(self):
        self.assertEqual(self._metrics()["failing_subscriptions", None], 0)
        self.env.cr.execute(
            "UPDATE sale_order SET fusion_error = 'x' WHERE id = %s", [self.subscription.id]
        )
        self.assertEqual(self._metrics()["failing_subscriptions", None], 1)

    def test_events_that_are_not_delivered_are_told_by_state(self):
        self.service.webhook_url = "https://hooks.nexacloud.example/fusion"
        self.service._generate_webhook_secret()
        self.env.cr.precommit.run()
        self.env["fusion.billing.webhook.delivery"].search([]).unlink()
        for state in ("pending", "failed", "failed", "delivered"):
            self.env["fusion.billing.webhook.delivery"]._emit(
                "endpoint.test", self.service, lambda _service: {}
            ).state = state
        figures = self._metrics()
        self.assertEqual(figures["deliveries", 'service="nexacloud",state="pending"'], 1)
        self.assertEqual(figures["deliveries", 'service="nexacloud",state="failed"'], 2)
        self.assertNotIn(("deliveries", 'service="nexacloud",state="delivered"'), figures)

    def test_scheduled_actions_are_told_with_how_late_they_are(self):
        cron = self.env.ref("fusion_billing.ir_cron_create_invoices")
        cron.write({"active": True, "nextcall": fields.Datetime.now() - timedelta(hours=2)})
        label = 'action="invoicing"'
        self.assertAlmostEqual(
            self._metrics()["scheduled_action_late_seconds", label], 7200, delta=120
        )
        cron.active = False
        self.assertEqual(self._metrics()["scheduled_action_late_seconds", label], float("inf"))

    def test_other_companies_are_not_told_of(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        other = self.env["fusion.billing.service"].create(
            {"name": "Other", "code": "other", "company_id": abroad.id}
        )
        self.push(self._event())
        self._store()
        self.watch = other._generate_api_key(scope_operations=True)
        self.assertNotIn("nexacloud", str(self._metrics()))

    def test_an_app_does_not_read_them(self):
        self.assertError(self.get("/metrics"), 403, "insufficient_scope")
