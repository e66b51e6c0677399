from odoo.tests import tagged

from .api_case import ApiCase


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
        self.assertEqual(answer, {
            "plans": [{
                "plan_id": self.plan.id, "plan_code": "pro", "name": "pro",
                "billing_period_value": 1, "billing_period_unit": "month",
            }],
            "metrics": [{
                "metric_code": "api_calls", "name": "API calls", "aggregation": "sum",
            }],
            "charges": [{
                "plan_code": "pro", "metric": "api_calls", "charge_model": "standard",
                "included_quota": "1000.5", "price_per_unit": "0.000125", "unit_batch": "1000",
                "tiers": [], "currency": self.currency.name,
            }],
        })

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
            [metric["metric_code"] for metric in answer["metrics"]], ["api_calls", "loose"],
        )
        self.assertEqual(answer["charges"], [])
