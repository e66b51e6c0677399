from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ...models.subscription.sale_order_timeline import UsageAfterEnd
from .walls_case import WallsCase


def day(text):
    return date.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestWallsTimeZone(WallsCase):
    """A new time zone, whenever it comes, loses no counter and counts none twice."""

    def _use_every_six_hours(self, subscription, first, last):
        """A call every six hours, from one day to another (not included); return how many."""
        hours = [
            f"{first[:8]}{number:02}T{hour:02}:00:00"
            for number in range(int(first[8:]), int(last[8:]))
            for hour in (0, 6, 12, 18)
        ]
        for hour in hours:
            self._use(subscription, 1, hour)
        return len(hours)

    def _move_to(self, zone, moment):
        with freeze_time(moment):
            self.company.fusion_billing_tz = zone

    def test_in_the_first_period_before_anything_was_billed(self):
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Paris"):
            with self.subTest(zone), self.env.cr.savepoint() as savepoint:
                subscription = self._start(products=())
                used = self._use_every_six_hours(subscription, "2026-01-01", "2026-01-31")
                self._move_to(zone, "2026-01-10 09:30:00")
                self._run("2026-02-03", "2026-03-03")
                self.assertStands(subscription, "2026-03-04", used)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_fees_are_those_of_whole_months_before_and_after(self):
        subscription = self._start()
        self._run("2026-01-01")
        self._move_to("Pacific/Kiritimati", "2026-01-10 09:30:00")
        self._run("2026-02-01")
        self._move_to("Pacific/Pago_Pago", "2026-02-10 09:30:00")
        self._run("2026-03-02")
        self.assertStands(subscription, "2026-03-03", 3 * 49)

    def test_in_a_pause(self):
        subscription = self._start()
        used = self._use_every_six_hours(subscription, "2026-01-01", "2026-01-11")
        self._run("2026-01-01")
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_pause(day("2026-01-11"), day("2026-01-21"))
        self._move_to("America/New_York", "2026-01-15 12:00:00")
        for hour in ("2026-01-21T05:00:00", "2026-01-31T23:00:00", "2026-02-01T04:59:00"):
            self._use(subscription, 1, hour)
        # 10 and 11 of 31 days at 49: 15.81 and 17.39.
        self.assertStands(subscription, "2026-02-02", 15.81 + 17.39 + used + 3 + 49)

    def test_before_an_end_date(self):
        subscription = self._start()
        self._run("2026-01-01")
        with freeze_time("2026-01-05"):
            subscription._fusion_close(day("2026-01-21"))
        self._use(subscription, 4, "2026-01-20T23:00:00")
        # Its days begin nine hours earlier: what was counted ahead would lie after the end.
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self._move_to("Asia/Tokyo", "2026-01-15 12:00:00")
        with freeze_time("2026-01-15 13:00:00"):
            subscription._fusion_close(day("2026-01-22"))
        self._move_to("Asia/Tokyo", "2026-01-15 13:00:00")
        # 21 of 31 days at 49: 33.19. The four calls were accepted: they are billed.
        self.assertStands(subscription, "2026-01-22", 33.19 + 4)

    def test_on_the_boundary_itself(self):
        subscription = self._start(products=())
        for hour in ("2026-01-31T23:00:00", "2026-02-01T00:00:00", "2026-02-01T10:00:00"):
            self._use(subscription, 1, hour)
        self._move_to("America/New_York", "2026-02-01 02:00:00")
        self._run("2026-02-02")
        self.assertStands(subscription, "2026-03-02", 3)

    def test_toggled_daily(self):
        subscription = self._start(products=())
        used = self._use_every_six_hours(subscription, "2026-01-01", "2026-01-31")
        for number in range(2, 28):
            zone = "Pacific/Kiritimati" if number % 2 else "Pacific/Pago_Pago"
            self._move_to(zone, f"2026-01-{number:02} 12:00:00")
            if not number % 5:
                self._rate_at(f"2026-01-{number:02} 13:00:00")
        self.assertStands(subscription, "2026-02-03", used)


@tagged("post_install", "-at_install")
class TestWallsPauses(WallsCase):
    """Pauses, archives and resumptions on the same days."""

    def test_pause_and_archive(self):
        subscription = self._start(used=10)
        self._use(subscription, 5, "2026-01-25")
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            subscription._fusion_pause(day("2026-01-16"), day("2026-01-21"))
        with freeze_time("2026-01-18"):
            self.charge.active = False
        # The calls of the 25th came when no charge rated them.
        self.assertStands(subscription, "2026-02-01", 10 + 23.71 + 17.39 + 49)

    def test_a_subscription_that_is_paused_while_its_charge_is_archived_and_replaced(self):
        subscription = self._start(used=10)
        self._run("2026-01-01")
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_pause()
        with freeze_time("2026-01-15"):
            self.charge.active = False
            self._charge(price_per_unit=3)
        with freeze_time("2026-01-20"):
            subscription._fusion_resume()
            self._use(subscription, 4, "2026-01-20T09:00:00")
        # 10 and 12 of 31 days: 15.81 and 18.97.
        self.assertStands(subscription, "2026-02-01", 10 + 12 + 15.81 + 18.97 + 49)

    def test_resume_and_pause_on_one_day(self):
        subscription = self._start()
        self._run("2026-01-01")
        with freeze_time("2026-01-10"):
            subscription._fusion_pause()
        with freeze_time("2026-01-20"):
            subscription._fusion_resume()
            self._use(subscription, 2, "2026-01-20T09:00:00")
            subscription._fusion_pause()
        self.assertEqual(subscription.fusion_state, "4_paused")
        # 10 days, and the 20th: 15.81 and 1.58.
        self.assertStands(subscription, "2026-02-01", 15.81 + 1.58 + 2)

    def test_pause_and_resume_on_one_day(self):
        subscription = self._start(used=3)
        self._run("2026-01-01")
        with freeze_time("2026-01-20"):
            subscription._fusion_pause(day("2026-01-20"))
            subscription._fusion_resume(day("2026-01-20"))
        self.assertEqual(subscription.fusion_state, "3_progress")
        self.assertStands(subscription, "2026-02-01", 49 + 3 + 49)

    def test_paused_from_the_first_day_owes_nothing(self):
        with freeze_time("2026-01-01"):
            subscription = self._start()
            subscription._fusion_pause(day("2026-01-01"))
        self.assertStands(subscription, "2026-02-01", 0)

    def test_a_close_in_a_pause(self):
        subscription = self._start(used=3)
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            subscription._fusion_pause()
        with freeze_time("2026-01-25"):
            subscription._fusion_close()
        # 15 of 31 days: 23.71.
        self.assertStands(subscription, "2026-01-26", 23.71 + 3)
        self.assertStands(subscription, "2026-02-01", 23.71 + 3)

    def test_a_back_dated_close_with_usage_after_it_says_so(self):
        subscription = self._start(used=3)
        self._use(subscription, 4, "2026-01-20")
        self._run("2026-01-01")
        with freeze_time("2026-01-25"):
            with self.assertRaises(UsageAfterEnd) as raised:
                subscription._fusion_close(day("2026-01-16"))
            self.assertEqual(raised.exception.count, 1)
            subscription._fusion_close(day("2026-01-16"), discard_usage=True)
        self.assertStands(subscription, "2026-01-26", 23.71 + 3)

    def test_a_back_dated_close_over_billed_periods(self):
        subscription = self._start(used=3)
        self._use(subscription, 4, "2026-02-20")
        self._run("2026-01-01", "2026-02-01", "2026-03-01")
        self.assertNet(subscription, 3 * 49 + 7)
        with freeze_time("2026-03-10"):
            subscription._fusion_close(day("2026-02-15"), discard_usage=True)
        # January in full, 14 of 28 days.
        self.assertStands(subscription, "2026-03-11", 49 + 3 + 24.5)


@tagged("post_install", "-at_install")
class TestWallsPlans(WallsCase):
    """Plans that change often, and rhythms with the last invoice taken back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.weekly = cls._plan(
            "weekly",
            billing_period_unit="week",
            fee_ids=[
                (0, 0, {"product_id": cls.fee_product.id, "has_own_price": True, "price_unit": 14})
            ],
        )
        cls.yearly = cls._plan(
            "yearly",
            billing_period_unit="year",
            fee_ids=[
                (0, 0, {"product_id": cls.fee_product.id, "has_own_price": True, "price_unit": 365})
            ],
        )
        cls.monthly = cls._plan(
            "monthly",
            fee_ids=[
                (0, 0, {"product_id": cls.fee_product.id, "has_own_price": True, "price_unit": 31})
            ],
        )
        cls.monthly_too = cls._plan(
            "monthly_too",
            fee_ids=[
                (0, 0, {"product_id": cls.fee_product.id, "has_own_price": True, "price_unit": 62})
            ],
        )
        cls.plans = cls.weekly | cls.yearly | cls.monthly | cls.monthly_too
        for plan in cls.plans:
            cls._charge(plan=plan)

    def test_plans_toggled_daily_cost_the_days_on_each(self):
        subscription = self._start(products=(), plan=self.monthly)
        self._run("2026-01-01")
        for number in range(2, 32):
            with freeze_time(f"2026-01-{number:02} 08:00:00"):
                plan = self.monthly if number % 2 else self.monthly_too
                subscription._fusion_change_plan(plan)
                self._use(subscription, 1, f"2026-01-{number:02}T09:00:00")
                if not number % 7:
                    self._run(f"2026-01-{number:02} 10:00:00")
        # 16 odd days at 1, 15 even ones at 2, 30 calls; February at 31.
        self.assertStands(subscription, "2026-02-01", 16 + 30 + 30 + 31)
        fees = subscription.order_line.filtered("fusion_item_ids")
        self.assertLessEqual(len(fees), 2)

    def test_a_plan_that_is_toggled_on_one_day_is_the_last_one(self):
        subscription = self._start(products=(), plan=self.monthly)
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            for plan in (self.monthly_too, self.monthly, self.monthly_too):
                subscription._fusion_change_plan(plan)
        # 15 days at 1, 16 at 2.
        self.assertStands(subscription, "2026-02-01", 15 + 32 + 62)

    def _last_invoice_taken_back(self, first, second, switch):
        subscription = self._start(products=(), plan=first)
        self._use(subscription, 5, "2026-01-02")
        self._run("2026-01-01", switch)
        with freeze_time(f"{switch} 12:00:00"):
            subscription._fusion_change_plan(second, day(switch))
            self._bill()
            self._cancel(self._moves(subscription)[-1])
        return subscription

    def test_monthly_to_weekly(self):
        subscription = self._last_invoice_taken_back(self.monthly, self.weekly, "2026-02-01")
        # January 31, calls 5, the first week of February.
        self.assertStands(subscription, "2026-02-02", 31 + 5 + 14)
        self.assertStands(subscription, "2026-02-15", 31 + 5 + 3 * 14)

    def test_monthly_to_weekly_inside_a_month(self):
        subscription = self._last_invoice_taken_back(self.monthly, self.weekly, "2026-01-11")
        # 10 days at 1, the calls, the first week from the 11th on.
        self.assertStands(subscription, "2026-01-12", 10 + 5 + 14)
        self.assertStands(subscription, "2026-01-25", 10 + 5 + 3 * 14)

    def test_weekly_to_yearly(self):
        subscription = self._last_invoice_taken_back(self.weekly, self.yearly, "2026-01-15")
        self.assertStands(subscription, "2026-01-16", 2 * 14 + 5 + 365)
        self.assertStands(subscription, "2027-01-15", 2 * 14 + 5 + 2 * 365)

    def test_yearly_to_monthly(self):
        subscription = self._last_invoice_taken_back(self.yearly, self.monthly, "2026-03-01")
        # 31 + 28 days of the year at 1.
        self.assertStands(subscription, "2026-03-02", 59 + 5 + 31)
        self.assertStands(subscription, "2026-04-01", 59 + 5 + 62)

    def test_monthly_to_yearly_and_back_on_one_day(self):
        subscription = self._last_invoice_taken_back(self.monthly, self.yearly, "2026-02-01")
        with freeze_time("2026-02-01 18:00:00"):
            subscription._fusion_change_plan(self.monthly, day("2026-02-01"))
        self.assertStands(subscription, "2026-02-02", 31 + 5 + 31)
        self.assertStands(subscription, "2026-03-01", 31 + 5 + 62)


@tagged("post_install", "-at_install")
class TestWallsLevels(WallsCase):
    """R10: a level is priced once for the period, and shared out by days, however it is cut."""

    def setUp(self):
        super().setUp()
        self.seats = self._metric("seats", aggregation="max")
        self.level_plan = self._plan("levels")
        self._charge(self.seats, self.level_plan, price_per_unit=31, included_quota=1)

    def _start_level(self, quantity=4):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(plan=self.level_plan)
            self._use(subscription, quantity, "2026-01-10", self.seats)
        return subscription

    def test_cut_by_a_pause(self):
        subscription = self._start_level()
        with freeze_time("2026-01-15"):
            subscription._fusion_pause(day("2026-01-16"), day("2026-01-21"))
        # 3 billable seats at 31 are 93 a month, 3 a day: 15 and 11 days.
        self.assertStands(subscription, "2026-02-01", 78)

    def test_cut_by_a_close(self):
        subscription = self._start_level()
        with freeze_time("2026-01-20"):
            subscription._fusion_close()
        self.assertStands(subscription, "2026-01-21", 60)

    def test_cut_by_a_change_of_plan(self):
        other = self._plan("levels_too")
        self._charge(self.seats, other, price_per_unit=62, included_quota=1)
        subscription = self._start_level()
        with freeze_time("2026-01-16"):
            subscription._fusion_change_plan(other)
        # 15 days at 3, 16 days at 6.
        self.assertStands(subscription, "2026-02-01", 45 + 96)

    def test_cut_by_a_price_that_splits(self):
        plan = self._plan("splits")
        charge = self._charge(self.seats, plan, price_per_unit=31, split_at_version=True)
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(plan=plan)
            self._use(subscription, 4, "2026-01-02", self.seats)
            self._rate()
        with freeze_time("2026-01-16"):
            charge.price_per_unit = 62
        # 15 days at 4, 16 at 8.
        self.assertStands(subscription, "2026-02-01", 60 + 128)

    def test_a_start_inside_the_anchor_s_period(self):
        with freeze_time("2026-01-16"):
            subscription = self._subscribe(
                "2026-01-16", plan=self.level_plan, fusion_anchor_date="2026-01-01"
            )
            self._use(subscription, 4, "2026-01-20", self.seats)
        self.assertStands(subscription, "2026-02-01", 48)
