"""A hundred rounds of killed processes, cut connections, full disks and a killed server."""

import os
import random
import sys

from devtools import js, npm
from devtools.paths import ROOT

# What apps install has its tests beside it; they are modules without a package.
sys.path.append(str(ROOT / "clients" / "python" / "tests"))
from chaos_case import ChaosCase

setUpModule = ChaosCase.start

SEED, ROUNDS = 2, 100


class TestLongClient(ChaosCase):
    def test_a_hundred_rounds_count_exactly(self):
        """CHAOS_SEED in the environment chooses another one than 2."""
        tally = self.assert_rounds()
        self.assertGreater(tally["f"], 0, "no disk was ever full")

    def assert_rounds(self):
        seed = int(os.environ.get("CHAOS_SEED") or SEED)
        restarts = random.Random(seed).sample(range(ROUNDS), 10)
        return self.assert_exact(seed, ROUNDS, restarts)


class TestLongClientJs(TestLongClient):
    """The same with processes of Node; the disk that is full has a test of its own."""

    @property
    def program(self):
        return ("node", js.build() / "tests" / "counting_app.mjs")

    def test_a_hundred_rounds_count_exactly(self):
        if not npm.is_there():
            self.skipTest("node and npm are not installed")
        self.assert_rounds()
