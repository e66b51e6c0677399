import threading

from odoo import fields

from odoo.addons.base.models import ir_cron

from ...core.webhook import safe_http
from ...core.webhook.attempt import attempt
from ...models.webhook import sending
from ..core.https_endpoint import answer
from ..webhook_case import WebhookCase


class Hall:
    """An endpoint's behaviour that counts how many requests are in it at once.

    Nobody leaves before `full` have been inside at once; then each stays a while.
    """

    def __init__(self, seconds, status=200, full=1):
        self._seconds, self._status, self._lock = seconds, status, threading.Lock()
        self._full, self._was_full = full, threading.Event()
        self.inside = self.most = 0

    def __call__(self, connection, endpoint):
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside == self._full:
                self._was_full.set()
        self._was_full.wait(10)
        endpoint.stopping.wait(self._seconds)
        with self._lock:
            self.inside -= 1
        answer(self._status)(connection, endpoint)


class TestWebhookSending(WebhookCase):
    """W3: how the outbox is emptied."""

    def test_events_of_one_subscription_arrive_in_order_and_one_at_a_time(self):
        subscription = self._subscribe()
        self._outbox().unlink()
        hall = Hall(0.01)
        with self._endpoint(hall) as endpoint:
            for number in range(20):
                self._emit(number, subscription=subscription)
            self._deliver()
        self.assertEqual(self._numbers(endpoint), list(range(20)))
        self.assertEqual(hall.most, 1)

    def test_events_without_a_subscription_are_sent_side_by_side_up_to_a_bound(self):
        hall = Hall(0.1, full=sending.PER_SERVICE)
        with self._endpoint(hall) as endpoint:
            for number in range(20):
                self._emit(number)
            self._deliver()
        self.assertEqual(sorted(self._numbers(endpoint)), list(range(20)))
        self.assertEqual(hall.most, sending.PER_SERVICE)

    def test_an_endpoint_that_is_failing_is_tried_one_by_one(self):
        hall = Hall(0.05, status=500)
        with self._endpoint(hall) as endpoint:
            self.service.webhook_failing_since = fields.Datetime.now()
            for number in range(6):
                self._emit(number)
            self._deliver()
        self.assertEqual((len(endpoint.requests), hall.most), (6, 1))

    def test_a_hanging_endpoint_does_not_delay_the_others(self):
        """It hangs until all others have arrived: none of its attempts may time out before."""
        hanging = self._service("hanging")
        hanging._generate_webhook_secret()
        arrived, all_arrived = [], threading.Event()

        def note(connection, endpoint):
            arrived.append(connection)
            if len(arrived) == 30:
                all_arrived.set()
            answer()(connection, endpoint)

        def hang(connection, endpoint):
            all_arrived.wait(safe_http.TOTAL_TIMEOUT * 2)
            answer()(connection, endpoint)

        with self._endpoint(hang, hanging), self._endpoint(note):
            for number in range(10):
                self._emit(number, hanging)
            for number in range(30):
                self._emit(number)
            self._deliver()
        self.assertEqual(len(self._outbox(state="delivered", attempts=1)), 40)

    def test_a_run_whose_time_is_up_leaves_the_rest_to_the_next_one(self):
        self.patch(ir_cron, "MIN_TIME_PER_JOB", 0.3)
        subscription = self._subscribe()
        self._outbox().unlink()
        with self._endpoint(Hall(0.1)) as endpoint:
            for number in range(10):
                self._emit(number, subscription=subscription)
            self._deliver()
            done = self._outbox(state="delivered")
            self.assertIn(len(done), range(1, 9))
            self.assertFalse(self._outbox(state="sending"), "nothing is left behind leased")
            for _ in range(10):
                self._deliver()
        self.assertEqual(self._numbers(endpoint), list(range(10)))

    def test_services_take_turns(self):
        """The first event of everybody comes before anybody's second."""
        others = [self._service(f"app-{number}") for number in range(5)]
        services = self.service.union(*others)
        for service in others:
            service._generate_webhook_secret()
        services.webhook_url = "https://hooks.example.com/"
        for service in services:
            for number in range(5):
                self._emit(number, service)
        self._commit()
        first = self.env["fusion.billing.webhook.delivery"]._claim(len(services))
        self.assertEqual({claim.service_id for claim in first}, set(services.ids))

    def test_a_claim_is_held_until_its_lease_ends(self):
        """A worker that was killed left it behind: it is sent again, under the same id."""
        self.service.webhook_url = "https://hooks.example.com/"
        delivery = self._emit()
        self._commit()
        deliveries = self.env["fusion.billing.webhook.delivery"]
        [claim] = deliveries._claim(9)
        self.assertState(delivery, "sending")
        self.assertEqual(deliveries._claim(9), [])
        delivery.next_attempt_at = "2026-01-01"
        [again] = deliveries._claim(9)
        self.assertEqual(again.event_id, claim.event_id)
        self.assertEqual(again.number, 1, "the lost attempt is not known of")

    def test_a_lease_is_longer_than_an_attempt_can_take(self):
        self.assertGreater(sending.LEASE.total_seconds(), safe_http.TOTAL_TIMEOUT + 5)

    def test_a_result_that_comes_after_the_lease_changes_nothing_but_is_kept(self):
        def succeed_once(connection, endpoint):
            answer(500 if endpoint.requests[1:] else 200)(connection, endpoint)

        with self._endpoint(succeed_once):
            delivery = self._emit()
            self._commit()
            [claim] = delivery._claim(9)
            delivery.next_attempt_at = "2026-01-01"
            [again] = delivery._claim(9)
            late = sending.DeliveryRun(delivery)
            delivery._record(attempt(again, late._transport))
            delivery._record(attempt(claim, late._transport))
        self.env.invalidate_all()
        self.assertState(delivery, "delivered", attempts=1)
        self.assertEqual(set(delivery.attempt_ids.mapped("status")), {200, 500})

    def test_the_secrets_of_a_claim_are_not_in_what_prints_it(self):
        self.service.webhook_url = "https://hooks.example.com/"
        self._emit()
        self._commit()
        [claim] = self.env["fusion.billing.webhook.delivery"]._claim(1)
        self.assertEqual(claim.secrets, [self.secret])
        self.assertNotIn("whsec_", repr(claim))

    def test_emitting_wakes_the_sender_once_per_transaction(self):
        cron = self.env.ref("fusion_billing.ir_cron_deliver_webhooks")
        triggers = self.env["ir.cron.trigger"]
        self.service.webhook_url = "https://hooks.example.com/"
        self._commit()
        before = triggers.search_count([("cron_id", "=", cron.id)])
        for number in range(5):
            self._emit(number)
        self._commit()
        self.assertEqual(triggers.search_count([("cron_id", "=", cron.id)]), before + 1)

    def test_nothing_to_send_costs_few_queries(self):
        with self.assertQueryCount(8):
            self.env["fusion.billing.webhook.delivery"]._cron_deliver()
