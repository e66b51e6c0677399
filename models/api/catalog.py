from odoo import models
from odoo.fields import Domain
from odoo.tools import groupby

from ...core.api import errors
from .paging import find_page


class FusionBillingApiCatalog(models.AbstractModel):
    """What is sold: plans, metrics and charges."""

    _name = "fusion.billing.api.catalog"
    _description = "API: the catalog"
    _inherit = ["fusion.billing.api.serializer"]

    # === ENDPOINTS === #

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

    def _list_plans(self, service, values):
        page, next_cursor = find_page(self.env["fusion.billing.plan"], self._own(service), **values)
        return {"plans": self._describe_whole_plans(service, page), "next_cursor": next_cursor}

    def _read_plan(self, service, code, _values):
        """:raise NotFound: no plan of this code is sold"""
        plan = self._find_sold(service, "fusion.billing.plan", code)
        return self._describe_whole_plans(service, plan)[0]

    def _read_metric(self, service, code, _values):
        """:raise NotFound: no metric of this code is counted"""
        return self._describe_metric(self._find_sold(service, "fusion.billing.metric", code))

    # === FINDING === #

    def _own(self, service):
        return Domain("company_id", "=", service.company_id.id)

    def _find_sold(self, service, model, code):
        found = self.env[model].search(self._own(service) & Domain("code", "=", code))
        if not found:
            raise errors.NotFound("There is nothing with this code, or it is not in use any more.")
        return found

    # === ANSWERS === #

    def _describe_whole_plans(self, service, plans):
        """Return plans with their fees and their charges of today, in a fixed number of queries."""
        exact = plans.fee_ids._read_exact(["quantity", "price_unit"])
        today = service.company_id._fusion_today()
        charges = dict(
            groupby(
                self._describe_charges(plans.charge_ids, today),
                key=lambda charge: charge["plan_code"],
            )
        )
        return [
            {
                **self._describe_plan(plan),
                "fees": [self._describe_fee(fee, exact[fee.id]) for fee in plan.fee_ids],
                "charges": charges.get(plan.code, []),
            }
            for plan in plans
        ]
