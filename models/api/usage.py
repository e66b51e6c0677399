from odoo import fields, models
from odoo.fields import Domain

from ...core.api import errors, paging
from ...core.api.payload import ID_LIMIT, instant, invalid, read_fields, record_id, required, text
from ...core.api.usage_event import Subscription, bind_events, read_events, subscription_reference
from ..base.retry import run_again_if_faster
from .paging import find_page

BATCH_LIMIT = 5000

# What a batch reads of its subscriptions: a sale order has a hundred columns more.
LIFE_FIELDS = (
    "company_id", "fusion_anchor_date", "fusion_external_id", "fusion_service_id", "state",
)


def batch(value, name):
    """Return the events of a batch, as they are."""
    if not isinstance(value, list) or not value:
        raise invalid(name, "must be an array of at least one event")
    if len(value) > BATCH_LIMIT:
        raise errors.TooLarge(f"A batch has at most {BATCH_LIMIT:,} events: send several.")
    return value


BATCH = {"events": required(batch)}
USAGE_QUERY = {
    "subscription_id": record_id, "metric_code": text, "from": instant, "to": instant,
    **paging.READERS,
}


class FusionBillingService(models.Model):
    """The usage that an app pushes."""

    _inherit = "fusion.billing.service"

    # === ENDPOINTS === #

    def _push_usage(self, payload):
        """Store a batch of counters, all of them or none (U2).

        :return: `accepted`, and how many of them were `inserted`, `updated`, `unchanged`
        :raise BatchError: what is wrong with which event
        """
        raw_events = read_fields(payload, BATCH)["events"]
        events, wrong = read_events(raw_events, fields.Datetime.now())
        wrong += bind_events(
            events,
            self._find_references({subscription_reference(e) for e in events.values()}),
            self._find_metrics({event["metric_code"] for event in events.values()}),
        )
        if wrong:
            raise errors.BatchError(wrong)
        with run_again_if_faster():
            counts = self.env["fusion.billing.usage"]._ingest(list(events.values()), self.code)
        return {"accepted": len(events), **counts}

    def _list_usage(self, query):
        values = read_fields(query, USAGE_QUERY)
        usages, next_cursor = find_page(
            self.env["fusion.billing.usage"], self._usage_domain(values),
            values["limit"], values["cursor"],
        )
        return {"usage": self._describe_usages(usages), "next_cursor": next_cursor}

    # === BUSINESS METHODS - PUSHING === #

    def _find_references(self, references):
        """Look up what a batch's events name their subscriptions by, in one query.

        A text is the subscription's external id in this service, or the digits of its id where
        it has no external id; a number is its id.

        :param set references: texts and numbers
        :return: :class:`Subscription` by reference
        """
        names = [name for name in references if isinstance(name, str)]
        ids = [number for number in references if isinstance(number, int)]
        ids += [int(name) for name in names if name.isascii() and name.isdigit()]
        own = Domain("fusion_service_id", "=", self.id) & Domain("fusion_external_id", "in", names)
        by_id = Domain("id", "in", [number for number in ids if number < ID_LIMIT])
        by_reference, by_name = {}, {}
        found = self._find_subscriptions(own | by_id)
        found.fetch(LIFE_FIELDS)
        for order in found:
            known = Subscription(order.id, order._fusion_spans())
            by_reference[order.id] = known
            if not order.fusion_external_id:
                by_reference[str(order.id)] = known
            elif order.fusion_service_id == self:
                by_name[order.fusion_external_id] = known
        return {**by_reference, **by_name}

    def _find_metrics(self, codes):
        """Return the ids of this company's metrics by code."""
        metrics = self.env["fusion.billing.metric"].search([
            ("company_id", "=", self.company_id.id), ("code", "in", list(codes)),
        ])
        return {metric.code: metric.id for metric in metrics}

    # === BUSINESS METHODS - READING === #

    def _usage_domain(self, values):
        """:raise InvalidInput: the query names a subscription or a metric that is not there"""
        domain = Domain("subscription_id", "in", self.env["sale.order"]._search(
            self._subscriptions_domain(),
        ))
        if values["subscription_id"] is not None:
            [subscription_id] = self._find_queried_subscription(values["subscription_id"]).ids
            domain = Domain("subscription_id", "=", subscription_id)
        if values["metric_code"] is not None:
            metric_id = self._find_metrics({values["metric_code"]}).get(values["metric_code"])
            if not metric_id:
                raise errors.InvalidInput(
                    "There is no such metric.", "unknown_metric", "metric_code",
                )
            domain &= Domain("metric_id", "=", metric_id)
        if values["from"]:
            domain &= Domain("period_start", ">=", values["from"])
        if values["to"]:
            domain &= Domain("period_start", "<", values["to"])
        return domain

    def _find_queried_subscription(self, number):
        try:
            return self._get_subscription(str(number))
        except errors.NotFound as error:
            raise errors.InvalidInput(
                error.message, "unknown_subscription", "subscription_id",
            ) from None

    # === ANSWERS === #

    def _describe_usages(self, usages):
        exact = usages._read_exact(["quantity"])
        return [
            {
                "usage_id": usage.id,
                "subscription_id": usage.subscription_id.id,
                "subscription_external_id": self._own_external_id(usage.subscription_id),
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
