"""Saved cards are charged and refunded exactly once, whatever is killed, repeated or unheard."""

import contextlib
import os
import signal
import time
import unittest
from functools import partial
from random import Random

from devtools.databases import temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.gate import Gate
from e2e.peers.card_network import CardNetwork

COLLECT, TELL = "ir_cron_collect", "ir_cron_tell_expiring"
ADDONS = ("fusion_billing", "payment_fusion_test")


class CollectionCase(unittest.TestCase):
    cards = ()
    delay = 0
    rounds = 3  # of kills

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = cls.enterClassContext(CardNetwork(cls.delay))
        cls.database = cls.enterClassContext(temporary_database("collect", install=ADDONS))
        cls.invoices = in_odoo.call(
            cls.database, "collecting.prepare", url=cls.network.url, cards=list(cls.cards)
        )

    def collect(self):
        in_odoo.call(self.database, "crons.run", names=[COLLECT])

    def kill_in_between(self, rng):
        """Kill a run a moment after it has begun to ask."""
        in_odoo.call(self.database, "collecting.forgive_kills")
        with in_odoo.started(self.database, "crons.run", names=[COLLECT]) as process:
            asked = len(self.network.asked)
            deadline = time.monotonic() + 30
            while len(self.network.asked) == asked and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(rng.random() * 0.3)
            os.killpg(process.pid, signal.SIGKILL)

    def be_killed(self, rng):
        """Kill some runs, then let time pass and others do what is left."""
        for _round in range(self.rounds):
            self.kill_in_between(rng)
        time.sleep(1)
        in_odoo.call(self.database, "collecting.forgive_kills")
        self.collect()
        in_odoo.call(self.database, "collecting.heard_long_ago")
        for _run in range(2):
            self.collect()

    @contextlib.contextmanager
    def at_once(self, *others, name=COLLECT):
        """Two runs of a scheduled action, and others, that have begun at the same moment.

        :param others: functions in Odoo that wait at the gate, given the invoices from the last on
        """
        crons = (
            in_odoo.call(self.database, "collecting.cron_id", name=name),
            in_odoo.call(self.database, "crons.duplicate", name=name),
        )
        begin = partial(in_odoo.started, self.database)
        with Gate(self.database) as gate, contextlib.ExitStack() as stack:
            waiting = [begin("crons.run_at_signal", cron_id=cron, size=20) for cron in crons]
            waiting += [begin(other, invoice_ids=self.invoices[::-1]) for other in others]
            processes = [stack.enter_context(one) for one in waiting]
            gate.open(*processes)
            yield processes

    def outcomes(self):
        return in_odoo.call(self.database, "collecting.outcomes", invoice_ids=self.invoices)


class TestCards(CollectionCase):
    cards = ("good", "declined", "lost", "stolen", "pending", "failing", "away", "lying")

    def test_each_card_does_what_it_does_and_nothing_is_charged_twice(self):
        for _run in range(3):
            self.collect()
        states = {
            card: (outcome["attempts"], outcome["payment_state"])
            for card, outcome in zip(self.cards, self.outcomes(), strict=True)
        }
        self.assertEqual(states["good"][0], [[1, "succeeded"]])
        self.assertIn(states["good"][1], ("paid", "in_payment"))
        self.assertEqual(self.outcomes()[0]["expiries"], ["2030-12-31"])
        for card in ("declined", "lost", "stolen"):
            self.assertEqual(states[card], ([[1, "failed"]], "not_paid"), card)
        for_good = [outcome["hard_declines"] for outcome in self.outcomes()[1:4]]
        self.assertEqual(for_good, [[False], [True], [True]])
        self.assertEqual(states["pending"], ([[1, "pending"]], "not_paid"))
        for card in ("failing", "away", "lying"):
            self.assertEqual(states[card], ([[1, "unknown"]], "not_paid"), card)
        self.assertEqual(set(self.network.times_charged().values()), {1})

        in_odoo.call(self.database, "collecting.heard_long_ago")
        self.collect()
        outcomes = dict(zip(self.cards, self.outcomes(), strict=True))
        self.assertEqual(outcomes["failing"]["attempts"], [[1, "succeeded"]])
        self.assertEqual(outcomes["away"]["attempts"], [[1, "failed"]])
        self.assertEqual(set(self.network.times_charged().values()), {1})


class TestNotifiedEarly(CollectionCase):
    cards = ("early",) * 3

    def test_a_notification_before_the_answer_and_twice_registers_one_payment(self):
        with OdooServer(self.database, workers=0) as server:
            self.network.notify_url = f"{server.url}/payment/fusion_test/notify"
            self.collect()
        for outcome in self.outcomes():
            self.assertEqual(outcome["attempts"], [[1, "succeeded"]])
            self.assertIn(outcome["payment_state"], ("paid", "in_payment"))
            self.assertEqual(outcome["payments"], 1)
        self.assertEqual(list(self.network.times_charged().values()), [1, 1, 1])


class TestTogether(CollectionCase):
    cards = ("good",) * 8
    delay = 0.01

    def test_two_runs_and_a_customer_at_once_charge_each_invoice_once(self):
        with self.at_once("collecting.pay_at_signal") as processes:
            *_runs, paid = map(in_odoo.finish, processes)
        self.collect()
        charged = self.network.times_charged()
        for invoice, outcome in zip(self.invoices, self.outcomes(), strict=True):
            with self.subTest(invoice=invoice):
                self.assertEqual(outcome["in_portal"], invoice in paid)
                attempts = [] if invoice in paid else [[1, "succeeded"]]
                self.assertEqual(outcome["attempts"], attempts)
                for reference in outcome["references"]:
                    self.assertEqual(charged[reference], 1)


class TestOneCard(CollectionCase):
    cards = ("good",) * 8
    delay = 0.01

    def test_two_runs_that_learn_at_once_when_a_card_expires_charge_it_all_the_same(self):
        in_odoo.call(self.database, "collecting.plan_on_one_card")
        with self.at_once() as processes:
            for process in processes:
                in_odoo.finish(process)
        for outcome in self.outcomes():
            self.assertEqual(outcome["attempts"], [[1, "succeeded"]])
            self.assertEqual(outcome["expiries"], ["2030-12-31"])
        self.assertEqual(list(self.network.times_charged().values()), [1] * len(self.cards))


class TestExpiring(CollectionCase):
    cards = ("good",) * 40

    def test_two_runs_at_once_one_of_them_killed_tell_each_customer_once(self):
        in_odoo.call(self.database, "collecting.expire_soon")
        with self.at_once(name=TELL) as (one, other):
            time.sleep(0.3)
            os.killpg(one.pid, signal.SIGKILL)
            in_odoo.finish(other)
        in_odoo.call(self.database, "collecting.forgive_kills")
        for _run in range(2):
            in_odoo.call(self.database, "crons.run", names=[TELL])
        told = in_odoo.call(self.database, "collecting.told_of_expiry")
        self.assertEqual(told, [len(self.cards)] * 4)


class TestKilled(CollectionCase):
    cards = ("good",) * 8
    delay = 0.05

    def test_a_run_that_is_killed_charges_nobody_twice_and_forgets_nobody(self):
        self.be_killed(Random(7))
        charged = self.network.times_charged()
        for outcome in self.outcomes():
            self.assertEqual([state for _number, state in outcome["attempts"]], ["succeeded"])
            self.assertEqual(charged[outcome["references"][0]], 1)
            self.assertIn(outcome["payment_state"], ("paid", "in_payment"))


class RefundCase(CollectionCase):
    """Invoices were charged, and are credited in part."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        delay, cls.network.delay = cls.network.delay, 0
        in_odoo.call(cls.database, "crons.run", names=[COLLECT])
        cls.network.delay = delay
        cls.credit_notes = in_odoo.call(cls.database, "collecting.credit", invoice_ids=cls.invoices)

    def refunds(self):
        return in_odoo.call(self.database, "collecting.outcomes", invoice_ids=self.credit_notes)

    def assertRefundedOnce(self, outcome):
        self.assertEqual(outcome["attempts"], [[1, "succeeded"]])
        self.assertEqual(outcome["residual"], 0)
        self.assertEqual(outcome["payments"], 1)
        self.assertEqual(self.network.times_refunded()[outcome["references"][0]], 1)


class TestRefunds(RefundCase):
    behaviours = ("good", "declined", "pending", "failing", "away", "lying", "silent")
    cards = tuple(f"good+{behaviour}" for behaviour in behaviours)

    def outcomes_of_refunds(self):
        return dict(zip(self.behaviours, self.refunds(), strict=True))

    def test_each_card_does_what_it_does_and_nothing_is_refunded_twice(self):
        for _run in range(3):
            self.collect()
        outcomes = self.outcomes_of_refunds()
        states = {name: outcome["attempts"] for name, outcome in outcomes.items()}
        self.assertRefundedOnce(outcomes["good"])
        self.assertEqual(states["declined"], [[1, "failed"]])
        self.assertEqual(states["pending"], [[1, "pending"]])
        for name in ("failing", "away", "lying", "silent"):
            self.assertEqual(states[name], [[1, "unknown"]], name)
            self.assertGreater(outcomes[name]["residual"], 0)
        self.assertEqual(set(self.network.times_refunded().values()), {1})

        in_odoo.call(self.database, "collecting.heard_long_ago")
        for _run in range(2):
            self.collect()
        outcomes = self.outcomes_of_refunds()
        for name in ("failing", "lying", "silent"):
            self.assertRefundedOnce(outcomes[name])
        self.assertEqual(outcomes["away"]["attempts"], [[1, "failed"]])
        self.assertEqual(set(self.network.times_refunded().values()), {1})
        self.assertEqual(set(self.network.times_charged().values()), {1})


class TestRefundNotifiedEarly(RefundCase):
    cards = ("good+early",) * 3

    def test_a_notification_before_the_answer_and_twice_registers_one_refund(self):
        with OdooServer(self.database, workers=0) as server:
            self.network.notify_url = f"{server.url}/payment/fusion_test/notify"
            self.collect()
        for outcome in self.refunds():
            self.assertRefundedOnce(outcome)


class TogetherCase(RefundCase):
    cards = ("good",) * 8
    delay = 0.01

    def run_with(self, staff):
        """Run twice at once while staff do something; return the invoices that they did it to."""
        with self.at_once(staff) as processes:
            *_runs, done = map(in_odoo.finish, processes)
        self.collect()
        return done

    def assertRefundedBy(self, states_of):
        self.assertEqual(set(self.network.times_refunded().values()), {1})
        for invoice, outcome in zip(self.invoices, self.refunds(), strict=True):
            with self.subTest(invoice=invoice):
                sent = [state for _number, state in outcome["attempts"] if state != "failed"]
                self.assertEqual(sent, states_of(invoice))


class TestRefundedByHandTogether(TogetherCase):
    def test_two_runs_and_staff_who_refund_at_once_give_nothing_back_twice(self):
        by_hand = self.run_with("collecting.refund_by_hand_at_signal")
        self.assertEqual(len(self.network.refunds), len(self.cards))
        self.assertRefundedBy(lambda invoice: [] if invoice in by_hand else ["succeeded"])


class TestCreditUsedTogether(TogetherCase):
    def test_two_runs_and_staff_who_pay_with_credit_at_once_give_only_the_rest_back(self):
        used = self.run_with("collecting.use_credit_at_signal")
        self.assertRefundedBy(lambda _invoice: ["succeeded"])
        given = {refund["reference"]: float(refund["amount"]) for refund in self.network.refunds}
        for invoice, outcome in zip(self.invoices, self.refunds(), strict=True):
            with self.subTest(invoice=invoice):
                refunded = sum(given.get(reference, 0) for reference in outcome["references"])
                self.assertEqual(outcome["residual"], 0)
                self.assertAlmostEqual(refunded, 7.17 if invoice in used else 8.17)


class TestRefundsKilled(RefundCase):
    cards = ("good",) * 8
    delay = 0.05

    def test_a_run_that_is_killed_refunds_nobody_twice_and_forgets_nobody(self):
        self.be_killed(Random(8))
        for outcome in self.refunds():
            self.assertRefundedOnce(outcome)
