"""The parts of the benchmark that take long even where they are small."""

import tempfile
from pathlib import Path

from e2e.bench import age, growth, ingest, invoicing
from e2e.bench_case import BenchCase, WebhookBenchCase


class TestLongBench(BenchCase):
    def test_ingest_is_measured_against_what_does_nothing_and_bare_upserts(self):
        printed = self.measure(ingest, stored=1000, scale=40)
        for what in ("does nothing", "own API", "of the bare upsert", "of that with few"):
            self.assertIn(what, printed)

    def test_invoicing_posts_what_is_due_as_core_does(self):
        printed = self.measure(invoicing, size=3, single=1)
        self.assertIn("times core in chunks", printed)

    def test_age_and_memory_are_measured(self):
        printed = self.measure(age, size=1, rounds=2, crowd=10)
        for what in ("ingest", "rating", "invoicing", "memory of rating and billing"):
            self.assertIn(what, printed)

    def test_growth_is_drawn(self):
        with tempfile.TemporaryDirectory() as folder:
            self.measure(growth, sizes=[10, 100], folder=Path(folder))
            drawn = sorted(path.name for path in Path(folder).iterdir())
        self.assertEqual(drawn, ["growth-ingest.svg", "growth-rating.svg", "growth-usage.svg"])


class TestLongBenchWebhooks(WebhookBenchCase):
    def test_the_hanging_endpoint_is_really_called(self):
        _small, arrived, printed = self.measure("hanging", events=300)
        self.assertTrue(arrived["/hang/app-9"])
        self.assertEqual(sum(len(ids) for path, ids in arrived.items() if "hook" in path), 540)
        self.assertIn("lost", printed)
