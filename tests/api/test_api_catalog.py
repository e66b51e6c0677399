from odoo.tests import freeze_time, tagged

from ...core.money.pricing import price
from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestApiCatalog(ApiCase):
    def test_the_service_is_healthy_without_a_key(self):
        for key in (self.key, "wrong"):
            answer = self.assertOk(self.get("/health", key=key))
            self.assertRegex(answer["version"], r"^19\.0\.\d+\.\d+\.\d+$")

    def test_the_newest_version_answers_without_a_version(self):
        for path in ("/fusion/api/health", "/fusion/api/catalog"):
            response = self.url_open(path, headers={"Authorization": f"Bearer {self.key}"})
            self.assertOk(response)

    def test_the_catalog_says_what_is_sold_exactly(self):
        """M1."""
        self._charge(price_per_unit=0.000125, included_quota=1000.5, unit_batch=1000)
        answer = self.assertOk(self.get("/catalog"))
        self.assertEqual(
            answer,
            {
                "plans": [
                    {
                        "plan_id": self.plan.id,
                        "plan_code": "pro",
                        "name": "pro",
                        "billing_period_value": 1,
                        "billing_period_unit": "month",
                    }
                ],
                "metrics": [
                    {"metric_code": "api_calls", "name": "API calls", "aggregation": "sum"}
                ],
                "charges": [
                    {
                        "plan_code": "pro",
                        "metric_code": "api_calls",
                        "filter": {},
                        "charge_model": "standard",
                        "included_quota": "1000.5",
                        "price_per_unit": "0.000125",
                        "unit_batch": "1000",
                        "rate": "0",
                        "fixed_amount": "0",
                        "minimum": None,
                        "maximum": None,
                        "tiers": [],
                        "flat_fee_at_zero": False,
                        "prorate": True,
                        "currency": self.currency.name,
                        "next_prices_from": None,
                    }
                ],
            },
        )

    def _charges(self):
        return self.assertOk(self.get("/catalog"))["charges"]

    def test_a_charge_shows_all_its_terms(self):
        self._charge(
            charge_model="graduated",
            minimum_amount=5,
            maximum_amount="99.5",
            flat_fee_at_zero=True,
            prorate=True,
            filter_ids=self._filters(region="us, eu"),
            tier_ids=[
                (0, 0, {"up_to": 1000, "unit_amount": 0.02, "unit_batch": 10, "flat_amount": 1}),
                (0, 0, {"unit_amount": 0.0000000001}),
            ],
        )
        [charge] = self._charges()
        self.assertEqual(
            charge["tiers"],
            [
                {
                    "up_to": "1000",
                    "unit_amount": "0.02",
                    "unit_batch": "10",
                    "flat_amount": "1",
                    "rate": "0",
                },
                {
                    "up_to": None,
                    "unit_amount": "0.0000000001",
                    "unit_batch": None,
                    "flat_amount": "0",
                    "rate": "0",
                },
            ],
        )
        self.assertEqual((charge["minimum"], charge["maximum"]), ("5", "99.5"))
        self.assertEqual(charge["filter"], {"region": ["eu", "us"]})
        self.assertEqual((charge["flat_fee_at_zero"], charge["prorate"]), (True, True))

    def test_a_percentage_shows_its_rate_and_fee(self):
        self._charge(charge_model="percentage", rate=2.9, fixed_amount=0.3)
        [charge] = self._charges()
        self.assertEqual((charge["rate"], charge["fixed_amount"]), ("2.9", "0.3"))

    def test_the_terms_suffice_to_price_usage_as_the_ledger_does(self):
        """An app can show the same money: the terms are those of `core.money.pricing.price`."""
        self._charge(
            charge_model="volume",
            included_quota=10,
            minimum_amount=5,
            maximum_amount=700,
            tier_ids=self._tiers((100, 2), (False, 1, 50)),
        )
        [charge] = self._charges()
        names = (
            "included_quota",
            "price_per_unit",
            "unit_batch",
            "tiers",
            "rate",
            "fixed_amount",
            "minimum",
            "maximum",
            "flat_fee_at_zero",
        )
        for used in ("0", "12", "110", "110.5", "5000"):
            priced = price(charge["charge_model"], used, **{name: charge[name] for name in names})
            estimate = self.assertOk(
                self.post("/estimate", {"plan_code": "pro", "quantities": {"api_calls": used}})
            )
            self.assertEqual(estimate["lines"][0]["breakdown"], priced.breakdown)

    @freeze_time("2026-01-11 12:00:00")
    def test_the_prices_of_today_are_shown_and_the_day_of_the_next_ones(self):
        charge = self._charge(price_per_unit=1)
        for day, price_per_unit in (("2026-01-12", 2), ("2026-02-01", 3)):
            self.env["fusion.billing.charge.version"].create(
                {"charge_id": charge.id, "valid_from": day, "price_per_unit": price_per_unit}
            )
        for moment, prices in (
            ("2026-01-11 23:59:59", ("1", "2026-01-12")),
            ("2026-01-12 00:00:00", ("2", "2026-02-01")),
            ("2026-02-01 00:00:00", ("3", None)),
        ):
            with self.subTest(moment=moment), freeze_time(moment):
                [shown] = self._charges()
                self.assertEqual((shown["price_per_unit"], shown["next_prices_from"]), prices)
        self.company.fusion_billing_tz = "Pacific/Kiritimati"
        with freeze_time("2026-01-11 12:00:00"):
            [shown] = self._charges()
            self.assertEqual(shown["price_per_unit"], "2", "R3: it is tomorrow there")

    @freeze_time("2026-01-11 12:00:00")
    def test_a_charge_that_begins_later_is_not_sold_yet(self):
        """T2."""
        self._charge(valid_from="2026-02-01")
        self.assertEqual(self._charges(), [])
        with freeze_time("2026-02-01 00:00:00"):
            self.assertEqual(len(self._charges()), 1)

    @freeze_time("2026-01-11 12:00:00")
    def test_a_charge_whose_first_prices_begin_later_is_not_sold_yet(self):
        self._charge().version_ids.valid_from = "2026-02-01"
        self.assertEqual(self._charges(), [])

    @freeze_time("2026-01-11 12:00:00")
    def test_a_charge_that_ends_is_sold_until_its_last_day(self):
        """T2."""
        self._charge(valid_until="2026-02-01")
        for moment, count in (("2026-01-31 23:59:59", 1), ("2026-02-01 00:00:00", 0)):
            with freeze_time(moment):
                self.assertEqual(len(self._charges()), count)

    def test_what_is_archived_or_of_another_company_is_not_sold(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        theirs = self._plan("theirs", company_id=company.id)
        metric = self._metric("theirs", company_id=company.id)
        self.usage_product.company_id = False
        self._charge(metric=metric, plan=theirs)
        self._charge(plan=self._plan("old"))
        self.env["fusion.billing.plan"].search([("code", "=", "old")]).active = False
        self._charge(metric=self._metric("gone", active=False), active=False)
        self._charge(metric=self._metric("loose"), plan_id=False)
        answer = self.assertOk(self.get("/catalog"))
        self.assertEqual([plan["plan_code"] for plan in answer["plans"]], ["pro"])
        self.assertEqual(
            [metric["metric_code"] for metric in answer["metrics"]], ["api_calls", "loose"]
        )
        self.assertEqual(answer["charges"], [])
