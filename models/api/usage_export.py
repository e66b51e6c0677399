from datetime import datetime
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ...core.api.answer import write_json
from ...core.api.export import make_cursor

BEGINNING = (datetime(1970, 1, 1), 0)
FIELDS = (
    "usage_id",
    "subscription_id",
    "subscription_external_id",
    "metric_code",
    "quantity",
    "period_start",
    "period_end",
    "idempotency_key",
    "value",
    "dimensions",
    "deleted",
    "changed_at",
)


class FusionBillingApiUsageExport(models.AbstractModel):
    """What changed of an app's counters, in the order in which it changed.

    A counter is marked with the time at which its transaction began, and others see it when that
    commits. So the export ends before the oldest transaction that is still open: whatever it
    stores comes later. Where that is has to be known before the counters are read, so they are
    read in a transaction that begins afterwards.
    """

    _name = "fusion.billing.api.usage.export"
    _description = "API: export of usage"
    _inherit = ["fusion.billing.api.finder"]

    def _export(self, service, values):
        """Return a page of changes: lines of JSON, in bytes; none if there is nothing new."""
        [[until]] = self.env.execute_query(SQL(HORIZON))
        with self.env.registry.cursor() as cr:
            rows = self.with_env(self.env(cr=cr))._read_changes(service, values, until)
        return b"".join(_write_line(row) for row in rows)

    def _read_changes(self, service, values, until):
        visible = self.env["sale.order"]._search(self._subscriptions_domain(service))
        changed_at, number = values["cursor"] or BEGINNING
        return self.env.execute_query(
            SQL(
                CHANGES,
                service=service.id,
                visible=visible.subselect(),
                since=values["changed_since"] or BEGINNING[0],
                until=until,
                changed_at=changed_at,
                number=number,
                limit=values["limit"],
            )
        )


def _write_line(row):
    line = dict(zip(FIELDS, row, strict=True))
    line["quantity"] = Decimal(line["quantity"])
    line["cursor"] = make_cursor(line["changed_at"], line["usage_id"])
    return write_json(line) + b"\n"


# A transaction that begins at this moment may not be listed yet: two seconds are for those. Those
# of other roles are not told; all that writes counters is of Odoo's.
HORIZON = """
SELECT LEAST(
    (SELECT min(xact_start) FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid != pg_backend_pid()),
    statement_timestamp() - interval '2 seconds'
) AT TIME ZONE 'UTC'
"""

# Each branch is read in the order of its index, no further than the page.
CHANGES = """
SELECT change.number, subscription_id,
       CASE WHEN subscription.fusion_service_id = %(service)s
            THEN NULLIF(subscription.fusion_external_id, '') END,
       metric.code, quantity::text, period_start, period_end, idempotency_key, value,
       COALESCE(dimensions, '{}'::jsonb), deleted, changed_at
  FROM (
    (SELECT id AS number, subscription_id, metric_id, quantity, period_start, period_end,
            idempotency_key, value, dimensions, false AS deleted, write_date AS changed_at
       FROM fusion_billing_usage
      WHERE write_date >= %(since)s AND write_date < %(until)s
        AND (write_date, id) > (%(changed_at)s, %(number)s)
        AND subscription_id IN %(visible)s
      ORDER BY write_date, id LIMIT %(limit)s)
    UNION ALL
    (SELECT deleted_number, subscription_id, metric_id, quantity, period_start, period_end,
            idempotency_key, value, dimensions, true, create_date
       FROM fusion_billing_usage_correction
      WHERE deleted AND create_date >= %(since)s AND create_date < %(until)s
        AND (create_date, deleted_number) > (%(changed_at)s, %(number)s)
        AND subscription_id IN %(visible)s
      ORDER BY create_date, deleted_number LIMIT %(limit)s)
    ORDER BY changed_at, number LIMIT %(limit)s
  ) AS change
  JOIN sale_order AS subscription ON subscription.id = change.subscription_id
  JOIN fusion_billing_metric AS metric ON metric.id = change.metric_id
 ORDER BY changed_at, number
"""
