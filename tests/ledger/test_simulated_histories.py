"""What is simulated is what the ledger would say: held against a slow model of its rules."""

import random
from datetime import date

from odoo.tests import freeze_time, tagged

from ...models.ledger.simulation import Simulation
from ..differential_case import ZONES, DifferentialCase
from ..differential_world import World
from ..random_prices import random_terms, version_values

LONG_AGO = date(2020, 1, 1)
# Seeds of the histories of each test.
ONE = {"unchanged": [0], "anew": [3], "other": [5], "plan": [8]}
MANY = {name: range(first, first + 25) for name, [first] in ONE.items()}


@tagged("post_install", "-at_install")
class TestSimulatedHistories(DifferentialCase):
    """R1–R10, T1–T4: plans change, periods are cut, prices, filters, quotas and levels are drawn,
    charges cost another currency.
    """

    seeds = ONE

    def setUp(self):
        super().setUp()
        # The slow model does not know of a reopening that is to come.
        self.patch(World, "_reopen", lambda self, order, twin: None)
        # Documents and order lines are what is slow.
        self.patch(
            self.registry["sale.order"],
            "_fusion_create_documents",
            lambda self, documents: self.env["account.move"],
        )
        self.patch(self.registry["sale.order"], "_fusion_show_usage", lambda self: None)

    def _worlds(self, name):
        for seed in self.seeds[name]:
            # Each world is taken back: a company that billed keeps the zone of its past days.
            savepoint = self.env.cr.savepoint()
            rng = random.Random(seed)
            world = World(self, rng, ZONES[seed % 5], self.orders_in[seed % 4], 8)
            for _moment in range(3):
                world.live()
                world.rate()
                world.bill()
            with freeze_time(world.now):
                yield world
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def _simulated(self, world, name, **changes):
        """The rows of a plan's subscriptions, and what they sum to: `{order: (before, after)}`."""
        self.env.flush_all()
        rows = Simulation(world.twin[name], LONG_AGO, **changes).rows(world.orders)
        sums = {order: [0, 0] for order in world.orders}
        for row in rows:
            sums[row.subscription][0] += row.before
            sums[row.subscription][1] += row.after
        return rows, {order: tuple(sides) for order, sides in sums.items()}

    def _expected(self, world, name):
        """What the slow model says of the plan's charges in closed billing periods."""
        charges = {charge.name for charge in world.plans[name].charges}
        return {
            order: sum(
                row.amount
                for (charge, _start), row in twin.ledger(world.today).items()
                if charge in charges and row.bill_on <= order._fusion_opened_on()
            )
            for order, twin in world.subscriptions
        }

    def test_unchanged_prices_make_no_difference_for_anybody(self):
        compared = 0
        for world in self._worlds("unchanged"):
            for name in "ABC":
                rows, sums = self._simulated(world, name)
                self.assertFalse([row for row in rows if row.before != row.after])
                expected = self._expected(world, name)
                self.assertEqual({o: before for o, (before, _after) in sums.items()}, expected)
                compared += len(rows)
        self.assertGreater(compared, 10)

    def test_the_same_prices_typed_anew_make_none_either_while_none_changed(self):
        self.patch(World, "_reprice", lambda self: None)
        for world in self._worlds("anew"):
            for name in "ABC":
                charges = world.twin[name].with_context(active_test=False).charge_ids
                terms = charges.version_id._terms()
                prices = {charge.id: terms[charge.version_id.id] for charge in charges}
                rows, _sums = self._simulated(world, name, prices=prices)
                self.assertFalse([row for row in rows if row.before != row.after])

    def test_other_prices_come_to_what_the_ledger_would_say_had_they_held(self):
        differences = 0
        for world in self._worlds("other"):
            for name in "ABC":
                before = self._expected(world, name)
                prices = self._reprice(world, name)
                _rows, sums = self._simulated(world, name, prices=prices)
                after = self._expected(world, name)
                self.assertEqual(
                    sums, {order: (before[order], after[order]) for order in world.orders}
                )
                differences += sum(before[order] != after[order] for order in world.orders)
        self.assertGreater(differences, 2)

    def _reprice(self, world, name):
        """Let the model have other prices on all days; return them for the simulation."""
        prices = {}
        for charge in world.plans[name].charges:
            if world.rng.random() < 0.7:
                terms = random_terms(world.rng)
                charge.versions = [(charge.versions[0][0], terms)]
                version = self.env["fusion.billing.charge.version"].create(version_values(terms))
                prices[world.twin[charge.name].id] = version._terms()[version.id]
        return prices

    def test_another_plan_comes_to_what_the_ledger_would_say_of_it(self):
        for world in self._worlds("plan"):
            before = {order: self._everything(world, order) for order in world.orders}
            _rows, sums = self._simulated(world, "A", other=world.twin["B"])
            for order in world.orders:
                closed = self._on_plan(world, order)
                was = sum(amount for end, amount in before[order] if end in closed)
                self._move(world, order)
                would = sum(
                    amount for end, amount in self._everything(world, order) if end in closed
                )
                self.assertEqual(sums[order], (was, would))

    def _everything(self, world, order):
        """What the ledger owes for usage: pairs of the day on which it is billed and the amount."""
        order._fusion_request_rating(order.fusion_start_date)
        world.rate()
        exact = order.fusion_rating_ids._read_exact(["amount"])
        return [(row.cycle_end, exact[row.id]["amount"]) for row in order.fusion_rating_ids]

    def _on_plan(self, world, order):
        """The ends of the closed billing periods in which it was on plan A."""
        timeline, opened = order._fusion_timeline(), order._fusion_opened_on()
        runs = timeline.days_by_plan()[world.twin["A"].id]
        return {
            period.end
            for period in timeline.periods(timeline.start, opened)
            if period.end <= opened
            and any(run.start < period.end and period.start < run.end for run in runs)
        }

    def _move(self, world, order):
        """Have been on plan B wherever it was on plan A."""
        phases = order.fusion_phase_ids.filtered(lambda phase: phase.plan_id == world.twin["A"])
        phases.sudo().plan_id = world.twin["B"]
        order.invalidate_recordset()


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestManySimulatedHistories(TestSimulatedHistories):
    """The same for more histories."""

    allow_inherited_tests_method = True
    seeds = MANY
