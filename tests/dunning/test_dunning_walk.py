"""Collection and dunning against a slow model of their rules, day by day."""

import logging
import random
from contextlib import nullcontext
from functools import partial

from odoo.tests import tagged

from ..dunning_case import DunningCase
from ..dunning_defects import DEFECTS, planted
from ..dunning_world import DAY, World

_logger = logging.getLogger(__name__)


class WalkCase(DunningCase):
    """Random customers who live for some days, each day of which is compared."""

    def _walk(self, seed, days, broken=nullcontext):
        """Let a customer live; everything is taken back then.

        :return: what differs on the first day on which something does; empty if nothing does
        """
        savepoint = self.env.cr.savepoint()
        try:
            world = World(self, random.Random(seed))
            with broken():
                return self._first_difference(world, days)
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _first_difference(self, world, days):
        for _day in range(days):
            found, expected = world.live()
            for name, value in expected.items():
                if found[name] != value:
                    history = "\n".join(world.log[-40:])
                    return f"{world.today}: {name}\n{found[name]}\nnot\n{value}\n{history}"
            world.today += DAY
        return ""


@tagged("post_install", "-at_install")
class TestDunningWalk(WalkCase):
    """Whatever happens: who is charged what, told what and paused when is what the rules say."""

    maxDiff = None
    seeds, days = range(2), 90

    def test_days_of_random_customers_are_what_a_slow_model_makes_of_them(self):
        for seed in self.seeds:
            with self.subTest(seed=seed):
                self.assertEqual(self._walk(seed, self.days), "", f"seed {seed}")


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestDunningWalkFinds(WalkCase):
    """A walk finds each mistake that is planted."""

    def test_each_defect_is_found(self):
        for name in DEFECTS:
            with self.subTest(name):
                self.assertTrue(self._find(name), f"{name} is not found")

    def _find(self, name):
        """Return what the first of some walks that finds a defect says; empty if none does."""
        for seed in range(20):
            found = self._walk(seed, 60, partial(planted, self.env, name))
            if found:
                _logger.info("%s: seed %s, %s", name, seed, found.splitlines()[0])
                return found
        return ""


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestManyDunningWalks(TestDunningWalk):
    """The same for more customers, a year each."""

    allow_inherited_tests_method = True
    seeds, days = range(100, 106), 365
