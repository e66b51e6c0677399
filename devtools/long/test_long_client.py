"""A hundred rounds of killed processes, cut connections, full disks and a killed server."""

import os
import random
import sys

from devtools.paths import ROOT

# What apps install has its tests beside it; they are modules without a package.
sys.path.append(str(ROOT / "clients" / "python" / "tests"))
from chaos_case import ChaosCase

setUpModule = ChaosCase.start

SEED, ROUNDS = 2, 100


class TestLongClient(ChaosCase):
    def test_a_hundred_rounds_count_exactly(self):
        """CHAOS_SEED in the environment chooses another one than 2."""
        seed = int(os.environ.get("CHAOS_SEED") or SEED)
        restarts = random.Random(seed).sample(range(ROUNDS), 10)
        tally = self.assert_exact(seed, ROUNDS, restarts)
        self.assertGreater(tally["f"], 0, "no disk was ever full")
