from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 12:00:00")
class TestApiEstimate(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(included_quota=1000, price_per_unit="0.5", unit_batch=100)
        cls.seats = cls._metric("seats", aggregation="max")

    def _estimate(self, quantities, **fields):
        with self.assertNothingWritten():
            return self.assertOk(
                self.post("/estimate", {"plan_code": "pro", "quantities": quantities, **fields})
            )

    def _refused(self, code, field, **fields):
        body = {"plan_code": "pro", "quantities": {}, **fields}
        response = self.post("/estimate", {k: v for k, v in body.items() if v is not None})
        return self.assertError(response, 400, code, field)

    def test_quantities_are_priced_line_by_line(self):
        """M1: decimals are exact texts."""
        self.assertEqual(
            self._estimate({"api_calls": "1250.5"}),
            {
                "plan_id": self.plan.id,
                "plan_code": "pro",
                "lines": [
                    {
                        "metric_code": "api_calls",
                        "filter": {},
                        "charge_model": "standard",
                        "quantity": "1250.5",
                        "included": "1000",
                        "billable": "250.5",
                        "amount": "1.25",
                        "currency": "USD",
                        "breakdown": {
                            "model": "standard",
                            "quantity": "1250.5",
                            "included_quota": "1000",
                            "billable": "250.5",
                            "amount": "1.2525",
                            "lines": [
                                {
                                    "kind": "usage",
                                    "units": "250.5",
                                    "unit_batch": "100",
                                    "unit_amount": "0.5",
                                    "amount": "1.2525",
                                }
                            ],
                        },
                    }
                ],
                "total": "1.25",
                "currency": "USD",
                "totals": [{"currency": "USD", "amount": "1.25"}],
                "not_charged": [],
            },
        )

    def test_the_plan_is_named_by_its_id_as_well(self):
        answer = self._estimate({"api_calls": 1250}, plan_code=None, plan_id=self.plan.id)
        self.assertEqual((answer["plan_code"], answer["total"]), ("pro", "1.25"))

    def test_an_estimate_is_what_rating_comes_to(self):
        """Lesson 6: the same usage is the same money, whoever asks."""
        self._charge(
            metric=self.seats,
            charge_model="graduated",
            minimum_amount=7,
            tier_ids=self._tiers((10, 1), (False, 0.333, 2)),
        )
        subscription = self._own_subscription("sub-42")
        self._use(subscription, 12345)
        self._use(subscription, 15, metric=self.seats)
        self._rate()
        ledger = {
            rating.metric_id.code: (f"{rating.amount:.2f}", rating.breakdown)
            for rating in subscription.fusion_rating_ids
        }
        answer = self._estimate({"api_calls": 12345, "seats": 15})
        self.assertEqual(
            {line["metric_code"]: (line["amount"], line["breakdown"]) for line in answer["lines"]},
            ledger,
        )
        total = sum(subscription.fusion_rating_ids.mapped("amount"))
        self.assertEqual(answer["total"], f"{total:.2f}")

    def test_a_metric_that_is_not_named_is_priced_at_zero_usage(self):
        self.charge.minimum_amount = 5
        answer = self._estimate({})
        self.assertEqual((answer["lines"][0]["quantity"], answer["total"]), ("0", "5.00"))

    def test_what_the_plan_does_not_charge_is_named(self):
        answer = self._estimate({"seats": 5, "api_calls": 1})
        self.assertEqual(answer["not_charged"], ["seats"])
        self.assertEqual([line["metric_code"] for line in answer["lines"]], ["api_calls"])

    def test_a_plan_without_charges_costs_nothing(self):
        self._plan("free")
        answer = self._estimate({"api_calls": 1}, plan_code="free")
        self.assertEqual(
            (
                answer["lines"],
                answer["total"],
                answer["currency"],
                answer["totals"],
                answer["not_charged"],
            ),
            ([], "0.00", "USD", [{"currency": "USD", "amount": "0.00"}], ["api_calls"]),
        )

    def test_quantities_have_no_dimensions_so_filters_take_none(self):
        self._charge(price_per_unit=9, filter_ids=self._filters(region="eu"))
        answer = self._estimate({"api_calls": 1100})
        self.assertEqual(
            [(line["filter"], line["quantity"], line["amount"]) for line in answer["lines"]],
            [({}, "1100", "0.50"), ({"region": ["eu"]}, "0", "0.00")],
        )
        self.charge.active = False
        self.assertEqual(self._estimate({"api_calls": 1100})["not_charged"], ["api_calls"])

    def test_the_prices_of_today_apply(self):
        """In the billing time zone (R3)."""
        self.env["fusion.billing.charge.version"].create(
            {"charge_id": self.charge.id, "valid_from": "2026-01-12", "price_per_unit": 3}
        )
        self.assertEqual(self._estimate({"api_calls": 1100})["total"], "0.50")
        self.company.fusion_billing_tz = "Pacific/Kiritimati"
        self.assertEqual(self._estimate({"api_calls": 1100})["total"], "3300.00")

    def test_each_currency_has_a_total_of_its_own(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        self._charge(metric=self.seats, currency_id=euro.id, price_per_unit=3)
        answer = self._estimate({"api_calls": 1100, "seats": 2})
        self.assertEqual((answer["total"], answer["currency"]), (None, None))
        self.assertEqual(
            answer["totals"],
            [{"currency": "USD", "amount": "0.50"}, {"currency": "EUR", "amount": "6.00"}],
        )

    def test_prices_in_another_currency_can_be_asked_for(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        self._charge(currency_id=euro.id, price_per_unit=3)
        self.assertEqual(self._estimate({"api_calls": 1100})["total"], "0.50")
        answer = self._estimate({"api_calls": 1100}, currency="EUR")
        self.assertEqual((answer["total"], answer["currency"]), ("3300.00", "EUR"))

    def test_large_quantities_are_priced_to_the_last_digit(self):
        """M1."""
        used = "999999999999999999.999999"
        self.charge.write({"included_quota": 0, "unit_batch": 1, "price_per_unit": 1})
        answer = self._estimate({"api_calls": used})
        self.assertEqual(answer["lines"][0]["breakdown"]["amount"], used)
        self.assertEqual(answer["total"], "1000000000000000000.00")

    def test_an_estimate_that_makes_no_sense_is_refused(self):
        self._metric("old", active=False)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self._metric("theirs", company_id=elsewhere.id)
        for body, code, field in (
            ({"plan_code": None}, "missing_field", "plan_code"),
            ({"plan_code": "nothing"}, "unknown_plan", "plan_code"),
            ({"plan_id": 2**31, "plan_code": None}, "unknown_plan", "plan_id"),
            ({"quantities": None}, "missing_field", "quantities"),
            ({"quantities": []}, "invalid_quantities", "quantities"),
            ({"quantities": "api_calls"}, "invalid_quantities", "quantities"),
            ({"quantities": {str(n): 1 for n in range(1001)}}, "invalid_quantities", "quantities"),
            ({"quantities": {"api_calls": -1}}, "invalid_quantities", "quantities"),
            ({"quantities": {"api_calls": True}}, "invalid_quantities", "quantities"),
            ({"quantities": {"api_calls": None}}, "invalid_quantities", "quantities"),
            ({"quantities": {"api_calls": 10**18}}, "invalid_quantities", "quantities"),
            ({"quantities": {"x" * 10**6: -1}}, "invalid_quantities", "quantities"),
            ({"quantities": {"nothing": 1}}, "unknown_metric", "quantities"),
            ({"quantities": {"old": 1}}, "unknown_metric", "quantities"),
            ({"quantities": {"theirs": 1}}, "unknown_metric", "quantities"),
            ({"quantities": {"": 1}}, "unknown_metric", "quantities"),
            ({"quantities": {"x" * 10**6: 1}}, "unknown_metric", "quantities"),
            ({"currency": "XXX"}, "invalid_currency", "currency"),
            ({"currency": "eur"}, "invalid_currency", "currency"),
            ({"currency": 5}, "invalid_currency", "currency"),
            ({"store": True}, "unknown_field", "store"),
        ):
            with self.subTest(code=code, body=str(body)[:80]):
                self.assertLess(len(self._refused(code, field, **body)["error"]), 200)
        answer = self._refused("unknown_metric", "quantities", quantities={"nothing": 1})
        self.assertEqual(answer["error"], "There is no metric 'nothing'.")
