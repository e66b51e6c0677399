from odoo.tests import freeze_time, tagged

from .api_case import ApiCase


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
        self.assertEqual(answer, {
            "subscription_id": self.subscription.id, "period_start": "2026-01-01",
            "period_end": "2026-02-01",
        })
        # 350 in 10 of 31 days is 1085 in the month; (1085 - 100) / 10 × 0.5 = 49.25
        self.assertEqual(charge, {
            "plan_code": "pro", "metric_code": "api_calls", "charge_model": "standard",
            "quantity": "350", "included": "100", "billable": "250", "amount": "12.50",
            "projected_amount": "49.25", "currency": self.currency.name,
        })

    def test_the_answer_is_the_ledger(self):
        """Lesson 6: one usage must not show two different numbers on two screens."""
        self._use(self.subscription, 350)
        self._rate()
        self._use(self.subscription, 1000)
        [charge] = self._read()["charges"]
        rating = self.subscription.fusion_rating_ids
        self.assertEqual(charge["amount"], f"{rating.amount:.2f}")
        self._rate()
        rating.invalidate_recordset()
        [charge] = self._read()["charges"]
        self.assertEqual((charge["amount"], rating.amount), ("62.50", 62.5))

    def test_a_charge_without_usage_is_there_with_zero(self):
        [charge] = self._read()["charges"]
        self.assertEqual(
            (charge["quantity"], charge["amount"], charge["projected_amount"]),
            ("0", "0.00", "0.00"),
        )

    def test_what_does_not_add_up_is_not_projected_to_grow(self):
        """Seats counted today are the seats at the end of the month."""
        seats = self._metric("seats", aggregation="max")
        self._charge(metric=seats, price_per_unit=3)
        self._use(self.subscription, 4, metric=seats)
        self._rate()
        charge = next(
            charge for charge in self._read()["charges"] if charge["metric_code"] == "seats"
        )
        self.assertEqual((charge["amount"], charge["projected_amount"]), ("12.00", "12.00"))

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
                response = self.get(
                    f"/subscriptions/{self.subscription.id}/usage?period={day}"
                )
                self.assertError(response, 400, "invalid_period", "period")
