"""The demo, on a shorter month: it is right, it can fail, and it ends without a trace."""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

import psutil
import requests

from devtools import in_odoo, odoo_log
from devtools.databases import query, temporary_database
from devtools.demo import Demo
from devtools.metering import moment
from devtools.paths import LOGS, ROOT

CORRUPT = """
UPDATE fusion_billing_usage SET quantity = quantity + 1
 WHERE id = (SELECT min(usage.id)
               FROM fusion_billing_usage AS usage
               JOIN fusion_billing_metric AS metric ON metric.id = usage.metric_id
              WHERE metric.code = 'map_requests' AND usage.period_start < %s)
"""

SERVE = """
import sys
from devtools.demo import Demo
sys.exit(Demo(sys.argv[1], seconds=2).run(leave=False))
"""


class CorruptedDemo(Demo):
    """One call too many gets into one counter, and one event that nothing implies."""

    def bill(self):
        query(self.database, CORRUPT, (self.end.replace(tzinfo=None),))
        in_odoo.call(self.database, "hooks.fill", codes=["nexamaps"], events=1)
        super().bill()


class TestDemo(unittest.TestCase):
    def setUp(self):
        self.database = self.enterContext(temporary_database("demo"))
        folder = Demo(self.database).folder
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)

    def run_demo(self, demo):
        """Run a demo, keeping what it says.

        :return: exit status and all output
        """
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            status = demo.run()
        return status, out.getvalue() + err.getvalue()

    def test_a_month_is_billed_to_the_cent_and_no_process_is_left(self):
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        status, said = self.run_demo(Demo(self.database, seconds=3))
        self.assertEqual(status, 0, said)
        self.assertIn("Every quantity, line, tax and total is what the recount", said)
        self.assertIn("They are the events that the recount implies", said)
        self.assertRegex(said, r"cedar-logistics .* INV/\d{4}/\d{5} ")
        in_odoo.stop()
        after = {child.pid for child in psutil.Process().children(recursive=True)}
        self.assertEqual(after - before, set())
        with (LOGS / f"server-{self.database}.log").open() as log:
            loud = [one for one in odoo_log.entries(log) if one.level in odoo_log.LOUD]
        self.assertEqual(loud, [])

    def test_one_corrupted_counter_makes_it_fail_and_say_where(self):
        status, said = self.run_demo(CorruptedDemo(self.database, seconds=2))
        self.assertEqual(status, 1, said)
        self.assertRegex(said, r"DIFFERENT: [\w-]+, map_requests: used [\d,]+, recounted [\d,]+")
        self.assertIn("DIFFERENT: 1 event of endpoint.test, implied 0", said)
        self.assertNotIn("Every quantity", said)
        self.assertNotIn("They are the events", said)

    def test_it_serves_on_in_real_time_until_interrupted(self):
        process = subprocess.Popen(
            [sys.executable, "-c", SERVE, self.database],
            cwd=ROOT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.kill)
        with process.stderr as said:
            urls = self.read_urls(said)
            children = psutil.Process(process.pid).children(recursive=True)
            self.assertEqual(requests.get(urls["Odoo"], timeout=30).status_code, 200)
            shown = requests.get(urls["NexaMaps"], timeout=30).json()
            self.assertLess(abs(time.time() - moment(shown["clock"]).timestamp()), 60)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
        _gone, alive = psutil.wait_procs(children, 10)
        self.assertEqual(alive, [])

    def read_urls(self, said):
        """Read what the demo says until it serves: where what is."""
        text = ""
        for line in said:
            text += line
            if line.startswith("Ctrl-C"):
                return dict(re.findall(r"^(Odoo|NexaMaps): +(\S+)", text, re.MULTILINE))
        raise AssertionError(text)
