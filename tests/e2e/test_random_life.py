"""A random life of staff and apps leaves nothing that the audit finds; a broken addon does."""

from e2e.life_case import LifeCase


class TestRandomLife(LifeCase):
    def test_a_random_life_of_16_subscriptions_stands_up_to_the_audit(self):
        self.assert_all_is_well(seed=3, subscriptions=16, moments=6)

    def test_defects_in_what_is_owed_and_in_what_is_settled_are_found(self):
        for defect in ("quota_begins_anew", "cancelled_settles"):
            with self.subTest(defect):
                self.assert_found(defect, seed=1, subscriptions=12, moments=6)
