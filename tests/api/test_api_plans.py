from urllib.parse import quote

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase

ODD = "50%/a+b?#&é"


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20 12:00:00")
class TestApiPlans(ApiCase):
    """An app reads one plan, one metric, or all plans, with what they cost today."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(price_per_unit="0.123457", included_quota=10)
        cls.fee_product.default_code = "pro-fee"
        cls.fees = cls.env["fusion.billing.plan.fee"].create(
            [
                {"plan_id": cls.plan.id, "product_id": cls.fee_product.id, "quantity": 2},
                {
                    "plan_id": cls.plan.id,
                    "product_id": cls.setup_product.id,
                    "has_own_price": True,
                    "price_unit": "9.123456",
                    "fee_timing": "arrears",
                },
            ]
        )

    def test_a_plan_has_its_fees_and_charges(self):
        shown = self.assertOk(self.get("/plans/pro"))
        self.assertEqual((shown["plan_id"], shown["plan_code"]), (self.plan.id, "pro"))
        self.assertEqual(
            shown["fees"],
            [
                {
                    "product_code": "pro-fee",
                    "name": "Pro subscription",
                    "quantity": "2",
                    "price_unit": None,
                    "currency": None,
                    "fee_timing": "advance",
                },
                {
                    "product_code": None,
                    "name": "Set-up",
                    "quantity": "1",
                    "price_unit": "9.123456",
                    "currency": self.currency.name,
                    "fee_timing": "arrears",
                },
            ],
        )
        catalog = self.assertOk(self.get("/catalog"))
        self.assertEqual(shown["charges"], catalog["charges"])
        self.assertEqual(shown["charges"][0]["price_per_unit"], "0.123457")

    def test_prices_are_those_of_today(self):
        self.env["fusion.billing.charge.version"].create(
            {"charge_id": self.charge.id, "valid_from": "2026-01-21", "price_per_unit": 7}
        )
        [charge] = self.assertOk(self.get("/plans/pro"))["charges"]
        self.assertEqual(
            (charge["price_per_unit"], charge["next_prices_from"]), ("0.123457", "2026-01-21")
        )
        with freeze_time("2026-01-21 12:00:00"):
            [charge] = self.assertOk(self.get("/plans/pro"))["charges"]
        self.assertEqual(charge["price_per_unit"], "7")

    def test_a_fee_that_is_taken_off_and_a_plan_that_is_not_sold_are_not_told(self):
        self.fees[0].unlink()
        self.assertEqual(len(self.assertOk(self.get("/plans/pro"))["fees"]), 1)
        self.plan.active = False
        self.assertError(self.get("/plans/pro"), 404, "not_found")
        self.assertEqual(self.assertOk(self.get("/plans"))["plans"], [])

    def test_codes_of_any_letters_are_found(self):
        plan, metric = self._plan(ODD), self._metric(ODD)
        name = quote(ODD, safe="")
        self.assertEqual(self.assertOk(self.get(f"/plans/{name}"))["plan_id"], plan.id)
        shown = self.assertOk(self.get(f"/metrics/{name}"))
        self.assertEqual(shown, {"metric_code": ODD, "name": metric.name, "aggregation": "sum"})

    def test_what_is_not_there_and_what_is_another_company_s_is_not_found(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self._plan("theirs", company_id=company.id)
        self._metric("theirs", company_id=company.id)
        self.calls.active = False
        for path in ("/plans/nothing", "/plans/theirs", "/metrics/theirs", "/metrics/api_calls"):
            with self.subTest(path=path):
                self.assertError(self.get(path), 404, "not_found")
        plans = self.assertOk(self.get("/plans"))["plans"]
        self.assertEqual([plan["plan_code"] for plan in plans], ["pro"])

    def test_plans_come_in_pages(self):
        self._plan("business")
        first = self.assertOk(self.get("/plans?limit=1"))
        second = self.assertOk(self.get(f"/plans?limit=1&cursor={first['next_cursor']}"))
        codes = [page["plans"][0]["plan_code"] for page in (first, second)]
        self.assertEqual((codes, second["next_cursor"]), (["pro", "business"], None))
        self.assertEqual(second["plans"][0]["charges"], [])

    def test_more_plans_and_charges_take_no_more_queries(self):
        self.remember_keys()
        for path in ("/plans", "/catalog"):
            with self.subTest(path=path):
                self._sell(2, path)
                few = self._count_queries(path)
                self._sell(6, path)
                self.assertLessEqual(self._count_queries(path), few)

    def _sell(self, number, path):
        for position in range(number):
            plan = self._plan(f"{path}-{number}-{position}")
            self._charge(plan=plan, charge_model="graduated", tier_ids=self._tiers((10, 2), (0, 1)))
            self.fees[0].copy({"plan_id": plan.id})

    def _count_queries(self, path):
        self.get(path)
        before = self.cr.sql_log_count
        self.assertOk(self.get(path))
        return self.cr.sql_log_count - before
