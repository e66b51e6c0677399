from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from ...models.webhook import delivery as outbox
from ..core.https_endpoint import answer
from ..webhook_case import WebhookCase


class TestWebhookReplay(WebhookCase):
    """Staff can have any event sent again: the same id, the same bytes."""

    def _deliver_at(self, moment, number):
        with freeze_time(moment):
            delivery = self._emit(number)
            self._deliver()
            # Odoo dates records by the database's clock.
            self.env.cr.execute(
                "UPDATE fusion_billing_webhook_delivery SET create_date = %s WHERE id = %s",
                (moment, delivery.id),
            )
            self.env.invalidate_all()
        return delivery

    def test_a_delivered_event_is_sent_again_as_it_was(self):
        with self._endpoint() as endpoint:
            delivery = self._emit()
            self._deliver()
            delivery.action_resend()
            self.assertState(delivery, "pending", attempts=0)
            self._deliver()
        [(_line, first, body), (_line, second, body_again)] = endpoint.requests
        self.assertEqual(first["webhook-id"], second["webhook-id"])
        self.assertEqual(body, body_again)
        self.assertState(delivery, "delivered")
        self.assertEqual(len(delivery.attempt_ids), 2)

    def test_a_failed_event_has_three_days_again(self):
        with self._endpoint(answer(500)), freeze_time("2026-03-01") as clock:
            delivery = self._emit()
            self._deliver()
            delivery.write({"state": "failed", "next_attempt_at": False})
            clock.move_to("2026-03-05")
            delivery.action_resend()
            self._deliver()
            self.assertState(delivery, "pending", attempts=1)
            self.assertEqual(delivery.first_attempt_at, datetime(2026, 3, 5))

    def test_the_wizard_sends_a_span_of_time_again(self):
        with self._endpoint() as endpoint:
            for day in range(1, 6):
                self._deliver_at(f"2026-03-0{day}", day)
            wizard = self._wizard("2026-03-02", "2026-03-04", only_failed=False)
            self.assertEqual(wizard.event_count, 2)
            wizard.action_resend()
            self._deliver()
        self.assertEqual(sorted(self._numbers(endpoint)[5:]), [2, 3])

    def test_many_events_are_queued_by_the_ten_thousand(self):
        """The window stays open until all are, and queues none twice."""
        with self._endpoint() as endpoint, patch.object(outbox, "REPLAY_LIMIT", 2):
            for day in range(1, 6):
                self._deliver_at(f"2026-03-0{day}", day)
            wizard = self._wizard("2026-03-01", only_failed=False)
            for left in (3, 1):
                action = wizard.action_resend()
                self.assertEqual((action["res_model"], action["res_id"]), (wizard._name, wizard.id))
                self._deliver()
                self.assertEqual(wizard.event_count, left)
            self.assertEqual(wizard.action_resend()["type"], "ir.actions.act_window_close")
            self._deliver()
        self.assertEqual(sorted(self._numbers(endpoint)[5:]), [1, 2, 3, 4, 5])

    def _wizard(self, since, until=False, only_failed=True):
        return self.env["fusion.billing.webhook.replay.wizard"].create(
            {
                "service_id": self.service.id,
                "only_failed": only_failed,
                "since": since,
                "until": until,
            }
        )

    def test_the_wizard_sends_all_that_failed_since_a_time(self):
        with self._endpoint() as endpoint:
            failed = [self._deliver_at(f"2026-03-0{day}", day) for day in range(1, 6)]
            for delivery in failed[1:4]:
                moment = delivery.create_date
                delivery.state = "failed"
                self.env.flush_all()
                self.env.cr.execute(
                    "UPDATE fusion_billing_webhook_delivery SET write_date = %s WHERE id = %s",
                    (moment, delivery.id),
                )
            self.env.invalidate_all()
            self._wizard("2026-03-03").action_resend()
            self._deliver()
        self.assertEqual(sorted(self._numbers(endpoint)[5:]), [3, 4])

    def test_resend_failed_is_of_this_service_only(self):
        other = self._service("other", webhook_url="https://example.com/")
        self.service.webhook_url = "https://example.com/"
        own, foreign = self._emit(), self._emit(service=other)
        (own | foreign).state = "failed"
        self.service.action_webhook_resend_failed()
        self.assertState(own, "pending")
        self.assertState(foreign, "failed")

    def test_given_up_events_are_not_sent_until_somebody_asks(self):
        with self._endpoint() as endpoint:
            delivery = self._emit()
            delivery.action_cancel()
            self._deliver()
            self.assertEqual(endpoint.requests, [])
            delivery.action_resend()
            self._deliver()
        self.assertEqual(len(endpoint.requests), 1)

    def test_what_is_being_sent_is_left_alone(self):
        self.service.webhook_url = "https://example.com/"
        delivery = self._emit()
        delivery.state = "sending"
        delivery.action_resend()
        self.assertState(delivery, "sending")
        with self.assertRaises(UserError):
            delivery.action_cancel()

    def test_the_test_button_sends_a_test_event(self):
        with self._endpoint() as endpoint:
            self.service.action_webhook_test()
            self._deliver()
        [(_line, headers, _body)] = endpoint.requests
        self.assertEqual(headers["x-fusion-event-type"], "endpoint.test")

    def test_the_test_button_says_what_is_missing(self):
        with self.assertRaisesRegex(UserError, "URL"):
            self.service.action_webhook_test()
        self.service.webhook_url = "https://example.com/"
        self.service.webhook_secret_ids.active = False
        with self.assertRaisesRegex(UserError, "secret"):
            self.service.action_webhook_test()

    # === WHO MAY === #

    def test_a_clerk_resends_events_and_only_managers_touch_the_endpoint(self):
        clerk = new_test_user(self.env, "clerk", groups="fusion_billing.group_user")
        self.service.webhook_url = "https://example.com/"
        delivery = self._emit()
        delivery.with_user(clerk).action_cancel()
        delivery.with_user(clerk).action_resend()
        self.assertState(delivery, "pending")
        service = self.service.with_user(clerk)
        for act in (
            service.action_webhook_test,
            service.action_webhook_enable,
            service.action_webhook_resend_failed,
        ):
            with self.assertRaises(AccessError):
                act()

    def test_somebody_from_outside_neither_reads_nor_resends_events(self):
        stranger = new_test_user(self.env, "stranger", groups="base.group_user")
        self.service.webhook_url = "https://example.com/"
        delivery = self._emit().with_user(stranger)
        for act in (delivery.action_resend, delivery.action_cancel, delivery.read):
            with self.assertRaises(AccessError):
                act()

    def test_nobody_writes_an_event_by_hand(self):
        manager = new_test_user(self.env, "boss", groups="fusion_billing.group_manager")
        self.service.webhook_url = "https://example.com/"
        delivery = self._emit().with_user(manager)
        for change in (
            lambda: delivery.write({"body": "{}"}),
            lambda: delivery.copy(),
            lambda: delivery.attempt_ids.create({"delivery_id": delivery.id}),
        ):
            with self.assertRaises(AccessError):
                change()

    # === HEALTH === #

    def test_the_service_shows_how_its_endpoint_does(self):
        for behave in (answer(), answer(), answer(), answer(500)):
            with self._endpoint(behave):
                self._emit()
                self._deliver()
        self.assertEqual(self.service.webhook_success_rate, 0.75)
        self.assertTrue(self.service.webhook_last_failure)
        self.assertEqual(self.service.webhook_delivery_count, 4)
        self._outbox(state="pending").state = "failed"
        self.assertEqual(self.service.webhook_failed_count, 1)
