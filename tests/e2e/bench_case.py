"""The parts of the benchmark, small."""

import contextlib
import io
import unittest
from unittest import mock

from e2e import bench
from e2e.bench import age, dashboard, growth, ingest, invoicing, rating, report
from e2e.peers.webhook_receiver import Receiver


class BenchCase(unittest.TestCase):
    def measure(self, part, **sizes):
        """Run a part, small."""
        measured = report.Report()
        with contextlib.ExitStack() as stack:
            printed = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            for module in (age, dashboard, growth, ingest, invoicing, rating):
                stack.enter_context(mock.patch.object(module, "ROUNDS", 1))
            stack.enter_context(mock.patch.object(ingest, "SUBSCRIPTIONS", 20))
            part.measure(measured, **sizes)
        return printed.getvalue()


class WebhookBenchCase(unittest.TestCase):
    def measure(self, part, events):
        with (
            Receiver() as receiver,
            contextlib.redirect_stdout(io.StringIO()) as printed,
            mock.patch.object(bench.webhooks, "ROUNDS", 1),
        ):
            small = bench.webhooks.Bench(receiver, events, subscriptions=50)
            getattr(small, part)()
            arrived = receiver.status()["arrived"]
        return small, arrived, printed.getvalue()
