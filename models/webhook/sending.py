from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ...core.webhook.attempt import Claim
from .run import DeliveryRun

# Longer than an attempt can take, so that a lease only ends if the worker was killed.
LEASE = timedelta(seconds=30)

PER_SERVICE = 4


class FusionBillingWebhookDelivery(models.Model):
    """How deliveries are taken, and what is kept of an attempt. The sending is in `run`."""

    _inherit = "fusion.billing.webhook.delivery"

    @api.model
    def _cron_deliver(self):
        """Send what is due; started by whatever emits an event, and every minute for retries.

        Deliveries are claimed in small batches (`FOR UPDATE SKIP LOCKED`: the state becomes
        `sending`, with a lease) and the claim is committed before anything is sent, so that no
        lock and no transaction is open during a request, and no two workers send the same
        attempt. Threads, which know no database, make the requests: a service has few at once,
        one that is failing has one, so that a slow endpoint only delays itself. Each result is
        committed by itself. A worker that is killed leaves leases behind; when they end, the
        events are sent again under the same id (W3).

        Of one subscription and service only the oldest event is claimed until it was tried.
        """
        # sudo: whoever the scheduled action runs as, the outbox is emptied.
        DeliveryRun(self.sudo()).run()

    @api.model
    def _transport(self):
        """Return the keyword arguments of the guarded POST, `core.webhook.safe_http.post`."""
        # sudo: parameters are read by nobody but system administrators.
        get_param = self.env["ir.config_parameter"].sudo().get_param
        ports = get_param("fusion_billing.webhook_allowed_ports") or "443"
        hosts = get_param("fusion_billing.webhook_development_hosts") or ""
        return {
            "allowed_ports": tuple(int(p) for p in ports.split(",") if p.strip().isdecimal()),
            "development_hosts": tuple(filter(None, map(str.strip, hosts.split(",")))),
            "ca_file": get_param("fusion_billing.webhook_development_ca") or None,
        }

    @api.model
    def _claim(self, limit, but_not=()):
        """Take deliveries that are due.

        :param int limit: how many at most
        :param but_not: ids of services that get nothing this time
        :return: list of :class:`Claim`, in the order of the events
        """
        now = self._now()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                CLAIM,
                now=now,
                lease_until=now + LEASE,
                limit=limit,
                per_service=PER_SERVICE,
                but_not=list(but_not),
            )
        )
        self.invalidate_model()
        return [Claim(*row) for row in sorted(self.env.cr.fetchall())]

    @api.model
    def _record(self, attempt):
        """Keep what came of an attempt, on the delivery and on its endpoint.

        Either may have been deleted meanwhile; then there is nothing to keep.
        """
        services = self.env["fusion.billing.service"]
        self.flush_model()
        services.flush_model(["webhook_failing_since"])
        self.env.cr.execute(SQL(RECORD, **self._describe_attempt(attempt)))
        self.invalidate_model()
        services.invalidate_model(["webhook_failing_since"])
        if attempt.response.error:
            service = services.browse(attempt.claim.service_id).exists()
            service._note_webhook_failure(
                attempt.claim.url, attempt.response.status, attempt.ended_at
            )

    @api.model
    def _describe_attempt(self, attempt):
        """Return what the database keeps of an attempt."""
        state, next_attempt_at = attempt.next_state()
        claim, response = attempt.claim, attempt.response
        error = response.error
        return {
            "delivery_id": claim.delivery_id,
            "service_id": claim.service_id,
            "lease_until": claim.lease_until,
            "number": claim.number,
            "url": claim.url,
            "started_at": attempt.started_at,
            "ended_at": attempt.ended_at,
            "duration_ms": round(response.duration * 1000),
            "outcome": "success" if response.ok else "failure",
            "status": response.status or 0,
            "error_code": error and error.code,
            "error": error and error.message,
            "response_excerpt": response.body_excerpt or None,
            "state": state,
            "next_attempt_at": next_attempt_at,
            "delivered_at": attempt.ended_at if state == "delivered" else None,
        }


# Neither claim nor result waits for the disk. What the database forgets when its machine fails
# is sent again, under the same id: at least once is what is promised.
QUICKLY = "SET LOCAL synchronous_commit TO off;"

# PostgreSQL takes the claim for a query worth compiling, which costs a hundred times its work.
UNCOMPILED = "SET LOCAL jit TO off;"

# A service's turns are shared out fairly: everybody's first delivery comes before anybody's
# second. The look at earlier events is a scalar subquery, for PostgreSQL makes a join of
# NOT EXISTS and would read the whole backlog for a handful of deliveries.
CLAIM = (
    QUICKLY
    + UNCOMPILED
    + """
WITH ready AS (
    SELECT service.id, service.webhook_url, in_force.secrets, flying.count AS flying,
           CASE WHEN service.webhook_failing_since IS NULL THEN %(per_service)s ELSE 1 END
               - flying.count AS free
      FROM fusion_billing_service AS service,
           LATERAL (
               SELECT array_agg(secret ORDER BY id DESC) AS secrets
                 FROM fusion_billing_webhook_secret AS secret
                WHERE service_id = service.id AND active
                  AND (expires_at IS NULL OR expires_at > %(now)s)
           ) AS in_force,
           LATERAL (
               SELECT count(*) FROM fusion_billing_webhook_delivery
                WHERE service_id = service.id AND state = 'sending'
                  AND next_attempt_at > %(now)s
           ) AS flying
     WHERE service.active AND service.webhook_enabled AND service.webhook_url <> ''
       AND in_force.secrets IS NOT NULL AND service.id <> ALL(%(but_not)s::int[])
), due AS (
    SELECT due.id, ready.webhook_url, ready.secrets,
           ready.flying + row_number() OVER (PARTITION BY ready.id ORDER BY due.id) AS turn
      FROM ready, LATERAL (
          SELECT delivery.id
            FROM fusion_billing_webhook_delivery AS delivery
           WHERE delivery.service_id = ready.id
             AND delivery.state IN ('pending', 'sending')
             AND delivery.next_attempt_at <= %(now)s
             AND (
                 SELECT earlier.id FROM fusion_billing_webhook_delivery AS earlier
                  WHERE earlier.service_id = delivery.service_id
                    AND earlier.subscription_id = delivery.subscription_id
                    AND earlier.id < delivery.id
                    AND earlier.state IN ('pending', 'sending')
                    AND (earlier.state = 'sending' OR earlier.attempts = 0)
                  LIMIT 1
             ) IS NULL
           ORDER BY delivery.next_attempt_at, delivery.id
           LIMIT GREATEST(ready.free, 0)
             FOR UPDATE SKIP LOCKED
      ) AS due
), taken AS (
    SELECT * FROM due ORDER BY turn, id LIMIT %(limit)s
)
UPDATE fusion_billing_webhook_delivery AS delivery
   SET state = 'sending', next_attempt_at = %(lease_until)s
  FROM taken
 WHERE delivery.id = taken.id
RETURNING delivery.id, delivery.service_id, delivery.event_id, delivery.event_type,
          delivery.body, delivery.attempts, delivery.first_attempt_at, %(now)s::timestamp,
          delivery.next_attempt_at, taken.webhook_url, taken.secrets
"""
)

# The row is locked first, so that nobody deletes it in between. Its state is left alone if it
# is not ours any more: the lease ended and another worker has it.
RECORD = (
    QUICKLY
    + """
SELECT FROM fusion_billing_webhook_delivery WHERE id = %(delivery_id)s FOR UPDATE;
WITH attempt AS (
    INSERT INTO fusion_billing_webhook_attempt (
        delivery_id, service_id, number, url, started_at, duration_ms, outcome, status,
        error_code, error, response_excerpt)
    SELECT id, %(service_id)s, %(number)s, %(url)s, %(started_at)s, %(duration_ms)s,
           %(outcome)s, %(status)s, %(error_code)s, %(error)s, %(response_excerpt)s
      FROM fusion_billing_webhook_delivery WHERE id = %(delivery_id)s
), recovered AS (
    UPDATE fusion_billing_service SET webhook_failing_since = NULL
     WHERE id = %(service_id)s AND webhook_url = %(url)s
       AND %(outcome)s = 'success' AND webhook_failing_since IS NOT NULL
)
UPDATE fusion_billing_webhook_delivery
   SET state = %(state)s, attempts = %(number)s, delivered_at = %(delivered_at)s,
       next_attempt_at = %(next_attempt_at)s, last_status = %(status)s, last_error = %(error)s,
       first_attempt_at = COALESCE(first_attempt_at, %(started_at)s), write_date = %(ended_at)s
 WHERE id = %(delivery_id)s AND state = 'sending' AND next_attempt_at = %(lease_until)s
"""
)
