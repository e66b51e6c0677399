from datetime import datetime, timedelta

from freezegun import freeze_time

from odoo.tools import mute_logger

from ...core.webhook import safe_http
from ..core.https_endpoint import Endpoint, answer, send_then_reset, silence
from ..webhook_case import WebhookCase

ODOO_SECONDS = timedelta(seconds=2)
NOW = datetime(2026, 1, 1)  # a time that has come


class TestWebhookFailures(WebhookCase):
    """W3: what fails is tried again, more and more rarely, and then shown to staff."""

    def _fail(self, behave):
        """Emit an event to an endpoint that behaves badly; return its delivery."""
        with self._endpoint(behave):
            delivery = self._emit()
            self._deliver()
        return delivery

    def assertRetried(self, delivery, within):
        """The delivery waits, and will be tried again within a span: half of it to the whole."""
        self.assertState(delivery, "pending", attempts=1)
        wait = delivery.next_attempt_at - delivery.attempt_ids.started_at
        self.assertGreaterEqual(wait, within / 2)
        self.assertLessEqual(wait, within + ODOO_SECONDS)

    def test_a_500_is_tried_again_after_one_to_two_minutes(self):
        delivery = self._fail(answer(500, b"out of order"))
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.last_status, 500)
        attempt = delivery.attempt_ids
        self.assertEqual((attempt.outcome, attempt.error_code), ("failure", "bad_status"))
        self.assertEqual(attempt.response_excerpt, "out of order")

    def test_a_time_out_is_tried_again(self):
        self.patch(
            safe_http.post,
            "__kwdefaults__",
            {**safe_http.post.__kwdefaults__, "total_timeout": 0.3},
        )
        delivery = self._fail(silence)
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "timeout")
        self.assertEqual(delivery.attempt_ids.status, 0)

    def test_a_connection_that_breaks_within_the_answer_is_tried_again(self):
        delivery = self._fail(send_then_reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"))
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "connection_lost")

    def test_an_endpoint_that_is_not_there_is_tried_again(self):
        with self._endpoint():
            delivery = self._emit()
        self._deliver()
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "connection_failed")

    def test_a_redirect_is_a_failure_and_is_not_followed(self):
        """W2"""
        with Endpoint(answer(), self.certificate) as hidden:
            delivery = self._fail(answer(302, b"", f"Location: https://127.0.0.1:{hidden.port}/"))
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "redirect_not_followed")
        self.assertEqual(hidden.connections, 0)

    def test_a_certificate_of_somebody_else_is_a_failure(self):
        self._set_param("development_ca", False)
        delivery = self._fail(answer())
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "certificate_invalid")

    def test_retry_after_asks_for_a_later_attempt(self):
        delivery = self._fail(answer(429, b"", "Retry-After: 3600"))
        self.assertState(delivery, "pending", attempts=1)
        wait = delivery.next_attempt_at - delivery.attempt_ids.started_at
        self.assertAlmostEqual(wait, timedelta(hours=1), delta=ODOO_SECONDS)

    def test_retry_after_cannot_ask_for_more_than_a_day_nor_for_less_than_the_backoff(self):
        delivery = self._fail(answer(503, b"", "Retry-After: 99999999"))
        wait = delivery.next_attempt_at - delivery.attempt_ids.started_at
        self.assertAlmostEqual(wait, timedelta(days=1), delta=ODOO_SECONDS)
        self.service.webhook_failing_since = False
        self.assertRetried(self._fail(answer(429, b"", "Retry-After: 0")), timedelta(minutes=2))

    def test_a_retry_waits_for_its_time_and_counts_on(self):
        with self._endpoint(answer(500)) as endpoint:
            delivery = self._emit()
            self._deliver()
            self._deliver()
            self.assertEqual(len(endpoint.requests), 1)
            delivery.next_attempt_at = NOW
            self._deliver()
        self.assertState(delivery, "pending", attempts=2)
        [(_line, first, body), (_line, second, body_again)] = endpoint.requests
        self.assertEqual(first["webhook-id"], second["webhook-id"])
        self.assertEqual(second["x-fusion-attempt"], "2")
        self.assertEqual(body, body_again)
        self.assertEqual(sorted(delivery.attempt_ids.mapped("number")), [1, 2])

    def test_an_event_is_tried_for_three_days_and_then_left_to_staff(self):
        with self._endpoint(answer(500)) as endpoint, freeze_time("2026-03-01") as clock:
            delivery = self._emit()
            for attempts in range(1, 99):
                self._deliver()
                if delivery.state != "pending":
                    break
                self.assertEqual(delivery.attempts, attempts)
                clock.move_to(delivery.next_attempt_at + timedelta(seconds=1))
        self.assertState(delivery, "failed")
        self.assertFalse(delivery.next_attempt_at)
        tried_for = delivery.write_date - delivery.first_attempt_at
        self.assertGreaterEqual(tried_for, timedelta(days=3))
        self.assertLess(tried_for, timedelta(days=4))
        self.assertEqual(len(endpoint.requests), delivery.attempts)
        self.assertIn(delivery.attempts, range(12, 20))

    def test_a_failing_event_does_not_hold_up_later_ones_of_its_subscription(self):
        def refuse_the_first(connection, endpoint):
            answer(200 if endpoint.requests[1:] else 500)(connection, endpoint)

        subscription = self._subscribe()
        self._commit()
        with self._endpoint(refuse_the_first) as endpoint:
            first = self._emit(1, subscription=subscription)
            self._deliver()
            second = self._emit(2, subscription=subscription)
            self._deliver()
        self.assertEqual(self._numbers(endpoint), [1, 2])
        self.assertState(first, "pending", attempts=1)
        self.assertState(second, "delivered", attempts=1)

    # === DISABLING === #

    def test_an_endpoint_that_only_failed_says_since_when_as_people_write_it(self):
        self.company.fusion_billing_tz = "America/Toronto"
        with self._endpoint(answer(500)):
            self.service.webhook_failing_since = "2026-01-09 03:30:00"
            self._emit()
            self._deliver()
        self.assertIn("since 01/08/2026 10:30:00", self.service.webhook_disabled_reason)

    def _activities(self):
        return self.service.activity_ids.filtered(
            lambda activity: (
                activity.activity_type_id
                == self.env.ref("fusion_billing.mail_activity_type_webhook")
            )
        )

    def test_410_disables_the_endpoint_at_once_and_keeps_what_is_open(self):
        with self._endpoint(answer(410)) as endpoint:
            delivery = self._emit()
            self._deliver()
            self.assertFalse(self.service.webhook_enabled)
            self.assertIn("410", self.service.webhook_disabled_reason)
            self.assertTrue(self._activities())
            delivery.next_attempt_at = NOW
            self._deliver()
            self.assertFalse(self._emit(2), "a disabled endpoint is told nothing more")
        self.assertEqual(len(endpoint.requests), 1)
        self.assertState(delivery, "pending", attempts=1)

    def test_an_endpoint_that_is_enabled_again_gets_what_is_open_at_once(self):
        """And each event has its three days anew: nobody tried while it was disabled."""
        with self._endpoint(answer(410)):
            delivery = self._emit()
            self._deliver()
        with self._endpoint() as endpoint:
            self._deliver()
            self.assertEqual(endpoint.connections, 0)
            self.service.action_webhook_enable()
            self.assertFalse(delivery.first_attempt_at)
            self._deliver()
        self.assertEqual(len(endpoint.requests), 1)
        self.assertState(delivery, "delivered", attempts=1)
        self.assertEqual(len(delivery.attempt_ids), 2)
        self.assertFalse(self.service.webhook_disabled_reason)
        self.assertFalse(self._activities())

    def test_an_address_that_is_corrected_gets_what_is_open_at_once(self):
        with self._endpoint(answer(500)):
            delivery = self._emit()
            self._deliver()
        with self._endpoint() as endpoint:
            self._deliver()
        self.assertEqual(len(endpoint.requests), 1)
        self.assertState(delivery, "delivered", attempts=1)

    def test_five_days_of_nothing_but_failures_disable_the_endpoint_and_tell_the_managers(self):
        with self._endpoint(answer(500)), freeze_time("2026-03-01") as clock:
            self._emit()
            self._deliver()
            for moment, enabled in (("2026-03-05 23:59:59", True), ("2026-03-06", False)):
                clock.move_to(moment)
                self._emit()
                self._deliver()
                self.assertEqual(self.service.webhook_enabled, enabled, moment)
        managers = self.env.ref("fusion_billing.group_manager").all_user_ids.filtered("active")
        self.assertTrue(managers)
        self.assertEqual(self._activities().user_id, managers)
        self.assertEqual(len(self._activities()), len(managers), "one for each, once")

    def test_one_success_within_the_five_days_keeps_the_endpoint(self):
        def recover_for_a_moment(connection, endpoint):
            answer(200 if clock().day == 4 else 500)(connection, endpoint)

        with self._endpoint(recover_for_a_moment), freeze_time("2026-03-01") as clock:
            for day, since in ((1, datetime(2026, 3, 1)), (4, False), (7, datetime(2026, 3, 7))):
                clock.move_to(f"2026-03-0{day}")
                self._outbox().write({"state": "cancelled"})
                self._emit()
                self._deliver()
                self.assertEqual(self.service.webhook_failing_since, since)
        self.assertTrue(self.service.webhook_enabled)

    # === WHAT STAYS OUT OF THE LOG === #

    def test_what_goes_wrong_here_is_kept_as_a_failure_and_logged_without_the_secret(self):
        self._set_param("development_ca", "/nonexistent/ca.pem")
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs("odoo.addons.fusion_billing.core.webhook.attempt", "ERROR") as logged,
        ):
            delivery = self._fail(answer())
        self.assertRetried(delivery, timedelta(minutes=2))
        self.assertEqual(delivery.attempt_ids.error_code, "not_sent")
        self.assertNotIn(self.secret, "\n".join(logged.output))
