"""What billing staff press on a subscription does what the crons do, and says what happened."""

from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from odoo.addons.fusion_billing.wizards import invoice_wizard

from ..staff_case import StaffCase


class ActionCase(StaffCase):
    def _wizard(self, action):
        return Form(
            self.env[action["res_model"]].with_user(self.clerk).with_context(**action["context"])
        )

    def _as_clerk(self, subscription):
        return subscription.with_user(self.clerk)

    def _message(self, action):
        self.assertEqual(action["tag"], "display_notification")
        return action["params"]["message"]


@tagged("post_install", "-at_install")
class TestInvoiceNow(ActionCase):
    @freeze_time("2026-02-01")
    def test_it_bills_what_is_due_and_opens_the_invoice(self):
        subscription = self._subscribe(products=self.fee_product)
        self._use(subscription, 130)
        action = self._invoice_now(self._as_clerk(subscription))
        self.assertEqual(sorted(self._invoiced(subscription)), [49, 109])
        self.assertEqual(action["res_model"], "account.move")
        self.assertEqual(
            self.env["account.move"].search(action["domain"]), subscription.invoice_ids
        )
        self.assertDates(subscription, "2026-02-01", "2026-03-01")

    @freeze_time("2026-02-01")
    def test_one_invoice_is_opened_as_its_form(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        action = self._invoice_now(self._as_clerk(subscription))
        self.assertEqual(action["res_id"], subscription.invoice_ids.id)

    @freeze_time("2026-02-01")
    def test_it_shows_the_documents_first_and_makes_exactly_these(self):
        orders = self._subscribe(products=self.fee_product) | self._subscribe()
        self._use(orders[0], 130)
        self._use(orders[1], 7000)
        wizard = self._dialog(self._as_clerk(orders).action_fusion_invoice_now())
        self.assertFalse(orders.invoice_ids)
        self.assertIn("$109.00", wizard.preview)
        self.assertEqual(wizard.preview.count("<details"), 3)
        action = wizard.action_confirm()
        made = self.env["account.move"].search(action["domain"])
        self.assertEqual(
            [str(move.amount_total) for move in made.sorted("id")],
            [f"{float(document['total'])}" for document in wizard.shown],
        )

    @freeze_time("2026-02-01")
    def test_of_many_those_that_cannot_be_invoiced_are_named(self):
        iceland = self._plan("iceland")
        self._charge(plan=iceland, currency_id=self._foreign("ISK", {}).id, price_per_unit=9)
        good, bad = self._subscribe(), self._subscribe(plan=iceland)
        self._use(good, 130)
        self._use(bad, 130)
        orders = self._as_clerk(good | bad)
        with self.assertRaisesRegex(UserError, f"{bad.name}: .* exchange rate") as caught:
            orders.action_fusion_invoice_now()
        self.assertNotIn(good.name, str(caught.exception))
        self.assertFalse(orders.invoice_ids)

    @freeze_time("2026-02-01")
    def test_what_changed_since_it_was_shown_is_shown_before_it_is_invoiced(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        wizard = self._dialog(self._as_clerk(subscription).action_fusion_invoice_now())
        self._use(subscription, 5, "2026-01-11")
        action = wizard.action_confirm()
        self.assertEqual((action["res_id"], wizard.is_changed), (wizard.id, True))
        self.assertFalse(subscription.invoice_ids)
        self.assertIn("$70.00", wizard.preview)
        wizard.action_confirm()
        self.assertEqual(self._invoiced(subscription), [70])

    @freeze_time("2026-02-01")
    def test_two_dialogs_on_one_subscription_bill_once(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        dialogs = [
            self._dialog(self._as_clerk(subscription).action_fusion_invoice_now())
            for _person in range(2)
        ]
        for dialog in dialogs:
            dialog.action_confirm()
        self.assertEqual(self._invoiced(subscription), [60])
        self.assertIn("Nothing is to be invoiced", dialogs[1].preview)

    @freeze_time("2026-01-20")
    def test_the_next_invoice_is_shown_and_not_made(self):
        subscription = self._subscribe(products=self.fee_product)
        self._use(subscription, 130)
        wizard = self._dialog(self._as_clerk(subscription).action_fusion_preview_invoice())
        self.assertIn("$109.00", wizard.preview)
        self.assertFalse(subscription.invoice_ids)

    @freeze_time("2026-02-01")
    def test_too_many_at_once_are_left_to_the_run(self):
        self.patch(invoice_wizard, "LIMIT", 1)
        orders = self._subscribe() | self._subscribe()
        with self.assertRaisesRegex(UserError, "choose fewer"):
            self._as_clerk(orders).action_fusion_invoice_now()

    def _dialog(self, action):
        return self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])

    @freeze_time("2026-01-20")
    def test_pressed_before_anything_is_due_it_says_when_something_will_be(self):
        subscription = self._subscribe()
        message = self._message(self._invoice_now(self._as_clerk(subscription)))
        self.assertIn("02/01/2026", message)
        self.assertFalse(subscription.invoice_ids)

    @freeze_time("2026-02-01")
    def test_pressed_twice_it_bills_once(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        self._invoice_now(self._as_clerk(subscription))
        self._invoice_now(self._as_clerk(subscription))
        self.assertEqual(self._invoiced(subscription), [60])

    @freeze_time("2026-02-01")
    def test_r7_its_success_clears_the_problem_and_the_activity(self):
        subscription = self._subscribe()
        subscription._fusion_show_failure("invoicing", "The journal is archived.")
        self.assertTrue(subscription.activity_ids)
        self._invoice_now(self._as_clerk(subscription))
        self.assertFalse(subscription.fusion_error or subscription.activity_ids)

    @freeze_time("2026-02-01")
    def test_r7_a_failure_tells_who_pressed_why_and_leaves_everything_as_it_was(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        self.env["account.journal"].search([("type", "=", "sale")]).action_archive()
        with self.assertRaises(UserError):
            self._invoice_now(self._as_clerk(subscription))
        self.assertFalse(subscription.fusion_last_invoice_date)
        self.assertFalse(subscription.invoice_ids)

    def test_a_closed_subscription_has_nothing_left_to_pay(self):
        closed = self._closed()
        message = self._message(self._invoice_now(self._as_clerk(closed)))
        self.assertIn("nothing left to pay", message)


@tagged("post_install", "-at_install")
class TestRateNow(ActionCase):
    @freeze_time("2026-01-20")
    def test_it_brings_the_usage_lines_up_to_date(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        self._as_clerk(subscription).action_fusion_rate_now()
        self.assertEqual(self._usage_lines(subscription).price_unit, 60)
        self._use(subscription, 5, "2026-01-11")
        self._as_clerk(subscription).action_fusion_rate_now()
        self.assertEqual(self._usage_lines(subscription).price_unit, 70)

    @freeze_time("2026-01-20")
    def test_rating_now_does_not_close_the_period(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        self._as_clerk(subscription).action_fusion_rate_now()
        self.assertFalse(self._rating(subscription).settled)
        self.assertFalse(subscription.fusion_last_invoice_date)

    @freeze_time("2026-01-20")
    def test_r7_its_success_clears_a_rating_problem_and_no_other(self):
        subscription = self._subscribe()
        subscription._fusion_show_failure("rating", "There is no exchange rate.")
        self._as_clerk(subscription).action_fusion_rate_now()
        self.assertFalse(subscription.fusion_error)
        subscription._fusion_show_failure("invoicing", "The journal is archived.")
        self._as_clerk(subscription).action_fusion_rate_now()
        self.assertTrue(subscription.fusion_error)


@tagged("post_install", "-at_install")
class TestLifeOfSubscription(ActionCase):
    @freeze_time("2026-01-20")
    def test_staff_pause_and_resume(self):
        subscription = self._subscribe()
        wizard = self._wizard(self._as_clerk(subscription).action_fusion_pause())
        wizard.save().action_pause()
        self.assertEqual(subscription.fusion_state, "4_paused")
        self._as_clerk(subscription).action_fusion_resume()
        self.assertEqual(subscription.fusion_state, "3_progress")

    @freeze_time("2026-01-20")
    def test_what_the_state_forbids_is_refused_in_a_sentence(self):
        with self.assertRaisesRegex(UserError, "it is not paused"):
            self._as_clerk(self._subscribe()).action_fusion_resume()
        with self.assertRaisesRegex(UserError, "none is planned"):
            self._as_clerk(self._subscribe()).action_fusion_keep_open()

    @freeze_time("2026-01-20")
    def test_closing_proposes_tomorrow_and_bills_what_is_left(self):
        subscription = self._subscribe()
        self._use(subscription, 130)
        wizard = self._wizard(self._as_clerk(subscription).action_fusion_close())
        self.assertEqual(wizard.end_date, date(2026, 1, 21))
        self.assertIn("01/20/2026", wizard.consequence)
        self.assertIn("right now", wizard.consequence)
        wizard.save().action_close()
        self.assertEqual(subscription.fusion_state, "6_churn")
        # 130 less 20/31 of the quota of 100, at 2
        self.assertEqual(self._invoiced(subscription), [130.97])

    @freeze_time("2026-01-20")
    def test_a_later_end_date_lets_it_go_on_until_then(self):
        subscription = self._subscribe()
        wizard = self._wizard(self._as_clerk(subscription).action_fusion_close())
        wizard.last_day = "2026-01-25"
        self.assertIn("goes on as before", wizard.consequence)
        wizard.save().action_close()
        self.assertEqual(subscription.fusion_state, "3_progress")
        self.assertEqual(subscription.fusion_end_date, date(2026, 1, 26))

    @freeze_time("2026-01-20")
    def test_closing_a_paused_subscription_says_that_the_pause_is_not_billed(self):
        paused = self._subscribe()
        paused._fusion_pause(date(2026, 1, 5))
        wizard = self._wizard(self._as_clerk(paused).action_fusion_close())
        self.assertIn("01/04/2026", wizard.consequence)

    def test_t4_a_day_in_an_invoiced_period_gives_back_what_was_billed(self):
        subscription = self._subscribe(products=self.fee_product)
        with freeze_time("2026-02-01"):
            self._bill()
            wizard = self._wizard(self._as_clerk(subscription).action_fusion_close())
            wizard.last_day = "2026-01-14"
            wizard.save().action_close()
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertAlmostEqual(sum(subscription.fusion_rating_ids.mapped("amount")), 22.13)

    @freeze_time("2026-01-20")
    def test_staff_change_the_plan_from_a_day_on(self):
        subscription = self._subscribe()
        other = self._plan("business")
        wizard = self._wizard(self._as_clerk(subscription).action_fusion_change_plan())
        wizard.plan_id = other
        wizard.date = "2026-01-25"
        wizard.save().action_change_plan()
        self.assertEqual(subscription._fusion_planned_changes().plan_id, other)
        self.assertEqual(subscription._fusion_planned_changes().date_from, date(2026, 1, 25))
        self.assertIn("business", subscription.fusion_planned)
        wizard = self._wizard(self._as_clerk(subscription).action_fusion_change_plan())
        wizard.plan_id = other
        wizard.save().action_change_plan()
        self.assertEqual(subscription.fusion_plan_id, other)


@tagged("post_install", "-at_install")
class TestFigures(ActionCase):
    @freeze_time("2026-01-20")
    def test_the_list_shows_what_recurs_and_what_usage_is_still_to_bill(self):
        subscription = self._subscribe(products=self.fee_product | self.setup_product)
        self._use(subscription, 130)
        self._rate()
        self.assertEqual(subscription.fusion_recurring_amount, 49)
        self.assertEqual(subscription.fusion_usage_to_bill, 60)
        with freeze_time("2026-02-01"):
            self._bill()
        self.assertEqual(subscription.fusion_recurring_amount, 49)
        self.assertEqual(subscription.fusion_usage_to_bill, 0)

    def test_an_order_without_plan_has_no_billing_figures(self):
        order = self._quotation(
            fusion_plan_id=False, order_line=[(0, 0, {"product_id": self.fee_product.id})]
        )
        self.assertEqual((order.fusion_recurring_amount, order.fusion_usage_to_bill), (0, 0))

    @freeze_time("2026-01-20")
    def test_the_smart_buttons_count_and_open_the_subscription_s_own_records(self):
        subscription, other = self._subscribe(), self._subscribe()
        self._use(subscription, 130)
        self._use(subscription, 20, "2026-01-11")
        self._use(other, 1)
        self._rate()
        self.assertEqual(subscription.fusion_usage_count, 2)
        self.assertEqual(subscription.fusion_rating_count, len(subscription.fusion_rating_ids))
        for action, records in (
            (subscription.action_view_fusion_usage(), subscription.fusion_usage_ids),
            (subscription.action_view_fusion_ratings(), subscription.fusion_rating_ids),
        ):
            self.assertEqual(self.env[action["res_model"]].search(action["domain"]), records)

    def test_a_new_record_counts_nothing(self):
        order = self.env["sale.order"].new({"partner_id": self.partner.id})
        self.assertEqual((order.fusion_usage_count, order.fusion_rating_count), (0, 0))


@tagged("post_install", "-at_install")
class TestWhoMayAct(ActionCase):
    METHODS = (
        "action_fusion_invoice_now",
        "action_fusion_preview_invoice",
        "action_fusion_rate_now",
        "action_fusion_pause",
        "action_fusion_resume",
        "action_fusion_close",
        "action_fusion_change_plan",
        "action_fusion_reopen",
        "action_fusion_keep_open",
        "action_fusion_change_items",
    )

    def test_nobody_but_billing_staff_may_act_on_a_subscription(self):
        subscription = self._subscribe()
        for user in (self.seller, self.portal):
            for method in self.METHODS:
                with self.subTest(user=user.login, method=method), self.assertRaises(AccessError):
                    getattr(subscription.with_user(user), method)()
        self.assertEqual(subscription.fusion_state, "3_progress")

    def test_a_wizard_does_not_open_a_way_around(self):
        wizard = self.env["fusion.billing.close.wizard"].create(
            {"subscription_id": self._subscribe().id}
        )
        with self.assertRaises(AccessError):
            wizard.with_user(self.seller).action_close()
