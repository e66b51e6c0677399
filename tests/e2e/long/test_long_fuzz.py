"""Tens of thousands of raw requests, in both of the modes in which Odoo serves."""

import os

from e2e.fuzz_case import FuzzCase

SEEDS, REQUESTS, WATCHED = 5, 2_500, 250  # of each mode


class TestLongFuzz(FuzzCase):
    def test_12500_requests_to_two_workers_are_answered_and_break_nothing(self):
        """A1, U2, U4."""
        self.fuzz_seeds(workers=2, first=100)

    def test_12500_requests_to_a_server_of_threads_are_answered_and_break_nothing(self):
        """A1, U2, U4."""
        self.fuzz_seeds(workers=0, first=200)

    def fuzz_seeds(self, workers: int, first: int):
        """FUZZ_SEED in the environment chooses other seeds."""
        first = int(os.environ.get("FUZZ_SEED") or first)
        for seed in range(first, first + SEEDS):
            with self.subTest(seed=seed):
                self.make_world()
                with self.serving(workers):
                    self.fuzz(seed, REQUESTS, WATCHED)
                self.assert_books_are_right()
