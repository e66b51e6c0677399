"""Calls into Odoo: one process takes them all, and each finds the database as it is."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import unittest

import psutil

from devtools.console import DevError
from devtools.databases import copy_database, drop_database, query, temporary_database
from devtools.paths import ROOT
from e2e import in_odoo
from e2e.in_odoo.crons import RATING

ACTIVE = """
SELECT cron.active FROM ir_cron AS cron
  JOIN ir_model_data ON ir_model_data.model = 'ir.cron' AND res_id = cron.id
 WHERE ir_model_data.name = %s
"""
METRICS = "SELECT code FROM fusion_billing_metric"

#: Starts the process that takes calls, says its id, then waits for a line.
CALLER = """
import sys
import devtools
from e2e import in_odoo
try:
    in_odoo.call("no_such_database", "crons.run", names=[])
except in_odoo.DevError:
    print(in_odoo._shell.process.pid, flush=True)
sys.stdin.readline()
"""


class TestCalls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(temporary_database("calls"))

    def set_active(self, active, database=None):
        in_odoo.call(database or self.database, "crons.set_active", active=active)

    def is_active(self, database=None):
        return query(database or self.database, ACTIVE, (RATING,)) == [(True,)]

    def process(self):
        return in_odoo._shell.process

    def test_one_process_takes_the_calls_for_all_databases_and_commits_each(self):
        self.set_active(False)
        first = self.process()
        self.assertFalse(self.is_active())
        copy = f"{self.database}_copy"
        self.addCleanup(drop_database, copy)
        copy_database(self.database, copy)  # nothing is connected to it
        self.set_active(True, copy)
        self.assertEqual((self.is_active(), self.is_active(copy)), (False, True))
        self.assertIs(self.process(), first)

    def test_a_result_comes_back(self):
        copied = in_odoo.call(self.database, "crons.duplicate", name=RATING)
        self.assertEqual(query(self.database, "SELECT max(id) FROM ir_cron"), [(copied,)])

    def test_a_failure_is_told_with_the_end_of_the_traceback_and_leaves_nothing(self):
        metrics = {"half": {"name": "Half"}}
        with self.assertRaisesRegex(DevError, r"catalog.create failed in Odoo\n(.|\n)*KeyError"):
            in_odoo.call(
                self.database, "catalog.create", service="X", metrics=metrics, prices={"bad": {}}
            )
        self.assertEqual(query(self.database, METRICS), [])
        first = self.process()
        self.set_active(True)
        self.assertIs(self.process(), first, "it takes further calls")

    def test_what_was_changed_behind_its_back_is_seen(self):
        """Odoo keeps ids of XML ids in memory."""
        self.set_active(True)
        rename = "UPDATE ir_model_data SET name = %s WHERE name = %s"
        query(self.database, rename, ("renamed", RATING))
        self.addCleanup(query, self.database, rename, (RATING, "renamed"))
        with self.assertRaisesRegex(DevError, f"fusion_billing.{RATING}"):
            self.set_active(False)

    def test_a_process_that_dies_in_a_call_is_told_and_replaced(self):
        self.set_active(True)
        threading.Timer(1, os.killpg, (self.process().pid, signal.SIGKILL)).start()
        with self.assertRaisesRegex(DevError, "Odoo ended in crons.run_again_and_again; see"):
            self.run_long(60)
        self.set_active(False)
        self.assertFalse(self.is_active())

    def test_the_answer_to_an_interrupted_call_is_not_taken_for_the_next_ones(self):
        self.set_active(True)
        before = signal.signal(signal.SIGALRM, self.interrupt)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with self.assertRaises(KeyboardInterrupt):
            self.run_long(3)
        self.assertIsNone(in_odoo.call(self.database, "crons.set_active", active=True))

    def run_long(self, seconds):
        return in_odoo.call(
            self.database, "crons.run_again_and_again", name=RATING, seconds=seconds
        )

    def interrupt(self, _signal, _frame):
        raise KeyboardInterrupt

    def test_the_process_ends_with_the_one_that_calls_however_that_ends(self):
        for kill in (False, True):
            with self.subTest(kill=kill):
                caller = subprocess.Popen(
                    [sys.executable, "-c", CALLER],
                    cwd=ROOT,
                    text=True,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
                self.addCleanup(caller.kill)
                with caller.stdin, caller.stdout:
                    shell = psutil.Process(int(caller.stdout.readline()))
                    if kill:
                        caller.kill()
                caller.wait(30)
                with contextlib.suppress(psutil.NoSuchProcess):
                    shell.wait(30)
                self.assertFalse(shell.is_running())
