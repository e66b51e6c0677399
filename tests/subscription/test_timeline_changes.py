from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time

from ...models.subscription.sale_order_timeline import UsageAfterEnd
from ..common import BillingCase


class TestTimelineChanges(BillingCase):
    """T1, T4, T5: what a subscription is on, day by day, and how that is changed."""

    def setUp(self):
        super().setUp()
        self.basic, self.team = self._plan("basic"), self._plan("team")
        self.startClassFreeze()

    def startClassFreeze(self):
        frozen = freeze_time("2026-01-10 12:00:00")
        frozen.start()
        self.addCleanup(frozen.stop)

    def _phases(self, subscription):
        return [
            (str(phase.date_from), phase.plan_id.code, phase.state)
            for phase in subscription.fusion_phase_ids
        ]

    def test_a_confirmed_order_with_a_plan_has_a_timeline_from_its_start(self):
        subscription = self._subscribe("2026-01-05", plan=self.basic)
        self.assertEqual(self._phases(subscription), [("2026-01-05", "basic", "active")])
        self.assertEqual(subscription.fusion_state, "3_progress")
        self.assertEqual(subscription.fusion_next_invoice_date, date(2026, 2, 5))

    def test_a_ramp_is_planned_ahead(self):
        subscription = self._subscribe("2026-01-01", plan=self.plan)
        subscription._fusion_change_plan(self.basic, date(2026, 4, 1))
        subscription._fusion_change_plan(self.team, date(2026, 7, 1))
        self.assertEqual(
            self._phases(subscription),
            [
                ("2026-01-01", "pro", "active"),
                ("2026-04-01", "basic", "active"),
                ("2026-07-01", "team", "active"),
            ],
        )
        self.assertEqual(subscription.fusion_plan_id, self.plan)
        with freeze_time("2026-04-01"):
            self._rate()
        self.assertEqual(subscription.fusion_plan_id, self.basic)

    def test_a_planned_change_is_taken_back(self):
        subscription = self._subscribe("2026-01-01", plan=self.plan)
        subscription._fusion_change_plan(self.basic, date(2026, 4, 1))
        subscription._fusion_take_back(subscription._fusion_planned_changes())
        self.assertEqual(self._phases(subscription), [("2026-01-01", "pro", "active")])

    def test_pauses_have_a_history_and_may_be_planned(self):
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_pause(date(2026, 1, 5), date(2026, 1, 8))
        subscription._fusion_pause(date(2026, 3, 1), date(2026, 3, 11))
        self.assertEqual(
            [day for day, _plan, _state in self._phases(subscription)],
            ["2026-01-01", "2026-01-05", "2026-01-08", "2026-03-01", "2026-03-11"],
        )
        self.assertEqual(subscription.fusion_state, "3_progress")

    def test_a_pause_from_tomorrow_is_shown_at_once_and_ends_today(self):
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_pause()
        self.assertEqual(subscription.fusion_state, "4_paused")
        with freeze_time("2026-01-20"):
            subscription._fusion_resume()
            self.assertEqual(subscription.fusion_state, "3_progress")
        self.assertEqual(
            self._phases(subscription)[1:],
            [("2026-01-11", "pro", "paused"), ("2026-01-20", "pro", "active")],
        )

    def test_a_change_of_plan_is_dated_back(self):
        subscription = self._subscribe("2026-01-01", plan=self.basic)
        subscription._fusion_change_plan(self.team, date(2026, 1, 3))
        self.assertEqual(subscription.fusion_plan_id, self.team)

    def test_who_ends_before_accepted_counters_is_told_how_many(self):
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 1, "2026-01-08")
        self._use(subscription, 1, "2026-01-09")
        with self.assertRaises(UsageAfterEnd) as refused:
            subscription._fusion_close(date(2026, 1, 8))
        self.assertEqual(refused.exception.count, 2)
        subscription._fusion_close(date(2026, 1, 8), discard_usage=True)
        self.assertEqual(subscription.fusion_state, "6_churn")

    def test_a_closed_subscription_is_reopened(self):
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_close(date(2026, 1, 8))
        with freeze_time("2026-03-20"):
            subscription._fusion_reopen(date(2026, 3, 15))
            self.assertEqual(subscription.fusion_state, "3_progress")
            self.assertDates(subscription, "2026-03-15", "2026-04-01")

    def test_a_cancelled_subscription_that_is_confirmed_again_goes_on(self):
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_close()
        subscription.action_cancel()
        subscription.action_draft()
        with freeze_time("2026-02-03"):
            subscription.action_confirm()
            self.assertEqual(subscription.fusion_state, "3_progress")
            self.assertEqual(self._phases(subscription)[-1], ("2026-02-03", "pro", "active"))

    def test_who_confirms_it_again_moves_no_boundary_of_the_past(self):
        """R4: what was billed by the anchor stays."""
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_close()
        subscription.action_cancel()
        subscription.action_draft()
        with self.assertRaises(UserError):
            subscription.fusion_anchor_date = "2026-01-15"

    def test_what_the_timeline_says_is_not_written_by_hand(self):
        subscription = self._subscribe("2026-01-01")
        for vals in (
            {"fusion_state": "6_churn"},
            {"fusion_plan_id": self.basic.id},
            {"fusion_next_invoice_date": "2027-01-01"},
            {"fusion_start_date": "2025-01-01"},
        ):
            with self.assertRaises(UserError):
                subscription.with_context(fusion_engine=True).write(vals)


class TestItems(BillingCase):
    """F1, F2: recurring fees, and how they change."""

    def setUp(self):
        super().setUp()
        frozen = freeze_time("2026-01-11 12:00:00")
        frozen.start()
        self.addCleanup(frozen.stop)
        self.plan.fee_ids = [
            (0, 0, {"product_id": self.setup_product.id, "has_own_price": True, "price_unit": 31})
        ]

    def _items(self, subscription):
        return [
            (
                item.product_id.name,
                item.quantity,
                item.price_unit,
                str(item.date_from),
                str(item.date_until or ""),
            )
            for item in subscription.fusion_item_ids
        ]

    def _owed(self, subscription):
        self._rate()
        return sorted(
            (str(row.date_from), str(row.date_until), row.amount)
            for row in subscription.fusion_rating_ids
            if row.item_id and row.amount
        )

    def test_a_plan_brings_its_fees(self):
        subscription = self._subscribe("2026-01-01", products=[self.fee_product])
        self.assertCountEqual(
            self._items(subscription),
            [("Pro subscription", 1, 49, "2026-01-01", ""), ("Set-up", 1, 31, "2026-01-01", "")],
        )
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-02-01", 31), ("2026-01-01", "2026-02-01", 49)],
        )

    def test_a_plain_edit_of_the_quantity_holds_from_today_by_days(self):
        subscription = self._subscribe("2026-01-01")
        [line] = subscription.order_line
        line.product_uom_qty = 3
        self.assertEqual(
            self._items(subscription),
            [("Set-up", 1, 31, "2026-01-01", "2026-01-11"), ("Set-up", 3, 31, "2026-01-11", "")],
        )
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-01-11", 10), ("2026-01-11", "2026-02-01", 63)],
        )

    def test_a_plan_may_let_changes_wait_for_the_next_period(self):
        self.plan.item_changes = "next_period"
        subscription = self._subscribe("2026-01-01")
        [line] = subscription.order_line
        line.product_uom_qty = 3
        self.assertEqual(
            self._items(subscription),
            [("Set-up", 1, 31, "2026-01-01", "2026-02-01"), ("Set-up", 3, 31, "2026-02-01", "")],
        )
        self.assertEqual(line.product_uom_qty, 1)
        with freeze_time("2026-02-01"):
            self._rate()
            subscription._fusion_show_items()
        self.assertEqual(line.product_uom_qty, 3)

    def test_a_fee_is_removed_and_owed_until_then(self):
        subscription = self._subscribe("2026-01-01")
        subscription.order_line.product_uom_qty = 0
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-11", 10)])

    def test_a_line_that_is_added_recurs_from_today(self):
        subscription = self._subscribe("2026-01-01")
        subscription.write({"order_line": [(0, 0, {"product_id": self.fee_product.id})]})
        self.assertIn(("Pro subscription", 1, 49, "2026-01-11", ""), self._items(subscription))

    def test_a_change_of_plan_swaps_the_fees_and_taking_it_back_restores_them(self):
        yearly = self._plan(
            "yearly",
            billing_period_unit="year",
            fee_ids=[
                (
                    0,
                    0,
                    {"product_id": self.fee_product.id, "has_own_price": True, "price_unit": 365},
                )
            ],
        )
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_change_plan(yearly)
        self.assertEqual(
            self._items(subscription),
            [
                ("Set-up", 1, 31, "2026-01-01", "2026-02-01"),
                ("Pro subscription", 1, 365, "2026-02-01", ""),
            ],
        )
        subscription._fusion_keep_plan()
        self.assertEqual(self._items(subscription), [("Set-up", 1, 31, "2026-01-01", "")])

    def test_a_fee_that_a_plan_gets_later_is_not_owed_by_who_is_on_it_already(self):
        plan = self._plan("free")
        subscription = self._subscribe("2026-01-01", plan=plan)
        plan.fee_ids = [(0, 0, {"product_id": self.setup_product.id})]
        subscription._fusion_pause(date(2026, 1, 15), date(2026, 1, 20))
        subscription._fusion_close(date(2026, 2, 10))
        self.assertEqual(self._items(subscription), [])
        self.assertEqual(self._owed(subscription), [])

    def test_a_change_of_plan_that_is_put_earlier_takes_its_fees_along(self):
        other = self._plan("other", fee_ids=[(0, 0, {"product_id": self.fee_product.id})])
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_change_plan(other, date(2026, 1, 21))
        subscription._fusion_change_plan(other, date(2026, 1, 15))
        self.assertEqual(
            self._items(subscription),
            [
                ("Set-up", 1, 31, "2026-01-01", "2026-01-15"),
                ("Pro subscription", 1, 49, "2026-01-15", ""),
            ],
        )

    def test_a_fee_of_another_plan_does_not_come_back_by_an_edit(self):
        subscription = self._subscribe("2026-01-01")
        line = subscription.order_line
        subscription._fusion_change_plan(self._plan("other"), date(2026, 1, 11))
        for edit in (
            lambda: line.write({"product_uom_qty": 2}),
            lambda: subscription._fusion_change_item(line, quantity=2),
        ):
            with self.assertRaisesRegex(UserError, "comes with the plan pro"):
                edit()
        self.assertEqual(self._items(subscription), [("Set-up", 1, 31, "2026-01-01", "2026-01-11")])

    def test_a_fee_that_staff_put_on_again_ends_with_its_plan(self):
        subscription = self._subscribe("2026-01-01")
        line = subscription.order_line
        subscription._fusion_end_item(line, date(2026, 1, 11))
        subscription._fusion_change_plan(self._plan("other"), date(2026, 1, 21))
        subscription._fusion_change_item(line, quantity=2, date=date(2026, 1, 15))
        self.assertEqual(
            self._items(subscription),
            [
                ("Set-up", 1, 31, "2026-01-01", "2026-01-11"),
                ("Set-up", 2, 31, "2026-01-15", "2026-01-21"),
            ],
        )

    def test_a_plan_put_between_is_taken_back_and_leaves_no_gap_in_the_fees(self):
        other = self._plan("other")
        subscription = self._subscribe("2026-01-01")
        subscription._fusion_change_plan(other, date(2026, 1, 15))
        subscription._fusion_change_plan(self.plan, date(2026, 1, 18))
        subscription._fusion_take_back(subscription._fusion_planned_changes()[0])
        self.assertEqual(sum(amount for *_days, amount in self._owed(subscription)), 31)

    def test_whether_a_line_recurs_is_decided_when_it_is_put_on(self):
        subscription = self._subscribe("2026-01-01", products=[self.fee_product])
        self.fee_product.fusion_recurring = False
        self.assertEqual(len(self._items(subscription)), 2)
        self.assertEqual(len(self._owed(subscription)), 2)
