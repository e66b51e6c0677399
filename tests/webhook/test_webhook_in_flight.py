from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.sql_db import Cursor

from ...core.webhook.attempt import attempt
from ..core.https_endpoint import answer
from ..webhook_case import WebhookCase

GONE = answer(410)


class TestWebhookInFlight(WebhookCase):
    """W3: what happens to an event, or to its endpoint, while a request is under way."""

    def setUp(self):
        super().setUp()
        self.deliveries = self.env["fusion.billing.webhook.delivery"]

    def _in_flight(self, behave=None):
        """Send an event; return its delivery, and what came of the attempt, not yet recorded."""
        with self._endpoint(behave or answer()):
            delivery = self._emit()
            self._commit()
            [claim] = self.deliveries._claim(9)
            return delivery, attempt(claim, self.deliveries._transport())

    def _record(self, over):
        self.env.flush_all()
        self.deliveries._record(over)
        self.env.flush_all()
        self.env.invalidate_all()

    def test_an_event_that_is_deleted_leaves_nothing_to_record(self):
        delivery, over = self._in_flight()
        other, other_over = self._in_flight()
        delivery.unlink()
        self._record(over)
        self._record(other_over)
        self.assertState(other, "delivered", attempts=1)
        self.assertEqual(self.env["fusion.billing.webhook.attempt"].search([]), other.attempt_ids)

    def test_a_service_that_is_deleted_leaves_nothing_to_record(self):
        for behave in (answer(), answer(500), GONE):
            service = self._service("short-lived")
            service._generate_webhook_secret()
            with self._endpoint(behave, service):
                self._emit(service=service)
                self._commit()
                [claim] = self.deliveries._claim(9)
                over = attempt(claim, self.deliveries._transport())
            service.unlink()
            self._record(over)
        self.assertFalse(self._outbox(state="sending"))

    def test_a_subscription_that_is_deleted_takes_no_event_with_it(self):
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        with self._endpoint() as endpoint:
            self._emit(1, subscription=order)
            self._commit()
            [claim] = self.deliveries._claim(9)
            over = attempt(claim, self.deliveries._transport())
            self._emit(2, subscription=order)
            self._commit()
            order.unlink()
            self._record(over)
            self._deliver()
        self.assertEqual(self._numbers(endpoint), [1, 2])

    def test_what_an_archived_service_was_to_get_waits_until_it_is_back(self):
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self.service.active = False
            self._deliver()
            self.assertEqual(endpoint.connections, 0)
            self.assertState(delivery, "pending", attempts=0)
            self.service.active = True
            self._deliver()
            self.assertState(delivery, "delivered")

    def test_an_archived_service_keeps_what_came_of_the_attempt_under_way(self):
        delivery, over = self._in_flight(answer(500))
        self.service.active = False
        self._record(over)
        self.assertState(delivery, "pending", attempts=1)

    def test_a_secret_that_is_rotated_signs_from_the_next_attempt_on(self):
        delivery, over = self._in_flight(answer(500))
        self.assertEqual(over.claim.secrets, [self.secret])
        new = self.service._generate_webhook_secret()
        self._record(over)
        delivery.next_attempt_at = "2026-01-01"
        [again] = self.deliveries._claim(9)
        self.assertEqual(again.secrets, [new])

    # === ANOTHER ADDRESS === #

    def test_an_old_address_that_says_it_is_gone_does_not_disable_the_new_one(self):
        delivery, over = self._in_flight(GONE)
        self.service.webhook_url = "https://hooks.example.com/"
        self._record(over)
        self.assertTrue(self.service.webhook_enabled)
        self.assertFalse(self.service.webhook_failing_since)
        self.assertState(delivery, "pending", attempts=1)

    def test_an_old_address_that_answers_does_not_speak_for_the_new_one(self):
        _delivery, over = self._in_flight()
        self.service.webhook_url = "https://hooks.example.com/"
        self.service.webhook_failing_since = "2026-01-01"
        self._record(over)
        self.assertTrue(self.service.webhook_failing_since)

    def test_a_new_address_has_five_days_of_its_own(self):
        self.service.webhook_url = "https://hooks.example.com/"
        self.service.webhook_failing_since = "2026-01-01"
        self.service.webhook_url = "https://hooks.example.com/"
        self.assertTrue(self.service.webhook_failing_since, "the same address")
        self.service.webhook_url = "https://new.example.com/"
        self.assertFalse(self.service.webhook_failing_since)


class TestWebhookClock(WebhookCase):
    """The database's clock says what is due: workers whose own clocks differ agree."""

    def setUp(self):
        super().setUp()
        self.clock = datetime(2026, 3, 1, 12)
        self.patch(Cursor, "now", lambda _cursor: self.clock)
        self.service.webhook_url = "https://hooks.example.com/"
        self.deliveries = self.env["fusion.billing.webhook.delivery"]

    def _claim_by_a_worker_at(self, moment):
        with freeze_time(moment):
            return self.deliveries._claim(9)

    def test_an_event_of_a_worker_that_is_fast_is_due_at_once(self):
        with freeze_time("2026-03-01 12:10:00"):
            self._emit()
            self._commit()
        self.assertEqual(len(self._claim_by_a_worker_at("2026-03-01 11:50:00")), 1)

    def test_a_worker_that_is_fast_does_not_take_the_lease_of_another_one(self):
        self._emit()
        self._commit()
        self.assertEqual(len(self._claim_by_a_worker_at("2026-03-01 11:59:00")), 1)
        self.clock += timedelta(seconds=29)
        self.assertEqual(self._claim_by_a_worker_at("2026-03-01 12:10:00"), [])
        self.clock += timedelta(seconds=1)
        self.assertEqual(len(self._claim_by_a_worker_at("2026-03-01 11:50:00")), 1)

    def test_a_retry_waits_by_the_same_clock_and_is_signed_with_it(self):
        with self._endpoint(answer(500)) as endpoint:
            delivery = self._emit()
            self._commit()
            with freeze_time("2026-05-05"):
                [claim] = self.deliveries._claim(9)
                over = attempt(claim, self.deliveries._transport())
            self.deliveries._record(over)
            self.env.invalidate_all()
        [(_line, headers, _body)] = endpoint.requests
        self.assertEqual(headers["webhook-timestamp"], "1772366400")
        self.assertEqual(delivery.attempt_ids.started_at, self.clock)
        self.assertLess(delivery.next_attempt_at, self.clock + timedelta(minutes=3))
        self.assertEqual(self.service.webhook_failing_since, self.clock)

    def test_an_overlap_ends_by_the_same_clock(self):
        """A2"""
        with freeze_time("2026-05-05"):
            new = self.service._generate_webhook_secret(overlap_hours=1)
        self._emit()
        self._commit()
        self.clock += timedelta(hours=1, seconds=-1)
        [claim] = self.deliveries._claim(9)
        self.assertEqual(claim.secrets, [new, self.secret])
        self.clock += timedelta(minutes=1)
        [claim] = self.deliveries._claim(9)
        self.assertEqual(claim.secrets, [new])
