from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 00:00:00")
class TestApiPeriodUsage(ApiCase):
    """The usage of a billing period, as the ledger says (lesson 6)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(included_quota=100, price_per_unit="0.5", unit_batch=10)
        cls.subscription = cls._own_subscription("sub-42")

    def _read(self, query=""):
        return self.assertOk(self.get(f"/subscriptions/{self.subscription.id}/usage{query}"))

    def test_each_charge_says_what_was_used_and_what_it_comes_to(self):
        self._use(self.subscription, 350)
        self._rate()
        answer = self._read()
        [charge] = answer.pop("charges")
        self.assertTrue(charge.pop("rated_at").startswith("2026-"))
        self.assertEqual(
            answer,
            {
                "subscription_id": self.subscription.id,
                "period_start": "2026-01-01",
                "period_end": "2026-02-01",
                "fresh": True,
            },
        )
        # 350 in 10 of 31 days is 1085 in the month; (1085 - 100) / 10 × 0.5 = 49.25
        self.assertEqual(
            charge,
            {
                "plan_code": "pro",
                "metric_code": "api_calls",
                "filter": {},
                "charge_model": "standard",
                "period_start": "2026-01-01",
                "period_end": "2026-02-01",
                "quantity": "350",
                "included": "100",
                "billable": "250",
                "amount": "12.50",
                "projected_amount": "49.25",
                "currency": self.currency.name,
            },
        )

    def test_the_answer_is_the_ledger(self):
        """Lesson 6: one usage must not show two different numbers on two screens."""
        self._use(self.subscription, 350)
        self._rate()
        [charge] = self._read()["charges"]
        rating = self.subscription.fusion_rating_ids
        self.assertEqual((charge["amount"], rating.amount), ("12.50", 12.5))

    def test_what_was_pushed_a_moment_ago_is_rated_for_the_answer(self):
        """Lesson 6: and the ledger and the order say the same from then on."""
        self._use(self.subscription, 350)
        self._rate()
        self._use(self.subscription, 1000)
        [charge] = self._read()["charges"]
        self.env.invalidate_all()
        [line] = self.subscription.order_line.filtered("fusion_charge_id")
        self.assertEqual(
            (charge["amount"], self.subscription.fusion_rating_ids.amount, line.price_unit),
            ("62.50", 62.5, 62.5),
        )

    def test_while_somebody_else_rates_the_answer_is_worked_out_and_nothing_is_stored(self):
        """Whoever pushes and asks finds it, also among many who do."""
        self._charge(
            price_per_unit=3, valid_from="2026-01-01", filter_ids=self._filters(region="eu")
        )
        self._use(self.subscription, 350)
        self._rate()
        stored = self.subscription.fusion_rating_ids.mapped("amount")
        self._use(self.subscription, "1000.123456")
        self._use(self.subscription, 7, dimensions={"region": "eu"})
        with patch.object(
            self.env.registry["sale.order"], "_fusion_try_lock", lambda orders: orders.browse()
        ):
            worked_out = self._read()
        self.env.invalidate_all()
        self.assertEqual(self.subscription.fusion_rating_ids.mapped("amount"), stored)
        rated = self._read()
        for charge in (*worked_out["charges"], *rated["charges"]):
            self.assertTrue(charge.pop("rated_at"))
        self.assertEqual(worked_out, rated)
        self.assertIs(worked_out["fresh"], True)

    def test_r7_what_cannot_be_rated_is_answered_as_it_was_and_shown_to_staff(self):
        self._use(self.subscription, 350)
        with self._broken_rating():
            answer = self._read()
        self.env.invalidate_all()
        [charge] = answer["charges"]
        self.assertEqual((charge["amount"], charge["rated_at"]), ("0.00", None))
        self.assertIs(answer["fresh"], False)
        self.assertEqual(self.subscription.fusion_error_step, "rating")

    def _broken_rating(self):
        return patch.object(
            self.env.registry["fusion.billing.rating"], "_store", side_effect=UserError("No.")
        )

    def test_a_charge_without_usage_is_there_with_zero(self):
        [charge] = self._read()["charges"]
        self.assertEqual(
            (charge["quantity"], charge["amount"], charge["projected_amount"]),
            ("0", "0.00", "0.00"),
        )

    def test_what_does_not_add_up_is_not_projected_to_grow(self):
        """Seats counted today are the seats at the end of the month."""
        seats = self._metric("seats", aggregation="max")
        self._charge(metric=seats, price_per_unit=3, valid_from="2026-01-01")
        self._use(self.subscription, 4, metric=seats)
        self._rate()
        charge = next(
            charge for charge in self._read()["charges"] if charge["metric_code"] == "seats"
        )
        self.assertEqual((charge["amount"], charge["projected_amount"]), ("12.00", "12.00"))

    def test_a_level_that_is_weighted_by_time_counts_to_the_end_already(self):
        seats = self._metric("seats", aggregation="weighted")
        self._charge(metric=seats, price_per_unit=31, valid_from="2026-01-01")
        self._use(self.subscription, 4, "2026-01-01", metric=seats)
        self._use(self.subscription, 2, "2026-01-02", metric=seats)
        charge = self._rated("seats")
        # 4 for a day and 2 for 30 days of 31
        self.assertEqual((charge["amount"], charge["projected_amount"]), ("64.00", "64.00"))

    def test_counters_are_counted_on(self):
        jobs = self._metric("jobs", aggregation="count")
        self._charge(metric=jobs, price_per_unit=1, valid_from="2026-01-01")
        for day in ("01", "02", "10"):
            self._use(self.subscription, 7, f"2026-01-{day}", metric=jobs)
        charge = self._rated("jobs")
        # 3 in 10 of 31 days
        self.assertEqual((charge["quantity"], charge["amount"]), ("3", "3.00"))
        self.assertEqual(charge["projected_amount"], "9.30")

    def test_an_average_stays_as_it_is(self):
        load = self._metric("load", aggregation="average")
        self._charge(metric=load, price_per_unit=3, valid_from="2026-01-01")
        for quantity in (1, 1, 2):
            self._use(self.subscription, quantity, metric=load)
        charge = self._rated("load")
        self.assertEqual((charge["amount"], charge["projected_amount"]), ("4.00", "4.00"))

    def _rated(self, code):
        """Rate, and return what is said of the only charge of a metric."""
        self._rate()
        [charge] = [one for one in self._read()["charges"] if one["metric_code"] == code]
        return charge

    def test_a_charge_that_could_not_be_rated_shows_where_it_is_heading(self):
        """A minimum is due without usage too."""
        self.charge.minimum_amount = 5
        with self._broken_rating():
            [charge] = self._read()["charges"]
        self.assertEqual(
            (charge["amount"], charge["projected_amount"], charge["rated_at"]),
            ("0.00", "5.00", None),
        )
        [charge] = self._read()["charges"]
        self.assertEqual((charge["amount"], charge["projected_amount"]), ("5.00", "5.00"))

    def test_two_charges_of_one_metric_are_told_apart_by_their_filter(self):
        self._charge(
            price_per_unit=2, valid_from="2026-01-01", filter_ids=self._filters(region="eu, us")
        )
        self._use(self.subscription, 310)
        self._use(self.subscription, 10, dimensions={"region": "eu"})
        self._rate()
        self.assertEqual(
            [
                (charge["filter"], charge["quantity"], charge["amount"], charge["projected_amount"])
                for charge in self._read()["charges"]
            ],
            [({}, "310", "10.50", "43.05"), ({"region": ["eu", "us"]}, "10", "20.00", "62.00")],
        )

    def test_amounts_are_in_the_currency_of_the_subscription(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        subscription = self._own_subscription("sub-43", pricelist_id=pricelist.id)
        path = f"/subscriptions/{subscription.id}/usage"
        [charge] = self.assertOk(self.get(path))["charges"]
        self.assertEqual(charge["currency"], "EUR")
        self._use(subscription, 350)
        self._rate()
        [charge] = self.assertOk(self.get(path))["charges"]
        self.assertEqual(
            (charge["amount"], charge["projected_amount"], charge["currency"]),
            ("10.00", "39.40", "EUR"),
        )

    def test_a_missing_exchange_rate_is_said_in_a_sentence(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": euro.id})
        subscription = self._own_subscription("sub-43", pricelist_id=pricelist.id)
        euro.rate_ids.unlink()
        response = self.get(f"/subscriptions/{subscription.id}/usage")
        answer = self.assertError(response, 400, "invalid_state")
        self.assertIn("add an exchange rate of EUR", answer["error"])

    # === PERIODS IN PARTS === #

    def _parts(self, query=""):
        answer = self._read(query)
        return (answer["period_start"], answer["period_end"]), [
            (
                part["plan_code"],
                part["period_start"],
                part["period_end"],
                part["quantity"],
                part["amount"],
                part["projected_amount"],
            )
            for part in answer["charges"]
        ]

    def test_a_plan_change_shows_the_parts_of_both_plans(self):
        business = self._plan("business")
        self._charge(plan=business, price_per_unit=1)
        self._use(self.subscription, 300, "2026-01-05")
        self.subscription._fusion_change_plan(business)
        with freeze_time("2026-01-21"):
            self._use(self.subscription, 20, "2026-01-15")
            self._rate()
            parts = (
                ("2026-01-01", "2026-02-01"),
                [
                    # 300 less 10 days' part of 100
                    ("pro", "2026-01-01", "2026-01-11", "300", "13.39", "13.39"),
                    # 20 in 10 of 21 days
                    ("business", "2026-01-11", "2026-02-01", "20", "20.00", "42.00"),
                ],
            )
            self.assertEqual(self._parts(), parts)
            self.assertEqual(self._parts("?period=2026-01-03"), parts)

    def test_new_prices_inside_the_period_show_both_parts(self):
        self.charge.write({"split_at_version": True, "included_quota": 0, "unit_batch": 1})
        self.env["fusion.billing.charge.version"].create(
            {"charge_id": self.charge.id, "valid_from": "2026-01-21", "price_per_unit": 1}
        )
        self._use(self.subscription, 100, "2026-01-05")
        self._rate()
        # 100 in 10 days goes on: 100 more at 0.50, and 110 at 1.00 in the last 11 days
        self.assertEqual(
            self._parts(),
            (
                ("2026-01-01", "2026-02-01"),
                [
                    ("pro", "2026-01-01", "2026-01-21", "100", "50.00", "100.00"),
                    ("pro", "2026-01-21", "2026-02-01", "0", "0.00", "110.00"),
                ],
            ),
        )
        self._bill_at("2026-02-01 01:00:00")
        for day in ("2026-01-03", "2026-01-25"):
            bounds, parts = self._parts(f"?period={day}")
            self.assertEqual(bounds, ("2026-01-01", "2026-02-01"))
            self.assertEqual(
                [part[3:] for part in parts], [("100", "50.00", "50.00"), ("0", "0.00", "0.00")]
            )

    def test_a_part_keeps_the_charge_model_it_was_rated_with(self):
        self.charge.split_at_version = True
        self.env["fusion.billing.charge.version"].create(
            {
                "charge_id": self.charge.id,
                "valid_from": "2026-01-05",
                "charge_model": "package",
                "price_per_unit": 1,
            }
        )
        self._rate()
        self.assertEqual(
            [part["charge_model"] for part in self._read()["charges"]], ["standard", "package"]
        )

    def test_a_billed_month_is_not_mixed_with_the_year_that_follows(self):
        yearly = self._plan("yearly", billing_period_unit="year")
        self._charge(plan=yearly)
        self.subscription._fusion_change_plan(yearly)
        self._use(self.subscription, 300, "2026-01-05")
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
            self._rate()
            bounds, [part] = self._parts("?period=2026-01-05")
            self.assertEqual((bounds, part[0]), (("2026-01-01", "2026-02-01"), "pro"))
            bounds, [part] = self._parts()
            self.assertEqual((bounds[0], part[0]), ("2026-02-01", "yearly"))

    def test_an_archived_charge_is_shown_until_its_last_day(self):
        """T2: what was used until then is owed."""
        self._use(self.subscription, 300)
        self._rate()
        self.charge.active = False
        self.assertEqual(
            self._parts(),
            (
                ("2026-01-01", "2026-02-01"),
                [
                    # 300 less 10 days' part of 100
                    ("pro", "2026-01-01", "2026-01-11", "300", "13.39", "13.39")
                ],
            ),
        )

    def test_a_pause_leaves_out_its_days(self):
        """T1: the parts before and after it have their own share of the quota (R10)."""
        self._use(self.subscription, 100, "2026-01-05")
        self.subscription._fusion_pause(date(2026, 1, 11), until=date(2026, 1, 21))
        self.assertEqual(
            self._parts(),
            (
                ("2026-01-01", "2026-02-01"),
                [
                    ("pro", "2026-01-01", "2026-01-11", "100", "3.39", "3.39"),
                    # 100 in 10 days is 110 in 11 days, less their part of 100
                    ("pro", "2026-01-21", "2026-02-01", "0", "0.00", "3.73"),
                ],
            ),
        )

    def test_a_period_in_which_it_pauses_has_no_charges(self):
        self.subscription._fusion_pause(date(2026, 1, 1))
        self.assertEqual(self._parts(), (("2026-01-01", "2026-02-01"), []))

    def test_a_level_counts_for_the_whole_period_in_each_part(self):
        """R10: its amount is shared out by days."""
        seats = self._metric("seats", aggregation="max")
        self._charge(metric=seats, price_per_unit=31, valid_from="2026-01-01")
        business = self._plan("business")
        self._charge(metric=seats, plan=business, price_per_unit=62)
        self._use(self.subscription, 2, metric=seats)
        self.subscription._fusion_change_plan(business)
        self._rate()
        charges = [one for one in self._read()["charges"] if one["metric_code"] == "seats"]
        self.assertEqual(
            [(one["quantity"], one["amount"], one["projected_amount"]) for one in charges],
            [("2", "20.00", "20.00"), ("2", "84.00", "84.00")],
        )

    def test_a_closed_subscription_shows_its_last_period(self):
        self._use(self.subscription, 300, "2026-01-05")
        self.subscription._fusion_close()
        self.assertEqual(
            self._parts(),
            (
                ("2026-01-01", "2026-01-12"),
                [
                    # 300 less 11 days' part of 100
                    ("pro", "2026-01-01", "2026-01-12", "300", "13.23", "13.23")
                ],
            ),
        )

    def test_a_subscription_that_never_ran_has_no_period(self):
        self.subscription._fusion_close(self.subscription.fusion_start_date)
        response = self.get(f"/subscriptions/{self.subscription.id}/usage")
        self.assertError(response, 400, "invalid_period", "period")

    def test_the_first_hour_of_a_period_does_not_promise_the_moon(self):
        with freeze_time("2026-01-01 00:00:01"):
            self._use(self.subscription, 1, "2026-01-01 00:00:00")
            self._rate()
            [charge] = self._read()["charges"]
        # 1 in an hour is 744 in 31 days; (744 - 100) / 10 × 0.5 = 32.20
        self.assertEqual(charge["projected_amount"], "32.20")

    def test_an_invoiced_period_is_read_by_one_of_its_days(self):
        self._use(self.subscription, 350)
        with freeze_time("2026-02-01 01:00:00"):
            self.env["sale.order"]._fusion_cron_create_invoices()
            answer = self._read("?period=2026-01-31")
            self.assertEqual(answer["period_start"], "2026-01-01")
            [charge] = answer["charges"]
            self.assertEqual((charge["amount"], charge["projected_amount"]), ("12.50", "12.50"))
            self.assertEqual(self._read()["period_start"], "2026-02-01")
            self.assertEqual(self._read("?period=2026-02-28")["period_start"], "2026-02-01")

    def test_a_period_in_which_nothing_was_rated_is_refused(self):
        for day in ("2025-12-31", "2026-02-01", "2026-02-30", "now", ""):
            with self.subTest(day=day):
                response = self.get(f"/subscriptions/{self.subscription.id}/usage?period={day}")
                self.assertError(response, 400, "invalid_period", "period")
