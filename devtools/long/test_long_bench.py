"""The parts of the benchmark that take long even where they are small."""

import tempfile
from pathlib import Path

from devtools.bench import age, growth
from devtools.e2e.bench_case import BenchCase, WebhookBenchCase


class TestLongBench(BenchCase):
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
