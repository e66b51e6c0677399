from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

KEPT = timedelta(days=7)
HOUR = timedelta(hours=1)
MOST = 100  # of a service in an hour, of all processes
VACUUM_BATCH = 10_000


class FusionBillingRejection(models.Model):
    """A request of an app that was refused, and what the app was told: kept for a week.

    It is no more than people need to see why a counter is not there: of a batch the first members
    that were wrong, cut to a length, without keys or headers. It is written by
    `controllers/rejections.py`, after the request is rolled back.
    """

    _name = "fusion.billing.rejection"
    _description = "Rejected Request"
    _order = "id desc"
    _rec_name = "error"
    _log_access = False

    service_id = fields.Many2one("fusion.billing.service", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="service_id.company_id")
    rejected_at = fields.Datetime("Rejected on", required=True, readonly=True)
    verb = fields.Char(required=True, readonly=True)
    path = fields.Char(required=True, readonly=True)
    status = fields.Integer("HTTP Status", required=True, readonly=True, aggregator=None)
    code = fields.Char(required=True, readonly=True, help="What programs know the error by.")
    error = fields.Char("Reason", required=True, readonly=True)
    request_id = fields.Char("Request ID", readonly=True, help="Also in the server's log.")
    request = fields.Text("Sent", readonly=True, help="Of a batch: the first that were wrong.")
    answer = fields.Text("Answered", readonly=True)

    _recent_idx = models.Index("(service_id, rejected_at)")

    @api.model
    def _keep(self, values):
        """Keep a rejection, unless its service has had many within the hour."""
        now = fields.Datetime.now()
        values = {**values, "rejected_at": now}
        self.env.cr.execute(
            SQL(
                KEEP,
                names=SQL(", ").join(map(SQL.identifier, values)),
                values=SQL(", ").join(SQL("%s", value) for value in values.values()),
                service=values["service_id"],
                since=now - HOUR,
                most=MOST,
            ),
            log_exceptions=False,
        )

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - KEPT
        old = self.search([("rejected_at", "<", limit)], limit=VACUUM_BATCH)
        old.unlink()
        return len(old), len(old) == VACUUM_BATCH


# A service that was deleted meanwhile has none.
KEEP = """
SET LOCAL synchronous_commit TO off;
INSERT INTO fusion_billing_rejection (%(names)s)
SELECT %(values)s
 WHERE EXISTS (SELECT FROM fusion_billing_service WHERE id = %(service)s)
   AND (SELECT count(*) FROM fusion_billing_rejection
         WHERE service_id = %(service)s AND rejected_at > %(since)s) < %(most)s
"""
