"""Webhooks with real processes: cron workers, a receiver of their own, two senders, a SIGKILL."""

import contextlib
import os
import signal
import time
import unittest

from devtools.databases import connect, query, temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.gate import Gate
from e2e.in_odoo.hooks import DELIVER
from e2e.peers.fusion_client import FusionClient
from e2e.peers.webhook_receiver import Receiver

SOON = 10  # seconds; the machine may be busy
STATES = "SELECT state, count(*) FROM fusion_billing_webhook_delivery GROUP BY state"
ATTEMPTS = "SELECT count(*) FROM fusion_billing_webhook_attempt"
# Transactions that are older than claiming or recording takes, and what of ours they lock.
OPEN = """
SELECT pid, state, query, array_agg(DISTINCT relname)
  FROM pg_stat_activity JOIN pg_locks USING (pid) JOIN pg_class ON pg_class.oid = relation
 WHERE datname = current_database() AND relname LIKE '%%webhook%%'
   AND clock_timestamp() - xact_start > interval '0.4 seconds'
 GROUP BY pid, state, query
"""
LEASE_END = "SELECT max(next_attempt_at) FROM fusion_billing_webhook_delivery"


class WebhookServerCase(unittest.TestCase):
    """A receiver, and a database with services whose events go to it."""

    def setUp(self):
        self.receiver = self.enterContext(Receiver())
        self.database = self.enterContext(temporary_database("e2e_hooks"))
        in_odoo.call(self.database, "hooks.allow", ca_file=self.receiver.ca_file)

    def point(self, *codes, path="/hook"):
        in_odoo.call(self.database, "hooks.point", codes=codes, url=f"{self.receiver.url}{path}")

    def fill(self, *codes, events, subscriptions=0):
        in_odoo.call(
            self.database, "hooks.fill", codes=codes, events=events, subscriptions=subscriptions
        )

    def states(self):
        return dict(query(self.database, STATES))

    def wait_until(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not (reached := condition()):
            if time.monotonic() > deadline:
                self.fail(f"{what} in {seconds} s: {self.states()}")
            time.sleep(0.05)
        return reached


class TestSenders(WebhookServerCase):
    def test_two_senders_at_once_send_each_event_once_W3(self):
        """W3: two scheduled actions in two processes, both at work on one outbox."""
        # More than one sender may serve at once: PER_SERVICE times 20, against its SLOTS.
        codes = [f"app-{number}" for number in range(20)]
        self.point(*codes)
        self.fill(*codes, events=800, subscriptions=50)
        copy = in_odoo.call(self.database, "crons.duplicate", name=DELIVER)
        [[original]] = query(
            self.database, "SELECT res_id FROM ir_model_data WHERE name = %s", (DELIVER,)
        )
        with Gate(self.database) as gate:
            runs = [
                self.enterContext(
                    in_odoo.started(self.database, "hooks.deliver_at_signal", cron_id=cron_id)
                )
                for cron_id in (original, copy)
            ]
            gate.open(*runs)
            for run in runs:
                in_odoo.finish(run)
        arrived = self.receiver.arrived()
        self.assertEqual((len(arrived), len(set(arrived))), (800, 800))
        self.assertEqual(self.states(), {"delivered": 800})
        self.assertEqual(query(self.database, ATTEMPTS), [(800,)])
        self.assertEqual(self.senders_at_work(), 2, "both had their part")

    def senders_at_work(self):
        """How many of the two scheduled actions sent something."""
        return len(
            query(
                self.database,
                "SELECT cron_id FROM ir_cron_progress WHERE done > 0 GROUP BY cron_id",
            )
        )

    def test_a_sender_that_is_killed_before_it_commits_sends_again_under_the_same_id_W3(self):
        """W3: the receiver has the event, and nobody here knows."""
        self.point("one", path="/hang")
        self.fill("one", events=1)
        with in_odoo.started(self.database, "hooks.deliver") as sender:
            [first] = self.wait_until(
                lambda: self.receiver.arrived("/hang"), 60, "the event did not arrive"
            )
            os.killpg(sender.pid, signal.SIGKILL)
            sender.wait(30)
        self.assertEqual(self.states(), {"sending": 1})
        self.assertEqual(query(self.database, ATTEMPTS), [(0,)])
        self.point("one")
        in_odoo.call(self.database, "hooks.deliver")
        self.assertEqual(self.receiver.arrived(), [], "the lease holds")
        self.wait_for_lease()
        in_odoo.call(self.database, "hooks.deliver")
        self.assertEqual(self.receiver.arrived(), [first])
        self.assertEqual(self.states(), {"delivered": 1})

    def test_nothing_is_open_during_a_request_so_that_even_its_service_can_be_deleted_W3(self):
        """W3: neither a lock nor a transaction, and the sender survives what it finds gone."""
        self.point("doomed", path="/hang")
        self.fill("doomed", events=3)
        with in_odoo.started(self.database, "hooks.deliver") as sender:
            self.wait_until(lambda: self.receiver.arrived("/hang"), 60, "nothing arrived")
            for _ in range(20):
                self.assertEqual(query(self.database, OPEN), [])
                time.sleep(0.1)
            self.assert_an_open_transaction_would_be_seen()
            in_odoo.call(self.database, "hooks.delete", code="doomed")
            self.assertEqual(self.states(), {})
            self.point("fine")
            self.fill("fine", events=2)
            in_odoo.finish(sender)
        in_odoo.call(self.database, "hooks.deliver")
        self.assertEqual(self.states(), {"delivered": 2})
        self.assertEqual(query(self.database, ATTEMPTS), [(2,)])

    def assert_an_open_transaction_would_be_seen(self):
        with contextlib.closing(connect(self.database)) as connection:
            connection.autocommit = False
            connection.cursor().execute("SELECT FROM fusion_billing_webhook_delivery")
            time.sleep(0.5)
            [[_pid, state, _query, _relations]] = query(self.database, OPEN)
            self.assertEqual(state, "idle in transaction")

    def wait_for_lease(self):
        def ended():
            return query(
                self.database,
                f"SELECT 1 WHERE now() AT TIME ZONE 'UTC' > ({LEASE_END}) + interval '1 second'",
            )

        self.wait_until(ended, 60, "the lease did not end")


class TestServer(WebhookServerCase):
    """Odoo's own workers: one takes the request, another one sends."""

    def setUp(self):
        super().setUp()
        made = in_odoo.call(self.database, "metered.prepare", subscriptions=1, began="2026-01-01")
        self.point("bench")
        self.key = made["key"]

    def serve(self):
        server = self.enterContext(OdooServer(self.database, workers=2, cron_threads=1))
        return FusionClient(server.url, self.key)

    def register(self, client, number):
        """Register a customer; return the seconds until its event arrived."""
        before = len(self.receiver.arrived())
        begun = time.monotonic()
        client.post("/customers", {"external_id": f"new-{number}", "name": "New"})
        self.wait_until(
            lambda: len(self.receiver.arrived()) > before, 60, "the event did not arrive"
        )
        return time.monotonic() - begun

    def test_a_healthy_endpoint_gets_its_event_within_seconds_of_the_request(self):
        client = self.serve()
        self.register(client, 0)  # the first one also waits for the workers to start
        for number in range(1, 4):
            self.assertLess(self.register(client, number), SOON)

    def test_a_hanging_endpoint_does_not_delay_the_event_of_another_one(self):
        self.point("hanging", path="/hang")
        self.fill("hanging", events=40)
        client = self.serve()
        self.register(client, 0)
        self.wait_until(
            lambda: self.receiver.arrived("/hang"), 30, "the hanging endpoint was not called"
        )
        for number in range(1, 5):
            self.assertLess(self.register(client, number), SOON)
            time.sleep(3)  # so that some fall at the end of the sender's time
