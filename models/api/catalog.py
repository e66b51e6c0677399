from odoo import models


class FusionBillingApiCatalog(models.AbstractModel):
    """What is sold: plans, metrics and charges."""

    _name = "fusion.billing.api.catalog"
    _description = "API: the catalog"
    _inherit = ["fusion.billing.api.serializer"]

    def _read(self, service, _values):
        """Return the active plans, metrics and charges of the service's company."""
        own = [("company_id", "=", service.company_id.id)]
        charges = self.env["fusion.billing.charge"].search([*own, ("plan_id.active", "=", True)])
        return {
            "plans": list(map(self._describe_plan, self.env["fusion.billing.plan"].search(own))),
            "metrics": list(
                map(self._describe_metric, self.env["fusion.billing.metric"].search(own))
            ),
            "charges": self._describe_charges(charges, service.company_id._fusion_today()),
        }

    def _describe_charges(self, charges, today):
        """Return the charges at the prices of today; one whose prices begin later has none yet."""
        return [
            self._describe_charge(charge, version, today)
            for charge in charges
            for version in charge._version_at(today)
        ]
