"""App, staff and clock act at random and at once; what is left stands up to the audit."""

from e2e.walk_case import WalkCase


class TestWalk(WalkCase):
    def test_a_walk_of_app_staff_and_clock_at_once_stands_up_to_the_audit(self):
        """U3, U6, R8, L2."""
        self.walk(seed=1, steps=12, workers=2)
