"""Everybody at once, for longer."""

from e2e.faults.case import FaultsCase

SEEDS, SECONDS = range(2, 5), 60


class TestLongTogether(FaultsCase):
    def test_a_minute_of_everybody_at_once_loses_and_doubles_nothing(self):
        for seed in SEEDS:
            with self.subTest(seed):
                self.assert_no_alarm(seed, SECONDS)
