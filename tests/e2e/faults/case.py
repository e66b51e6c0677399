"""Worlds in tests."""

import time
import unittest
from collections import Counter

from devtools.console import say
from e2e.faults import checks
from e2e.faults.together import Together
from e2e.faults.world import World


class FaultsCase(unittest.TestCase):
    """Worlds are told by their seed."""

    def assert_nothing_lost(self, seed, strikes):
        """Let all of these go wrong in one world, one after the other, and look at what is left.

        :param strikes: pairs of names, see `strikes.STRIKES` and `stages.STAGES`
        :return: how often each strike was made, by its name and the stage's
        """
        begun = time.monotonic()
        with World(seed) as world:
            for name, stage in strikes:
                if world.disk or name != "fill_disk":
                    world.strike(name, stage)
            world.rest()
            problems = checks.problems(world)
            say(self.summary(world, time.monotonic() - begun))
        self.assertFalse(problems, "\n".join([f"seed {seed}: {strikes}", *problems[:30]]))
        if world.no_disk:
            self.skipTest(f"all is well, but no disk can be filled here: {world.no_disk}")
        return world.struck

    def assert_no_alarm(self, seed, seconds):
        """Let everybody work at once for a while, and look at what they saw and left."""
        with Together(seed) as billing:
            billing.work(seconds)
            problems = billing.problems()
            acts = sum((clerk.acts for clerk in billing.clerks), Counter())
            refused = sum((clerk.refused for clerk in billing.clerks), Counter())
            say(
                f"seed {seed}: staff did {dict(acts)}, were refused {dict(refused)},"
                f" apps were answered {dict(billing.record.answers)}"
            )
        self.assertFalse(problems, "\n".join([f"seed {seed}", *problems[:30]]))

    def summary(self, world, seconds):
        return (
            f"seed {world.seed}: {world.struck.total()} faults in {seconds:.0f} s,"
            f" {len(world.record.began)} subscriptions, {len(world.record.stored)} counters,"
            f" {world.service.restarts} restarts, answers {dict(world.record.answers)}"
        )
