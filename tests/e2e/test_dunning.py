"""Who is late is charged once and dunned once, whoever meets whom and whatever is killed."""

import contextlib
import os
import signal
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

import requests

from devtools import odoo_log
from devtools.console import say
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.gate import Gate
from e2e.peers.card_network import CardNetwork
from e2e.peers.smtp_sink import SmtpSink

COLLECT, DUN = "ir_cron_collect", "ir_cron_dun"
ADDONS = ("fusion_billing", "payment_fusion_test")


class TestTogether(unittest.TestCase):
    """Two runs of dunning and of collection, and a customer who pays in two windows."""

    rounds = 10
    seconds = 15  # for which the runs go on

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.network = cls.enterClassContext(CardNetwork(0.01))
        cls.database = cls.enterClassContext(temporary_database("dun", install=ADDONS))
        cls.names = in_odoo.call(
            cls.database,
            "dunning.prepare",
            customers=cls.rounds,
            steps=[{"days": 1, "action": "retry", "sequence": number} for number in range(8)],
            url=cls.network.url,
        )
        for name in (COLLECT, DUN, COLLECT):
            in_odoo.call(cls.database, "crons.run", names=[name])
        cls.server = cls.enterClassContext(OdooServer(cls.database, workers=2))

    def test_who_pays_all_in_two_windows_while_it_is_charged_is_charged_once(self):
        self.windows = {name: self.sessions(name) for name in self.names}
        crons = [
            cron_id
            for name in (COLLECT, DUN)
            for cron_id in (
                in_odoo.call(self.database, "collecting.cron_id", name=name),
                in_odoo.call(self.database, "crons.duplicate", name=name),
            )
        ]
        with Gate(self.database) as gate, contextlib.ExitStack() as stack:
            runs = partial(in_odoo.started, self.database, "dunning.run_again_and_again")
            processes = [
                stack.enter_context(runs(cron_id=cron_id, seconds=self.seconds))
                for cron_id in crons
            ]
            gate.open(*processes)
            answers = [answer for name in self.names for answer in self.pay_twice(name)]
            for process in processes:
                in_odoo.finish(process)
        self.assert_understood(answers)
        self.settle()
        self.assert_charged_once()
        self.assert_quiet_log()

    # === THE CUSTOMER === #

    def sessions(self, name):
        """Open two windows of a customer: one by the link of the e-mail, and one logged in.

        :return: `[(session, url of the payment, access token)]`
        """
        case = in_odoo.call(self.database, "dunning.let_pay", name=name)
        session = requests.Session()
        session.post(
            f"{self.server.url}/web/session/authenticate",
            json={"params": {"db": self.database, "login": name, "password": name}},
            timeout=60,
        ).raise_for_status()
        url = f"{self.server.url}/my/overdue/{case['id']}/transaction"
        return [(requests.Session(), url, case["access_token"]), (session, url, None)]

    def pay_twice(self, name):
        """Have a customer save another card, and pay all in both windows at the same moment."""
        card = in_odoo.call(self.database, "dunning.save_good_card", name=name)
        barrier = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            payments = [
                pool.submit(self.pay, *window, card, barrier) for window in self.windows[name]
            ]
            return [payment.result() for payment in payments]

    def pay(self, session, url, access_token, card, barrier):
        """Press *Pay* as the page does."""
        params = {
            **card,
            "amount": None,
            "flow": "token",
            "tokenization_requested": False,
            "landing_route": "/my",
            "access_token": access_token,
        }
        barrier.wait()
        call = {"jsonrpc": "2.0", "method": "call", "params": params}
        return session.post(url, json=call, timeout=60)

    def settle(self):
        in_odoo.call(self.database, "dunning.register_payments")
        # On a slow machine one turn has no time for all that is left.
        in_odoo.call(self.database, "crons.run", names=[COLLECT] * 4 + [DUN] * 2)

    # === ASSERTIONS === #

    def assert_understood(self, answers):
        """Each is paid, or told in a sentence that it is being paid."""
        self.assertEqual({answer.status_code for answer in answers}, {200})
        self.refusals = [
            answer.json()["error"]["data"] for answer in answers if "error" in answer.json()
        ]
        for refusal in self.refusals:
            self.assertEqual(refusal["name"], "odoo.exceptions.UserError", refusal)
            self.assertRegex(refusal["message"], "^You cannot pay")

    def assert_charged_once(self):
        charged = self.network.times_charged()
        self.assertEqual(set(charged.values()), {1})
        outcomes = in_odoo.call(self.database, "dunning.outcomes", names=self.names)
        paid = []
        for name, outcome in zip(self.names, outcomes, strict=True):
            with self.subTest(name):
                self.assertEqual((outcome["closed"], outcome["outcome"]), (True, "paid"), outcome)
                self.assertEqual(outcome["left"], 0)
                for references in outcome["paid_by"].values():
                    self.assertEqual(len(references), 1, outcome)
                    paid += references
        self.assertEqual(set(paid), set(charged), "what was charged, and nothing else, is booked")
        in_portal = {reference for reference in paid if not reference.startswith("FB-")}
        say(f"{len(in_portal)} of {self.rounds} customers were faster than the run")

    def assert_quiet_log(self):
        with self.server.log.open(errors="replace") as lines:
            loud = [one for one in odoo_log.entries(lines) if one.level in ("ERROR", "CRITICAL")]
        self.assertEqual([entry.text[:300] for entry in loud], [])


class TestKilled(unittest.TestCase):
    """A run of dunning that is killed, and goes on."""

    rounds, customers = 3, 14
    actions = ("mail", "pause", "tell")

    def test_each_step_is_taken_once_though_the_run_is_killed(self):
        sink = self.enterContext(SmtpSink())
        self.database = self.enterContext(temporary_database("dun_killed"))
        steps = [{"days": 2, "action": name, "sequence": n} for n, name in enumerate(self.actions)]
        self.names = in_odoo.call(
            self.database,
            "dunning.prepare",
            customers=self.customers,
            steps=steps,
            smtp_port=sink.port,
        )
        rng = Random(5)
        for _round in range(self.rounds):
            self.run_and_kill(rng)
        in_odoo.call(self.database, "collecting.forgive_kills")
        in_odoo.call(self.database, "crons.run", names=[DUN])
        self.assert_each_once()
        in_odoo.call(self.database, "dunning.send_mails")
        to = sorted(message["To"] for message in sink.messages)
        self.assertEqual(len(to), self.customers, to)
        for name, address in zip(self.names, to, strict=True):
            self.assertIn(f"{name}@customer.example", address)

    def run_and_kill(self, rng):
        """Let a run begin its work, and kill it some moments later."""
        in_odoo.call(self.database, "collecting.forgive_kills")
        before = self.progress()
        with in_odoo.started(self.database, "crons.run", names=[DUN]) as process:
            deadline = time.monotonic() + 60
            while self.progress() == before and process.poll() is None:
                self.assertLess(time.monotonic(), deadline, "the run did nothing")
                time.sleep(0.005)
            time.sleep(rng.random() * 0.15)
            with contextlib.suppress(ProcessLookupError):  # it has taken all steps
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def progress(self):
        return query(
            self.database,
            "SELECT (SELECT count(*) FROM fusion_billing_dunning_case),"
            " (SELECT count(*) FROM fusion_billing_dunning_taken)",
        )

    def assert_each_once(self):
        for name, outcome in zip(
            self.names,
            in_odoo.call(self.database, "dunning.outcomes", names=self.names),
            strict=True,
        ):
            with self.subTest(name):
                self.assertEqual(outcome["taken"], [*self.actions])
                self.assertEqual(outcome["numbers"], [1, 2, 3])
                self.assertFalse(outcome["failed"])
                self.assertEqual(outcome["states"], ["active", "unpaid"])
        [[mails]] = query(
            self.database,
            "SELECT count(*) FROM mail_mail AS mail JOIN mail_message AS message"
            " ON message.id = mail.mail_message_id"
            " WHERE message.model = 'fusion.billing.dunning.case'",
        )
        self.assertEqual(mails, self.customers)
