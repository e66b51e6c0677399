"""The benchmark runs, measures what it says, and fails when it has to."""

import contextlib
import io
import unittest
from unittest import mock

from devtools import bench
from devtools.console import DevError
from devtools.databases import query, temporary_database


class TestBench(unittest.TestCase):
    def measure(self, database):
        small = bench.Bench(database, subscriptions=5, batches=1, looped=20)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            for part in bench.PARTS:
                getattr(small, part)()
        return small, printed.getvalue()

    def test_every_part_runs_and_really_does_what_it_measures(self):
        with temporary_database("bench") as database:
            small, printed = self.measure(database)
            [[counters]] = query(database, "SELECT count(*) FROM fusion_billing_usage")
            [[corrected]] = query(database, "SELECT count(*) FROM fusion_billing_usage_correction")
            [[invoices]] = query(database, bench.POSTED)
        # Rounds of the loop and of batches, one to warm up, three times one for each subscription.
        self.assertEqual(counters, bench.ROUNDS * (20 + bench.BATCH) + 1 + 3 * 5)
        self.assertEqual(corrected, 0, "the same batches again change nothing")
        self.assertGreaterEqual(invoices, 5)
        self.assertGreater(small.ratio, 1, "a batch is faster than a loop")
        self.assertIn("× (required: 25)", printed)

    def test_a_missed_ratio_ends_with_an_exit_status(self):
        missed, reached = (
            mock.Mock(spec=bench.Bench, ratio=ratio) for ratio in (24.9, 25.0)
        )
        self.assertEqual([bench.verdict(missed), bench.verdict(reached)], [1, 0])

    def test_an_unknown_part_is_refused_in_a_sentence(self):
        with self.assertRaisesRegex(DevError, "choose one of ingest, resend, rating, invoicing"):
            bench.main("speed")
