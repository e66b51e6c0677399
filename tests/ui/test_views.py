"""The screens: they open, they show what fits, and what people type in them arrives."""

from datetime import timedelta

from lxml import etree

from odoo.tests import Form, freeze_time, tagged
from odoo.tools.safe_eval import safe_eval

from ...models.base.engine import as_engine
from ..staff_case import StaffCase

RUNNING = {
    "action_fusion_invoice_now",
    "action_fusion_change_plan",
    "action_fusion_change_items",
    "action_fusion_close",
    "action_view_fusion_usage",
    "action_view_fusion_ratings",
}
BILLING_BUTTONS = RUNNING | {
    "action_fusion_rate_now",
    "action_fusion_pause",
    "action_fusion_resume",
    "action_fusion_keep_open",
    "action_fusion_reopen",
}


@tagged("post_install", "-at_install")
class TestActions(StaffCase):
    def setUp(self):
        super().setUp()
        subscription = self._subscribe(fusion_service_id=self.service.id)
        self._use(subscription, 130).quantity = 150
        self._rate()
        self.env["fusion.billing.account.link"].create(
            {"service_id": self.service.id, "partner_id": self.partner.id, "external_id": "a-1"}
        )

    def _actions(self):
        """The addon's own window actions."""
        ids = (
            self.env["ir.model.data"]
            .search([("module", "=", "fusion_billing"), ("model", "=", "ir.actions.act_window")])
            .mapped("res_id")
        )
        return self.env["ir.actions.act_window"].browse(ids)

    def _read_what_is_shown(self, records, arch):
        """Read all fields of a view's own records, as the web client does."""
        names = {node.get("name") for node in arch.iter("field")}
        return records.read([name for name in names if name in records._fields])

    def test_every_action_opens_for_billing_staff(self):
        actions = self._actions()
        self.assertGreaterEqual(len(actions), 10)
        for action in actions.filtered(lambda action: action.res_model != "res.config.settings"):
            needs_manager = self.env.ref("fusion_billing.group_manager") in action.group_ids
            for user in (self.manager, *([] if needs_manager else [self.clerk])):
                with self.subTest(action=action.name, user=user.login):
                    self._open(action, user)

    def _open(self, action, user):
        model = self.env[action.res_model].with_user(user)
        views = [*action.views, (action.search_view_id.id, "search")]
        answer = model.get_views(views, {"action_id": action.id})
        self.assertEqual(set(answer["views"]), {kind for _id, kind in views})
        for kind in ("list", "form"):
            if kind in answer["views"] and not model._transient:
                arch = etree.fromstring(answer["views"][kind]["arch"])
                self._read_what_is_shown(model.search([], limit=5), arch)

    def test_every_model_has_a_list_a_form_and_a_search_view_of_its_own(self):
        models = (
            self.env["ir.model"]
            .search(
                [
                    ("model", "=like", "fusion.billing.%"),
                    ("transient", "=", False),
                    ("abstract", "=", False),
                    # Lines of another form, and the internal queue.
                    (
                        "model",
                        "not in",
                        (
                            "fusion.billing.api.key",
                            "fusion.billing.quota",
                            "fusion.billing.kept.answer",
                            "fusion.billing.traffic",
                            "fusion.billing.expiry.notice",
                            "fusion.billing.dunning.step",
                            "fusion.billing.dunning.taken",
                            "fusion.billing.rating.request",
                            "fusion.billing.usage.correction",
                            "fusion.billing.charge.tier",
                            "fusion.billing.charge.filter",
                            "fusion.billing.charge.version",
                            "fusion.billing.threshold",
                            "fusion.billing.threshold.crossing",
                            "fusion.billing.webhook.secret",
                            "fusion.billing.phase",
                            "fusion.billing.item",
                            "fusion.billing.plan.fee",
                            "fusion.billing.time.zone",
                        ),
                    ),
                ]
            )
            .mapped("model")
        )
        self.assertGreaterEqual(len(models), 7)
        for model in models:
            kinds = self.env["ir.ui.view"].search([("model", "=", model)]).mapped("type")
            with self.subTest(model=model):
                self.assertLessEqual({"list", "form", "search"}, set(kinds))

    def test_staff_find_every_menu_and_others_see_no_app(self):
        root = self.env.ref("fusion_billing.fusion_billing_menu_root")
        settings = self.env.ref("fusion_billing.res_config_settings_menu")
        menus = self.env["ir.ui.menu"].search([("id", "child_of", root.id)])
        for user in (self.clerk, self.manager):
            visible = menus.with_user(user)._filter_visible_menus()
            self.assertEqual(visible, menus - settings)
        self.assertNotIn(root, menus.with_user(self.seller)._filter_visible_menus())

    def test_every_empty_list_says_what_to_do(self):
        actions = self._actions().filtered(lambda action: action.path)
        self.assertTrue(actions)
        for action in actions:
            with self.subTest(action=action.name):
                self.assertIn("o_view_nocontent_smiling_face", action.help)

    def test_the_search_filters_find_their_subscriptions(self):
        due = self._subscribe("2020-01-01")
        paused, closed, draft = self._paused(), self._closed(), self._quotation()
        broken = self._subscribe("2090-01-01")
        broken._fusion_show_failure("rating", "No exchange rate.")
        mine = self._subscribe("2090-01-01", user_id=self.clerk.id)
        created = due | paused | closed | draft | broken | mine
        self.env.flush_all()
        expected = {
            "in_progress": due | broken | mine,
            "paused": paused,
            "closed": closed,
            "draft": draft,
            "due": due,
            "problem": broken,
            "my": mine,
        }
        arch = self._arch("sale.order", "search", xmlid="fusion_billing.sale_order_view_search")
        for name, orders in expected.items():
            [node] = arch.xpath(f"//filter[@name='{name}']")
            domain = safe_eval(node.get("domain"), {"uid": self.clerk.id})
            found = self.env["sale.order"].with_user(self.clerk).search(domain)
            with self.subTest(filter=name):
                self.assertEqual(found & created, orders)


@tagged("post_install", "-at_install")
class TestSubscriptionForm(StaffCase):
    def _billing_buttons(self, order, user=None):
        return self._shown_buttons(order, user) & BILLING_BUTTONS

    def test_each_state_offers_what_can_be_done_in_it(self):
        self.assertEqual(self._billing_buttons(self._quotation()), set())
        self.assertEqual(
            self._billing_buttons(self._subscribe()),
            RUNNING | {"action_fusion_rate_now", "action_fusion_pause"},
        )
        self.assertEqual(self._billing_buttons(self._paused()), RUNNING | {"action_fusion_resume"})
        self.assertEqual(
            self._billing_buttons(self._closed()),
            {"action_view_fusion_usage", "action_view_fusion_ratings", "action_fusion_reopen"},
        )

    def test_an_end_that_is_planned_can_be_taken_back(self):
        subscription = self._subscribe()
        self.assertNotIn("action_fusion_keep_open", self._billing_buttons(subscription))
        subscription._fusion_close(subscription._fusion_today() + timedelta(days=40))
        self.assertIn("action_fusion_keep_open", self._billing_buttons(subscription))

    def test_a_closed_subscription_with_late_usage_can_be_invoiced(self):
        closed = self._subscribe("2026-01-01")
        with freeze_time("2026-02-01"):
            closed._fusion_close()
            self._use(closed, 130)
            self._rate()
        self.assertIn("action_fusion_invoice_now", self._billing_buttons(closed))

    def test_what_is_due_makes_invoicing_the_first_button(self):
        def first_buttons(order):
            arch = self._arch("sale.order")
            return {
                button.get("name")
                for button in arch.xpath("//header/button")
                if button.get("class") == "btn-primary" and self._is_shown(button, order)
            } & BILLING_BUTTONS

        due, later = self._subscribe("2020-01-01"), self._subscribe("2090-01-01")
        self.assertEqual(first_buttons(due), {"action_fusion_invoice_now"})
        self.assertEqual(first_buttons(later), set())

    def test_who_is_not_billing_staff_sees_no_billing_button(self):
        self.assertEqual(self._billing_buttons(self._subscribe(), self.seller), set())

    def test_core_cannot_invoice_or_cancel_a_subscription_behind_the_engine(self):
        invoice_action = str(self.env.ref("sale.action_view_sale_advance_payment_inv").id)
        order = self._quotation(fusion_plan_id=False)
        order.action_confirm()
        core = {invoice_action, "action_cancel"}
        self.assertEqual(self._shown_buttons(order) & core, core)
        for subscription in (self._subscribe(), self._paused(), self._closed()):
            self.assertFalse(self._shown_buttons(subscription) & core)

    def test_an_order_without_plan_looks_as_before(self):
        order = self._quotation(fusion_plan_id=False)
        order.action_confirm()
        self.assertEqual(self._billing_buttons(order), set())
        arch = self._arch("sale.order")
        for path, shown in (
            ("//header/field[@name='state']", True),
            ("//header/field[@name='fusion_state']", False),
            ("//page[@name='fusion_subscription']", False),
            ("//field[@name='fusion_error']", False),
        ):
            [node] = arch.xpath(path)
            with self.subTest(path=path):
                self.assertEqual(self._is_shown(node, order), shown)

    def test_a_subscription_shows_its_own_state_instead_of_the_order_s(self):
        arch = self._arch("sale.order")
        subscription, quotation = self._subscribe(), self._quotation()
        [own] = arch.xpath("//header/field[@name='fusion_state']")
        [core] = arch.xpath("//header/field[@name='state']")
        self.assertTrue(self._is_shown(own, subscription))
        self.assertFalse(self._is_shown(core, subscription))
        self.assertFalse(self._is_shown(own, quotation))
        self.assertTrue(self._is_shown(core, quotation))

    def test_r7_a_problem_stands_in_a_banner_with_the_button_that_tries_it_again(self):
        arch = self._arch("sale.order")
        subscription = self._subscribe()
        [banner] = arch.xpath("//div[.//field[@name='fusion_error_step']][@role='alert']")
        self.assertFalse(self._is_shown(banner, subscription))
        for step, method in (
            ("rating", "action_fusion_rate_now"),
            ("invoicing", "action_fusion_invoice_now"),
        ):
            subscription._fusion_show_failure(step, "The journal is archived.")
            shown = [
                button.get("name")
                for button in banner.iter("button")
                if self._is_shown(button, subscription)
            ]
            self.assertEqual(shown, [method])

    def test_a_draft_that_is_held_for_late_usage_says_until_when(self):
        invoice = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.partner.id}
        )
        [banner] = self._arch("account.move").xpath("//div[field[@name='fusion_post_at']]")
        self.assertFalse(self._is_shown(banner, invoice))
        as_engine(invoice).fusion_post_at = "2026-02-03 00:00:00"
        self.assertTrue(self._is_shown(banner, invoice))

    def test_usage_lines_cannot_be_typed_over(self):
        subscription = self._subscribe(products=self.setup_product)
        self._use(subscription, 130)
        self._rate()
        usage = self._usage_lines(subscription)
        other = subscription.order_line - usage
        arch = self._arch("sale.order", user=self.manager)
        for name in ("product_template_id", "name", "product_uom_qty", "price_unit"):
            [node] = arch.xpath(f"//field[@name='order_line']/list/field[@name='{name}']")
            rule = node.get("readonly")
            with self.subTest(field=name):
                self.assertTrue(safe_eval(rule, self._line_values(usage)))
                self.assertFalse(safe_eval(rule, {**self._line_values(other), "id": False}))

    def _line_values(self, line):
        return line.read(load=None)[0]

    def test_staff_make_a_subscription_from_a_quotation(self):
        with Form(self.env["sale.order"].with_user(self.clerk)) as form:
            form.partner_id = self.partner
            form.fusion_plan_id = self.plan
            form.fusion_start_date = "2026-01-31"
            with form.order_line.new() as line:
                line.product_id = self.fee_product
        order = form.record
        order.action_confirm()
        self.assertEqual(order.fusion_state, "3_progress")
        self.assertEqual(str(order.fusion_start_date), "2026-01-31")

    def test_the_list_of_subscriptions_asks_for_a_plan(self):
        form = Form(
            self.env["sale.order"].with_user(self.clerk).with_context(fusion_subscription=True)
        )
        form.partner_id = self.partner
        with self.assertRaisesRegex(AssertionError, "fusion_plan_id is a required field"):
            form.save()

    def test_the_plan_of_a_confirmed_subscription_changes_through_the_wizard_alone(self):
        form = Form(self._subscribe().with_user(self.clerk))
        with self.assertRaisesRegex(AssertionError, "fusion_plan_id"):
            form.fusion_plan_id = self._plan("other")


@tagged("post_install", "-at_install")
class TestConfigurationForms(StaffCase):
    def test_a_manager_types_a_plan_with_its_charges(self):
        with Form(self.env["fusion.billing.plan"].with_user(self.manager)) as form:
            form.name, form.code = "Business", "business"
            form.billing_period_value = 2
            form.billing_period_unit = "week"
            with form.charge_ids.new() as line:
                line.metric_id = self.calls
                line.product_id = self.usage_product
                line.included_quota = 10000
                line.price_per_unit = 0.5
                line.unit_batch = 1000
                self.assertIn("10,000 API calls included", line.price_summary)
            with form.fee_ids.new() as fee:
                fee.product_id = self.fee_product
                fee.quantity = 2
                fee.has_own_price = True
                fee.price_unit = 12.5
        self.assertEqual(form.record.fee_ids.fee_timing, "advance")
        charge = form.record.charge_ids
        self.assertEqual(charge.plan_code, "business")
        self.assertEqual(self._numeric_text(charge.version_id, "price_per_unit"), "0.5000000000")

    def test_f1_a_fee_that_is_taken_from_a_plan_stays_with_its_subscriptions(self):
        self.plan.fee_ids = [
            (0, 0, {"product_id": self.fee_product.id}),
            (0, 0, {"product_id": self.setup_product.id}),
        ]
        subscription = self._subscribe()
        kept, unused = (
            self.plan.fee_ids,
            self._plan("other", fee_ids=[(0, 0, {"product_id": self.fee_product.id})]).fee_ids,
        )
        with Form(self.plan.with_user(self.manager)) as form:
            form.fee_ids.remove(0)
        self.assertFalse(kept[0].active)
        self.assertEqual(len(subscription.fusion_item_ids), 2)
        unused.unlink()
        self.assertFalse(unused.exists())

    def test_a_manager_types_a_charge_with_tiers(self):
        metric = self._metric("users", "Active users", "unique_count")
        with Form(self.env["fusion.billing.charge"].with_user(self.manager)) as form:
            form.plan_id, form.metric_id = self.plan, metric
            form.product_id = self.usage_product
            form.charge_model = "graduated"
            for up_to, price in ((10, 3), (0, 2.5)):
                with form.tier_ids.new() as tier:
                    tier.up_to, tier.unit_amount = up_to, price
        self.assertEqual(form.record.tier_ids.mapped("unit_amount"), [3, 2.5])
        self.assertIn("$3.00 up to 10; $2.50 above", form.record.price_summary)

    def test_a_new_line_of_the_price_history_starts_with_the_prices_in_force(self):
        self._use(self._subscribe(), 130)
        with Form(self.charge.with_user(self.manager)) as form, form.version_ids.new() as version:
            self.assertEqual((version.included_quota, version.price_per_unit), (100, 2))
            version.valid_from = "2030-01-01"
            version.price_per_unit = 3
        self.assertEqual(len(self.charge.version_ids), 2)
        self.assertEqual(self.charge.version_id.price_per_unit, 2)
        self.assertIn("$3.00", self.charge.waiting_prices)

    @freeze_time("2026-01-20")
    def test_the_charge_form_says_from_when_a_change_of_prices_holds(self):
        self.assertFalse(self.charge.price_change_note)
        self._use(self._subscribe(), 130)
        self._rate()
        self.charge.invalidate_recordset()
        self.assertIn("hold from today", self.charge.price_change_note)
        self.charge.price_per_unit = 5
        self.charge.invalidate_recordset()
        self.assertFalse(self.charge.price_change_note)

    def test_a_charge_that_is_new_says_nothing_of_changes(self):
        with Form(self.env["fusion.billing.charge"].with_user(self.manager)) as form:
            self.assertFalse(form.price_change_note)
            form.metric_id, form.product_id = self.calls, self.usage_product

    def test_a_manager_without_other_rights_sells_to_somebody_new(self):
        services = self.env["fusion.billing.service"].with_user(self.manager)
        with Form(services) as form:
            form.name = "My App"
        self.assertEqual(form.record.code, "my-app")
        partner = self.env["res.partner"].with_user(self.manager).create({"name": "Acme Ltd"})
        self.assertTrue(partner)

    def test_who_enters_a_counter_finds_its_subscription_and_its_metric(self):
        found = {"subscription_id": self._subscribe(), "metric_id": self.calls}
        arch = self._arch("fusion.billing.usage", user=self.clerk)
        for name, record in found.items():
            for company in (False, record.company_id.id):
                [node] = arch.xpath(f"//group//field[@name='{name}']")
                domain = safe_eval(node.get("domain"), {"company_id": company})
                self.assertIn(record, record.with_user(self.clerk).search(domain))

    @freeze_time("2026-01-20 23:30:00")
    def test_a_counter_that_is_entered_by_hand_is_of_today(self):
        self.env.company.fusion_billing_tz = "Europe/Paris"
        with Form(self.env["fusion.billing.usage"].with_user(self.clerk)) as form:
            form.subscription_id = self._subscribe()
            self.assertEqual(str(form.period_start), "2026-01-20 23:00:00")
            self.assertEqual(str(form.period_end), "2026-01-21 23:00:00")
            form.metric_id = self.calls
            form.quantity = 1

    def test_the_metric_form_explains_each_aggregation_and_only_the_chosen_one(self):
        arch = self._arch("fusion.billing.metric")
        words = arch.xpath("//div[@role='status']/span")
        kinds = dict(self.env["fusion.billing.metric"]._fields["aggregation"].selection)
        self.assertEqual(len(words), len(kinds))
        for kind, label in kinds.items():
            metric = self._metric(kind, aggregation=kind)
            shown = [node for node in words if self._is_shown(node, metric)]
            with self.subTest(aggregation=kind):
                self.assertEqual([node.findtext("b") for node in shown], [f"{label}:"])

    def test_staff_enter_usage_by_hand_and_see_their_corrections(self):
        subscription = self._subscribe()
        with Form(self.env["fusion.billing.usage"].with_user(self.clerk)) as form:
            form.subscription_id, form.metric_id = subscription, self.calls
            form.period_start, form.period_end = "2026-01-10 08:00:00", "2026-01-10 09:00:00"
            form.quantity = 130
        usage = form.record
        self.assertEqual(usage.source, "manual")
        with Form(usage) as form:
            form.quantity = 150
        self.assertEqual(usage.correction_ids.quantity, 130)
        self.assertEqual(usage.correction_ids.source, self.clerk.login)
        self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 100)

    def test_the_ledger_has_no_buttons_to_change_it(self):
        for kind in ("list", "form"):
            arch = self._arch("fusion.billing.rating", kind, self.manager)
            for action in ("create", "edit", "delete", "duplicate"):
                self.assertIn(arch.get(action), ("0", "False", "false"))

    def test_keys_are_made_by_managers_and_shown_to_them_alone(self):
        page = "//page[@name='api_keys']"
        self.assertFalse(self._arch("fusion.billing.service").xpath(page))
        self.assertTrue(self._arch("fusion.billing.service", user=self.manager).xpath(page))

    def test_a_recurring_product_is_a_checkbox_on_its_form(self):
        with Form(self.env["product.template"].with_user(self.manager)) as form:
            form.name = "Fee"
            form.fusion_recurring = True
        self.assertTrue(form.record.fusion_recurring)

    def test_a_customer_s_form_links_it_to_apps(self):
        with Form(self.partner) as form, form.fusion_account_link_ids.new() as link:
            link.service_id, link.external_id = self.service, "acct-7"
        self.assertEqual(self.service.account_link_ids.partner_id, self.partner)

    def test_the_settings_set_the_company_s_billing_time_zone(self):
        settings = self.env["res.config.settings"].create({"fusion_billing_tz": "Europe/Paris"})
        settings.execute()
        self.assertEqual(self.company.fusion_billing_tz, "Europe/Paris")
