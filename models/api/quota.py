from contextlib import suppress

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.api.errors import RateLimited, TooLarge
from ...core.api.rate import EVENTS, REQUESTS, Rate

STALE_DAYS = 1


class FusionBillingQuota(models.Model):
    """What services sent in the current minute, counted in as many rows as there are connections.

    Each connection to the database counts in a row of its own, in a transaction of its own, so
    that nobody waits for anybody. Requests that are answered at the same moment do not see each
    other: as many more than the quota may pass as there are workers.
    """

    _name = "fusion.billing.quota"
    _description = "Use of a Quota"
    _log_access = False

    service_id = fields.Many2one("fusion.billing.service", required=True, ondelete="cascade")
    kind = fields.Char(required=True)
    connection = fields.Integer(required=True, help="The process of the database that counts.")
    minute = fields.Datetime(required=True)
    used = fields.Integer(required=True)

    _count_unique = models.Constraint(
        "UNIQUE(service_id, kind, connection)", "A connection counts once."
    )

    @api.model
    def _take_request(self, service):
        """Count a request; return the :class:`Rate` if the service has a quota, in a tuple.

        :raise RateLimited: it is used up
        """
        return self._take(service, REQUESTS, service._source().request_quota, 1)

    @api.model
    def _take_events(self, service, count):
        """Count the events of a batch, likewise.

        :raise TooLarge: no minute has room for them
        """
        quota = service._source().event_quota
        if quota and count > quota:
            raise TooLarge(
                f"This service may push {quota:,} events a minute: send smaller batches."
            )
        return self._take(service, EVENTS, quota, count)

    def _take(self, service, kind, quota, amount):
        if not quota:
            return ()
        # A request that cannot be counted is answered: a quota protects, it does not bill.
        with suppress(psycopg2.Error), self.env.registry.cursor() as cr:
            used, taken, seconds = self._count(cr, service.id, kind, quota, amount)
            if not taken:
                raise RateLimited(
                    f"This service may send {quota:,} {kind} a minute: wait for the next one.",
                    seconds,
                    Rate(kind, quota, max(0, quota - used), seconds),
                )
            return (Rate(kind, quota, max(0, quota - used - amount), seconds),)
        return ()

    def _count(self, cr, service_id, kind, quota, amount):
        """Return what was used before, whether the amount was taken, and the seconds left."""
        cr.execute("SET LOCAL synchronous_commit TO off")
        cr.execute(SQL(TAKE, service=service_id, kind=kind, quota=quota, amount=amount))
        return cr.fetchone()

    @api.autovacuum
    def _gc_stale(self):
        """Forget the connections that have not counted for a day."""
        self.env.cr.execute(SQL(FORGET, STALE_DAYS))


# The clock is the database's, the same for all workers.
TAKE = """
WITH clock AS (
    SELECT date_trunc('minute', now() AT TIME ZONE 'UTC') AS minute,
           60 - floor(extract(second FROM now()))::int AS seconds
), past AS (
    SELECT COALESCE(sum(used), 0)::int AS used
      FROM fusion_billing_quota
     WHERE service_id = %(service)s AND kind = %(kind)s AND minute = (SELECT minute FROM clock)
), taken AS (
    INSERT INTO fusion_billing_quota AS quota (service_id, kind, connection, minute, used)
    SELECT %(service)s, %(kind)s, pg_backend_pid(), clock.minute, %(amount)s
      FROM past, clock
     WHERE past.used + %(amount)s <= %(quota)s
    ON CONFLICT (service_id, kind, connection) DO UPDATE
       SET minute = excluded.minute,
           used = excluded.used
                  + CASE WHEN quota.minute = excluded.minute THEN quota.used ELSE 0 END
    RETURNING id
)
SELECT past.used, EXISTS (SELECT FROM taken), clock.seconds FROM past, clock
"""

FORGET = """
DELETE FROM fusion_billing_quota WHERE minute < now() AT TIME ZONE 'UTC' - make_interval(days => %s)
"""
