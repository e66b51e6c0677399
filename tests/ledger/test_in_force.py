"""What was in force, day by day, decides what is owed: cut periods, dated prices, time zones."""

from datetime import date

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestCutPeriods(BillingCase):
    """R10: a billing period that is cut never costs more than its parts."""

    def test_r10_a_quota_is_shared_out_and_does_not_begin_anew(self):
        other = self._plan("other")
        self._charge(included_quota=310)
        self._charge(plan=other, included_quota=310)
        subscription = self._subscribe()
        self._use(subscription, 200, "2026-01-05")
        self._use(subscription, 300, "2026-01-20")
        with freeze_time("2026-01-21"):
            subscription._fusion_change_plan(other, date(2026, 1, 11))
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-01-11", 100), ("2026-01-11", "2026-02-01", 90)],
        )

    def test_r10_seats_are_priced_as_for_the_whole_period_and_shared_out(self):
        seats = self._metric("seats", aggregation="max")
        other = self._plan("other")
        self._charge(seats, price_per_unit=31)
        self._charge(seats, plan=other, price_per_unit=62)
        subscription = self._subscribe()
        self._use(subscription, 2, "2026-01-01", metric=seats)
        with freeze_time("2026-01-21"):
            subscription._fusion_change_plan(other, date(2026, 1, 11))
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-01-11", 20), ("2026-01-11", "2026-02-01", 84)],
        )

    def test_r10_an_incomplete_first_period_counts_by_days_unless_the_charge_says_whole(self):
        whole = self._metric("whole")
        self._charge(minimum_amount=31)
        self._charge(whole, minimum_amount=31, prorate=False)
        subscription = self._subscribe("2026-01-22", fusion_anchor_date="2026-01-01")
        self._rate_at("2026-01-23")
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-22", "2026-02-01", 10), ("2026-01-22", "2026-02-01", 31)],
        )

    def test_t4_a_period_before_a_close_is_whole_again_if_the_days_after_it_change_plan(self):
        yearly = self._plan("yearly", billing_period_unit="year")
        self._charge(plan=yearly, minimum_amount=365, prorate=False)
        subscription = self._subscribe(plan=yearly)
        with freeze_time("2026-01-20"):
            subscription._fusion_close()
        with freeze_time("2026-01-22"):
            subscription._fusion_reopen()
            self._rate()
        self.assertEqual(self._owed(subscription)[0][2], 20.05)
        with freeze_time("2026-03-01"):
            subscription._fusion_change_plan(self.plan, date(2026, 1, 22))
            self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-21", 365)])

    def test_r10_a_pause_is_free_of_minimum_and_fees(self):
        self._charge(minimum_amount=31)
        self.fee_product.list_price = 62
        subscription = self._subscribe(products=[self.fee_product])
        with freeze_time("2026-01-10"):
            subscription._fusion_pause(date(2026, 1, 11), date(2026, 1, 21))
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [
                ("2026-01-01", "2026-01-11", 10),
                ("2026-01-01", "2026-01-11", 20),
                ("2026-01-21", "2026-02-01", 11),
                ("2026-01-21", "2026-02-01", 22),
            ],
        )

    @freeze_time("2026-01-10")
    def test_t1_what_was_to_come_in_the_period_is_not_owed_after_an_earlier_end(self):
        charge = self._charge(minimum_amount=31, split_at_version=True)
        charge.version_id.copy({"charge_id": charge.id, "valid_from": "2026-01-16"})
        subscription = self._subscribe(products=[self.fee_product])
        subscription._fusion_change_item(
            subscription.order_line, quantity=2, date=date(2026, 1, 21)
        )
        self._rate()
        self.assertEqual(len(self._owed(subscription)), 4)
        subscription._fusion_close()
        self.assertEqual(
            {row[:2] for row in self._owed(subscription)}, {("2026-01-01", "2026-01-11")}
        )


@tagged("post_install", "-at_install")
class TestCatalogueInForce(BillingCase):
    """T2: what was in force decides, never what is configured now."""

    def test_t2_a_charge_that_is_archived_rates_until_that_day(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-05")
        self._use(subscription, 7, "2026-01-20")
        with freeze_time("2026-01-11"):
            charge.active = False
        self._rate_at("2026-01-21")
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-11", 5)])

    def test_t2_a_new_charge_rates_from_its_day(self):
        self._charge(self._metric("other"))
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-05")
        self._use(subscription, 7, "2026-01-20")
        with freeze_time("2026-01-11"):
            self._charge()
        self._rate_at("2026-01-21")
        self.assertEqual(self._owed(subscription), [("2026-01-11", "2026-02-01", 7)])

    def test_t2_a_charge_that_joins_a_plan_in_use_by_any_way_rates_from_that_day(self):
        archived, elsewhere = self._charge(), self._charge(plan=self._plan("other"))
        archived.active = False
        for join in (
            lambda: archived.write({"active": True}),
            lambda: elsewhere.write({"plan_id": self.plan.id}),
            lambda: elsewhere.copy({"plan_id": self.plan.id}),
            lambda: self._charge(valid_from=False),  # as the form saves an empty day
        ):
            with self.subTest(), self.env.cr.savepoint() as savepoint:
                subscription = self._subscribe()
                self._use(subscription, 5, "2026-01-05")
                self._use(subscription, 7, "2026-01-20")
                with freeze_time("2026-01-11"):
                    join()
                self._rate_at("2026-01-21")
                self.assertEqual(self._owed(subscription), [("2026-01-11", "2026-02-01", 7)])
                savepoint.rollback()
                self.env.invalidate_all()

    def test_t2_a_successor_may_begin_where_an_archived_charge_ends_and_not_before(self):
        charge = self._charge()
        self._subscribe()
        with freeze_time("2026-01-11"):
            charge.active = False
            with self.assertRaisesRegex(ValidationError, "billed twice"), self.env.cr.savepoint():
                self._charge(valid_from="2026-01-10")
            self._charge(valid_from="2026-01-11")

    def test_t2_a_price_that_is_edited_holds_for_later_periods(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-05")
        with freeze_time("2026-01-11"):
            self._rate()
            charge.price_per_unit = 3
            self._use(subscription, 5, "2026-01-11")
        with freeze_time("2026-02-02"):
            self._use(subscription, 5, "2026-02-01")
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-02-01", 10), ("2026-02-01", "2026-03-01", 15)],
        )

    def test_t2_a_price_that_waits_is_not_touched_by_an_edit_of_today_s(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-05")
        with freeze_time("2026-01-11"):
            self._rate()
            charge.version_id.copy(
                {"charge_id": charge.id, "valid_from": "2026-03-01", "price_per_unit": 9}
            )
            charge.price_per_unit = 3
        self.assertEqual(
            [
                (str(version.valid_from or ""), version.price_per_unit)
                for version in charge.version_ids.sorted(reverse=True)
            ],
            [("", 1), ("2026-01-11", 3), ("2026-03-01", 9)],
        )

    def test_t3_a_late_run_rates_as_one_on_time(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-05")
        self._rate_at("2026-01-31")
        with freeze_time("2026-02-04"):
            charge.price_per_unit = 100
            charge.active = False
        self._rate_at("2026-02-10")
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 5)])


@tagged("post_install", "-at_install")
class TestZoneChanges(BillingCase):
    """R2: no change of the time zone loses a counter or counts one twice."""

    def _total_after(self, moment, zone, *starts):
        self._charge()
        subscription = self._subscribe("2026-01-01")
        with freeze_time("2026-01-02"):
            self._rate()
        with freeze_time(moment):
            self.company.fusion_billing_tz = zone
        for start in starts:
            self._use(subscription, 1, start)
        self._rate_at("2026-03-10 12:00:00")
        return sum(row.quantity for row in subscription.fusion_rating_ids)

    def test_r2_a_zone_changed_in_the_first_period_loses_no_counter(self):
        starts = ["2026-01-01T00:00", "2026-01-31T14:30", "2026-01-31T15:30", "2026-02-01T00:30"]
        self.assertEqual(self._total_after("2026-01-10", "Asia/Tokyo", *starts), 4)

    def test_r2_a_zone_changed_on_a_boundary_counts_each_counter_once(self):
        starts = ["2026-01-31T16:00", "2026-01-31T23:30", "2026-02-01T04:30", "2026-02-01T05:30"]
        self.assertEqual(self._total_after("2026-02-01 00:30:00", "America/New_York", *starts), 4)

    def test_l1_open_periods_end_in_the_new_zone_at_once(self):
        level = self._metric("level", aggregation="weighted")
        self._charge(level)
        subscription = self._subscribe("2026-01-01")
        with freeze_time("2026-01-10"):
            self._use(subscription, 31, "2026-01-01", metric=level)
            self._rate()
            self.company.fusion_billing_tz = "America/New_York"
            self._rate()
        rating = subscription.fusion_rating_ids
        self.assertEqual(str(rating.ends_at), "2026-02-01 05:00:00")
        self.assertEqual(rating.full_seconds, (31 * 24 + 5) * 3600)

    def _closed_and_moved(self, zone):
        """What is owed for ten days of January, billed on the last one, after a move on it."""
        level = self._metric("level", aggregation="weighted")
        self._charge(level)
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 31, "2026-01-01", metric=level)
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_close()
            self.assertEqual(subscription.fusion_rating_ids.quantity, 10)
            self.company.fusion_billing_tz = zone
            self._rate()
        return subscription.fusion_rating_ids

    def test_l1_a_last_day_that_is_billed_before_it_is_over_ends_in_the_new_zone(self):
        rating = self._closed_and_moved("America/New_York")
        self.assertEqual(str(rating.ends_at), "2026-01-11 05:00:00")
        self.assertAlmostEqual(rating.quantity, 31 * (10 * 24 + 5) / (31 * 24 + 5), 6)

    def test_l1_a_last_day_that_is_billed_before_it_is_over_ends_with_the_move(self):
        rating = self._closed_and_moved("Pacific/Kiritimati")
        self.assertEqual(str(rating.ends_at), "2026-01-10 12:00:00")
        self.assertAlmostEqual(rating.quantity, 31 * (9 * 24 + 12) / (31 * 24 - 14), 6)

    def test_l1_a_period_that_was_closed_billed_and_reopened_ends_in_the_new_zone(self):
        self._charge()
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 31)
        with freeze_time("2026-01-31 12:00:00"):
            subscription._fusion_close()
            subscription._fusion_reopen()
            self._rate()
            self.company.fusion_billing_tz = "America/New_York"
            self._rate()
        self.assertEqual(str(self._rating(subscription).ends_at), "2026-02-01 05:00:00")

    def test_t2_a_zone_changed_after_the_end_changes_nothing_that_was_billed(self):
        level = self._metric("level", aggregation="weighted")
        self._charge(level)
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 31, "2026-01-01", metric=level)
        with freeze_time("2026-01-10"):
            subscription._fusion_close()
        self.assertEqual(subscription.fusion_rating_ids.quantity, 10)
        with freeze_time("2026-01-20"):
            self.company.fusion_billing_tz = "America/New_York"
            subscription._fusion_request_rating(date(2026, 1, 1))
            self._rate()
        self.assertEqual(subscription.fusion_rating_ids.quantity, 10)

    def test_r2_a_zone_changed_in_a_pause_holds_for_the_days_to_come(self):
        self._charge()
        subscription = self._subscribe("2026-01-01")
        with freeze_time("2026-01-10"):
            subscription._fusion_pause(date(2026, 1, 11), date(2026, 1, 21))
            subscription._fusion_close(date(2026, 2, 10))
        with freeze_time("2026-01-15"):
            self.company.fusion_billing_tz = "America/New_York"
        before, after = subscription._fusion_spans()
        self.assertEqual(
            [str(instant) for instant in (*before, *after)],
            [
                "2026-01-01 00:00:00",
                "2026-01-11 00:00:00",
                "2026-01-21 05:00:00",
                "2026-02-10 05:00:00",
            ],
        )
