"""The benchmark of webhooks runs, measures what it says, and fails when it has to."""

import contextlib
import io
import unittest
from unittest import mock

from devtools import bench
from devtools.webhook_receiver import Receiver


class TestBenchWebhooks(unittest.TestCase):
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

    def test_the_sender_and_the_loop_send_the_same_events(self):
        _small, arrived, printed = self.measure("throughput", events=200)
        loop = arrived.pop("/hook/loop")
        self.assertEqual(len(arrived), 10)
        sent = [event for events in arrived.values() for event in events]
        self.assertEqual(sorted(loop), sorted(sent))
        self.assertIn("of the loop", printed)

    def test_the_hanging_endpoint_is_really_called(self):
        _small, arrived, printed = self.measure("hanging", events=300)
        self.assertTrue(arrived["/hang/app-9"])
        self.assertEqual(sum(len(ids) for path, ids in arrived.items() if "hook" in path), 540)
        self.assertIn("lost", printed)

    def test_a_figure_that_is_missed_ends_with_an_exit_status(self):
        missed = bench.webhooks.Bench(None)
        missed.require(False, "the sender is too slow")
        missed.throughput = missed.hanging = mock.Mock(__name__="part")
        with (
            mock.patch.object(bench.webhooks, "Receiver", mock.MagicMock()),
            mock.patch.object(bench.webhooks, "Bench", return_value=missed),
        ):
            self.assertEqual(bench.main("webhooks"), 1)
