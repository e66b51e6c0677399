from odoo import models
from odoo.tools import SQL

from ...core.api.answer import Document
from ...core.api.prometheus import CONTENT_TYPE, Family, write_families
from ...core.api.traffic import BOUNDS
from .traffic import WITHIN


class FusionBillingApiMetrics(models.AbstractModel):
    """The figures of a company, for a monitoring system: Prometheus reads them."""

    _name = "fusion.billing.api.metrics"
    _description = "API: figures for a monitoring system"

    def _read(self, service, _values):
        company = service.company_id
        families = [
            *self._traffic(company),
            *self._scheduled_actions(),
            *self._rating(company),
            *self._billing(company),
            *self._deliveries(company),
        ]
        return Document(write_families(families), CONTENT_TYPE)

    def _query(self, statement, company, **parameters):
        self.env.flush_all()
        return self.env.execute_query(SQL(statement, company=company.id, **parameters))

    # === WHAT IS ASKED === #

    def _traffic(self, company):
        """Yield how many requests were answered how and how fast, and with how many counters."""
        within = SQL(", ").join(SQL("sum(%s)", SQL.identifier(name)) for name in WITHIN)
        answered, took, stored = [], [], []
        for code, status, requests, events, seconds, *counts in self._query(
            TRAFFIC, company, within=within
        ):
            labels = {"service": code or "", "status": status}
            answered.append(("", labels, requests))
            for bound, count in zip((*BOUNDS, "+Inf"), (*counts, requests), strict=True):
                took.append(("_bucket", {**labels, "le": bound}, count))
            took += [("_sum", labels, seconds), ("_count", labels, requests)]
            if events:
                stored.append(("", {"service": code}, events))
        yield Family("requests_total", "counter", "Requests that were answered.", answered)
        yield Family("request_duration_seconds", "histogram", "How long answers took.", took)
        yield Family("events_total", "counter", "Usage counters that were accepted.", stored)

    # === WHAT IS DONE === #

    def _scheduled_actions(self):
        """Yield how late the scheduled actions are: those of all companies, as they run for all."""
        late = [
            ("", {"action": name}, int(seconds) if is_active else "+Inf")
            for name, _label, is_active, seconds, _turn in self.env[
                "fusion.billing.api.readiness"
            ]._read_crons()
        ]
        meaning = "How late a scheduled action is; infinite if it is switched off."
        yield Family("scheduled_action_late_seconds", "gauge", meaning, late)

    def _rating(self, company):
        """Yield how much waits to be rated, for how long, and what fails."""
        [[waiting, seconds, failing]] = self._query(RATING, company)
        yield Family(
            "rating_waiting", "gauge", "Subscriptions with changes to rate.", [("", {}, waiting)]
        )
        yield Family(
            "rating_lag_seconds", "gauge", "Age of the oldest of them.", [("", {}, seconds)]
        )
        yield Family(
            "failing_subscriptions", "gauge", "Not rated or billed: see them.", [("", {}, failing)]
        )

    def _billing(self, company):
        """Yield what should be on a document and is not."""
        rows = self._query(UNBILLED, company, today=company._fusion_today())
        amounts = [("", {"currency": currency}, amount) for currency, amount, _count in rows]
        counts = [("", {"currency": currency}, count) for currency, _amount, count in rows]
        yield Family("unbilled_amount", "gauge", "Due, and on no document yet.", amounts)
        yield Family("unbilled_rows", "gauge", "How many rows of the ledger that is.", counts)

    def _deliveries(self, company):
        """Yield the webhook events that wait, or were given up."""
        counts = [
            ("", {"service": code, "state": state}, count)
            for code, state, count in self._query(DELIVERIES, company)
        ]
        yield Family("deliveries", "gauge", "Webhook events that are not delivered.", counts)


TRAFFIC = """
SELECT service.code, traffic.status, sum(traffic.requests), sum(traffic.events),
       sum(traffic.seconds), %(within)s
  FROM fusion_billing_traffic AS traffic
  LEFT JOIN fusion_billing_service AS service ON service.id = traffic.service_id
 WHERE traffic.service_id IS NULL OR service.company_id = %(company)s
 GROUP BY service.code, traffic.status
 ORDER BY service.code NULLS FIRST, traffic.status
"""

RATING = """
SELECT waiting.count, waiting.seconds, failing.count
  FROM (SELECT count(DISTINCT request.subscription_id),
               COALESCE(extract(epoch FROM now() AT TIME ZONE 'UTC' - min(request.requested_at)), 0)
                   ::int AS seconds
          FROM fusion_billing_rating_request AS request
          JOIN sale_order AS subscription ON subscription.id = request.subscription_id
         WHERE subscription.company_id = %(company)s) AS waiting,
       (SELECT count(*) FROM sale_order
         WHERE company_id = %(company)s AND fusion_error IS NOT NULL) AS failing
"""

UNBILLED = """
SELECT currency.name, sum(rating.amount - rating.settled - rating.waived), count(*)
  FROM fusion_billing_rating AS rating
  JOIN res_currency AS currency ON currency.id = rating.currency_id
 WHERE rating.company_id = %(company)s AND rating.bill_on <= %(today)s
   AND rating.amount - rating.settled - rating.waived <> 0  -- as the index has it
   AND rating.amount - rating.settled - rating.waived > 0
 GROUP BY currency.name ORDER BY currency.name
"""

DELIVERIES = """
SELECT service.code, delivery.state, count(*)
  FROM fusion_billing_webhook_delivery AS delivery
  JOIN fusion_billing_service AS service ON service.id = delivery.service_id
 WHERE service.company_id = %(company)s AND delivery.state IN ('pending', 'sending', 'failed')
 GROUP BY service.code, delivery.state ORDER BY service.code, delivery.state
"""
