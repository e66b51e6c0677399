"""What an invoice holds, and that nothing is billed twice or never."""

from datetime import date

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..lifecycle_case import LifecycleCase


@tagged("post_install", "-at_install")
class TestInvoicing(LifecycleCase):
    @freeze_time("2026-01-01")
    def test_running_the_cron_again_bills_nothing_again(self):
        self._charge()
        subscription = self._subscribe(products=self.fee_product)
        self._use(subscription, 3)
        self._bill_on("2026-01-01", "2026-01-01", "2026-02-01", "2026-02-01", "2026-02-28")
        self.assertEqual(self._invoiced(subscription), [49, 52])

    def test_after_downtime_each_period_is_billed_in_turn(self):
        self._charge()
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product | self.setup_product)
        for month, quantity in ((1, 1), (2, 2), (3, 3), (4, 100)):
            self._use(subscription, quantity, f"2026-{month:02}-15")
        self._bill_on("2026-04-20")
        self.assertEqual(self._invoiced(subscription), [249, 50, 51, 52])
        self.assertDates(subscription, "2026-04-01", "2026-05-01")
        self._bill_on("2026-05-01")
        self.assertEqual(self._invoiced(subscription)[-1], 149)

    def test_fees_in_arrears_are_billed_with_the_usage_of_their_period(self):
        plan = self._plan("arrears", fee_timing="arrears")
        self._charge(plan=plan)
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product, plan=plan)
        self._use(subscription, 5)
        self._bill_on("2026-01-01", "2026-01-31")
        self.assertFalse(subscription.invoice_ids)
        self._bill_on("2026-02-01")
        self.assertEqual(self._invoiced(subscription), [54])
        self._bill_on("2026-03-01")
        self.assertEqual(self._invoiced(subscription), [54, 49])

    def test_one_off_lines_are_billed_once(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product | self.setup_product)
        self._bill_on("2026-01-01", "2026-02-01", "2026-03-01")
        self.assertEqual(self._invoiced(subscription), [249, 49, 49])

    def test_one_off_lines_of_a_plan_in_arrears_are_billed_once(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(
                products=self.fee_product | self.setup_product,
                plan=self._plan("arrears", fee_timing="arrears"),
            )
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._invoiced(subscription), [249, 49])

    def test_a_one_off_line_added_later_is_on_the_next_invoice_once(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product)
            self._bill()
            subscription.order_line = [Command.create({"product_id": self.setup_product.id})]
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._invoiced(subscription), [49, 249, 49])

    def test_quantity_and_discount_of_a_recurring_line_hold_in_every_period(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product)
            subscription.order_line.write({"product_uom_qty": 3, "discount": 10})
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._invoiced(subscription), [132.3, 132.3])

    def test_weeks_and_years_are_billed_too(self):
        for unit, value, expected in (
            ("week", 2, ["2026-01-15", "2026-01-29", "2026-02-12"]),
            ("year", 1, ["2027-01-01", "2028-01-01"]),
            ("month", 3, ["2026-04-01", "2026-07-01", "2026-10-01"]),
        ):
            plan = self._plan(unit, billing_period_unit=unit, billing_period_value=value)
            with freeze_time("2026-01-01"):
                subscription = self._subscribe(plan=plan)
            self.assertEqual(self._boundaries(subscription, expected[-2]), expected)

    def test_an_invoice_stays_a_draft_where_the_plan_says_so(self):
        plan = self._plan("draft", invoice_mode="draft")
        self._charge(plan=plan)
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product, plan=plan)
        self._use(subscription, 4)
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._invoiced(subscription), [49, 53])
        self.assertEqual(set(subscription.invoice_ids.mapped("state")), {"draft"})
        self.assertDates(subscription, "2026-02-01", "2026-03-01")

    def test_nothing_to_pay_makes_no_invoice_and_time_goes_on(self):
        self._charge(included_quota=100)
        with freeze_time("2026-01-01"):
            subscription = self._subscribe()
        self._use(subscription, 4)
        self._bill_on("2026-01-01", "2026-02-01", "2026-03-01")
        self.assertFalse(subscription.invoice_ids)
        self.assertDates(subscription, "2026-03-01", "2026-04-01")

    def test_usage_after_an_invoice_of_the_period_stands_in_the_next_one(self):
        self._charge(included_quota=2)
        with freeze_time("2026-01-01"):
            subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-31 23:00:00")
        self._use(subscription, 6, "2026-02-01 00:00:00")
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._invoiced(subscription), [3, 4])


@tagged("post_install", "-at_install")
class TestMoneyOnce(LifecycleCase):
    """What is billed, credited, deleted or copied is never billed twice, nor lost."""

    @freeze_time("2026-01-01")
    def setUp(self):
        super().setUp()
        self.draft_plan = self._plan("draft", invoice_mode="draft")
        self._charge(plan=self.draft_plan)
        self._charge()

    @freeze_time("2026-01-01")
    def _running(self, **vals):
        subscription = self._subscribe(**vals)
        self._use(subscription, 7)
        return subscription

    def test_fees_on_a_deleted_draft_invoice_are_billed_again(self):
        subscription = self._running(plan=self.draft_plan, products=self.fee_product)
        self._bill_on("2026-01-01")
        subscription.invoice_ids.unlink()
        self._bill_on("2026-02-01")
        self.assertEqual(sum(self._invoiced(subscription)), 49 + 49 + 7)

    def test_a_deleted_last_invoice_of_a_closed_subscription_is_billed_again(self):
        subscription = self._running(plan=self.draft_plan)
        with freeze_time("2026-01-20"):
            subscription._fusion_close()
            subscription.invoice_ids.unlink()
        self._bill_on("2026-01-21", "2026-02-01")
        self.assertEqual(self._invoiced(subscription), [7])

    def test_fees_that_a_planned_end_cut_are_billed_when_it_is_taken_back(self):
        subscription = self._running(products=self.fee_product)
        with freeze_time("2026-01-01"):
            subscription._fusion_close(date(2026, 1, 11))
            self._bill()
            self.assertEqual(self._invoiced(subscription), [15.81])
            subscription._fusion_keep_open()
        self._bill_on("2026-02-01")
        self.assertEqual(sum(self._invoiced(subscription)), 49 + 49 + 7)

    def test_a_section_stays_above_the_recurring_lines_it_heads(self):
        subscription = self._running(products=self.fee_product)
        subscription.order_line = [
            Command.create({"display_type": "line_section", "name": "Monthly", "sequence": 1})
        ]
        self._bill_on("2026-01-01")
        lines = subscription.invoice_ids.invoice_line_ids.sorted("sequence")
        self.assertEqual(lines.mapped("display_type"), ["line_section", "product"])

    def test_usage_on_a_deleted_draft_invoice_is_billed_again(self):
        subscription = self._running(plan=self.draft_plan)
        self._bill_on("2026-02-01")
        subscription.invoice_ids.unlink()
        self._bill_on("2026-03-01")
        self.assertEqual(self._invoiced(subscription), [7])

    def test_usage_on_a_cancelled_invoice_is_billed_again(self):
        subscription = self._running()
        self._bill_on("2026-02-01")
        first = subscription.invoice_ids
        first.button_draft()
        first.button_cancel()
        self._bill_on("2026-03-01")
        self.assertEqual(first.state, "cancel")
        self.assertEqual((subscription.invoice_ids - first).amount_untaxed, 7)

    def test_what_was_credited_is_not_billed_again(self):
        subscription = self._running(products=self.fee_product | self.setup_product)
        self._bill_on("2026-01-01", "2026-02-01")
        with freeze_time("2026-02-02"):
            for invoice in subscription.invoice_ids:
                self._credit(invoice)
        self._bill_on("2026-02-03", "2026-03-01")
        latest = subscription.invoice_ids.sorted("id")[-1]
        self.assertEqual(latest.move_type, "out_invoice")
        self.assertEqual(latest.amount_untaxed, 49)

    def _credit(self, invoice):
        self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"journal_id": invoice.journal_id.id}).refund_moves()
        invoice.reversal_move_ids.action_post()

    def test_odoo_s_own_button_creates_no_second_invoice_for_a_subscription(self):
        subscription = self._running(products=self.fee_product)
        self._bill_on("2026-01-01")
        self._rate()
        with self.assertRaises(UserError):
            subscription._create_invoices()
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_context(active_model="sale.order", active_ids=subscription.ids)
            .create({"advance_payment_method": "delivered"})
        )
        with self.assertRaises(UserError):
            wizard.create_invoices()
        self._bill_on("2026-02-01")
        self.assertEqual(self._invoiced(subscription), [49, 56])

    def test_odoo_s_own_button_and_the_engine_bill_a_one_off_line_once(self):
        subscription = self._running(products=self.fee_product | self.setup_product)
        subscription._create_invoices().action_post()
        self.assertEqual(self._invoiced(subscription), [200])
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._invoiced(subscription), [200, 49, 56])

    def test_a_locked_order_is_rated_and_billed(self):
        subscription = self._running(products=self.fee_product)
        usage = subscription.fusion_usage_ids
        self._rate()
        subscription.action_lock()
        usage.quantity = 9
        self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 9)
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._invoiced(subscription), [49, 58])

    def test_updating_prices_leaves_usage_alone(self):
        subscription = self._running(products=self.fee_product)
        self._rate()
        line = self._usage_lines(subscription)
        self.fee_product.list_price = 59
        self.usage_product.list_price = 1000
        subscription.action_update_prices()
        self.assertEqual((line.price_unit, line.discount), (7, 0))
        self.assertEqual((subscription.order_line - line).price_unit, 59)

    @freeze_time("2026-02-10")
    def test_a_copy_of_a_subscription_is_a_new_quotation_without_its_usage(self):
        subscription = self._running(products=self.fee_product | self.setup_product)
        self._bill()
        copy = subscription.copy()
        self.assertEqual(copy.fusion_state, "1_draft")
        self.assertEqual(copy.fusion_plan_id, subscription.fusion_plan_id)
        self.assertEqual(copy.order_line.product_id, self.fee_product | self.setup_product)
        for name in (
            "fusion_start_date",
            "fusion_last_invoice_date",
            "fusion_next_invoice_date",
            "fusion_phase_ids",
            "fusion_item_ids",
            "fusion_anchor_date",
            "fusion_end_date",
            "fusion_usage_ids",
            "fusion_rating_ids",
            "fusion_external_id",
            "fusion_error",
        ):
            self.assertFalse(copy[name], name)
        copy.action_confirm()
        self._bill()
        self.assertEqual(self._invoiced(copy), [249])
