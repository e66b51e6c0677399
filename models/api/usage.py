from odoo import models
from odoo.fields import Domain

from ...core.api import cloud_event, errors
from ...core.api.answer import Partial
from ...core.api.usage_event import (
    bind_events,
    find_unknown,
    read_events,
    references_of,
    subscription_reference,
)
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
        """Store a batch of counters, all of them or none (U2); with `partial` the good ones.

        :return: `accepted`, and how many of them were `inserted`, `updated`, `unchanged`
        :raise BatchError: what is wrong with which event
        """
        events, broken, wrong = read_events(values["events"], self._now(service))
        known = self._look_up(service, references_of(events, broken))
        wrong += find_unknown(broken, *known) if broken else []
        wrong += bind_events(events, *known)
        return self._store(service, events, wrong, values["partial"])

    def _push_events(self, service, values):
        """Do the same with a batch of CloudEvents."""
        events, broken, wrong = cloud_event.read_events(values["events"], self._now(service))
        subscriptions, metric_ids = self._look_up(service, references_of(events, broken))
        cloud_event.shorten_types({**events, **broken}, metric_ids)
        wrong += find_unknown(broken, subscriptions, metric_ids)
        wrong += bind_events(events, subscriptions, metric_ids)
        return self._store(service, events, cloud_event.name_as_sent(wrong), values["partial"])

    def _now(self, service):
        """Return this moment as it is for the service, without a query."""
        return self.env["res.company"].browse(service._source().company_id)._fusion_now()

    def _store(self, service, events, wrong, partial):
        """Store the events of a batch with which nothing is wrong.

        :param dict events: `{index: event}`
        :param list wrong: `[(index, InvalidInput), …]`
        :param bool partial: whether to store them if others are wrong
        """
        if wrong and not partial:
            raise errors.BatchError(wrong)
        bad = {index for index, _error in wrong}
        good = [event for index, event in events.items() if index not in bad]
        with run_again_if_faster():
            counts = self.env["fusion.billing.usage"]._ingest(good, service._source().code)
        stored = {"accepted": len(good), **counts}
        return self._tell_partial(stored, wrong) if partial else stored

    def _tell_partial(self, stored, wrong):
        if not wrong:
            return {**stored, "rejected": 0, "rejected_indexes": []}
        error = errors.BatchError(wrong, is_whole=False)
        rejected = error.indexes
        told = {"rejected": len(rejected), "rejected_indexes": rejected, **error.tell_errors()}
        return Partial({**stored, **told}, error)

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
        domain = self._domain_of_subscription(service, values)
        if values["metric_code"] is not None:
            metric_id = self._find_metric(service, values["metric_code"])
            domain &= Domain("metric_id", "=", metric_id)
        if values["idempotency_key"] is not None:
            domain &= Domain("idempotency_key", "=", values["idempotency_key"])
        if values["from"]:
            domain &= Domain("period_start", ">=", values["from"])
        if values["to"]:
            domain &= Domain("period_start", "<", values["to"])
        return domain

    def _domain_of_subscription(self, service, values):
        if subscription_reference(values) is not None:
            return Domain("subscription_id", "=", self._find_named(service, values))
        visible = self.env["sale.order"]._search(self._subscriptions_domain(service))
        return Domain("subscription_id", "in", visible)

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
