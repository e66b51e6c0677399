"""Processes that count, on a real server, while everything around them breaks."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

from flaky_proxy import FlakyProxy

from devtools.console import say
from devtools.databases import query
from e2e.api_case import BEGAN, ApiServerCase

APP = Path(__file__).with_name("counting_app.py")
SOURCE = Path(__file__).resolve().parents[1] / "src"
APPS = ("left", "right")

STORED = """
SELECT to_char(period_start, 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'), dimensions ->> 'app', sum(quantity)
  FROM fusion_billing_usage GROUP BY 1, 2
"""


class ChaosCase(ApiServerCase):
    """Rounds are told by a seed; each has an hour of its own, in which two processes count."""

    #: The program that counts, and how it is started: see counting_app.py.
    program = (sys.executable, APP)

    def assert_exact(self, seed, rounds, restarts):
        """Let processes count and be killed for so many rounds, and hold it against their logs.

        :param restarts: the rounds in which the server is killed, too
        :return: how many were recorded, refused, and in the air at the end: `d`, `f`, `b`
        """
        began, drawn = time.monotonic(), random.Random(seed)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        with FlakyProxy(self.server.url, seed) as proxy:
            for number in range(rounds):
                self.live(number, proxy.url, drawn, number in restarts)
            proxy.rest()
        self.send_the_rest()
        tally = self.compare(rounds)
        seconds = time.monotonic() - began
        say(f"seed {seed}: {rounds} rounds in {seconds:.0f} s, {tally}, {dict(proxy.fates)}")
        self.assertGreater(tally["d"], rounds)
        self.assertQuietLog()
        return tally

    def live(self, number, url, drawn, restart):
        """Let two processes count; kill them at moments of chance."""
        apps = []
        for name in APPS:
            disk = drawn.choice(("good", "bad"))
            apps.append(self.start_app(url, self.hour(number), name, number, disk))
        for app in apps:
            self.assertEqual(app.stdout.readline(), b"ready\n")
        if restart:
            self.restart_server()
        for app in apps:
            time.sleep(drawn.uniform(0, 0.5))
            app.kill()
            app.wait()
            app.stdout.close()

    def start_app(self, url, hour, name, number, disk="good"):
        log = self.folder / f"{number}-{name}.log"
        spool = self.folder / "spool"
        app = subprocess.Popen(
            [*self.program, url, self.key, spool, log, hour, name, disk],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
        )
        self.addCleanup(app.wait)
        self.addCleanup(app.kill)
        return app

    def restart_server(self):
        os.killpg(self.server.process.pid, signal.SIGKILL)
        self.server.stop()
        self.server.start()
        self.server.wait_ready()

    def send_the_rest(self):
        app = self.start_app(self.server.url, "", "rest", "rest")
        self.assertEqual(app.wait(60), 0)
        app.stdout.close()
        self.assertEqual(list((self.folder / "spool").iterdir()), [])

    def hour(self, number):
        began = datetime.fromisoformat(BEGAN).replace(tzinfo=timezone.utc)
        return (began + timedelta(hours=number)).isoformat()

    def compare(self, rounds):
        """Each recording that returned counts once, none that raised; one in the air may count."""
        stored = {(hour, name): total for hour, name, total in query(self.database, STORED)}
        tally = Counter()
        for number in range(rounds):
            for name in APPS:
                log = self.folder / f"{number}-{name}.log"
                notes = log.read_bytes().rstrip(b"\0").decode() if log.exists() else ""
                done, air = notes.count("d"), notes[-1:] == "b"
                total = stored.pop((self.hour(number), name), 0)
                self.assertIn(total - done, (0, 1) if air else (0,), f"round {number}, {name}")
                tally.update(d=done, f=notes.count("f"), b=air)
        self.assertEqual(stored, {})
        return dict(tally)
