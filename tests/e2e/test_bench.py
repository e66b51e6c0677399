"""The benchmark runs, measures what it says, and fails when it has to; the rest is long."""

import contextlib
import io
import unittest
from xml.etree import ElementTree

from devtools.console import DevError
from e2e import bench
from e2e.bench import dashboard, rating, report, svg
from e2e.bench_case import BenchCase


class TestBench(BenchCase):
    def test_rating_is_measured_against_a_loop_and_itself(self):
        printed = self.measure(rating, subscriptions=100, looped=5, quiet=200)
        for what in ("times the loop", "1 % changed", "nothing changed, 200"):
            self.assertIn(what, printed)

    def test_the_dashboard_is_measured(self):
        printed = self.measure(dashboard, subscriptions=10, rounds=2)
        self.assertIn("the dashboard, 10 subscriptions", printed)

    def test_an_unknown_part_is_refused_in_a_sentence(self):
        with self.assertRaisesRegex(
            DevError, "choose one of ingest, rating, invoicing, age, dashboard"
        ):
            bench.main("speed")


class TestReport(unittest.TestCase):
    def verdict(self, compare, figures, limit):
        measured = report.Report()
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(measured, compare)("it", figures, limit)
            return measured.verdict()

    def test_the_median_is_compared_and_a_tenth_is_allowed(self):
        self.assertEqual(self.verdict("at_least", [0.1, 3.6, 9], 4), 0)
        self.assertEqual(self.verdict("at_least", [0.1, 3.5, 9], 4), 1)
        self.assertEqual(self.verdict("at_most", [0.1, 4.4, 9], 4), 0)
        self.assertEqual(self.verdict("at_most", [0.1, 4.5, 9], 4), 1)

    def test_a_curve_is_an_image_with_a_point_for_each_size(self):
        drawing = svg.draw("A < B", "ms", [10, 100, 1000], {"it": [1.0, 2.0, 3.0]})
        root = ElementTree.fromstring(drawing)  # noqa: S314  (our own)
        self.assertEqual(len(root.findall("{*}circle")), 3)
