"""Everybody works on the same subscriptions at once, over real connections."""

from e2e.faults.case import FaultsCase


class TestTogether(FaultsCase):
    def test_everybody_at_once_loses_and_doubles_nothing_and_nobody_sees_an_alarm(self):
        """R6, R8, U3, U5, U6, lesson 16: with two of each scheduled action."""
        self.assert_no_alarm(seed=1, seconds=15)
