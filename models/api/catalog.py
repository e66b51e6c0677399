from odoo import models

from ...core.api.payload import read_fields


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
        """Return the charges at the prices of today; one whose prices begin later has none yet."""
        today = self.company_id._fusion_today()
        return [
            self._describe_charge(charge, version, today)
            for charge in charges for version in charge._version_at(today)
        ]

    def _describe_charge(self, charge, version, today):
        starts = filter(None, charge.version_ids.mapped("valid_from"))
        return {
            "plan_code": charge.plan_id.code,
            "metric": charge.metric_id.code,
            "filter": charge._filter(),
            "charge_model": version.charge_model,
            **version._terms()[version.id],
            "prorate": charge.prorate,
            "currency": charge.currency_id.name,
            "next_prices_from": min((start for start in starts if start > today), default=None),
        }
