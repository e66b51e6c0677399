from odoo import models

from ..core.payload import read_fields


class FusionBillingService(models.Model):
    """What is sold: plans, metrics and charges, as the API shows them."""

    _inherit = "fusion.billing.service"

    def _read_catalog(self, query):
        """Return the active plans, metrics and charges of this service's company."""
        read_fields(query, {})
        own = [("company_id", "=", self.company_id.id)]
        return {
            "plans": self._describe_plans(self.env["fusion.billing.plan"].search(own)),
            "metrics": self._describe_metrics(self.env["fusion.billing.metric"].search(own)),
            "charges": self._describe_charges(self.env["fusion.billing.charge"].search([
                *own, ("plan_id.active", "=", True),
            ])),
        }

    def _describe_plans(self, plans):
        return [
            {
                "plan_id": plan.id,
                "plan_code": plan.code,
                "name": plan.name,
                "billing_period_value": plan.billing_period_value,
                "billing_period_unit": plan.billing_period_unit,
            }
            for plan in plans
        ]

    def _describe_metrics(self, metrics):
        return [
            {"metric_code": metric.code, "name": metric.name, "aggregation": metric.aggregation}
            for metric in metrics
        ]

    def _describe_charges(self, charges):
        exact = charges.version_id._read_exact(["included_quota", "price_per_unit", "unit_batch"])
        return [
            {
                "plan_code": charge.plan_id.code,
                "metric": charge.metric_id.code,
                "charge_model": charge.charge_model,
                **exact[charge.version_id.id],
                "tiers": [],
                "currency": charge.currency_id.name,
            }
            for charge in charges
        ]
