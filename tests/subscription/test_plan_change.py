"""A subscription that moves from plan to plan: each part is rated with the plan in force."""

from datetime import date

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestPlanChange(BillingCase):
    """The plan costs 1 per call and the other one 100."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge(price_per_unit=1)
        cls.other = cls._plan("other")
        cls._charge(plan=cls.other, price_per_unit=100)
        cls.subscription = cls._subscribe()

    def _change(self, moment, plan=None, day=None):
        with freeze_time(moment):
            self.subscription._fusion_change_plan(
                plan or self.other, day and date.fromisoformat(day)
            )

    def _use_daily(self, month="01", days=31):
        for day in range(1, days + 1):
            self._use(self.subscription, 1, f"2026-{month}-{day:02} 12:00:00")

    def _parts(self):
        return [
            (rating.date_from.day, rating.date_until.day, rating.plan_id.code, rating.quantity)
            for rating in self.subscription.fusion_rating_ids.sorted("date_from")
            if rating.breakdown and rating.quantity
        ]

    def _assert_settled(self):
        for rating in self.subscription.fusion_rating_ids:
            self.assertEqual((self._posted(rating), rating.due), (rating.amount, 0))

    def test_each_part_of_a_period_is_rated_with_the_plan_in_force(self):
        """Lesson 12."""
        self._use_daily()
        self._change("2026-01-11 09:00:00")
        self._rate()
        self.assertEqual(self._parts(), [(1, 11, "pro", 10), (11, 1, "other", 21)])
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [2110])
        self.assertDates(self.subscription, "2026-02-01", "2026-03-01")
        self._assert_settled()

    def test_a_change_to_come_takes_effect_on_its_day_and_rates_nothing_before(self):
        self._change("2026-01-05", day="2026-01-21")
        self.assertEqual(self.subscription.fusion_plan_id, self.plan)
        self._use_daily()
        self._bill_at("2026-01-20 12:00:00")
        self.assertEqual(self.subscription.fusion_plan_id, self.plan)
        self._bill_at("2026-01-21 00:30:00")
        self.assertEqual(self.subscription.fusion_plan_id, self.other)
        self.assertFalse(self.subscription.invoice_ids)
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [20 + 1100])

    def test_a_change_that_nobody_ran_on_its_day_is_caught_up_with(self):
        self._change("2026-01-05", day="2026-02-11")
        self._use_daily()
        self._use_daily("02", 28)
        self._bill_at("2026-03-05")
        self.assertEqual(self._invoiced(self.subscription), [31, 10 + 1800])

    def test_r2_a_change_on_a_boundary_leaves_no_part_without_days(self):
        self._use_daily()
        self._use_daily("02", 28)
        self._change("2026-01-20", day="2026-02-01")
        self._bill_at("2026-02-01 00:00:00")
        self._bill_at("2026-03-01 00:00:00")
        self.assertEqual(self._invoiced(self.subscription), [31, 2800])
        self.assertEqual(self._parts(), [(1, 1, "pro", 31), (1, 1, "other", 28)])

    def test_r2_a_change_on_a_boundary_before_its_invoice_is_run_leaves_the_old_period_alone(self):
        self._use_daily()
        self._use_daily("02", 28)
        self._change("2026-02-01 00:10:00")
        self._bill_at("2026-02-01 01:00:00")
        self._bill_at("2026-03-01 00:00:00")
        self.assertEqual(self._invoiced(self.subscription), [31, 2800])

    def test_a_change_on_the_first_day_rates_the_whole_period_with_the_new_plan(self):
        self._use_daily()
        self._rate()
        self._change("2026-01-01 12:00:00")
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [3100])
        self.assertEqual(self._amounts(self.subscription), [3100])

    def test_there_and_back_on_one_day_is_as_if_nothing_happened(self):
        self._use_daily()
        self._rate()
        for plan in (self.other, self.plan):
            self._change("2026-01-01 12:00:00", plan)
            self._rate()
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [31])
        self._assert_settled()

    def test_there_and_back_on_a_later_day_is_as_if_nothing_happened(self):
        self._use_daily()
        for plan in (self.other, self.plan):
            self._change("2026-01-11 12:00:00", plan)
            self._rate()
        self._bill_at("2026-02-01")
        self.assertEqual(self._parts(), [(1, 1, "pro", 31)])
        self.assertEqual(self._invoiced(self.subscription), [31])
        self._assert_settled()

    def test_there_and_back_on_two_days_keeps_three_parts_on_the_ledger(self):
        self._use_daily()
        self._change("2026-01-11 12:00:00")
        self._change("2026-01-21 12:00:00", self.plan)
        self._bill_at("2026-02-01")
        self.assertEqual(
            self._parts(), [(1, 11, "pro", 10), (11, 21, "other", 10), (21, 1, "pro", 11)]
        )
        self.assertEqual(self._invoiced(self.subscription), [1021])
        self._assert_settled()

    def test_r9_usage_of_a_part_that_is_over_is_rated_with_its_plan_before_the_invoice(self):
        self._change("2026-01-11 12:00:00")
        self._use(self.subscription, 5, "2026-01-10 23:59:59")
        self._rate()
        self.assertEqual(self._amounts(self.subscription), [5])
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [5])

    def test_a_plan_with_another_period_takes_over_when_the_open_one_ends(self):
        yearly = self._plan("yearly", billing_period_unit="year")
        self._charge(plan=yearly, price_per_unit=2)
        self._use_daily()
        self._use_daily("02", 28)
        self._change("2026-01-11", yearly)
        self._bill_at("2026-02-01")
        self.assertDates(self.subscription, "2026-02-01", "2027-02-01")
        self._bill_at("2027-02-01")
        self.assertEqual(self._invoiced(self.subscription), [31, 56])

    def test_a_plan_with_another_period_begins_one_on_any_day(self):
        yearly = self._plan("yearly", billing_period_unit="year")
        self._charge(plan=yearly, price_per_unit=2)
        self._use_daily()
        self._change("2026-01-11", yearly, "2026-01-11")
        self._bill_at("2026-01-11 12:00:00")
        self.assertDates(self.subscription, "2026-01-11", "2027-01-11")
        self._bill_at("2027-01-11")
        self.assertEqual(self._invoiced(self.subscription), [10, 42])

    def test_r4_a_plan_that_recurs_alike_keeps_the_anchor(self):
        subscription = self._subscribe("2026-01-31")
        with freeze_time("2026-02-10"):
            subscription._fusion_change_plan(self.other)
        self._bill_at("2026-02-28")
        self.assertDates(subscription, "2026-02-28", "2026-03-31")

    def test_t4_a_change_of_days_that_are_billed_comes_to_differences_on_the_next_invoice(self):
        self._use_daily()
        self._bill_at("2026-02-01")
        self._change("2026-02-10", day="2026-01-22")
        self._bill_at("2026-02-11")
        self._bill_at("2026-03-01")
        self.assertEqual(self._invoiced(self.subscription), [31, -10 + 1000])
        self._assert_settled()

    def test_t1_several_changes_are_planned_ahead(self):
        third = self._plan("third")
        self._charge(plan=third, price_per_unit=7)
        self._use_daily()
        self._change("2026-01-05", day="2026-01-11")
        self._change("2026-01-06", third, "2026-01-21")
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [10 + 1000 + 77])

    def test_a_subscription_that_ends_before_its_change_never_sees_the_other_plan(self):
        self._use_daily(days=10)
        self._change("2026-01-05", day="2026-01-21")
        with freeze_time("2026-01-10 12:00:00"):
            self.subscription._fusion_close()
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [10])
        self.assertEqual(self.subscription.fusion_plan_id, self.plan)

    def test_a_change_while_paused_loses_no_usage_of_before_the_pause(self):
        self._use_daily(days=10)
        with freeze_time("2026-01-10 12:00:00"):
            self.subscription._fusion_pause()
        self._change("2026-01-20 12:00:00")
        with freeze_time("2026-01-25 12:00:00"):
            self.subscription._fusion_resume()
        self._use(self.subscription, 1, "2026-01-26")
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [10 + 100])
        self._assert_settled()

    def test_usage_before_a_pause_is_billed_at_the_end_of_its_own_period(self):
        self._use_daily(days=10)
        with freeze_time("2026-01-10 12:00:00"):
            self.subscription._fusion_pause()
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [10])
        with freeze_time("2026-02-20 12:00:00"):
            self.subscription._fusion_resume()
        self._use(self.subscription, 5, "2026-02-21")
        self._bill_at("2026-02-21")
        self._bill_at("2026-03-01")
        self.assertEqual(self._invoiced(self.subscription), [10, 5])

    def test_t5_closing_before_counters_leaves_nothing_to_bill_if_they_are_discarded(self):
        self._bill_at("2026-02-01")
        self._use(self.subscription, 5, "2026-02-05")
        self._rate()
        with freeze_time("2026-02-06"):
            self.subscription._fusion_close(date(2026, 2, 1), discard_usage=True)
        self.assertEqual(self.subscription.fusion_state, "6_churn")
        self.assertFalse(self.subscription.invoice_ids)
        self.assertEqual(self._amounts(self.subscription), [])
        self.assertEqual(self.subscription.fusion_usage_to_bill, 0)
