"""Long random walks of app, staff and clock at once, in both of the modes in which Odoo serves."""

import os

from e2e.walk_case import WalkCase

SEEDS, STEPS = 4, 100  # of each mode


class TestLongWalk(WalkCase):
    def test_long_walks_on_two_workers_stand_up_to_the_audit(self):
        """U3, U6, R8, L2."""
        self.walk_seeds(workers=2, first=10)

    def test_long_walks_on_a_server_of_threads_stand_up_to_the_audit(self):
        """U3, U6, R8, L2."""
        self.walk_seeds(workers=0, first=20)

    def walk_seeds(self, workers: int, first: int):
        """WALK_SEED in the environment chooses other seeds."""
        first = int(os.environ.get("WALK_SEED") or first)
        for seed in range(first, first + SEEDS):
            with self.subTest(seed=seed):
                self.walk(seed, STEPS, workers)
