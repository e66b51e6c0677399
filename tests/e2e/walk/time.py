"""The clock of a walk: time passes, and the scheduled actions run as somebody triggers them."""

from random import Random

from devtools.clock import SharedClock
from e2e.staff import Refused, Staff
from e2e.walk.desk import POLITE


class Time:
    """:param crons: ids of the scheduled actions that rate and invoice"""

    def __init__(self, staff: Staff, crons: list[int], clock: SharedClock, rng: Random):
        self._staff, self._crons, self._clock, self._rng = staff, crons, clock, rng
        self.name, self.refused, self.problems = "time", 0, []

    def act(self) -> None:
        """Let hours or days pass; then some work that is due is done, or is not."""
        self._clock.move(hours=self._rng.randrange(1, 120))
        for cron in self._crons:
            if self._rng.random() < 0.6:
                self.run(cron)

    def settle_up(self) -> None:
        """Let time pass until nothing waits, and do what is due."""
        for days in (40, 4):
            self._clock.move(days=days)
            for cron in self._crons:
                self.run(cron)

    def run(self, cron: int) -> None:
        try:
            done = self._staff.press("ir.cron", cron, "method_direct_trigger")
        except Refused as error:
            self.refused += 1
            if error.name not in POLITE:
                self.problems.append(f"the scheduled action {cron}: {error.name}: {error}")
        else:
            if isinstance(done, dict):
                self.problems.append(f"the scheduled action {cron} failed: {str(done)[-1500:]}")
