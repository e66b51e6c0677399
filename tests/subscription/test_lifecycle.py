"""The life of a subscription through the real engine: from confirming to closing."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..lifecycle_case import LifecycleCase


@tagged("post_install", "-at_install")
class TestConfirm(LifecycleCase):
    def test_a_confirmed_subscription_can_be_searched_at_once(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": self.plan.id,
                "fusion_start_date": "2026-01-01",
            }
        )
        order.action_confirm()
        self.assertIn(order, self.env["sale.order"].search([("fusion_state", "=", "3_progress")]))

    @freeze_time("2026-03-15 12:00:00")
    def test_confirming_an_order_with_a_plan_starts_a_subscription_today(self):
        order = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        self.assertEqual(order.fusion_state, "1_draft")
        order.action_confirm()
        self.assertEqual(order.fusion_state, "3_progress")
        self.assertEqual(order.fusion_start_date, date(2026, 3, 15))
        self.assertEqual(order.fusion_next_invoice_date, date(2026, 4, 15))
        self.assertFalse(order.fusion_last_invoice_date)

    @freeze_time("2026-03-15 23:30:00")
    def test_r3_today_is_the_company_s_day_and_not_the_server_s(self):
        for zone, day in (("Asia/Tokyo", 16), ("UTC", 15), ("America/New_York", 15)):
            self._set_zone(zone)
            self.assertEqual(self._subscribe(start=False).fusion_start_date, date(2026, 3, day))

    def test_an_order_without_plan_is_no_subscription(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "order_line": [Command.create({"product_id": self.fee_product.id})],
            }
        )
        order.action_confirm()
        self.assertFalse(order.fusion_state)
        self._bill()
        self.assertFalse(order.invoice_ids)
        order._create_invoices()
        self.assertEqual(order.invoice_ids.amount_untaxed, 49)

    @freeze_time("2026-01-01")
    def test_a_quotation_is_not_billed(self):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": self.plan.id,
                "fusion_start_date": "2025-01-01",
                "order_line": [Command.create({"product_id": self.fee_product.id})],
            }
        )
        self._bill()
        self.assertFalse(order.invoice_ids)

    def test_a_start_in_the_future_is_billed_when_it_comes(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe("2026-02-10", self.fee_product | self.setup_product)
        self._bill_on("2026-01-01", "2026-02-09")
        self.assertFalse(subscription.invoice_ids)
        self._bill_on("2026-02-10")
        self.assertEqual(self._invoiced(subscription), [249])

    def test_a_running_subscription_cannot_be_cancelled_like_a_quotation(self):
        with self.assertRaisesRegex(UserError, "Close it"):
            self._subscribe()._action_cancel()


@tagged("post_install", "-at_install")
class TestAnchor(LifecycleCase):
    """R4: the anchor day is kept."""

    def test_r4_months_are_counted_from_the_anchor_day(self):
        for anchor, expected in (
            ("2026-01-28", ["02-28", "03-28", "04-28", "05-28"]),
            ("2026-01-29", ["02-28", "03-29", "04-29", "05-29"]),
            ("2026-01-30", ["02-28", "03-30", "04-30", "05-30"]),
            ("2026-01-31", ["02-28", "03-31", "04-30", "05-31"]),
        ):
            with freeze_time(anchor):
                subscription = self._subscribe(anchor)
            self.assertEqual(
                self._boundaries(subscription, "2026-05-01"), [f"2026-{day}" for day in expected]
            )

    def test_r4_a_leap_year_s_february_has_29_days(self):
        with freeze_time("2028-01-31"):
            subscription = self._subscribe("2028-01-31")
        self.assertEqual(self._boundaries(subscription, "2028-03-01"), ["2028-02-29", "2028-03-31"])

    def test_r4_a_year_from_a_leap_day_comes_back_to_it(self):
        with freeze_time("2024-02-29"):
            subscription = self._subscribe(
                "2024-02-29", plan=self._plan("year", billing_period_unit="year")
            )
        self.assertEqual(
            self._boundaries(subscription, "2027-12-31"),
            ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        )

    def test_r4_an_anchor_of_its_own_aligns_the_periods(self):
        with freeze_time("2026-01-20"):
            subscription = self._subscribe("2026-01-20", fusion_anchor_date="2026-01-31")
        self.assertEqual(
            self._boundaries(subscription, "2026-03-15"), ["2026-01-31", "2026-02-28", "2026-03-31"]
        )


@tagged("post_install", "-at_install")
class TestPause(LifecycleCase):
    def setUp(self):
        super().setUp()
        self._charge()
        with freeze_time("2026-01-01"):
            self.subscription = self._subscribe(products=self.fee_product)
            self._bill()

    def _pause_on(self, day, date=None):
        with freeze_time(day):
            self.subscription._fusion_pause(date)

    def _resume_on(self, day, date=None):
        with freeze_time(day):
            self.subscription._fusion_resume(date)

    def test_nothing_is_billed_for_days_of_a_pause(self):
        self._pause_on("2026-01-15")
        self._bill_on("2026-02-01", "2026-03-01")
        # The fee of 1 to 15 January is owed; the rest was billed in advance.
        self.assertEqual(self._invoiced(self.subscription), [49, 25.29])

    def test_usage_from_before_the_pause_is_billed_at_the_end_of_its_period(self):
        self._use(self.subscription, 6, "2026-01-10")
        self._pause_on("2026-01-15")
        self._bill_on("2026-02-01")
        self._resume_on("2026-03-10")
        self._bill_on("2026-03-10", "2026-04-01")
        self.assertEqual(
            [
                move.amount_untaxed * (1 if move.move_type == "out_invoice" else -1)
                for move in self.subscription.invoice_ids.sorted("id")
            ],
            [49, round(6 - 49 * 16 / 31, 2), round(49 * 22 / 31 + 49, 2)],
        )
        self.assertDates(self.subscription, "2026-04-01", "2026-05-01")

    def test_what_is_not_in_progress_is_not_paused_and_what_is_not_paused_not_resumed(self):
        with self.assertRaisesRegex(UserError, "is not paused"):
            self._resume_on("2026-01-10")
        self._pause_on("2026-01-15")
        with self.assertRaisesRegex(UserError, "not active on that day"):
            self._pause_on("2026-01-16")
        with freeze_time("2026-01-20"):
            self.subscription._fusion_close()
            for change in ("_fusion_pause", "_fusion_resume", "_fusion_close"):
                with self.assertRaisesRegex(UserError, "not a running subscription"):
                    getattr(self.subscription, change)()

    def test_a_pause_begins_on_the_first_day_or_later(self):
        with self.assertRaisesRegex(UserError, "a pause begins"):
            self._pause_on("2026-01-15", date(2025, 12, 31))
        self._pause_on("2026-01-15", date(2026, 1, 10))

    def test_a_pause_does_not_end_before_it_begins(self):
        self._pause_on("2026-01-15")
        with self.assertRaisesRegex(UserError, "is not paused on"):
            self._resume_on("2026-01-15", date(2026, 1, 15))

    def test_closing_a_paused_subscription_bills_what_was_used_before_the_pause(self):
        self._use(self.subscription, 6, "2026-01-10")
        self._pause_on("2026-01-15")
        with freeze_time("2026-03-05"):
            self.subscription._fusion_close()
        self.assertEqual(self.subscription.fusion_state, "6_churn")
        self.assertEqual(
            sum(self.subscription.fusion_rating_ids.mapped("amount")), 6 + round(49 * 15 / 31, 2)
        )
        self.assertEqual(set(self.subscription.fusion_rating_ids.mapped("due")), {0})


@tagged("post_install", "-at_install")
class TestClose(LifecycleCase):
    def setUp(self):
        super().setUp()
        self._charge()

    @freeze_time("2026-01-20 15:00:00")
    def test_closing_bills_the_last_day_s_usage_too(self):
        subscription = self._subscribe(products=self.fee_product)
        self._use(subscription, 8, "2026-01-10")
        self._use(subscription, 5, "2026-01-20 14:00:00")
        self._bill()
        subscription._fusion_close()
        credited = round(49 * 11 / 31, 2)
        self.assertEqual(self._invoiced(subscription), [49, round(credited - 13, 2)])
        self.assertEqual(subscription.invoice_ids[0].move_type, "out_refund")
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertEqual(subscription.fusion_last_invoice_date, date(2026, 1, 21))
        self.assertFalse(subscription.fusion_next_invoice_date)

    @freeze_time("2026-01-20")
    def test_a_closed_subscription_is_never_billed_again(self):
        subscription = self._subscribe(products=self.fee_product)
        subscription._fusion_close()
        count = len(subscription.invoice_ids)
        self._bill_on("2026-02-01", "2027-01-01")
        self.assertEqual(len(subscription.invoice_ids), count)

    def test_a_later_day_is_kept_and_the_cron_closes_then(self):
        with freeze_time("2026-01-20"):
            subscription = self._subscribe()
            subscription._fusion_close(date(2026, 2, 15))
        self._use(subscription, 1, "2026-01-10")
        self._use(subscription, 2, "2026-02-14 23:59:00")
        self._bill_on("2026-02-01")
        self.assertEqual(subscription.fusion_state, "3_progress")
        self._bill_on("2026-02-15")
        self.assertEqual(self._invoiced(subscription), [1, 2])
        self.assertEqual(subscription.fusion_state, "6_churn")

    def test_the_end_date_is_honoured_after_downtime(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product, fusion_end_date="2026-03-01")
        self._bill_on("2026-06-10")
        self.assertEqual(self._invoiced(subscription), [49, 49])
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertEqual(subscription.fusion_last_invoice_date, date(2026, 3, 1))

    def test_fees_of_a_period_that_the_end_date_cuts_cost_their_share_of_days(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product, fusion_end_date="2026-02-15")
        self._bill_on("2026-01-01", "2026-02-01", "2026-02-15")
        self.assertEqual(self._invoiced(subscription), [49, 24.5])
        self.assertEqual(subscription.fusion_state, "6_churn")

    def test_fees_in_arrears_of_a_cut_period_cost_their_share_of_days(self):
        plan = self._plan("arrears", fee_timing="arrears")
        with freeze_time("2026-02-01"):
            subscription = self._subscribe(
                "2026-02-01", self.fee_product, plan, fusion_end_date="2026-02-15"
            )
        self._bill_on("2026-02-15")
        self.assertEqual(self._invoiced(subscription), [24.5])

    @freeze_time("2026-02-01 10:00:00")
    def test_t4_closing_with_a_day_that_is_billed_gives_back_the_later_ones(self):
        subscription = self._subscribe(products=self.fee_product)
        self._bill()
        subscription._fusion_close(date(2026, 1, 31))
        [credit_note] = subscription.invoice_ids.filtered(lambda m: m.move_type == "out_refund")
        self.assertEqual(credit_note.amount_untaxed, round(49 + 49 / 31, 2))

    @freeze_time("2026-01-20")
    def test_a_subscription_can_be_closed_before_it_begins(self):
        subscription = self._subscribe("2026-02-10", self.fee_product)
        subscription._fusion_close()
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertFalse(subscription.invoice_ids)

    @freeze_time("2026-02-01 10:00:00")
    def test_a_subscription_can_be_closed_with_the_day_on_which_a_period_begins(self):
        subscription = self._subscribe()
        self._use(subscription, 3, "2026-01-15")
        self._bill()
        subscription._fusion_close(date(2026, 2, 1))
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertEqual(self._invoiced(subscription), [3])

    def test_an_end_date_on_the_start_date_closes_without_an_invoice(self):
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product, fusion_end_date="2026-01-01")
            self._bill()
        self.assertEqual(subscription.fusion_state, "6_churn")
        self.assertFalse(subscription.invoice_ids)
        self.assertFalse(subscription.fusion_error)


@tagged("post_install", "-at_install")
class TestTimeZones(LifecycleCase):
    """R3 through the real engine."""

    def _in_zone(self, zone, start):
        self._set_zone(zone)
        self._charge()
        with freeze_time(start):
            return self._subscribe(start)

    def test_r3_the_cron_bills_at_local_midnight_in_winter_and_in_summer(self):
        for zone, start, before, after in (
            ("America/New_York", "2026-01-01", "2026-02-01 04:59:59", "2026-02-01 05:00:00"),
            ("America/New_York", "2026-06-01", "2026-07-01 03:59:59", "2026-07-01 04:00:00"),
            ("Europe/Paris", "2026-01-01", "2026-01-31 22:59:59", "2026-01-31 23:00:00"),
            ("Europe/Paris", "2026-06-01", "2026-06-30 21:59:59", "2026-06-30 22:00:00"),
        ):
            self._set_zone(zone)
            with freeze_time(start):
                subscription = self._subscribe(start)
            self._bill_on(before)
            self.assertFalse(subscription.fusion_last_invoice_date, (zone, before))
            self._bill_on(after)
            self.assertTrue(subscription.fusion_last_invoice_date, (zone, after))

    def test_r3_the_hours_of_a_month_with_a_change_of_clocks_are_billed_exactly(self):
        self._charge()
        for zone, start, end, hours in (
            ("Europe/Paris", "2026-03-01", "2026-04-01", 31 * 24 - 1),
            ("Europe/Paris", "2026-10-01", "2026-11-01", 31 * 24 + 1),
            ("America/New_York", "2026-03-01", "2026-04-01", 31 * 24 - 1),
            ("America/New_York", "2026-11-01", "2026-12-01", 30 * 24 + 1),
            ("Australia/Lord_Howe", "2026-04-01", "2026-05-01", 30 * 24 + 1),
            ("Asia/Kolkata", "2026-03-01", "2026-04-01", 31 * 24),
        ):
            self._set_zone(zone)
            with freeze_time(start):
                subscription = self._subscribe(start)
            [[life, _end]] = subscription._fusion_spans()
            # An hourly counter from the first instant on, some more than fit into the month.
            self._ingest(
                *(
                    self._event(subscription, "1", (life + timedelta(hours=hour)).isoformat())
                    for hour in range(32 * 24)
                )
            )
            with freeze_time(f"{end} 13:00:00"):
                self._bill()
            self.assertEqual(self._invoiced(subscription), [hours], (zone, start))

    def test_r3_an_invoice_carries_the_local_date(self):
        subscription = self._in_zone("Asia/Tokyo", "2026-01-01")
        self._use(subscription, 5)
        self._bill_on("2026-01-31 15:00:00")
        self.assertEqual(subscription.invoice_ids.invoice_date, date(2026, 2, 1))

    def test_r3_companies_are_billed_each_at_its_own_midnight(self):
        other = self._other_company("Pacific/Auckland")
        self._set_zone("America/Los_Angeles")
        self._charge()
        plan = self._plan("nz", company_id=other.id)
        metric = self._metric("nz_calls", company_id=other.id)
        self._charge(metric, plan, currency_id=other.currency_id.id)
        with freeze_time("2026-01-01"):
            ours = self._subscribe()
            theirs = self._subscribe(plan=plan, company_id=other.id, pricelist_id=False)
        self._use(ours, 3, "2026-02-01 07:59:00")
        self._use(theirs, 5, "2026-01-31 10:59:00", metric)
        self._use(theirs, 7, "2026-01-31 11:00:00", metric)
        self._bill_on("2026-01-31 11:00:00")
        self.assertFalse(ours.invoice_ids)
        self.assertEqual(self._invoiced(theirs), [5])
        self.assertEqual(theirs.invoice_ids.company_id, other)
        self.assertEqual(theirs.invoice_ids.invoice_date, date(2026, 2, 1))
        self.assertEqual(theirs.invoice_ids.state, "posted")
        self._bill_on("2026-02-01 08:00:00")
        self.assertEqual(self._invoiced(ours), [3])
        self.assertEqual(self._invoiced(theirs), [5])

    def _other_company(self, zone):
        company = self.env["res.company"].create(
            {
                "name": "Other",
                "fusion_billing_tz": zone,
                "currency_id": self.currency.id,
                "country_id": self.company.country_id.id,
            }
        )
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        self.env.user.company_ids |= company
        return company
