"""The addon against a slow model of its rules, history by history."""

import random
from fractions import Fraction

from odoo.tests import tagged
from odoo.tools import SQL

from ..differential_case import ZONES, DifferentialCase
from ..differential_world import World

NOISE = Fraction(1, 10**30)  # quotients without end are kept to 40 decimals


@tagged("post_install", "-at_install", "histories")
class TestDifferential(DifferentialCase):
    """R1–R10, T1–T4, U3, M1, M2: whatever happens, ledger and documents say what the rules say."""

    # Seeds of worlds of 50 subscriptions, and of worlds of 5 whose documents are looked at, too.
    worlds, documented = range(20), range(1000, 1012)

    # === COMPARING === #

    def _stored(self, orders):
        """Return {(subscription's id, charge's id, first day): row} of the ledger."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """SELECT subscription_id, charge_id, date_from, date_until, bill_on,
                      quantity::text, included_quantity::text, billable_quantity::text,
                      amount_exact::text, amount::text, currency_rate::text, breakdown::text,
                      rated_at
                 FROM fusion_billing_rating WHERE subscription_id IN %s""",
                tuple(orders.ids),
            )
        )
        return {row[:3]: row[3:] for row in rows}

    def _compare(self, world, where):
        stored = self._stored(world.orders)
        self.assertFalse(world.orders.filtered("fusion_error").mapped("fusion_error"), where)
        for order, twin in world.subscriptions:
            own = {key: row for key, row in stored.items() if key[0] == order.id}
            for (name, start), row in twin.ledger(world.today).items():
                found = own.pop((order.id, world.twin[name].id, start), None)
                if found or row.quantity or row.amount:
                    self._compare_row(found, row, f"{where}, {order.id}, {name} from {start}")
            for key, row in own.items():
                if key[2] > world.today:
                    continue  # the model does not open the period of a reopening that is to come
                self.assertFalse(
                    float(row[6]) or float(row[2] or 0),
                    f"{where}, {order.id}: {key} is wanted by nobody",
                )
        return stored

    def _compare_row(self, found, row, where):
        self.assertTrue(found, f"{where}: not in the ledger: {row}")
        end, bill_on, *numbers = found
        quantity, included, billable, exact, amount = map(Fraction, numbers[:5])
        said = f"{where}: {found}, not {row}"
        if not (row.quantity or row.exact or quantity or exact):
            return
        self.assertEqual((end, bill_on), (row.end, row.bill_on), said)
        self.assertEqual(quantity, row.quantity, said)
        self.assertLess(abs(included - row.included), NOISE, said)
        self.assertLess(abs(billable - row.billable), NOISE, said)
        self.assertLess(abs(exact - row.exact), NOISE, said)
        self.assertEqual(amount, row.amount, said)

    def _compare_documents(self, world, where):
        """What has come to its day is on documents, to the cent (L2, M2)."""
        for rating in world.orders.fusion_rating_ids:
            lines = rating.invoice_line_ids.filtered(lambda line: line.parent_state == "posted")
            self.assertAlmostEqual(
                -sum(lines.mapped("amount_currency")), rating.amount, 6, f"{where}: {rating.id}"
            )

    # === HISTORIES === #

    def _play(self, seed, subscriptions, moments, invoices):
        rng = random.Random(seed)
        savepoint = self.env.cr.savepoint()
        world = World(self, rng, ZONES[seed % 5], self.orders_in[seed % 4], subscriptions)
        for moment in range(moments):
            world.live()
            for _again in range(2 if invoices else rng.randrange(2)):
                world.rate()
                world.bill()
            if invoices:
                self._check(world, f"seed {seed}, moment {moment}", invoices)
        self._check(world, f"seed {seed}, end", invoices)
        if invoices:
            world.close_all()
            self._check(world, f"seed {seed}, closed", invoices)
            self._compare_documents(world, f"seed {seed}, closed")
        savepoint.close(rollback=True)
        self.env.invalidate_all()
        return subscriptions

    def _check(self, world, where, invoices):
        """Rate and compare; rating once more changes nothing (R6)."""
        world.rate()
        world.bill()  # what is due is rated again, and the next periods begin
        stored = self._compare(world, where)
        if invoices:
            world.orders._fusion_request_rating()
            world.rate()
            self.assertEqual(self._stored(world.orders), stored, f"{where}: rated again")

    def test_r1_to_r9_the_ledger_of_1000_random_histories_is_what_a_slow_model_makes_of_them(self):
        # Documents and order lines are what is slow; the histories below have them.
        self.patch(
            self.registry["sale.order"],
            "_fusion_create_documents",
            lambda self, documents: self.env["account.move"],
        )
        self.patch(self.registry["sale.order"], "_fusion_show_usage", lambda self: None)
        played = sum(self._play(seed, 50, moments=2, invoices=False) for seed in self.worlds)
        self.assertGreaterEqual(played, 1000)

    def test_r9_l2_m2_documents_of_60_random_histories_sum_to_the_ledger(self):
        played = sum(self._play(seed, 5, moments=3, invoices=True) for seed in self.documented)
        self.assertGreaterEqual(played, 60)


@tagged("post_install", "-at_install", "-standard", "-histories", "exhaustive")
class TestManyDifferential(TestDifferential):
    """The same for more histories."""

    allow_inherited_tests_method = True
    worlds, documented = range(20, 80), range(1012, 1048)
