"""The sample app's counting and pushing, without a server."""

import json
import tempfile
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from devtools import pushing
from devtools.metering import Clock, Meter, instant, moment
from devtools.pushing import Pusher
from devtools.sample_app import Account, answer

NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
ACME = Account("acme", "acme/starter", "secret")


class Billing:
    """Takes batches as the API does: a counter is known by its key."""

    def __init__(self):
        self.counters, self.failures = {}, []

    def post(self, path, payload):
        assert path == "/usage"
        if self.failures:
            raise self.failures.pop()
        return self.store(payload)

    def store(self, payload):
        tally = {"inserted": 0, "updated": 0, "unchanged": 0}
        for event in payload["events"]:
            key, quantity = event["idempotency_key"], Decimal(event["quantity"])
            known = self.counters.get(key)
            changed = "updated" if known != quantity else "unchanged"
            tally["inserted" if known is None else changed] += 1
            self.counters[key] = quantity
        return tally


class MeterCase(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.log = Path(folder, "requests.jsonl")
        self.clock = Clock()
        self.clock.set(NOON, speed=0)
        self.meter = Meter(self.log, self.clock)
        self.addCleanup(self.meter.close)

    def events(self):
        changed = self.meter.changed(1000)
        return {counter.key: counter.event(quantity) for counter, quantity in changed.items()}


class TestMeter(MeterCase):
    def test_requests_are_counted_by_the_hour_exactly(self):
        for size in (1, 2, 300):
            self.meter.record(200, "/v1/tiles/1/2/3", size, ACME, "u1")
        self.clock.set(NOON + timedelta(hours=1), speed=0)
        self.meter.record(200, "/v1/tiles/1/2/3", 7, ACME)
        events = self.events()
        self.assertEqual(
            {key: event["quantity"] for key, event in events.items()},
            {
                "acme/starter/map_requests/2026-03-01T12": "3",
                "acme/starter/data_mb/2026-03-01T12": "0.000303",
                "acme/starter/active_users/2026-03-01T12/u1": "1",
                "acme/starter/map_requests/2026-03-01T13": "1",
                "acme/starter/data_mb/2026-03-01T13": "0.000007",
            },
        )
        self.assertEqual(
            [
                events["acme/starter/data_mb/2026-03-01T13"][name]
                for name in ("period_start", "period_end")
            ],
            ["2026-03-01T13:00:00Z", "2026-03-01T14:00:00Z"],
        )

    def test_what_was_not_served_is_logged_and_not_counted(self):
        self.meter.record(404, "/nothing", 5, ACME, "u1")
        self.meter.record(401, "/v1/tiles/1/2/3", 5)
        logged = [json.loads(line) for line in self.log.read_text().splitlines()]
        self.assertEqual([entry["status"] for entry in logged], [404, 401])
        self.assertEqual(self.events(), {})

    def test_a_counter_that_grew_while_it_was_pushed_is_pushed_again(self):
        self.meter.record(200, "/v1/tiles/1/2/3", 1, ACME)
        batch = self.meter.changed(1000)
        self.meter.record(200, "/v1/tiles/1/2/3", 1, ACME)
        self.meter.pushed(batch)
        self.assertEqual(self.meter.pending, 2)
        self.meter.pushed(self.meter.changed(1000))
        self.assertEqual(self.meter.pending, 0)

    def test_log_and_counters_agree_whoever_calls_at_once(self):
        def call():
            for _call in range(200):
                self.meter.record(200, "/v1/tiles/1/2/3", 1, ACME)

        threads = [threading.Thread(target=call) for _thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        event = self.events()["acme/starter/map_requests/2026-03-01T12"]
        self.assertEqual(event["quantity"], "800")
        self.assertEqual(len(self.log.read_text().splitlines()), 800)


class TestPusher(MeterCase):
    def setUp(self):
        super().setUp()
        self.billing = Billing()
        self.pusher = Pusher(self.billing, self.meter)

    def serve(self, hours):
        for hour in range(hours):
            self.clock.set(NOON + timedelta(hours=hour), speed=0)
            self.meter.record(200, "/v1/tiles/1/2/3", 1, ACME)

    def test_every_fifth_batch_is_sent_twice_and_counted_once(self):
        hours = pushing.BATCH * 5  # two counters an hour: ten batches
        self.serve(hours)
        self.pusher.push()
        pushed = self.pusher.status()["pushed"]
        self.assertEqual((pushed["batches"], pushed["resent"]), (10, 2 * pushing.BATCH))
        self.assertEqual(pushed["resent_unchanged"], pushed["resent"])
        self.assertEqual(len(self.billing.counters), 2 * hours)

    def test_a_batch_that_was_not_answered_stays_to_be_pushed(self):
        self.serve(1)
        self.billing.failures = [ConnectionError("away")]
        with self.assertRaises(ConnectionError):
            self.pusher.push()
        self.assertEqual(self.meter.pending, 2)
        self.pusher.push()
        self.assertEqual((self.meter.pending, len(self.billing.counters)), (0, 2))


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
