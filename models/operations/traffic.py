from odoo import api, fields, models
from odoo.tools import SQL

from ...core.api.traffic import BOUNDS

ROWS = 16  # of each service and status
WITHIN = [f"within_{number}" for number in range(len(BOUNDS))]
COUNTS = ["requests", "events", "seconds", *WITHIN]


class FusionBillingTraffic(models.Model):
    """What the API was asked, ever: what a monitoring system reads.

    Processes count in their memory and add to it every few seconds, spread over rows, so that two
    of them hardly ever meet in one. Where they do, one adds later. `within_…` are the requests
    that took no longer than the :data:`BOUNDS`. They are floats as those hold whole numbers longer
    than an integer.
    """

    _name = "fusion.billing.traffic"
    _description = "API Traffic"
    _log_access = False

    service_id = fields.Many2one("fusion.billing.service", ondelete="cascade")
    status = fields.Integer(required=True)
    row = fields.Integer(required=True)
    requests = fields.Float()
    events = fields.Float()
    seconds = fields.Float()
    within_0 = fields.Float()
    within_1 = fields.Float()
    within_2 = fields.Float()
    within_3 = fields.Float()
    within_4 = fields.Float()
    within_5 = fields.Float()

    _row_unique = models.UniqueIndex("(COALESCE(service_id, 0), status, row)")

    @api.model
    def _add(self, counts):
        """Add what a process counted.

        :param dict counts: as :meth:`core.api.traffic.Traffic.take` returns it
        """
        rows = [(*key, *amounts) for key, amounts in counts.items()]
        columns = [list(column) for column in zip(*rows, strict=True)]
        names = list(map(SQL.identifier, COUNTS))
        sums = (SQL("%s = traffic.%s + excluded.%s", name, name, name) for name in names)
        self.env.cr.execute(
            SQL(
                ADD,
                names=SQL(", ").join(names),
                columns=SQL(", ").join(SQL("%s::float8[]", column) for column in columns),
                rows=ROWS,
                sums=SQL(", ").join(sums),
            ),
            log_exceptions=False,
        )


# A service that was deleted meanwhile has no figures.
ADD = """
SET LOCAL synchronous_commit TO off;
INSERT INTO fusion_billing_traffic AS traffic (service_id, status, row, %(names)s)
SELECT counted.service_id::int, counted.status::int, mod(pg_backend_pid(), %(rows)s), %(names)s
  FROM unnest(%(columns)s) AS counted (service_id, status, %(names)s)
 WHERE counted.service_id IS NULL
    OR EXISTS (SELECT FROM fusion_billing_service WHERE id = counted.service_id)
ON CONFLICT (COALESCE(service_id, 0), status, row) DO UPDATE SET %(sums)s
"""
