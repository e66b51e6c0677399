from odoo import fields, models
from odoo.fields import Domain

from ...core.api import errors
from ...core.api.usage_event import bind_events, read_events, subscription_reference
from ..base.retry import run_again_if_faster
from .paging import find_page


class FusionBillingApiUsage(models.AbstractModel):
    """The usage that an app pushes."""

    _name = "fusion.billing.api.usage"
    _description = "API: usage"
    _inherit = [
        "fusion.billing.api.references",
        "fusion.billing.api.finder",
        "fusion.billing.api.serializer",
    ]

    # === ENDPOINTS === #

    def _push(self, service, values):
        """Store a batch of counters, all of them or none (U2).

        :return: `accepted`, and how many of them were `inserted`, `updated`, `unchanged`
        :raise BatchError: what is wrong with which event
        """
        events, wrong = read_events(values["events"], fields.Datetime.now())
        references = {subscription_reference(event) for event in events.values()}
        wrong += bind_events(events, *self._look_up(service, references))
        if wrong:
            raise errors.BatchError(wrong)
        with run_again_if_faster():
            counts = self.env["fusion.billing.usage"]._ingest(
                list(events.values()), service._source().code
            )
        return {"accepted": len(events), **counts}

    def _list(self, service, values):
        usages, next_cursor = find_page(
            self.env["fusion.billing.usage"],
            self._usage_domain(service, values),
            values["limit"],
            values["cursor"],
            values["changed_since"],
        )
        return {"usage": self._describe_usages(service, usages), "next_cursor": next_cursor}

    # === READING === #

    def _usage_domain(self, service, values):
        """:raise InvalidInput: the query names a subscription or a metric that is not there"""
        domain = self._domain_of_subscription(service, values["subscription_id"])
        if values["metric_code"] is not None:
            domain &= self._domain_of_metric(service, values["metric_code"])
        if values["from"]:
            domain &= Domain("period_start", ">=", values["from"])
        if values["to"]:
            domain &= Domain("period_start", "<", values["to"])
        return domain

    def _domain_of_subscription(self, service, number):
        if number is None:
            return Domain(
                "subscription_id",
                "in",
                self.env["sale.order"]._search(self._subscriptions_domain(service)),
            )
        try:
            subscription = self._get_subscription(service, str(number))
        except errors.NotFound as error:
            raise errors.InvalidInput(
                error.message, "unknown_subscription", "subscription_id"
            ) from None
        return Domain("subscription_id", "=", subscription.id)

    def _domain_of_metric(self, service, code):
        metric_id = self._find_metrics(service, {code}).get(code)
        if not metric_id:
            raise errors.InvalidInput("There is no such metric.", "unknown_metric", "metric_code")
        return Domain("metric_id", "=", metric_id)

    # === ANSWERS === #

    def _describe_usages(self, service, usages):
        exact = usages._read_exact(["quantity"])
        return [
            {
                "usage_id": usage.id,
                "subscription_id": usage.subscription_id.id,
                "subscription_external_id": self._own_external_id(service, usage.subscription_id),
                "metric_code": usage.metric_id.code,
                "quantity": exact[usage.id]["quantity"],
                "period_start": usage.period_start,
                "period_end": usage.period_end,
                "idempotency_key": usage.idempotency_key or None,
                "value": usage.value or None,
                "dimensions": usage.dimensions or {},
            }
            for usage in usages
        ]
