"""Random lives of thousands of subscriptions, and the teeth of the audit."""

from e2e.in_odoo.life import NAMES
from e2e.life_case import LifeCase

WORLDS, SUBSCRIPTIONS = 20, 100


class TestLongLives(LifeCase):
    def test_random_lives_of_2000_subscriptions_stand_up_to_the_audit(self):
        for seed in range(100, 100 + WORLDS):
            with self.subTest(seed):
                self.assert_all_is_well(seed=seed, subscriptions=SUBSCRIPTIONS, moments=14)

    def test_each_planted_defect_is_found_in_a_life_in_which_nothing_else_is_wrong(self):
        self.assertGreaterEqual(len(NAMES), 10)
        self.assert_all_is_well(seed=3, subscriptions=60, moments=8)
        for defect in NAMES:
            with self.subTest(defect):
                self.assert_found(defect, seed=3, subscriptions=60, moments=8)
