"""The demo, on a shorter month: it is right, and it ends without a trace."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import psutil
import requests

from devtools import odoo_log
from devtools.databases import temporary_database
from devtools.paths import LOGS, ROOT
from e2e.demo.month import Demo
from examples.request_log import moment

SERVE = """
import sys
import devtools
from e2e.demo.month import Demo
sys.exit(Demo(sys.argv[1], seconds=2).run(leave=False))
"""


class TestDemo(unittest.TestCase):
    def setUp(self):
        self.database = self.enterContext(temporary_database("demo"))
        folder = Demo(self.database).folder
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)

    def test_a_month_is_billed_to_the_cent_and_served_on_until_somebody_interrupts_it(self):
        """Nothing that it started is left then."""
        with tempfile.TemporaryFile("w+") as out:
            process = self.enterContext(self.serve(out))
            urls = self.read_urls(process.stderr)
            children = psutil.Process(process.pid).children(recursive=True)
            self.assertEqual(requests.get(urls["Odoo"], timeout=30).status_code, 200)
            shown = requests.get(urls["NexaMaps"], timeout=30).json()
            self.assertLess(abs(time.time() - moment(shown["clock"]).timestamp()), 60)
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(60), 0)
            out.seek(0)
            said = out.read() + self.said
        _gone, alive = psutil.wait_procs(children, 10)
        self.assertEqual(alive, [])
        self.assertIn("Every quantity, line, tax and total is what the recount", said)
        self.assertIn("They are the events that the recount implies", said)
        self.assertRegex(said, r"cedar-logistics .* INV/\d{4}/\d{5} ")
        with (LOGS / f"server-{self.database}.log").open() as log:
            loud = [one for one in odoo_log.entries(log) if one.level in odoo_log.LOUD]
        self.assertEqual(loud, [])

    @contextlib.contextmanager
    def serve(self, out):
        """The demo in a process of its own, that says figures there and news to us."""
        with subprocess.Popen(
            [sys.executable, "-c", SERVE, self.database],
            cwd=ROOT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            stdout=out,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def read_urls(self, said):
        """Read what the demo says until it serves: where what is."""
        self.said = ""
        for line in said:
            self.said += line
            if line.startswith("Ctrl-C"):
                return dict(re.findall(r"^(Odoo|NexaMaps): +(\S+)", self.said, re.MULTILINE))
        raise AssertionError(self.said)
