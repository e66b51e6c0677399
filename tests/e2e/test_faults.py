"""Faults under load: whatever is killed, cut off or full, nothing is lost and nothing doubled."""

import random

from e2e.faults.case import FaultsCase
from e2e.faults.world import plan

SEED = 1
QUICK = (
    "kill_http_worker",
    "kill_cron_worker",
    "kill_backend",
    "kill_postmaster",
    "terminate_backend",
    "time_out_on_lock",
    "leave_halfway",
    "leave_before_answer",
    "fill_disk",
    "kill_master",
)


class TestFaults(FaultsCase):
    def test_ten_faults_lose_and_double_nothing(self):
        self.assert_nothing_lost(SEED, plan(random.Random(SEED), len(QUICK), QUICK))
