"""Staff ask what other prices, or another plan, would have brought."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from ..staff_case import StaffCase

SIMULATION = "fusion.billing.simulation"
LEDGER = (
    "fusion.billing.rating",
    "fusion.billing.rating.request",
    "fusion.billing.charge",
    "fusion.billing.phase",
    "fusion.billing.item",
    "sale.order.line",
    "account.move.line",
)


@tagged("post_install", "-at_install")
class TestSimulation(StaffCase):
    """A charge of $2 each above 100, and two customers with three closed billing periods."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_partner = cls.env["res.partner"].create({"name": "Zeta Ltd"})
        cls.first = cls._subscribe()
        cls.second = cls._subscribe(partner_id=cls.other_partner.id)
        for month, quantity in (("01", 130), ("02", 90), ("03", 300)):
            cls._use(cls.first, quantity, f"2026-{month}-10")
        cls._use(cls.second, "104.5", "2026-03-10")
        with freeze_time("2026-04-01 06:00:00"):
            cls.env["sale.order"]._fusion_cron_create_invoices()

    def setUp(self):
        super().setUp()
        self.startPatcher(freeze_time("2026-04-10"))

    def _open(self, **vals):
        action = self.plan.with_user(self.manager).action_simulate()
        simulation = self.env[SIMULATION].with_user(self.manager).browse(action["res_id"])
        simulation.write(vals)
        return simulation

    def _rows(self, simulation):
        action = simulation.action_simulate()
        return self.env[action["res_model"]].with_user(self.manager).search(action["domain"])

    def _by_customer(self, rows):
        return {
            partner.name: (
                sum(of_one.mapped("before")),
                sum(of_one.mapped("after")),
                sum(of_one.mapped("difference")),
            )
            for partner, of_one in rows.grouped("partner_id").items()
        }

    def test_unchanged_prices_make_no_difference(self):
        rows = self._rows(self._open())
        self.assertEqual(
            self._by_customer(rows), {"Acme Ltd": (460, 460, 0), "Zeta Ltd": (9, 9, 0)}
        )

    def test_other_prices_are_typed_in_the_dialog_and_compared_by_customer(self):
        simulation = self._open()
        with Form(simulation) as dialog, dialog.price_ids.edit(0) as price:
            self.assertFalse(price.is_changed)
            price.price_per_unit = 3
            price.included_quota = 50
            self.assertTrue(price.is_changed)
            self.assertIn("$3.00 each", price.price_summary)
            self.assertIn(["50", "$0.00"], price.price_curve["marks"])
        rows = self._rows(simulation)
        self.assertEqual(
            self._by_customer(rows), {"Acme Ltd": (460, 1110, 650), "Zeta Ltd": (9, 163.5, 154.5)}
        )
        self.assertEqual(
            [
                (str(row.date_from), row.difference)
                for row in rows
                if row.partner_id == self.partner
            ],
            [("2026-01-01", 180), ("2026-02-01", 120), ("2026-03-01", 350)],
        )

    def test_a_table_of_tiers_takes_the_place_of_a_price_at_once(self):
        simulation = self._open()
        simulation.price_ids.write(
            {"charge_model": "graduated", "tier_ids": self._tiers((10, 1), (0, 5))}
        )
        rows = self._rows(simulation)
        self.assertEqual(self._by_customer(rows)["Acme Ltd"], (460, 110 + 960, 610))
        self.assertEqual(self.charge.charge_model, "standard")

    def test_only_the_last_periods_that_are_closed_count(self):
        self._use(self.first, 1000, "2026-04-05")
        rows = self._rows(self._open(periods=1))
        self.assertEqual(self._by_customer(rows)["Acme Ltd"], (400, 400, 0))

    def test_what_the_ledger_says_now_is_what_it_was(self):
        """A price that changed meanwhile counts as it did on its days."""
        self.charge.write({"price_per_unit": 7})
        rows = self._rows(self._open())
        self.assertEqual(self._by_customer(rows)["Acme Ltd"], (460, 460, 0))
        simulation = self._open()
        simulation.price_ids.price_per_unit = 2
        self.assertEqual(self._by_customer(self._rows(simulation))["Acme Ltd"], (460, 460, 0))

    def test_another_plan_counts_with_its_fees(self):
        fee = {"product_id": self.fee_product.id, "has_own_price": True, "price_unit": 50}
        other = self._plan("flat", name="Flat", fee_ids=[(0, 0, fee)])
        self._charge(plan=other, price_per_unit="0.5")
        rows = self._rows(self._open(compared_with="plan", other_plan_id=other.id))
        self.assertEqual(
            self._by_customer(rows),
            {"Acme Ltd": (460, 260 + 150, -50), "Zeta Ltd": (9, 52.25 + 150, 193.25)},
        )
        self.assertEqual(set(rows.mapped("name")), {"API calls", "Pro subscription"})

    def test_the_same_plan_makes_no_difference_fees_and_discounts_included(self):
        self.plan.fee_ids = [(0, 0, {"product_id": self.fee_product.id, "quantity": 3})]
        order = self._subscribe("2026-01-15", fusion_end_date="2026-03-20")
        order.order_line.discount = 12.5
        self._bill()
        rows = self._rows(self._open(compared_with="plan", other_plan_id=self.plan.id))
        fees = rows.filtered(lambda row: row.name == "Pro subscription")
        self.assertTrue(fees.mapped("before"))
        self.assertFalse([row for row in rows if row.difference or row.before != row.after])

    def test_a_plan_with_another_billing_period_is_refused(self):
        weekly = self._plan("weekly", billing_period_unit="week")
        with self.assertRaisesRegex(UserError, "same billing period"):
            self._open(compared_with="plan", other_plan_id=weekly.id).action_simulate()

    def test_differences_add_up_in_the_company_s_currency_and_stand_in_their_own(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.5, "2026-03-20": 0.8})
        pricelist = self.env["product.pricelist"].create({"name": "€", "currency_id": euro.id})
        order = self._subscribe("2026-03-01", pricelist_id=pricelist.id)
        self._use(order, 110, "2026-03-10")
        self._bill()
        simulation = self._open()
        simulation.price_ids.price_per_unit = 4
        row = self._rows(simulation).filtered(lambda row: row.subscription_id == order)
        self.assertEqual((row.own_before, row.own_after, row.own_difference), (16, 32, 16))
        self.assertEqual((row.before, row.after, row.difference), (20, 40, 20))

    def test_nothing_is_stored_but_what_is_shown(self):
        def count():
            return [self.env[model].search_count([]) for model in LEDGER]

        before = count()
        simulation = self._open()
        simulation.price_ids.price_per_unit = 4
        self._rows(simulation)
        self.assertEqual(count(), before)
        self.assertEqual(self.charge.price_per_unit, 2)

    def test_simulated_prices_go_with_the_simulation(self):
        version = self._open().price_ids.version_id
        self.assertFalse(version.charge_id)
        with freeze_time("2030-01-01"):
            self.env[SIMULATION].search([]).unlink()
        self.assertFalse(version.exists())

    def test_twice_shows_it_once(self):
        simulation = self._open()
        self.assertEqual(len(self._rows(simulation)), len(self._rows(simulation)))

    def test_only_managers_ask_and_each_sees_their_own(self):
        for user in (self.clerk, self.seller, self.portal):
            with self.assertRaises(AccessError):
                self.plan.with_user(user).action_simulate()
        simulation = self._open()
        self._rows(simulation)
        other = self._user("other_manager", "fusion_billing.group_manager")
        for record in (simulation, simulation.price_ids[:1], simulation.row_ids[:1]):
            with self.assertRaises(AccessError):
                record.with_user(other).read(["id", "display_name"])

    def test_another_company_is_no_part_of_it(self):
        company = self.env["res.company"].create({"name": "Other"})
        manager = self._user(
            "far_manager",
            "fusion_billing.group_manager",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        with self.assertRaises(AccessError):
            self.plan.with_user(manager).action_simulate()
        with self.assertRaises(AccessError):
            self.env[SIMULATION].with_user(manager).create({"plan_id": self.plan.id})
