"""What is kept on the disk: when it is full or damaged, when processes fork, end or are killed."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from api_server import refusal
from fusion_billing_client import MeterError, SpoolFullError, pauses
from fusion_billing_client.counters import Counter, Reading
from fusion_billing_client.spool import Spool
from meter_case import MeterCase

SMALL = 128 * 1024  # bytes
AWAY = "http://127.0.0.1:9"
SOURCE = Path(__file__).resolve().parents[1] / "src"

#: Counts, says so, and then ends as it is told: by itself, or in a signal's hands.
APP = """
import sys, threading
from fusion_billing_client import Client, Meter
url, spool, durable, end = sys.argv[1:]
meter = Meter(Client(url, "fbk_test"), {"calls": "sum"}, spool=spool, write_every=60)
for _ in range(7):
    meter.record("sub-1", "calls", durable=durable == "durable")
print("counted", flush=True)
if end == "wait":
    threading.Event().wait(60)
"""


#: Counts on a disk that has room for the counters, and not for all that is written on the way.
TIGHT = """
import resource, signal, sys
from fusion_billing_client import Client, Meter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (160 * 1024, 160 * 1024))
url, spool = sys.argv[1:]
with Meter(Client(url, "fbk_test"), {"calls": "sum"}, spool=spool, durable=True) as meter:
    for _ in range(300):
        meter.record("sub-1", "calls")
"""


class TestFull(MeterCase):
    def fill(self, meter, count=3000, **options):
        """Record one call for each of many subscriptions; return how many were refused."""
        refused = 0
        for number in range(count):
            if not number % 50:
                time.sleep(0.005)  # the writer keeps up
            try:
                meter.record(f"sub-{number}", "calls", **options)
            except SpoolFullError:
                refused += 1
        return refused

    def test_what_there_is_no_room_for_is_refused_and_not_counted(self):
        for options in ({"durable": True}, {"max_pending": 300}):
            with self.subTest(**options):
                self.api.counters.clear()
                self.api.next(*[refusal(503, "unavailable")] * 5000)
                meter = self.meter(max_bytes=SMALL, write_every=0.001, **options)
                refused = self.fill(meter, 1500)
                self.assertGreater(refused, 100)
                self.assertLess(refused, 1400)
                stats = meter.stats()
                self.assertEqual((stats.recorded, stats.dropped), (1500 - refused, 0))
                if "max_pending" in options:
                    with self.assertRaises(SpoolFullError):
                        meter.flush(0.1)
                self.api.plan.clear()
                self.assertTrue(meter.flush())
                self.assertEqual(self.api.total(), 1500 - refused)
                self.assertEqual(set(self.api.quantities("subscription").values()), {1})
                meter.close()

    def test_the_oldest_may_be_dropped_and_is_counted(self):
        self.api.next(*[refusal(503, "unavailable")] * 5000)
        meter = self.meter(max_bytes=4 * SMALL, max_pending=300, when_full="drop_oldest")
        with self.assertLogs("fusion_billing_client", "ERROR"):
            self.assertEqual(self.fill(meter), 0)
            for number in range(50):
                meter.record(f"new-{number}", "calls", durable=True)
        self.api.plan.clear()
        self.assertTrue(meter.flush())
        stats = meter.stats()
        self.assertGreater(stats.dropped, 500)
        self.assertEqual(self.api.total(), stats.recorded - stats.dropped)
        self.assertEqual(stats.recorded, 3050)
        names = self.api.quantities("subscription")
        self.assertNotIn("sub-0", names)
        self.assertTrue(all(f"new-{number}" in names for number in range(50)))

    def test_the_file_stays_within_its_bounds(self):
        meter = self.meter(max_bytes=SMALL, max_pending=300, url=AWAY)
        self.fill(meter, 2000)
        [path] = self.folder.glob("*.sqlite")
        self.assertLessEqual(path.stat().st_size, SMALL)
        self.assertLess(path.with_name(f"{path.name}-wal").stat().st_size, 4 * 2**20)

    def test_a_full_disk_does_not_let_it_send_the_same_all_the_time(self):
        self.enterContext(patch.object(pauses, "SHORTEST", 30))
        self.enterContext(patch.object(pauses, "LONGEST", 60))
        self.api.next(*[refusal(503, "unavailable")] * 5000)
        meter = self.meter(max_bytes=SMALL)
        self.assertGreater(self.fill(meter, 700, durable=True), 100)
        self.assertLess(len(self.api.requests), 3)

    def test_a_tight_disk_is_no_full_one(self):
        subprocess.run(
            [sys.executable, "-c", TIGHT, self.api.url, self.folder],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            check=True,
            timeout=60,
        )
        self.assertEqual(self.api.total(), 300)

    def test_there_is_room_again_when_billing_has_taken_it(self):
        meter = self.meter(max_bytes=SMALL)
        for _ in range(5):
            self.assertEqual(self.fill(meter, 150, durable=True), 0)
            self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 750)


class TestProcesses(MeterCase):
    def run_app(self, durable="durable", end="wait", url=AWAY):
        app = subprocess.Popen(
            [sys.executable, "-c", APP, url, self.folder, durable, end],
            env={**os.environ, "PYTHONPATH": str(SOURCE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(app.wait)
        self.addCleanup(app.kill)
        with app.stdout:
            self.assertEqual(app.stdout.readline(), b"counted\n")
        return app

    def test_a_killed_process_loses_nothing_that_was_durable(self):
        apps = [self.run_app() for _ in range(2)]
        apps[0].kill()
        apps[0].wait()
        meter = self.meter(send_every=0.1)
        self.wait_until(lambda: self.api.total() == 7)
        time.sleep(0.3)
        self.assertEqual(self.api.total(), 7, "what a living process has is its own")
        apps[1].kill()
        self.wait_until(lambda: self.api.total() == 14)
        meter.close()
        self.assertEqual(self.files(), [])

    def test_an_ordinary_end_loses_nothing(self):
        self.run_app("fast", "end", self.api.url).wait(30)
        self.assertEqual(self.api.total(), 7)

    def test_what_was_not_durable_is_lost_with_a_killed_process(self):
        """As the documentation says: otherwise `durable` would be for nothing."""
        app = self.run_app("fast")
        app.kill()
        app.wait()
        self.meter()
        self.wait_until(lambda: len(list(self.folder.glob("*.sqlite"))) == 1)
        self.assertEqual(self.api.total(), 0)

    def test_a_killed_process_may_have_sent_what_it_left(self):
        meter = self.meter()
        meter.record("sub-1", "calls", 5, durable=True)
        copy = self.folder.with_name("copy")
        copy.mkdir()
        with (
            contextlib.closing(sqlite3.connect(next(self.folder.glob("*.sqlite")))) as source,
            contextlib.closing(sqlite3.connect(copy / "left.sqlite")) as target,
        ):
            source.backup(target)
        self.assertTrue(meter.flush())
        other = self.meter(spool=copy)
        self.wait_until(lambda: other.stats().unchanged == 1)
        self.assertEqual(self.api.total(), 5)

    def test_a_forked_process_makes_its_own_meter(self):
        meter = self.meter()
        meter.record("sub-1", "calls", durable=True)
        time.sleep(0.2)  # whatever forks while others work may stand still
        child = os.fork()
        if not child:  # pragma: no cover - in the child
            status = 1
            try:
                status = self.count_in_child(meter)
            finally:
                os._exit(status)
        self.addCleanup(self.end_child, child)
        for _ in range(20):
            meter.record("sub-1", "calls", durable=True)
        self.wait_until(lambda: self.child_status(child) is not None)
        self.assertEqual(self.status, 0)
        for _ in range(20):
            meter.record("sub-1", "calls", durable=True)
        self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 51)

    def count_in_child(self, meter):
        for call in (lambda: meter.record("sub-1", "calls"), meter.flush, meter.stats):
            try:
                call()
            except MeterError:
                continue
            return 2
        meter.close()
        meter._spool._db.close()  # as the end of an interpreter does
        own = self.meter()
        own.record("sub-1", "calls", 10)
        own.close()
        return 0

    status = None

    def child_status(self, child):
        if self.status is None:
            found, status = os.waitpid(child, os.WNOHANG)
            self.status = status if found else None
        return self.status

    def end_child(self, child):
        if self.child_status(child) is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def test_a_signal_may_come_at_any_time(self):
        meter = self.meter(send_every=0.05)
        old = signal.signal(signal.SIGALRM, lambda *_: meter.stats())
        self.addCleanup(signal.signal, signal.SIGALRM, old)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        try:
            for _ in range(300):
                meter.record("sub-1", "calls")
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 300)


class TestFiles(MeterCase):
    def test_a_damaged_file_is_put_aside_and_stops_nobody(self):
        self.folder.mkdir()
        (self.folder / "old.sqlite").write_bytes(b"no database at all" * 1000)
        (self.folder / "new.sqlite").write_bytes(b"")
        (self.folder / "none.lock").write_bytes(b"")
        meter = self.meter()
        meter.record("sub-1", "calls")
        self.wait_until(lambda: (self.folder / "old.damaged").exists())
        self.assertTrue(meter.flush())
        self.assertEqual(self.api.total(), 1)
        self.assertFalse((self.folder / "new.sqlite").exists())
        self.assertFalse((self.folder / "none.lock").exists())

    def test_what_was_refused_outlives_the_process(self):
        meter = self.meter()
        meter.record("unknown-1", "calls", "2.5")
        self.assertTrue(meter.flush())
        meter.close()
        other = self.meter()
        self.wait_until(other.refused)
        [refused] = other.refused()
        self.assertEqual(refused.event["quantity"], "2.5")

    def test_who_tidies_up_takes_no_lock_from_somebody_who_begins(self):
        """The lock of a spool that begins is removed before it is held: it needs another one."""
        real, removed = os.open, []

        def open_and_lose(path, *arguments):
            held = real(path, *arguments)
            if not removed:
                removed.append(path)
                path.unlink()
            return held

        with patch.object(os, "open", open_and_lose):
            spool = Spool(self.folder, SMALL)
        spool.write([self.counted(1)])
        other = Spool(self.folder, SMALL)
        self.assertEqual((len(removed), other.take_over()), (1, 0))
        self.assertEqual(spool.count(), 1)
        for one in (spool, other):
            one.close()

    def test_a_file_is_taken_over_by_one_process_only(self):
        left = Spool(self.folder, SMALL * 8)
        counted = [self.counted(number) for number in range(200)]
        left.write(counted)
        left.close()
        spools = [Spool(self.folder, SMALL * 8) for _ in range(4)]
        taken = []
        threads = [
            threading.Thread(target=lambda s=spool: taken.append(s.take_over())) for spool in spools
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(taken), [0, 0, 0, 200])
        self.assertEqual(sum(spool.count() for spool in spools), 200)
        for spool in spools:
            spool.close()

    def counted(self, number):
        start = self.time
        counter = Counter(f"sub-{number}", "calls", "sum", start, start, None, None, 0)
        return counter, Reading(Decimal(1), start)
