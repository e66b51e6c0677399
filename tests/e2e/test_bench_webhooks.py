"""The benchmark of webhooks runs, measures what it says, and fails when it has to."""

from unittest import mock

from e2e import bench
from e2e.bench_case import WebhookBenchCase


class TestBenchWebhooks(WebhookBenchCase):
    def test_the_sender_and_the_loop_send_the_same_events(self):
        _small, arrived, printed = self.measure("throughput", events=200)
        loop = arrived.pop("/hook/loop")
        self.assertEqual(len(arrived), 10)
        sent = [event for events in arrived.values() for event in events]
        self.assertEqual(sorted(loop), sorted(sent))
        self.assertIn("of the loop", printed)

    def test_a_figure_that_is_missed_ends_with_an_exit_status(self):
        missed = bench.webhooks.Bench(None)
        missed.require(False, "the sender is too slow")
        missed.throughput = missed.hanging = mock.Mock(__name__="part")
        with (
            mock.patch.object(bench.webhooks, "Receiver", mock.MagicMock()),
            mock.patch.object(bench.webhooks, "Bench", return_value=missed),
        ):
            self.assertEqual(bench.main("webhooks"), 1)
