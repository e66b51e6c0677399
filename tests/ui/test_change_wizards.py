"""The dialogs that change a subscription show what it comes to, and then do it (F2, T4, T5)."""

from datetime import date
from decimal import Decimal

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .test_staff_actions import ActionCase


class WizardCase(ActionCase):
    def setUp(self):
        super().setUp()
        self.subscription = self._subscribe(products=self.fee_product)
        self.fee = self.subscription.order_line

    def _open(self, name, subscription=None):
        subscription = self._as_clerk(subscription or self.subscription)
        return self._wizard(getattr(subscription, f"action_fusion_{name}")())

    def _fees(self):
        """The recurring fees of the open period, as the ledger has them: `{product: amount}`."""
        self._rate()
        self.env["fusion.billing.rating"]._rate_requested(self.subscription)
        fees = self.subscription.fusion_rating_ids.filtered("item_id")
        return {
            product: sum(rows.mapped("amount"))
            for product, rows in fees.grouped("product_id").items()
        }


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17")
class TestNowAndThen(WizardCase):
    """What the next document comes to is told before the change, and is what it comes to."""

    def setUp(self):
        super().setUp()
        with freeze_time("2026-01-01"):
            self._bill()
        self._use(self.subscription, 130)

    def _totals(self):
        """The documents at the end of the open period."""
        return [doc["total"] for doc in self.subscription._fusion_upcoming_documents()]

    def test_f2_of_more_seats(self):
        wizard = self._open("change_items")
        wizard.quantity = 3
        # 49 and 60 for calls; 147, 60 and 15 of 31 days of two seats
        self.assertIn("$109.00", wizard.preview)
        self.assertIn("$254.42", wizard.preview)
        wizard.save().action_confirm()
        self.assertEqual(self._totals(), [Decimal("254.42")])

    def test_f2_of_another_plan_with_its_prices(self):
        other = self._plan("business")
        self._charge(plan=other, price_per_unit=3)
        wizard = self._open("change_plan")
        wizard.plan_id = other
        for words in ("business", "$3.00 each", "then $2.00 each", "Next document"):
            self.assertIn(words, wizard.preview)
        wizard.save().action_change_plan()
        [total] = self._totals()
        self.assertIn(f"${abs(total)}", wizard.preview)

    def test_t4_of_closing_by_the_last_day_billed(self):
        wizard = self._open("close")
        self.assertEqual(wizard.last_day, date(2026, 1, 17))
        wizard.last_day = date(2026, 1, 16)
        told, closing = wizard.preview, wizard.save()
        self.assertEqual(closing.end_date, date(2026, 1, 17))
        closing.action_close()
        made = self.subscription.invoice_ids.sorted("id")[-1]
        self.assertIn(f"${made.amount_total:.2f}", told)

    def test_of_a_pause_with_its_days(self):
        wizard = self._open("pause")
        self.assertIn("01/17/2026", wizard.preview)
        self.assertIn("Once it is resumed", wizard.preview)
        wizard.last_day = date(2026, 1, 26)
        self.assertIn("01/27/2026", wizard.preview)

    def test_t1_of_a_pause_that_goes_on_as_the_next_one_was_planned(self):
        self.subscription._fusion_pause(date(2026, 1, 20), date(2026, 1, 25))
        wizard = self._open("pause")
        wizard.date, wizard.last_day = date(2026, 1, 18), date(2026, 1, 21)
        self.assertIn("01/25/2026", wizard.preview)
        dialog = wizard.save()
        told = dialog._timeline()
        dialog.action_pause()
        self.assertEqual(self.subscription._fusion_timeline(), told)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17")
class TestPreview(WizardCase):
    def test_f2_a_plan_change_shows_what_the_ledger_will_say(self):
        other = self._plan(
            "business",
            fee_ids=[
                (
                    0,
                    0,
                    {"product_id": self.setup_product.id, "has_own_price": True, "price_unit": 310},
                )
            ],
        )
        self._charge(plan=other, price_per_unit=3)
        self._use(self.subscription, 130)
        self._use(self.subscription, 10, "2026-01-17")
        wizard = self._open("change_plan")
        wizard.plan_id = other
        self.assertEqual(wizard.date, date(2026, 1, 17))
        self.assertIn("$150.00", wizard.preview)  # 310 × 15 / 31
        # 130 less 16/31 of the quota of 100 at 2, and 10 at 3
        self.assertIn("$186.77", wizard.preview)
        wizard.save().action_change_plan()
        self.assertEqual(self._fees()[self.setup_product], 150)
        self.assertAlmostEqual(sum(self._amounts(self.subscription)), 186.77)

    def test_a_plan_with_another_billing_period_is_proposed_for_the_end_of_the_open_one(self):
        wizard = self._open("change_plan")
        wizard.plan_id = self._plan("yearly", billing_period_unit="year")
        self.assertEqual(wizard.date, date(2026, 2, 1))

    def test_f2_more_of_a_fee_shows_what_the_ledger_will_say(self):
        wizard = self._open("change_items")
        self.assertEqual(wizard.order_line_id, self.fee)
        self.assertEqual((wizard.quantity, wizard.price_unit), (1, 49))
        wizard.quantity = 3
        self.assertIn("$96.42", wizard.preview)  # 49 × 16 / 31 + 147 × 15 / 31
        wizard.save().action_confirm()
        self.assertAlmostEqual(self._fees()[self.fee_product], 96.42)
        self.assertEqual(self.fee.product_uom_qty, 3)

    def test_f2_another_fee_shows_what_the_ledger_will_say(self):
        wizard = self._open("change_items")
        wizard.operation = "add"
        wizard.product_id = self.setup_product
        self.assertEqual(wizard.price_unit, 200)
        wizard.price_unit = 31
        wizard.quantity = 2
        self.assertIn("$30.00", wizard.preview)
        wizard.save().action_confirm()
        self.assertEqual(self._fees()[self.setup_product], 30)

    def test_f2_the_end_of_a_fee_shows_what_the_ledger_will_say(self):
        wizard = self._open("change_items")
        wizard.operation = "end"
        self.assertIn("$25.29", wizard.preview)
        wizard.save().action_confirm()
        self.assertAlmostEqual(self._fees()[self.fee_product], 25.29)

    def test_f2_a_plan_may_let_fees_change_with_the_next_period(self):
        self.plan.item_changes = "next_period"
        wizard = self._open("change_items")
        self.assertEqual(wizard.date, date(2026, 2, 1))
        wizard.quantity = 3
        self.assertIn("$147.00", wizard.preview)
        wizard.save().action_confirm()
        self.assertEqual(self.fee.product_uom_qty, 1)
        self.assertIn("3", self.subscription.fusion_planned)

    def test_t4_a_day_in_the_past_shows_the_difference(self):
        with freeze_time("2026-02-10"):
            self._bill()
            wizard = self._open("close")
            wizard.last_day = "2026-01-16"
            self.assertIn("$25.29", wizard.preview)
            self.assertIn("-$23.71", wizard.preview)

    def test_a_pause_shows_what_is_not_owed(self):
        wizard = self._open("pause")
        self.assertEqual(wizard.date, date(2026, 1, 18))
        wizard.date, wizard.last_day = "2026-01-20", "2026-01-26"
        self.assertIn("$37.93", wizard.preview)  # 49 × 24 / 31
        wizard.save().action_pause()
        self.assertAlmostEqual(self._fees()[self.fee_product], 37.93)
        self.assertEqual(
            [phase.state for phase in self.subscription.fusion_phase_ids],
            ["active", "paused", "active"],
        )

    def test_what_changes_nothing_says_so(self):
        wizard = self._open("change_items")
        self.assertIn("Nothing changes", wizard.preview)

    def test_nothing_is_stored_by_looking(self):
        self._rate()
        before = self.subscription.fusion_rating_ids.read()
        wizard = self._open("change_items")
        wizard.quantity = 3
        self.assertIn("$96.42", wizard.preview)
        self.assertEqual(self.subscription.fusion_rating_ids.read(), before)
        self.assertEqual(len(self.subscription.fusion_item_ids), 1)
        self.assertEqual(len(self.subscription.order_line), 1)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-17")
class TestLifeByDialog(WizardCase):
    def test_t5_who_ends_before_counters_must_say_so(self):
        self._use(self.subscription, 5, "2026-01-18")
        wizard = self._open("close")
        self.assertEqual(wizard.lost_count, 1)
        with self.assertRaisesRegex(UserError, "1 accepted counter"):
            wizard.save().action_close()
        wizard.discard_usage = True
        wizard.save().action_close()
        self.assertEqual(self.subscription.fusion_state, "6_churn")

    def test_t5_who_pauses_before_counters_must_say_so(self):
        self._use(self.subscription, 5, "2026-01-25")
        wizard = self._open("pause")
        self.assertEqual(wizard.lost_count, 1)
        wizard.last_day = "2026-01-23"
        self.assertEqual(wizard.lost_count, 0)

    def test_a_closed_subscription_is_reopened_from_a_day_on(self):
        self._open("close").save().action_close()
        wizard = self._open("reopen")
        self.assertEqual(wizard.date, date(2026, 1, 18))
        wizard.date = "2026-01-20"
        wizard.save().action_reopen()
        self.assertIn("Pro", str(self.subscription.fusion_planned).title())
        with freeze_time("2026-01-20"):
            self._rate()
        self.assertEqual(self.subscription.fusion_state, "3_progress")

    def test_an_end_that_is_planned_is_taken_back(self):
        wizard = self._open("close")
        wizard.last_day = "2026-01-24"
        wizard.save().action_close()
        self._as_clerk(self.subscription).action_fusion_keep_open()
        self.assertFalse(self.subscription.fusion_end_date)

    def test_what_is_planned_is_taken_back_on_the_timeline(self):
        other = self._plan("business")
        self.subscription._fusion_change_plan(other, date(2026, 2, 1))
        planned = self.subscription.fusion_phase_ids.filtered("is_planned")
        self.assertEqual(planned.plan_id, other)
        with self.assertRaises(AccessError):
            planned.with_user(self.seller).action_take_back()
        planned.with_user(self.clerk).action_take_back()
        self.assertEqual(self.subscription.fusion_phase_ids.plan_id, self.plan)
        with self.assertRaisesRegex(UserError, "You cannot take back"):
            self.subscription.fusion_phase_ids.with_user(self.clerk).action_take_back()

    def test_each_phase_shows_its_end(self):
        self.subscription._fusion_change_plan(self._plan("business"), date(2026, 2, 1))
        first, second = self.subscription.fusion_phase_ids.sorted("date_from")
        self.assertEqual((first.date_until, second.date_until), (date(2026, 2, 1), False))

    def test_a_fee_is_changed_from_the_timeline(self):
        action = self.subscription.fusion_item_ids.with_user(self.clerk).action_change()
        self.assertEqual(self._wizard(action).order_line_id, self.fee)

    def test_a_fee_has_a_quantity_and_a_discount_that_make_sense(self):
        dialogs = self.env["fusion.billing.item.wizard"].with_user(self.clerk)
        dialog = dialogs.create({"subscription_id": self.subscription.id, "operation": "add"})
        for vals in ({"quantity": -1}, {"discount": -1}, {"discount": 101}):
            with (
                self.subTest(vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                dialog.write(vals)
                self.env.flush_all()

    def test_a_one_off_line_is_no_fee(self):
        wizard = (
            self.env["fusion.billing.item.wizard"]
            .with_user(self.clerk)
            .create(
                {
                    "subscription_id": self.subscription.id,
                    "operation": "end",
                    "order_line_id": self._subscribe(products=self.fee_product).order_line.id,
                }
            )
        )
        with self.assertRaisesRegex(UserError, "You cannot"):
            wizard.action_confirm()

    def test_no_dialog_opens_a_way_around(self):
        for name, method in (
            ("pause", "action_pause"),
            ("reopen", "action_reopen"),
            ("item", "action_confirm"),
            ("change.plan", "action_change_plan"),
        ):
            vals = {"plan_id": self.plan.id} if name == "change.plan" else {}
            if name == "reopen":
                vals = {"date": "2026-01-20"}
            wizard = self.env[f"fusion.billing.{name}.wizard"].create(
                {"subscription_id": self.subscription.id, **vals}
            )
            with self.subTest(wizard=name), self.assertRaises(AccessError):
                getattr(wizard.with_user(self.seller), method)()
