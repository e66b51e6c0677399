"""Lists find by the apps' own ids, add up what the ledger says, and offer what makes sense."""

import random
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from odoo.addons.fusion_billing.models.base.engine import as_engine

from ..staff_case import StaffCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestLists(StaffCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.partner"].create({"name": "Bolt"})
        cls._link("cust-77", cls.partner)
        cls._link("cust-88", cls.other)
        cls.first = cls._subscribe(
            products=cls.fee_product, fusion_service_id=cls.service.id, fusion_external_id="sub-42"
        )
        cls.second = cls._subscribe(products=cls.fee_product, partner_id=cls.other.id)
        cls.usage = cls._use(cls.first, 130) | cls._use(cls.second, 110)
        cls.both = cls.first | cls.second

    def setUp(self):
        super().setUp()
        self._rate()
        self.first._fusion_bill_until(date(2026, 1, 20))

    # === FINDING === #

    def _find(self, model, field, text):
        return self.env[model].with_user(self.clerk).search([(field, "ilike", text)])

    def test_a_subscription_is_found_by_the_app_s_id_in_every_list(self):
        self.assertEqual(self._find("sale.order", "display_name", "sub-42"), self.first)
        self.assertEqual(
            self._find("fusion.billing.usage", "subscription_id", "sub-42"), self.usage[0]
        )
        ratings = self._find("fusion.billing.rating", "subscription_id", "sub-42")
        self.assertEqual(ratings.subscription_id, self.first)
        path = "invoice_line_ids.fusion_rating_id.subscription_id"
        self.assertEqual(self._find("account.move", path, "sub-42"), self.first.invoice_ids)

    def test_a_customer_is_found_by_the_app_s_id_in_every_list_by_billing_staff_alone(self):
        partners = self.env["res.partner"]
        found = partners.with_user(self.clerk).name_search("cust-77")
        self.assertEqual([partner_id for partner_id, _name in found], self.partner.ids)
        for user in (self.seller, self.portal):
            self.assertFalse(partners.with_user(user).name_search("cust-77"))
        mine = self.env["sale.order"].with_user(self.clerk)
        self.assertEqual(mine.search([("partner_id", "child_of", "cust-77")]), self.first)

    def test_who_is_not_called_so_is_found_without_a_link_too(self):
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        some = self.partner | self.other | nobody
        for operator, text in (
            ("not ilike", "cust-77"),
            ("!=", "cust-77"),
            ("not in", ["cust-77"]),
        ):
            found = some.with_user(self.clerk).search(
                [("id", "in", some.ids), ("display_name", operator, text)]
            )
            self.assertEqual(found, self.other | nobody, operator)

    def test_people_who_do_not_bill_search_orders_as_before(self):
        orders = self.env["sale.order"].with_user(self.seller)
        self.assertIn(self.second, orders.search([("display_name", "ilike", self.second.name)]))

    # === ADDING UP === #

    def _total(self, name, orders, user=None):
        [[total]] = orders.with_user(user or self.clerk)._read_group(
            [("id", "in", orders.ids)], [], [f"{name}:sum"]
        )
        return total

    def test_totals_are_what_the_ledger_says_of_each(self):
        amounts = {
            "fusion_monthly_amount": [49, 49],
            "fusion_due_amount": [60, 69],
            "fusion_usage_to_bill": [60, 20],
        }
        for name, expected in amounts.items():
            with self.subTest(name):
                self.assertEqual(self.both.with_user(self.clerk).mapped(name), expected)
                self.assertEqual(self._total(name, self.both), sum(expected))
                most = self.env["sale.order"].search(
                    [("id", "in", self.both.ids), (name, ">", 30)], order=f"{name} desc, id"
                )
                self.assertEqual(most.mapped(name), sorted(a for a in expected if a > 30)[::-1])

    def test_an_amount_is_compared_with_numbers_alone(self):
        orders = self.env["sale.order"].with_user(self.clerk)
        for value in ("much", [5], {}):
            with self.subTest(value), self.assertRaises(UserError):
                orders.search([("fusion_due_amount", ">", value)])
        for value in (False, 0):
            self.assertTrue(orders.search([("fusion_due_amount", ">", value)]))

    def test_l2_what_is_due_is_the_same_in_python_and_in_the_database(self):
        draw = random.Random(7)
        rows = self.second.fusion_rating_ids
        for _time in range(40):
            for row in rows:
                amounts = {n: draw.choice((0, 10, 25, -5)) for n in ("amount", "settled", "waived")}
                as_engine(row).write({**amounts, "amount": abs(amounts["amount"])})
            self.env.invalidate_all()
            [[due]] = rows._read_group([("id", "in", rows.ids)], [], ["due:sum"])
            self.assertEqual(due, sum(rows.mapped("due")))
            self.assertEqual(self._total("fusion_due_amount", self.second), due)

    def test_other_people_add_up_nothing_of_it(self):
        for name in ("fusion_monthly_amount", "fusion_due_amount"):
            with self.assertRaises(AccessError):
                self._total(name, self.both, self.seller)
            with self.assertRaises(AccessError):
                self.env["sale.order"].with_user(self.seller).search([(name, ">", 0)])

    def test_a_customer_shows_what_their_subscriptions_owe(self):
        contact = self.env["res.partner"].create({"name": "Ada", "parent_id": self.other.id})
        self._subscribe(products=self.fee_product, partner_id=contact.id)
        customer = self.other.with_user(self.clerk)
        self._rate()
        self.assertEqual(customer.fusion_subscription_count, 2)
        self.assertEqual(customer.fusion_due_amount, 69 + 49)
        for method, model, count in (
            ("subscriptions", "sale.order", 2),
            ("usage", "fusion.billing.usage", 1),
            ("due", "fusion.billing.rating", 3),
        ):
            action = getattr(customer, f"action_view_fusion_{method}")()
            self.assertEqual(action["res_model"], model)
            found = self.env[model].with_user(self.clerk).search(action["domain"])
            self.assertEqual(len(found), count)

    # === WHAT IS OFFERED === #

    def _menus(self, action):
        views = [(False, "form"), (False, "list"), (False, "kanban")]
        options = {"toolbar": True, "action_id": self.env.ref(action).id}
        answer = self.env["sale.order"].with_user(self.manager).get_views(views, options)
        return {
            action["id"]
            for view in answer["views"].values()
            for actions in view["toolbar"].values()
            for action in actions
        }

    def test_what_makes_no_sense_for_subscriptions_is_offered_for_orders_alone(self):
        names = (
            "sale.action_mass_cancel_orders",
            "sale.action_view_sale_advance_payment_inv",
            "sale.action_sale_order_generate_link",
        )
        hidden = {self.env.ref(name).id for name in names}
        self.assertLessEqual(hidden, self._menus("sale.action_orders"))
        ours = self._menus("fusion_billing.sale_order_action")
        self.assertFalse(hidden & ours)
        self.assertIn(self.env.ref("sale.model_sale_order_send_mail").id, ours)
        own = self.env.ref("fusion_billing.sale_order_action_change_plan").id
        self.assertIn(own, ours)
        self.assertNotIn(own, self._menus("sale.action_orders"))

    def test_fields_that_mean_nothing_to_people_are_not_offered(self):
        for model, names in (
            ("account.move.line", ("fusion_settled", "fusion_price_factor", "fusion_quantity")),
            ("account.move", ("fusion_send_attempts", "fusion_overdue_sent_on")),
            ("sale.order", ("fusion_usage_kept_from", "fusion_period_page")),
            ("sale.order.line", ("fusion_open_amount",)),
            ("fusion.billing.rating", ("share", "full_seconds", "currency_rate")),
        ):
            described = self.env[model].with_user(self.manager).fields_get(names)
            for name in names:
                offered = {
                    key: described[name].get(key)
                    for key in ("searchable", "groupable", "aggregator", "exportable")
                }
                with self.subTest(model, field=name):
                    self.assertFalse(any(offered.values()), offered)
        kept = self.env["fusion.billing.rating"].with_user(self.clerk).fields_get(["amount"])
        self.assertEqual(kept["amount"]["aggregator"], "sum")
