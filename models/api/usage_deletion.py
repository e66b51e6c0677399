from odoo import models
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.payload import ID_LIMIT, invalid, missing

NAMES = ("subscription_id", "subscription_external_id", "metric_code", "idempotency_key")


class FusionBillingApiUsageDeletion(models.AbstractModel):
    """The counters that an app takes back."""

    _name = "fusion.billing.api.usage.deletion"
    _description = "API: deletion of usage"
    _inherit = ["fusion.billing.api.references", "fusion.billing.api.finder"]

    def _delete(self, service, values):
        """Delete a counter; one that is not there any more is deleted already.

        :raise InvalidInput: it is not named in one way, or its days are settled
        """
        usage = self._find_usage(service, values)
        if usage and usage._is_settled():
            raise errors.InvalidInput(
                "Usage of that time is settled and was removed, so this counter stays: push one on"
                " a later day instead.",
                "period_outside_subscription",
            )
        # sudo: the technical user writes nothing, and the counter is of this service's customer.
        usage.sudo()._delete(service._source().code)
        return {"deleted": len(usage)}

    def _find_usage(self, service, values):
        usages = self.env["fusion.billing.usage"]
        number = values["usage_id"]
        if number is None:
            return usages.search(self._domain_of_key(service, values))
        for name in NAMES:
            if values[name] is not None:
                raise invalid("usage_id", f"and {name} must not both be given")
        if number >= ID_LIMIT:
            return usages
        visible = self.env["sale.order"]._search(self._subscriptions_domain(service))
        return usages.search(Domain("id", "=", number) & Domain("subscription_id", "in", visible))

    def _domain_of_key(self, service, values):
        for name in ("metric_code", "idempotency_key"):
            if values[name] is None:
                raise missing(name)
        return (
            Domain("subscription_id", "=", self._find_named(service, values))
            & Domain("metric_id", "=", self._find_metric(service, values["metric_code"]))
            & Domain("idempotency_key", "=", values["idempotency_key"])
        )
