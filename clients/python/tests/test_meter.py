"""Counting: what is recorded arrives once, whatever happens on the way."""

import random
import threading
import time
from datetime import datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from api_server import Answer, Cut, Slow, refusal
from fusion_billing_client import Client, Meter, MeterError, sender, spool
from meter_case import METRICS, NOON, MeterCase


class TestCounting(MeterCase):
    def test_usage_is_added_up_by_the_hour_exactly(self):
        meter = self.meter()
        for _ in range(10):
            meter.record("sub-1", "calls", "0.1")
        meter.record("sub-2", "calls", 5, dimensions={"region": "eu"})
        meter.record("sub-2", "calls", 7, dimensions={"region": "us"})
        meter.record(3, "calls", Decimal("2.5"), at=NOON - timedelta(hours=1))
        self.move(hours=1)
        meter.record("sub-1", "calls")
        self.assertTrue(meter.flush())
        self.assertEqual(
            self.api.quantities("subscription", "start", "region"),
            {
                ("sub-1", "2026-03-01T12:00:00Z", None): Decimal("1.0"),
                ("sub-2", "2026-03-01T12:00:00Z", "eu"): 5,
                ("sub-2", "2026-03-01T12:00:00Z", "us"): 7,
                (None, "2026-03-01T11:00:00Z", None): Decimal("2.5"),
                ("sub-1", "2026-03-01T13:00:00Z", None): 1,
            },
        )
        self.assertEqual(len(self.api.counters), 5)

    def test_each_metric_is_counted_as_its_counters_combine(self):
        meter = self.meter()
        for minute, quantity in enumerate((3, 7, 5)):
            self.time = NOON + timedelta(minutes=minute)
            for metric in ("seats", "level", "jobs"):
                meter.record("sub-1", metric, quantity)
            meter.record("sub-1", "users", value=f"user-{quantity % 2}")
        self.assertTrue(meter.flush())
        told = sorted(
            (event["metric_code"], event["quantity"], event["period_start"], event.get("value"))
            for event in self.api.counters.values()
        )
        self.assertEqual(
            told,
            [
                ("jobs", "3", "2026-03-01T12:00:00Z", None),
                ("jobs", "5", "2026-03-01T12:02:00Z", None),
                ("jobs", "7", "2026-03-01T12:01:00Z", None),
                ("level", "5", "2026-03-01T12:02:00Z", None),
                ("seats", "7", "2026-03-01T12:00:00Z", None),
                ("users", "1", "2026-03-01T12:00:00Z", "user-1"),
            ],
        )

    def test_all_threads_together_count_what_each_counted(self):
        meter = self.meter(max_pending=50)

        def count(number):
            drawn = random.Random(number)
            for _ in range(500):
                name = f"sub-{drawn.randrange(8)}"
                meter.record(name, "calls", durable=drawn.random() < 0.1)

        threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            meter.flush()
        self.assertTrue(meter.flush())
        self.assertEqual((self.api.total(), meter.stats().recorded), (2000, 2000))

    def test_what_billing_would_refuse_counts_nothing(self):
        meter = self.meter()
        for kind, arguments, options in (
            (MeterError, ("sub-1", "unheard"), {}),
            (ValueError, ("", "calls"), {}),
            (ValueError, (None, "calls"), {}),
            (ValueError, ("sub-1", "calls", -1), {}),
            (TypeError, ("sub-1", "calls", 0.5), {}),
            (ValueError, ("sub-1", "users"), {}),
            (ValueError, ("sub-1", "users"), {"value": ""}),
            (ValueError, ("sub-1", "calls"), {"dimensions": {"": 1}}),
            (ValueError, ("sub-1", "calls"), {"at": datetime(2026, 3, 1)}),
            (ValueError, ("sub-1", "calls"), {"at": NOON + timedelta(days=2)}),
        ):
            with self.subTest(arguments=arguments, **options), self.assertRaises(kind):
                meter.record(*arguments, **options)
        self.assertTrue(meter.flush())
        self.assertEqual((self.api.counters, meter.stats().recorded), ({}, 0))

    def test_a_meter_is_made_of_what_makes_sense(self):
        client = Client(self.api.url, "fbk_test")
        for metrics, options in (
            ({"calls": "median"}, {}),
            (METRICS, {"durable": True}),
            (METRICS, {"when_full": "ignore"}),
            (METRICS, {"hour": timedelta(minutes=7)}),
            (METRICS, {"hour": timedelta(0)}),
        ):
            with self.subTest(**options), self.assertRaises(ValueError):
                Meter(client, metrics, **options)

    def test_shorter_hours_fit_into_zones_of_half_an_hour(self):
        meter = self.meter(hour=timedelta(minutes=30))
        meter.record("sub-1", "calls", at=NOON + timedelta(minutes=29))
        meter.record("sub-1", "calls", at=NOON + timedelta(minutes=31))
        meter.flush()
        starts = {"2026-03-01T12:00:00Z": 1, "2026-03-01T12:30:00Z": 1}
        self.assertEqual(self.api.quantities("start"), starts)


class TestSending(MeterCase):
    def test_it_is_sent_now_and_then_without_being_asked(self):
        meter = self.meter(send_every=0.1)
        for number in range(3):
            meter.record("sub-1", "calls")
            self.wait_until(lambda n=number: self.api.total() == n + 1)

    def test_counting_never_waits_for_billing(self):
        meter = self.meter()
        self.api.next(Slow(1.5))
        meter.record("sub-0", "calls")
        threading.Thread(target=meter.flush).start()
        self.wait_until(lambda: self.api.requests)
        began = time.monotonic()
        for number in range(1000):
            meter.record(f"sub-{number}", "calls")
        meter.record("sub-1", "calls", durable=True)
        self.assertLess(time.monotonic() - began, 1.4)
        self.assertEqual(len(self.api.requests), 1)

    def test_a_batch_whose_answer_was_lost_counts_once_though_counting_goes_on(self):
        meter = self.meter()
        for done in ("before", "never", "before"):
            self.api.next(Cut(done))
            meter.record("sub-1", "calls", 5)
            self.assertTrue(meter.flush())
            meter.record("sub-1", "calls", 2)
        self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 21)

    def test_a_request_that_arrives_long_after_it_was_sent_again_changes_nothing(self):
        """The same key with another quantity replaces: so no key ever says another quantity."""
        meter = self.meter()
        for quantity in (5, 6, 7):
            self.api.next(Cut("late"))
            meter.record("sub-1", "calls", quantity)
            meter.record("sub-1", "seats", quantity)
            self.assertTrue(meter.flush())
        before = dict(self.api.counters)
        self.assertEqual(self.api.quantities("metric")["calls"], 18)
        self.api.deliver_late()
        self.assertEqual(self.api.counters, before)

    def test_while_billing_is_away_an_hour_stays_one_counter(self):
        meter = self.meter(send_every=0.05)
        self.api.next(*[refusal(503, "unavailable")] * 8)
        for _ in range(20):
            meter.record("sub-1", "calls")
            meter.record("sub-1", "users", value="user-1")
            time.sleep(0.02)
        self.wait_until(lambda: not self.api.plan)
        self.assertTrue(meter.flush())
        self.assertEqual(self.api.quantities("metric"), {"calls": 20, "users": 1})
        self.assertLessEqual(len(self.api.counters), 6)

    def test_it_waits_as_long_as_billing_asks(self):
        meter = self.meter()
        self.api.next(refusal(429, "rate_limited", {"Retry-After": "1"}))
        meter.record("sub-1", "calls")
        began = time.monotonic()
        self.assertTrue(meter.flush())
        self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertEqual(len(self.api.requests), 2)

    def test_a_wrong_key_loses_nothing_and_is_told(self):
        meter = self.meter()
        self.api.next(*[refusal(401, "unauthorized")] * 5000)
        meter.record("sub-1", "calls")
        with self.assertLogs("fusion_billing_client", "WARNING") as logged:
            self.assertFalse(meter.flush(0.01))
            self.wait_until(lambda: meter.stats().error)
            self.assertIn("unauthorized", meter.stats().error)
            self.api.plan.clear()
            self.assertTrue(meter.flush())
        self.assertEqual(len(logged.output), 1, "the same is said once")
        self.assertEqual((self.api.total(), meter.stats().error), (1, None))

    def test_an_answer_that_is_none_of_the_apis_loses_nothing(self):
        meter = self.meter()
        self.api.next(
            Answer(200, "<html>"), Answer(200, {}), Answer(400, "<html>"), Answer(500, "")
        )
        meter.record("sub-1", "calls")
        self.assertTrue(meter.flush())
        self.assertEqual((self.api.total(), len(self.api.requests)), (1, 5))

    def test_refused_events_are_set_aside_and_the_others_go_on(self):
        meter = self.meter()
        for number in range(300):
            name = "unknown" if number % 2 else "sub"
            meter.record(f"{name}-{number}", "calls")
        with self.assertLogs("fusion_billing_client", "ERROR"):
            self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 150)
        stats = meter.stats()
        self.assertEqual((stats.refused, stats.waiting, stats.accepted), (150, 0, 150))
        refused = meter.refused()
        self.assertEqual({one.code for one in refused}, {"unknown_subscription"})
        self.assertTrue(all("unknown" in one.event["subscription_external_id"] for one in refused))
        self.api.unknown = "nobody"
        self.assertEqual(meter.retry_refused(), 150)
        self.assertTrue(meter.flush())
        self.assertEqual((self.api.total(), meter.refused()), (300, []))

    def test_events_that_are_refused_keep_none_of_their_batch_waiting(self):
        meter = self.meter()
        for name in ("sub-1", "unknown-1", "sub-2"):
            meter.record(name, "calls")
        with self.assertLogs("fusion_billing_client", "ERROR"):
            self.assertTrue(meter.flush())
        [request] = self.api.requests
        self.assertEqual((self.api.total(), request.query), (2, "partial=true"))
        self.assertEqual((meter.stats().refused, meter.stats().accepted), (1, 2))

    def test_a_batch_that_is_too_large_is_sent_in_parts(self):
        meter = self.meter()
        self.api.most_events = 30
        for number in range(100):
            meter.record(f"sub-{number}", "calls")
        self.assertTrue(meter.flush())
        self.assertEqual((self.api.total(), meter.stats().refused), (100, 0))

    def test_one_event_that_is_too_large_is_set_aside(self):
        meter = self.meter()
        self.api.next(refusal(413, "payload_too_large"))
        meter.record("sub-1", "calls")
        self.assertTrue(meter.flush())
        self.assertEqual([one.code for one in meter.refused()], ["payload_too_large"])

    def test_batches_are_as_large_as_the_api_takes(self):
        self.assertLessEqual(sender.MOST_EVENTS, 5_000)
        self.assertLess(spool.BATCH_BYTES, 5 * 2**20)
        self.enterContext(patch.object(sender, "MOST_EVENTS", 50))
        self.enterContext(patch.object(spool, "BATCH_BYTES", 40_000))
        meter = self.meter()
        for number in range(60):
            meter.record(f"sub-{number}", "calls")
        long = {f"dimension-{number}": "x" * 255 for number in range(20)}
        for number in range(14):
            meter.record(f"sub-{number}", "calls", dimensions=long)
        self.assertTrue(meter.flush())
        sizes = [(len(request.payload["events"]), request.size) for request in self.api.requests]
        self.assertTrue(all(events <= 50 and size <= 41_000 for events, size in sizes), sizes)
        self.assertEqual((self.api.total(), sizes[0][0]), (74, 50))
        self.assertLess(len(sizes), 6)


class TestMany(MeterCase):
    def test_two_meters_that_count_the_same_do_not_overwrite_each_other(self):
        for folder in (self.folder, self.folder, self.folder.with_name("another"), None):
            meter = self.meter(spool=folder)
            meter.record("sub-1", "calls", 3)
            meter.record("sub-1", "users", value="user-1")
            self.assertTrue(meter.flush())
        self.assertEqual(self.api.quantities("metric"), {"calls": 12, "users": 1})


class TestEnd(MeterCase):
    def test_what_is_left_at_the_end_is_sent_by_the_next_meter(self):
        with self.meter(url="http://127.0.0.1:9") as meter:
            meter.record("sub-1", "calls", 3)
            meter.close(0.1)
            self.assertRaises(MeterError, meter.record, "sub-1", "calls")
            self.assertRaises(MeterError, meter.flush)
        self.assertIn(".sqlite", self.files())
        other = self.meter()
        self.wait_until(lambda: self.api.total() == 3)
        other.close()
        self.assertEqual(self.files(), [], "nothing is left in the folder")

    def test_a_meter_in_memory_says_what_it_loses(self):
        meter = self.meter(spool=None, url="http://127.0.0.1:9")
        meter.record("sub-1", "calls")
        self.assertRaises(MeterError, meter.record, "sub-1", "calls", durable=True)
        with self.assertLogs("fusion_billing_client", "ERROR") as logged:
            meter.close(0.1)
        self.assertIn("loses counters: 1", logged.output[-1])

    def test_closing_does_not_wait_for_a_server_that_hangs(self):
        meter = self.meter()
        self.api.next(Slow(4))
        meter.record("sub-1", "calls")
        began = time.monotonic()
        meter.close(0.3)
        self.assertLess(time.monotonic() - began, 2)
        self.meter().flush()
        self.assertEqual(self.api.total(), 1)

    def test_stats_say_how_it_stands(self):
        meter = self.meter(write_every=60)
        meter.record("sub-1", "calls")
        meter.record("sub-1", "calls")
        stats = meter.stats()
        self.assertEqual((stats.recorded, stats.in_memory, stats.waiting), (2, 1, 0))
        self.assertTrue(meter.flush())
        stats = meter.stats()
        self.assertEqual(
            (stats.in_memory, stats.waiting, stats.accepted, stats.batches), (0, 0, 1, 1)
        )
        self.assertIsNotNone(stats.sent_at)
