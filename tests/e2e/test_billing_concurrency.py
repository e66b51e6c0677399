"""Billing with real parallel connections: separate processes, real HTTP, a real SIGKILL."""

import contextlib
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from devtools.databases import connect, query
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.billing_case import BillingCase
from e2e.gate import Gate
from e2e.in_odoo.crons import INVOICING, RATING, REVENUE, SENDING
from e2e.peers.fusion_client import FusionClient
from e2e.staff import Staff
from examples.request_log import instant

SET = 3  # subscriptions that a run bills at once: few, so that it commits often
POSTED = "SELECT count(*) FROM account_move WHERE state = 'posted'"
QUANTITIES = "SELECT quantity::text FROM fusion_billing_rating WHERE charge_id IS NOT NULL"
VERSIONS = "fusion_billing_charge_version ORDER BY valid_from NULLS FIRST"
BILLED = "fusion_billing_rating WHERE charge_id IS NOT NULL AND settled <> 0"
BLOCKED = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
MAILS = """
SELECT move.id, count(mail.id)
  FROM account_move AS move
  LEFT JOIN mail_message AS message ON message.res_id = move.id AND message.model = 'account.move'
  LEFT JOIN mail_mail AS mail ON mail.mail_message_id = message.id
 GROUP BY move.id
"""
LOGGED = """
SELECT subscription.fusion_external_id, sum(movement.amount),
       (array_agg(movement.recurring_after ORDER BY movement.number DESC))[1],
       array_agg(movement.number ORDER BY movement.number)
  FROM fusion_billing_revenue_movement AS movement
  JOIN sale_order AS subscription ON subscription.id = movement.subscription_id
 GROUP BY subscription.id
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid != pg_backend_pid()
"""


class ConcurrencyCase(BillingCase):
    def run_twice_at_once(self, name):
        """Run a scheduled action and a copy of it, in two processes."""
        copy = in_odoo.call(self.database, "crons.duplicate", name=name)
        [[original]] = query(
            self.database, "SELECT res_id FROM ir_model_data WHERE name = %s", (name,)
        )
        with Gate(self.database) as gate, contextlib.ExitStack() as stack:
            runs = [
                stack.enter_context(
                    in_odoo.started(self.database, "crons.run_at_signal", cron_id=cron_id, size=SET)
                )
                for cron_id in (original, copy)
            ]
            gate.open(*runs)
            for run in runs:
                in_odoo.finish(run)

    def wait_alone(self):
        """Wait until PostgreSQL has noticed that the killed run's connections are gone."""
        deadline = time.monotonic() + 60
        while query(self.database, OTHERS)[0][0]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


class TestInvoicingConcurrency(ConcurrencyCase):
    SUBSCRIPTIONS = 15

    def test_two_invoicing_crons_at_once_bill_each_period_once_R8_lesson_16(self):
        """R8, lesson 16: usage that was never rated is rated by whichever run invoices it."""
        self.use_every_month()
        self.run_twice_at_once(INVOICING)
        self.assertEqual(set(self.outcomes("invoicing")), {"success"})
        # What one run found locked by the other is left to the next one.
        self.run_crons(INVOICING)
        self.assert_billed_once()

    def test_who_changes_a_subscription_meanwhile_stops_no_run_R7(self):
        """R7: its pause has begun, so that the run shows it, and somebody saves the order."""
        self.use_every_month()
        query(self.database, "UPDATE sale_order SET fusion_state = '4_paused' WHERE id = 3")
        with contextlib.closing(connect(self.database)) as somebody:
            somebody.autocommit = False
            somebody.cursor().execute("UPDATE sale_order SET write_date = now() WHERE id = 3")
            with in_odoo.started(self.database, "crons.run", names=[RATING]) as run:
                while run.poll() is None and not query(self.database, BLOCKED):
                    time.sleep(0.05)
                somebody.commit()
                in_odoo.finish(run)
        self.run_crons(INVOICING)
        self.assert_billed_once()

    def test_a_killed_invoicing_run_leaves_nothing_half_billed_and_the_next_completes_R8(self):
        """R8, lesson 16: killed three times in the middle of its work, each time somewhere else."""
        self.use_every_month()
        counts = [self.kill_run(seconds) for seconds in (0, 0.1, 0.3)]
        self.assertEqual(counts, sorted(set(counts)), "each run went on where the last one stopped")
        self.assertLess(counts[-1], 2 * self.SUBSCRIPTIONS, "it was killed in the middle")
        self.run_crons(INVOICING)
        self.assert_billed_once()
        self.assertEqual(self.outcomes("invoicing"), ["interrupted"] * 3 + ["success"])

    def outcomes(self, kind):
        """What became of each run that is kept, see `fusion.billing.run`."""
        statement = "SELECT outcome FROM fusion_billing_run WHERE kind = %s ORDER BY id"
        return [outcome for [outcome] in query(self.database, statement, (kind,))]

    def kill_run(self, seconds):
        """Kill a cron run so long after it has posted its first invoices.

        :return: how many there are then in all
        """
        before = self.count_posted()
        run = in_odoo.started(self.database, "crons.run_in_sets", names=[INVOICING], size=SET)
        with run as process:
            while self.count_posted() == before:
                self.assertIsNone(process.poll(), "the run ended before it could be killed")
                time.sleep(0.01)
            time.sleep(seconds)
            os.killpg(process.pid, signal.SIGKILL)
            self.assertEqual(process.wait(10), -signal.SIGKILL)
        self.wait_alone()
        return self.assert_nothing_half_billed()

    def count_posted(self):
        return query(self.database, POSTED)[0][0]


class TestInvoiceNowConcurrency(ConcurrencyCase):
    SUBSCRIPTIONS = 6

    def test_invoice_now_pressed_twice_at_once_bills_each_period_once_lesson_16(self):
        """R8, lesson 16: two people press the button on the same subscription, on two workers."""
        self.use_every_month()
        orders = query(self.database, "SELECT id FROM sale_order ORDER BY id")
        with OdooServer(self.database, workers=2) as server, ThreadPoolExecutor(2) as people:
            staff = [Staff(server.url, self.database) for _person in range(2)]
            together = threading.Barrier(2)

            def invoice_all(person):
                for [order] in orders:
                    together.wait(120)
                    person.invoice_now(order)

            list(people.map(invoice_all, staff))
        self.assert_billed_once()


class TestPricesWhileBilling(ConcurrencyCase):
    """A price that is billed is not changed by somebody who does not see that yet (T2)."""

    SUBSCRIPTIONS = 2

    def prices(self):
        """From which day on the charge costs what, and at what the ledger says it is billed."""
        versions = query(self.database, "SELECT price_per_unit::text FROM " + VERSIONS)
        billed = query(self.database, "SELECT DISTINCT breakdown->'lines' FROM " + BILLED)
        return [price for [price] in versions], str(billed)

    def test_who_began_before_the_run_begins_anew_and_sees_what_is_billed_t2(self):
        self.use_every_month()
        self.assertTrue(in_odoo.call(self.database, "races.price_while_billed", price="2"))
        in_odoo.call(self.database, "races.set_price", price="2")
        versions, _billed = self.prices()
        self.assertEqual(versions, ["0.0125000000", "2.0000000000"])
        self.assert_billed_once()

    def test_a_run_that_began_before_leaves_it_to_the_next_one_t2(self):
        self.use_every_month()
        self.assertEqual(in_odoo.call(self.database, "races.bill_while_priced", price="2"), 0)
        self.run_crons(INVOICING)
        versions, billed = self.prices()
        self.assertEqual(versions, ["2.0000000000"])
        self.assertIn("'unit_amount': '2'", billed)
        self.assertNotIn("0.0125", billed)

    def test_whoever_cancels_documents_first_is_not_in_their_own_way_t2(self):
        self.use_every_month()
        self.run_crons(INVOICING)
        in_odoo.call(self.database, "races.cancel_and_price", price="2")
        self.assertEqual(self.prices()[0], ["0.0125000000", "2.0000000000"])

    def test_prices_that_rated_usage_are_replaced_in_one_save_t2(self):
        self.use_every_month()
        in_odoo.call(self.database, "races.replace_prices", day=f"{self.firsts[1]}", price="2")
        self.assertEqual(self.prices()[0], ["0.0125000000", "2.0000000000"])


class TestSendingConcurrency(ConcurrencyCase):
    SUBSCRIPTIONS = 6

    def setUp(self):
        super().setUp()
        self.use_every_month()
        self.run_crons(INVOICING)
        in_odoo.call(self.database, "sending.prepare")

    def mails(self):
        """How many e-mails each document has, in order."""
        return sorted(count for _move, count in query(self.database, MAILS))

    def test_two_sending_crons_at_once_send_each_document_once(self):
        self.run_twice_at_once(SENDING)
        self.run_crons(SENDING)
        self.assertEqual(self.mails(), [1] * 2 * self.SUBSCRIPTIONS)

    def test_a_killed_sending_run_sends_nothing_twice_and_the_next_one_sends_the_rest(self):
        run = in_odoo.started(self.database, "crons.run_in_sets", names=[SENDING], size=SET)
        with run as process:
            while not sum(self.mails()):
                self.assertIsNone(process.poll(), "the run ended before it could be killed")
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            self.assertEqual(process.wait(10), -signal.SIGKILL)
        self.wait_alone()
        self.assertLess(sum(self.mails()), 2 * self.SUBSCRIPTIONS, "it was killed in the middle")
        self.run_crons(SENDING)
        self.assertEqual(self.mails(), [1] * 2 * self.SUBSCRIPTIONS)


class TestRevenueConcurrency(BillingCase):
    """Who finds the same difference of recurring revenue at the same moment writes it once."""

    def test_two_runs_and_staff_at_once_log_each_movement_once(self):
        query(self.database, "DELETE FROM fusion_billing_revenue_movement")
        copy = in_odoo.call(self.database, "crons.duplicate", name=REVENUE)
        [[original]] = query(
            self.database, "SELECT res_id FROM ir_model_data WHERE name = %s", (REVENUE,)
        )
        fees = query(self.database, "SELECT id FROM sale_order_line WHERE fusion_recurring")
        with (
            OdooServer(self.database, workers=2) as server,
            Gate(self.database) as gate,
            contextlib.ExitStack() as stack,
        ):
            clerk = Staff(server.url, self.database)
            runs = [
                stack.enter_context(
                    in_odoo.started(self.database, "crons.run_at_signal", cron_id=cron_id, size=SET)
                )
                for cron_id in (original, copy)
            ]
            gate.open(*runs)
            for [line] in fees:
                clerk.call("sale.order.line", "write", [[line], {"product_uom_qty": 2}])
            for run in runs:
                in_odoo.finish(run)
        self.run_crons(REVENUE)
        logged = query(self.database, LOGGED)
        self.assertEqual(len(logged), self.SUBSCRIPTIONS)
        for name, amount, recurring, numbers in logged:
            self.assertEqual((amount, recurring), (20, 20), name)
            self.assertEqual(numbers, list(range(1, len(numbers) + 1)), name)


class TestRatingConcurrency(BillingCase):
    SUBSCRIPTIONS = 8
    PUSHERS = 3
    SECONDS = 8

    def test_rating_while_usage_is_pushed_loses_and_doubles_nothing_R6(self):
        """R6, U3, U6: counters grow and are replaced while the rating cron runs without a pause."""
        started = in_odoo.started(
            self.database, "crons.run_again_and_again", name=RATING, seconds=self.SECONDS
        )
        with (
            OdooServer(self.database, workers=2) as server,
            Gate(self.database) as gate,
            started as rating,
            ThreadPoolExecutor(self.PUSHERS) as pool,
        ):
            gate.open(rating)
            client = FusionClient(server.url, self.key)
            pushes = list(pool.map(lambda number: self.push_all(client, number), range(3)))
            runs = in_odoo.finish(rating)
        self.assertGreater(runs, 2)
        self.assertGreater(min(pushes), 2)
        self.run_crons(RATING)
        self.assert_rated([Decimal(f"{count}.000001") for count in pushes])

    def push_all(self, client, number):
        """Push growing counters of all subscriptions for a while.

        :return: how often; it is the whole part of the last quantity
        """
        end = time.monotonic() + self.SECONDS
        count = 0
        while time.monotonic() < end:
            count += 1
            events = [self.event(name, number, f"{count}.000001") for name in self.names]
            client.post("/usage", {"events": events})
        return count

    def event(self, name, number, quantity):
        begun = datetime.combine(self.firsts[0], datetime.min.time(), timezone.utc)
        begun += timedelta(hours=number)
        return {
            "subscription_external_id": name,
            "metric_code": "api_calls",
            "quantity": quantity,
            "period_start": instant(begun),
            "period_end": instant(begun + timedelta(hours=1)),
            "idempotency_key": f"{number}",
        }

    def assert_rated(self, quantities):
        """The ledger holds the sum of the last counters, and no wish to rate is left."""
        rows = query(self.database, QUANTITIES)
        self.assertEqual([Decimal(text) for [text] in rows], [sum(quantities)] * len(self.names))
        self.assertEqual(query(self.database, "SELECT 1 FROM fusion_billing_rating_request"), [])
        totals = query(self.database, "SELECT sum(quantity)::text FROM fusion_billing_usage")
        self.assertEqual(Decimal(totals[0][0]), sum(quantities) * len(self.names))
