from datetime import date, datetime

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..sandbox_case import NOW, SandboxCase


@tagged("post_install", "-at_install")
class TestSandbox(SandboxCase):
    """How a sandbox is made, of what, and for whom."""

    @classmethod
    def _set_up_catalogue(cls):
        cls.company.write({"fusion_billing_tz": "America/Toronto", "name": "Nexa"})
        cls.company.partner_id.write({"city": "Toronto", "country_id": cls.env.ref("base.ca").id})
        cls.private = cls._product("Private", company_id=cls.company.id, default_code="PRV")
        cls.storage = cls._metric("storage", aggregation="max")
        cls.tiered = cls._charge(
            cls.storage,
            product_id=cls.private.id,
            charge_model="graduated",
            tier_ids=cls._tiers((10, 2, 5), (False, 1)),
            filter_ids=cls._filters(region="eu, us"),
            threshold_ids=[(0, 0, {"kind": "amount", "threshold_value": 30})],
        )
        cls.tiered.version_ids = [
            (0, 0, {"valid_from": "2026-07-01", "price_per_unit": "0.067", "unit_batch": 3})
        ]
        cls.other_plan = cls._plan("basic", billing_period_unit="year", draft_hours=48)
        cls.plan.customer_plan_ids = cls.other_plan
        cls.outsider = cls._user("outsider", "fusion_billing.group_manager")
        abroad = cls.env["res.company"].create({"name": "Abroad"})
        cls.outsider.write({"company_ids": [(6, 0, abroad.ids)], "company_id": abroad.id})
        cls.untouched = cls._count_everything()

    @classmethod
    def _count_everything(cls):
        """How many records of each model are the company's, and which order number is next."""
        cls.env.flush_all()
        models = [
            model.with_context(active_test=False)
            for model in cls.env.values()
            if not model._abstract
            and model._auto
            and model._name != "res.users"
            and (field := model._fields.get("company_id"))
            and field.store
            and field.type == "many2one"
        ]
        counts = {
            model._name: model.search_count([("company_id", "=", cls.company.id)])
            for model in models
        }
        sequences = cls.env["ir.sequence"].search([("code", "=", "sale.order")])
        mine = sequences.filtered(lambda one: one.company_id.id in (False, cls.company.id))
        return counts, mine.mapped("number_next_actual")

    # === WHERE === #

    def test_it_is_a_company_like_the_one_of_the_service_and_says_that_it_is_a_test(self):
        company = self.test_company
        self.assertEqual(company.name, "Nexa (TEST Maps)")
        for name in ("currency_id", "fusion_billing_tz", "chart_template"):
            self.assertEqual(company[name], self.company[name], name)
        self.assertEqual((company.city, company.country_id.code), ("Toronto", "CA"))
        self.assertEqual(str(company.fusion_clock), NOW)

    def test_its_journals_and_numbers_are_marked(self):
        journals = self._own(self.env["account.journal"])
        real = self.env["account.journal"].search([("company_id", "=", self.company.id)])
        self.assertEqual(set(journals.mapped("type")), set(real.mapped("type")))
        self.assertTrue(all(name.startswith("TEST ") for name in journals.mapped("name")))
        self.assertEqual(journals.filtered(lambda one: one.type == "sale").code, "TINV")
        order = self._sign_up()
        self.assertTrue(order.name.startswith("TEST/S"), order.name)

    def test_exchange_rates_are_those_of_the_company(self):
        self._foreign("EUR", {"2025-01-01": 0.5})
        self.test_company._fusion_copy_rates(self.company)
        rates = self.env["res.currency.rate"].search([("company_id", "=", self.test_company.id)])
        self.assertIn(0.5, rates.mapped("rate"))

    # === OF WHAT === #

    def test_the_plans_are_there_under_their_codes_with_their_prices_of_each_day(self):
        plan = self._own(self.plan).filtered(lambda plan: plan.code == "pro")
        self.assertEqual(plan.fee_ids.product_id, self.fee_product)
        charges = {charge.metric_id.code: charge for charge in plan.charge_ids}
        self.assertEqual(set(charges), {"api_calls", "storage"})
        copy = charges["storage"]
        self.assertEqual(copy._filter(), {"region": ["eu", "us"]})
        self.assertEqual(copy.threshold_ids.threshold_value, 30)
        self.assertEqual(self._prices(copy), self._prices(self.tiered))
        self.assertEqual([day for day, _terms in self._prices(copy)], [None, date(2026, 7, 1)])
        self.assertEqual(copy._version_at(date(2026, 1, 15)).charge_model, "graduated")

    def _prices(self, charge):
        """Since when it costs what."""
        versions = charge._terms()[charge.id].versions
        return [(version.valid_from, version.terms) for version in versions]

    def test_plans_of_the_sandbox_lead_to_plans_of_the_sandbox(self):
        plans = self._own(self.plan)
        self.assertEqual(set(plans.mapped("code")), {"pro", "basic"})
        self.assertEqual(plans.customer_plan_ids.company_id, self.test_company)
        self.assertEqual(plans.customer_plan_ids.draft_hours, 48)

    def test_products_of_the_company_are_copied_and_those_of_all_are_shared(self):
        products = self._own(self.plan).charge_ids.product_id
        self.assertEqual(products - self.usage_product, self._own(self.private))
        self.assertEqual(self._own(self.private).default_code, "PRV")

    def test_its_prices_are_brought_up_to_date_unless_somebody_is_billed_at_them(self):
        self.charge.price_per_unit = 3
        self.plan.fee_ids = [(0, 0, {"product_id": self.setup_product.id})]
        self._plan("gold")
        service = self.sandbox.with_user(self.manager)
        order = self._sign_up()
        with self.assertRaisesRegex(UserError, "reset the sandbox first"):
            service.action_update_sandbox()
        self.assertTrue(order.exists())
        service.action_reset_sandbox()
        service.action_update_sandbox()
        plans = self._own(self.plan).grouped("code")
        self.assertEqual(set(plans), {"pro", "basic", "gold"})
        prices = plans["pro"].charge_ids.mapped("price_per_unit")
        self.assertEqual(prices, self.plan.charge_ids.mapped("price_per_unit"))
        self.assertIn(3, prices)
        self.assertEqual(plans["pro"].fee_ids.product_id, self.fee_product | self.setup_product)

    def test_plans_that_the_company_does_not_sell_stay(self):
        self.world["fusion.billing.plan"].create({"name": "Idea", "code": "idea"})
        self.sandbox.action_update_sandbox()
        self.assertIn("idea", self._own(self.plan).mapped("code"))

    # === FOR WHOM === #

    def test_its_key_opens_the_sandbox_and_nothing_else(self):
        access = self.env["fusion.billing.api.key"]._authenticate(
            self.shown["context"]["default_key"]
        )
        self.assertEqual(access.company_id, self.test_company.id)
        self.assertEqual(access.service_id, self.sandbox.id)
        self.assertEqual(self.sandbox.name, "Maps sandbox")

    def test_pressed_twice_it_opens_the_one_that_is_there(self):
        action = self.service.with_user(self.manager).action_create_sandbox()
        self.assertEqual(action["url"], f"/odoo/billing-services/{self.sandbox.id}")
        self.assertEqual(len(self._own(self.service)), 1)
        self.assertEqual(len(self.sandbox.sudo().api_key_ids), 1)

    def test_it_is_opened_though_its_service_is_archived(self):
        self.sandbox.active = False
        for action in ("action_create_sandbox", "action_view_sandbox"):
            opened = getattr(self.service.with_user(self.manager), action)()
            self.assertEqual(opened["url"], f"/odoo/billing-services/{self.sandbox.id}", action)

    def test_where_its_service_is_deleted_another_one_is_made(self):
        self.sandbox.sudo().unlink()
        shown = self.service.with_user(self.manager).action_create_sandbox()
        access = self.env["fusion.billing.api.key"]._authenticate(shown["context"]["default_key"])
        self.assertEqual(access.company_id, self.test_company.id)
        self.assertEqual(len(self._own(self.service)), 1)

    def test_a_form_offers_what_can_be_done_with_its_service(self):
        own = {"action_reset_sandbox", "action_update_sandbox", self._wizard_action()}
        every = own | {"action_create_sandbox", "action_view_sandbox"}
        for service, offered in (
            (self.sandbox, own),
            (self.service, {"action_view_sandbox"}),
            (self._service("other"), {"action_create_sandbox"}),
        ):
            service = service.with_user(self.manager)
            with self.subTest(service.name):
                self.assertEqual(self._shown_buttons(service, self.manager) & every, offered)
                self.assertFalse(self._shown_buttons(service, self.clerk) & every)

    def _wizard_action(self):
        return str(self.env.ref("fusion_billing.sandbox_clock_wizard_action").id)

    def test_two_services_of_one_name_have_a_sandbox_each(self):
        twin = self.service.copy({"name": "Maps"})
        twin.with_user(self.manager).action_create_sandbox()
        company = self.env["res.company"]._fusion_find_sandbox(twin)
        self.assertEqual(company.name, "Nexa (TEST Maps) 2")

    def test_a_sandbox_has_no_sandbox(self):
        with self.assertRaisesRegex(UserError, "sandbox of a sandbox"):
            self.sandbox.with_user(self.manager).action_create_sandbox()

    def test_a_service_that_does_business_is_not_emptied(self):
        for action in ("action_reset_sandbox", "action_update_sandbox"):
            with self.subTest(action), self.assertRaisesRegex(UserError, "it is no sandbox"):
                getattr(self.service.with_user(self.manager), action)()

    def test_managers_of_the_company_see_it_and_others_do_not(self):
        self.assertIn(self.test_company, self.manager.company_ids)
        for user in (self.clerk, self.outsider, self.seller):
            self.assertNotIn(self.test_company, user.company_ids, user.login)
        with self.assertRaises(AccessError):
            self.sandbox.with_user(self.outsider).action_reset_sandbox()

    def test_clerks_make_and_empty_none(self):
        self.clerk.company_ids |= self.test_company
        for service, action in (
            (self.service, "action_create_sandbox"),
            (self.service, "action_view_sandbox"),
            (self.sandbox, "action_reset_sandbox"),
            (self.sandbox, "action_update_sandbox"),
        ):
            with self.subTest(action), self.assertRaises(AccessError):
                getattr(service.with_user(self.clerk), action)()

    def test_nobody_makes_a_clock_or_moves_one_by_writing_it(self):
        admin = self.env.ref("base.user_admin")
        for company in (self.company, self.test_company):
            with self.assertRaisesRegex(UserError, "press Advance Clock"):
                company.with_user(admin).sudo().fusion_clock = "2030-01-01"
        with self.assertRaisesRegex(UserError, "press Advance Clock"):
            self.env["res.company"].create({"name": "Mine", "fusion_clock": "2030-01-01"})
        with self.assertRaisesRegex(UserError, "press Advance Clock"):
            companies = self.env["res.company"].with_context(default_fusion_clock="2030-01-01")
            companies.create({"name": "Mine"})

    # === BESIDE BUSINESS === #

    def test_the_company_that_does_business_is_untouched_by_all_of_it(self):
        """Making it, a year in it and emptying it add, change and use up nothing."""
        self._sign_up(start_date="2026-01-15")
        self._push(250, "2026-01-15 13:00:00")
        self._advance("2026-01-25")
        self.sandbox.action_reset_sandbox()
        self.assertEqual(self._count_everything(), self.untouched)

    def test_dashboard_and_digest_leave_it_out(self):
        self._sign_up()
        self._advance("2026-01-23")
        real = self.env["fusion.billing.dashboard"].with_user(self.manager)
        companies = (self.company | self.test_company).ids
        shown = real.with_context(allowed_company_ids=companies).read_dashboard()
        self.assertEqual(
            shown, real.with_context(allowed_company_ids=companies[:1]).read_dashboard()
        )
        own = real.with_context(allowed_company_ids=companies[::-1]).read_dashboard()
        self.assertNotEqual(own, shown)
        span = {"start_datetime": datetime(2026, 1, 1), "end_datetime": datetime(2027, 1, 1)}
        digests = self.env["digest.digest"].with_context(**span)
        digest = digests.create({"name": "Week", "company_id": self.test_company.id})
        self.assertFalse(digest.kpi_fusion_recurring_value)
