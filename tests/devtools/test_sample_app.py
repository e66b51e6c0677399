"""The sample app's counting and pushing, without Odoo."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from devtools.paths import CLIENT, ROOT
from examples.request_log import METRICS, Clock, RequestLog, instant, moment
from examples.sample_app import RESEND_EVERY, Account, ForgetfulClient, Meter, answer

# The tests of what apps install have a small billing API.
sys.path.append(str(ROOT / "clients" / "python" / "tests"))
from api_server import Api

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
ACME = Account("acme", "acme/starter", "secret")


class TestRequestLog(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = Path(folder, "requests.jsonl")
        self.clock = Clock()
        self.clock.set(NOON, speed=0)
        self.counted = []
        self.log = RequestLog(self.path, self.clock, self.count)
        self.addCleanup(self.log.close)

    def count(self, subscription, metric, quantity=1, *, at, value=None):
        self.counted.append((subscription, metric, quantity, at, value))

    def test_what_a_request_used_is_counted_exactly(self):
        self.log.record(200, "/v1/tiles/1/2/3", 303, ACME, "u1")
        self.assertEqual(
            self.counted,
            [
                ("acme/starter", "map_requests", 1, NOON, None),
                ("acme/starter", "data_mb", Decimal("0.000303"), NOON, None),
                ("acme/starter", "active_users", 1, NOON, "u1"),
            ],
        )
        self.assertEqual({metric for _name, metric, *_rest in self.counted}, set(METRICS))

    def test_what_was_not_served_is_logged_and_not_counted(self):
        self.log.record(404, "/nothing", 5, ACME, "u1")
        self.log.record(401, "/v1/tiles/1/2/3", 5)
        logged = [json.loads(line) for line in self.path.read_text().splitlines()]
        self.assertEqual([entry["status"] for entry in logged], [404, 401])
        self.assertEqual(self.counted, [])

    def test_what_billing_does_not_know_is_not_counted(self):
        log = RequestLog(self.path, self.clock, self.count, metrics=["map_requests"])
        self.addCleanup(log.close)
        log.record(200, "/v1/tiles/1/2/3", 303, ACME, "u1")
        self.assertEqual([metric for _name, metric, *_rest in self.counted], ["map_requests"])

    def test_log_and_counts_agree_whoever_calls_at_once(self):
        def call():
            for _call in range(200):
                self.log.record(200, "/v1/tiles/1/2/3", 1, ACME)

        threads = [threading.Thread(target=call) for _thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        metrics = Counter(metric for _name, metric, *_rest in self.counted)
        self.assertEqual(metrics, {"map_requests": 800, "data_mb": 800})
        self.assertEqual(len(self.path.read_text().splitlines()), 800)


class TestForgetfulClient(unittest.TestCase):
    def test_some_batches_are_sent_twice_and_counted_once(self):
        with Api() as api:
            client = ForgetfulClient(api.url, "fbk_test")
            with Meter(client, METRICS) as meter:
                for _batch in range(2 * RESEND_EVERY):
                    meter.record("acme/starter", "map_requests", 5)
                    self.assertTrue(meter.flush())
            self.assertEqual(len(api.requests), 2 * RESEND_EVERY + 2)
            self.assertEqual(api.total(), 5 * 2 * RESEND_EVERY)
        self.assertEqual(client.tally, {"batches": 6, "resent": 2, "resent_unchanged": 2})


class TestClock(unittest.TestCase):
    def test_it_stands_still_at_its_end(self):
        clock = Clock()
        clock.set(NOON, speed=1e9, until=NOON + timedelta(hours=1))
        time.sleep(0.01)
        self.assertEqual(clock.now(), NOON + timedelta(hours=1))

    def test_it_goes_back_to_real_time(self):
        clock = Clock()
        clock.set(NOON, speed=0)
        clock.set()
        self.assertLess(abs(clock.now() - datetime.now(timezone.utc)), timedelta(seconds=5))

    def test_an_instant_is_read_as_it_was_written(self):
        for when in (NOON, NOON + timedelta(microseconds=1)):
            self.assertEqual(moment(instant(when)), when)


class TestStart(unittest.TestCase):
    def start(self, **variables):
        return subprocess.run(
            [sys.executable, "-m", "examples.sample_app", "--log", "/nowhere/log"],
            env={**os.environ, "PYTHONPATH": str(CLIENT), **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_what_it_lacks_is_one_sentence(self):
        done = self.start()
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "Set FUSION_API_KEY, and FUSION_URL or --url.\n")

    def test_a_server_that_is_not_there_is_one_sentence(self):
        done = self.start(FUSION_URL="no-url", FUSION_API_KEY="fbk_x")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^Billing cannot be used: .*\n$")


class TestAnswers(unittest.TestCase):
    def test_the_same_tile_is_the_same_and_of_a_sensible_size(self):
        sizes = set()
        for x in range(50):
            status, body = answer(f"/v1/tiles/3/{x}/7")
            self.assertEqual((status, answer(f"/v1/tiles/3/{x}/7")), (200, (200, body)))
            sizes.add(len(body))
        self.assertGreater(len(sizes), 40)
        self.assertTrue(all(2_000 <= size <= 35_000 for size in sizes))

    def test_other_paths_are_not_found(self):
        for path in ("/", "/v1/tiles/a/b/c", "/v1/tiles/1/2", "/v1/globe"):
            self.assertEqual(answer(path)[0], 404, path)

    def test_a_place_is_found(self):
        status, body = answer("/v1/geocode?q=Oslo")
        self.assertEqual((status, json.loads(body)["q"]), (200, "Oslo"))
