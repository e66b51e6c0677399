"""What follows from who may do what (tests/walls/roles.py): people at work, other companies."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..staff_case import StaffCase

READ, WRITE, UNLINK = "read", "write", "unlink"


@tagged("post_install", "-at_install")
class TestBillingUser(StaffCase):
    def test_a_billing_user_cannot_change_prices(self):
        for record, vals in (
            (self.charge, {"price_per_unit": 0}),
            (self.charge.version_id, {"price_per_unit": 0}),
            (self.plan, {"invoice_mode": "draft"}),
            (self.calls, {"name": "Calls"}),
            (self.service, {"webhook_url": "https://example.com"}),
        ):
            with self.subTest(record=record), self.assertRaises(AccessError):
                record.with_user(self.clerk).write(vals)

    def test_nobody_writes_the_ledger_by_hand(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        self._rate()
        rating = self._rating(subscription)
        for user in (self.clerk, self.manager):
            with self.assertRaises(AccessError):
                rating.with_user(user).amount = 0
            with self.assertRaises(AccessError):
                rating.with_user(user).unlink()
            with self.assertRaises(AccessError):
                rating.with_user(user).copy()

    def test_nobody_rewrites_the_log_of_corrections(self):
        usage = self._use(self._subscribe(), 130)
        usage.quantity = 150
        for user in (self.clerk, self.manager):
            with self.assertRaises(AccessError):
                usage.correction_ids.with_user(user).quantity = 150
            with self.assertRaises(AccessError):
                usage.correction_ids.with_user(user).unlink()

    def test_a_billing_user_corrects_usage_but_cannot_make_it_disappear(self):
        usage = self._use(self._subscribe(), 130)
        usage.with_user(self.clerk).quantity = 150
        with self.assertRaises(AccessError):
            usage.with_user(self.clerk).unlink()

    def test_a_billing_user_s_correction_is_rated(self):
        subscription = self._subscribe()
        usage = self._use(subscription, 130)
        self._rate()
        usage.with_user(self.clerk).quantity = 150
        self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 100)

    def test_a_billing_user_takes_a_subscription_through_its_life(self):
        order = (
            self.env["sale.order"]
            .with_user(self.clerk)
            .create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "fusion_start_date": "2026-01-01",
                    "order_line": [(0, 0, {"product_id": self.fee_product.id})],
                }
            )
        )
        order.action_confirm()
        self._use(order, 130)
        self._invoice_now(order)
        order._fusion_pause()
        order._fusion_resume()
        order._fusion_close()
        self.assertEqual(order.sudo().fusion_state, "6_churn")
        self.assertIn(60, order.sudo().fusion_rating_ids.mapped("amount"))

    def test_nobody_reads_the_hash_of_a_key(self):
        self.service._generate_api_key(name="production")
        key = self.service.api_key_ids.with_user(self.manager)
        self.assertEqual(len(key.prefix), 12)
        with self.assertRaises(AccessError):
            key.read(["key_hash"])
        with self.assertRaises(AccessError):
            self.service.api_key_ids.with_user(self.clerk).read(["prefix"])

    def test_only_a_manager_makes_and_revokes_keys(self):
        with self.assertRaises(AccessError):
            self.service.with_user(self.clerk)._generate_api_key()
        self.service.with_user(self.manager)._generate_api_key(name="production")
        self.service.api_key_ids.with_user(self.manager).action_archive()
        self.assertFalse(self.service.with_context(active_test=True).api_key_ids)

    def test_the_key_that_was_made_opens_in_a_form_for_the_manager(self):
        action = (
            self.env["fusion.billing.api.key.wizard"]
            .with_user(self.manager)
            .create({"service_id": self.service.id})
            .action_generate()
        )
        form = Form(
            self.env[action["res_model"]].with_user(self.manager).with_context(**action["context"])
        )
        self.assertTrue(form.key.startswith("fbk_"))


@tagged("post_install", "-at_install")
class TestOtherPeople(StaffCase):
    def test_a_salesperson_sells_as_before(self):
        order = self._quotation(fusion_plan_id=False, user_id=self.seller.id).with_user(self.seller)
        with Form(order) as form, form.order_line.new() as line:
            line.product_id = self.setup_product
        order.action_confirm()
        order._create_invoices()
        self.assertEqual(order.invoice_ids.amount_untaxed, 200)

    def test_a_salesperson_may_open_a_subscription_without_seeing_billing(self):
        subscription = self._subscribe(products=self.fee_product, user_id=self.seller.id)
        self._use(subscription, 130)
        self._rate()
        order = subscription.with_user(self.seller)
        self.assertEqual(Form(order).partner_id, self.partner)
        arch = self._arch("sale.order", user=self.seller)
        self.assertFalse(arch.xpath("//page[@name='fusion_subscription']"))
        with self.assertRaises(AccessError):
            order.fusion_rating_ids.mapped("amount")

    def test_people_without_billing_rights_read_whole_records(self):
        subscription = self._subscribe(products=self.fee_product)
        self._use(subscription, 130)
        self._rate()
        accountant = self._user("accountant", "account.group_account_invoice")
        for user in (self.seller, accountant):
            self.assertTrue(subscription.with_user(user).read())
            for record in (subscription.order_line, self.company, self.partner):
                record = record.with_user(user)
                names = [name for name in record.fields_get() if name.startswith("fusion_")]
                with self.subTest(user=user.login, model=record._name):
                    self.assertTrue(record.read(["display_name", *names]))

    def test_a_salesperson_copies_and_deletes_quotations(self):
        head = self._user("sales_head", "sales_team.group_sale_manager")
        copy = self._quotation(user_id=self.seller.id).with_user(self.seller).copy()
        self.assertEqual(copy.fusion_state, "1_draft")
        copy.with_user(head).unlink()
        self.assertFalse(copy.exists())

    def test_a_salesperson_confirms_a_quotation_that_billing_staff_prepared(self):
        order = self._quotation(user_id=self.seller.id, fusion_start_date="2026-01-01")
        order.with_user(self.seller).action_confirm()
        self.assertEqual(order.fusion_state, "3_progress")

    def test_a_customer_sees_the_order_in_the_portal_but_nothing_of_billing(self):
        subscription = self._subscribe(partner_id=self.portal.partner_id.id)
        self._use(subscription, 130)
        self._rate()
        order = subscription.with_user(self.portal)
        self.assertEqual(order.amount_untaxed, 60)
        for model in ("fusion.billing.usage", "fusion.billing.rating", "fusion.billing.plan"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.portal).search([])
        with self.assertRaises(UserError):
            order.fusion_state = "6_churn"

    def test_a_customer_does_not_see_the_orders_of_another(self):
        with self.assertRaises(AccessError):
            self._subscribe().with_user(self.portal).read(["amount_total"])


@tagged("post_install", "-at_install")
class TestCompanies(StaffCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.env["res.company"].create({"name": "Other Ltd"})
        cls.stranger = cls._user(
            "stranger",
            "fusion_billing.group_manager",
            company_id=cls.other_company.id,
            company_ids=[(6, 0, cls.other_company.ids)],
        )

    def _records_of_everything(self):
        """One record of each billing model, of the first company."""
        self.env["fusion.billing.account.link"].create(
            {"service_id": self.service.id, "partner_id": self.partner.id, "external_id": "a-1"}
        )
        self.service._generate_api_key(name="production")
        subscription = self._subscribe()
        usage = self._use(subscription, 130)
        usage.quantity = 150
        self._rate()
        usage.quantity = 160
        tiered = self._charge(
            self._metric("users"),
            charge_model="graduated",
            tier_ids=[(0, 0, {"unit_amount": 1})],
            filter_ids=[(0, 0, {"dimension": "region", "dimension_values": "eu"})],
        )
        return [
            self.service,
            self.service.api_key_ids,
            self.service.account_link_ids,
            self.plan,
            self.calls,
            self.charge,
            tiered.version_id,
            tiered.tier_ids,
            tiered.filter_ids,
            usage,
            usage.correction_ids[:1],
            self.env["fusion.billing.rating.request"].search([], limit=1),
            self._rating(subscription),
            subscription,
        ]

    def test_people_of_another_company_neither_find_nor_read_nor_change_anything(self):
        for record in self._records_of_everything():
            with self.subTest(model=record._name):
                self.assertEqual(len(record), 1)
                foreign = record.with_user(self.stranger)
                self.assertFalse(foreign.search([("id", "=", record.id)]))
                for operation in (READ, WRITE, UNLINK):
                    self.assertFalse(foreign.has_access(operation))
                with self.assertRaises(AccessError):
                    foreign.read(["display_name"])

    def test_people_of_another_company_cannot_press_the_buttons(self):
        subscription = self._subscribe().with_user(self.stranger)
        for method in ("action_fusion_invoice_now", "action_fusion_pause", "action_fusion_close"):
            with self.assertRaises(AccessError):
                getattr(subscription, method)()

    def test_each_company_names_its_own_plans_and_metrics(self):
        vals = {"name": "Pro", "code": self.plan.code}
        plan = self.env["fusion.billing.plan"].with_user(self.stranger).create(vals)
        self.assertEqual(plan.company_id, self.other_company)

    def test_records_of_two_companies_do_not_mix(self):
        foreign_plan = self._plan("foreign", company_id=self.other_company.id)
        with self.assertRaises(UserError):
            self._quotation(fusion_plan_id=foreign_plan.id)
        with self.assertRaises(UserError):
            self._charge(plan=foreign_plan)

    def test_the_api_works_in_the_company_of_the_service_alone(self):
        records = self._records_of_everything()
        api_user = self.env.ref("fusion_billing.user_api")
        self.env["fusion.billing.service"].create(
            {"name": "Other", "code": "other", "company_id": self.other_company.id}
        )
        for record in records:
            seen_from_other = record.with_user(api_user).with_context(
                allowed_company_ids=self.other_company.ids
            )
            with self.subTest(model=record._name):
                self.assertFalse(seen_from_other.has_access(READ))

    def test_the_api_sees_no_plain_order(self):
        api_user = self.env.ref("fusion_billing.user_api")
        order, subscription = self._quotation(fusion_plan_id=False), self._subscribe()
        seen = (
            self.env["sale.order"]
            .with_user(api_user)
            .with_context(allowed_company_ids=self.company.ids)
            .search([("id", "in", (order | subscription).ids)])
        )
        self.assertEqual(seen, subscription)
