"""Hundreds of faults: every kind, at every stage of the work."""

import random
from collections import Counter

from devtools.console import say
from e2e.faults.case import FaultsCase
from e2e.faults.stages import STAGES
from e2e.faults.strikes import STRIKES
from e2e.faults.world import plan

SEEDS = range(1, 8)
EACH = 2 * len(STRIKES)  # faults in one world


class TestLongFaults(FaultsCase):
    def test_more_than_200_faults_lose_and_double_nothing(self):
        struck = Counter()
        for seed in SEEDS:
            with self.subTest(seed):
                pairs = plan(random.Random(seed), EACH, tuple(STRIKES))
                struck += self.assert_nothing_lost(seed, pairs)
        by_kind, by_stage = Counter(), Counter()
        for (kind, stage), count in struck.items():
            by_kind[kind] += count
            by_stage[stage] += count
        say(f"{struck.total()} faults: {dict(by_kind)}; {dict(by_stage)}")
        self.assertGreaterEqual(struck.total(), 200)
        self.assertEqual((by_kind.keys(), by_stage.keys()), (STRIKES.keys(), STAGES.keys()))
