import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..base.bounded import Exact
from .usage_correction import CONTENT


class FusionBillingUsage(models.Model):
    """One counter for one subscription, metric and period of time, as an app pushed it."""

    _name = "fusion.billing.usage"
    _description = "Usage"
    _inherit = ["fusion.billing.owned.mixin", "fusion.billing.exact.mixin"]
    _order = "period_start desc, id desc"
    _rec_name = "metric_id"
    _check_company_auto = True

    # Ingest pays for every index and foreign key: the indexes below serve what reads usage.
    subscription_id = fields.Many2one(
        "sale.order",
        required=True,
        ondelete="restrict",
        check_company=True,
        domain=[("fusion_plan_id", "!=", False)],
        fixed=True,
    )
    partner_id = fields.Many2one(related="subscription_id.partner_id", string="Customer")
    company_id = fields.Many2one(related="subscription_id.company_id")
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, ondelete="restrict", check_company=True
    )
    period_start = fields.Datetime(
        "Start",
        required=True,
        help="The counter belongs to the billing period that contains this instant.",
    )
    period_end = fields.Datetime("End", required=True)
    quantity = Exact(
        digits=(24, 6),
        required=True,
        help="In groups it is combined as the metric says, and there is none of several metrics.",
    )
    value = fields.Char(help="What was counted, for metrics that count unique values.")
    dimensions = fields.Json(help="What charges can filter by, such as a region.")
    source = fields.Char(
        required=True,
        default="manual",
        fixed=True,
        help="Code of the service that pushed the counter, or the login of who loaded it from a"
        " file.",
    )
    idempotency_key = fields.Char(
        copy=False, help="The app's name for this counter: sent again, it replaces it."
    )
    correction_ids = fields.One2many("fusion.billing.usage.correction", "usage_id")

    _idempotency_key_unique = models.UniqueIndex(
        "(subscription_id, metric_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "You cannot use this idempotency key again: the subscription has a counter of this"
        " metric with it.",
    )
    _rating_idx = models.Index("(subscription_id, period_start, metric_id)")
    _changed_idx = models.Index("(write_date)")
    _quantity_valid = models.Constraint(
        # NaN is greater than every number in PostgreSQL: the upper bound keeps it out.
        "CHECK(quantity >= 0 AND quantity < 1e18)",
        "A quantity must be a number from 0 to below 10^18.",
    )
    _period_valid = models.Constraint(
        "CHECK(period_start < period_end)", "A counter's period must end after it starts."
    )

    @api.constrains("subscription_id", "period_start")
    def _check_billable(self):
        """What is accepted is billable (U5)."""
        for usage in self:
            if not usage.subscription_id._fusion_covers(usage.period_start):
                raise ValidationError(
                    self.env._(
                        "You cannot add a counter on %(date)s, it could never be invoiced:"
                        " %(subscription)s is not billed then.",
                        subscription=usage.subscription_id.display_name,
                        date=usage.period_start,
                    )
                )

    @api.onchange("subscription_id")
    def _onchange_subscription_id(self):
        """Suggest today, whole, to who enters a counter by hand."""
        company = self.subscription_id.company_id
        if company and not (self.period_start or self.period_end):
            today = company._fusion_today()
            self.period_start = company._fusion_zones().midnight(today)
            self.period_end = company._fusion_zones().midnight(today + timedelta(days=1))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        usages = super().create(vals_list)
        usages._request_rating()
        return usages

    def write(self, vals):
        if vals.keys() & CONTENT:
            self._log_correction(vals)
        self._request_rating()
        result = super().write(vals)
        self._request_rating()
        return result

    # It calls `super` in the method below.  pylint: disable-next=method-required-super
    def unlink(self):
        return self._delete(self.env.user.login)

    def _delete(self, source):
        """Delete counters, and keep what they said.

        :param str source: who does: the code of a service, or somebody's login
        """
        self._log_correction(deleted=True, source=source)
        self._request_rating()
        # Every deletion goes this way.  pylint: disable-next=super-method-mismatch
        return super().unlink()

    def _log_correction(self, vals=None, deleted=False, source=None):
        """Keep what the counters say before somebody changes or deletes them (U3)."""
        if not self:
            return
        new_quantity = None
        if vals and "quantity" in vals:
            new_quantity = self._fields["quantity"].convert_to_column(vals["quantity"], self)
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                LOG_CORRECTION,
                source=source or self.env.user.login,
                uid=self.env.uid,
                ids=tuple(self.ids),
                quantity=new_quantity,
                deleted=deleted,
            )
        )
        self.env["fusion.billing.usage.correction"].invalidate_model()
        self.invalidate_recordset(["correction_ids"])

    def _request_rating(self):
        for subscription, usages in self.grouped("subscription_id").items():
            starts = usages.mapped("period_start")
            self.env["fusion.billing.rating.request"]._request(
                subscription, min(starts), max(starts)
            )

    # === BUSINESS METHODS - INGEST === #

    @api.model
    def _ingest(self, events, source):
        """Store a batch of validated events in at most three statements (U2, U3, U6).

        An event whose idempotency key is known replaces that counter if its content differs, and
        the correction log keeps the old content; with the same content nothing is written. Rows
        are written in the order of their key, so that two batches cannot deadlock; a batch that
        meets a key committed since its snapshot fails to serialize and is run again by Odoo.

        :param list[dict] events: with `subscription_id`, `metric_id` (int),
            `period_start`, `period_end` (naive UTC datetimes), `quantity` (Decimal), `value`
            (str or None), `dimensions` (dict or None), `idempotency_key` (str or None; a key
            stands once in a batch)
        :param str source: the code of the service that pushes
        :return: `{"inserted": n, "updated": n, "unchanged": n}`
        """
        if not events:
            return {"inserted": 0, "updated": 0, "unchanged": 0}
        self.flush_model()
        inserted, updated = self._store(events, source)
        self.invalidate_model(flush=False)
        return {
            "inserted": inserted,
            "updated": updated,
            "unchanged": len(events) - inserted - updated,
        }

    @api.model
    def _store(self, events, source):
        """Take events for new ones first, which they mostly are, unless a look says otherwise.

        The statement that can do everything takes PostgreSQL longer: for one event to plan it,
        for a thousand to look for counters that are not there.

        :return: how many were inserted, and how many updated
        """
        new, rest = 0, events
        if len(events) <= FEW or not self._knows(events[0]):
            new = self._run_ingest(INSERT_NEW, events, source)[0]
            rest = [] if new == len(events) else [e for e in events if e["idempotency_key"]]
        inserted, updated = self._run_ingest(INGEST, rest, source) if rest else (0, 0)
        return new + inserted, updated

    @api.model
    def _knows(self, event):
        """Whether there is a counter with the key of an event: who resends, resends batches."""
        return bool(
            self.env.execute_query(
                SQL(
                    "SELECT FROM fusion_billing_usage WHERE subscription_id = %s AND metric_id = %s"
                    " AND idempotency_key = %s",
                    event["subscription_id"],
                    event["metric_id"],
                    event["idempotency_key"],
                )
            )
        )

    @api.model
    def _run_ingest(self, statement, events, source):
        return self.env.execute_query(SQL(statement, *self._ingest_columns(events), source))[0]

    @api.model
    def _ingest_columns(self, events):
        """Turn events into one list per column: `unnest` of arrays is the fastest way in."""
        return [
            [event["subscription_id"] for event in events],
            [event["metric_id"] for event in events],
            [event["period_start"].isoformat() for event in events],
            [event["period_end"].isoformat() for event in events],
            [str(event["quantity"]) for event in events],
            [event["value"] for event in events],
            [json.dumps(event["dimensions"]) if event["dimensions"] else None for event in events],
            [event["idempotency_key"] for event in events],
        ]

    # === BUSINESS METHODS - RATING === #

    @api.model
    def _cron_rate_open_periods(self):
        """Rate what changed since the last run, every hour.

        Every change that rating depends on leaves a row in `fusion.billing.rating.request`. The
        run takes the subscriptions named there in batches: rates a batch together in a savepoint,
        or, if that fails, each in one of its own, deletes the requests it saw and commits. A
        subscription that fails keeps its requests and shows why (R7); the next run tries it again.
        A run that is killed, or finds a subscription locked by another, leaves the requests to the
        next one.
        """
        companies = self.env["res.company"]._fusion_on_schedule()
        self.env["fusion.billing.rating"]._rate_pending(companies)


# In SQL, because the ORM would keep the old quantity as a binary float (M1).
LOG_CORRECTION = """
INSERT INTO fusion_billing_usage_correction (
    usage_id, subscription_id, source, deleted, deleted_number, new_quantity,
    metric_id, quantity, value, dimensions, period_start, period_end, idempotency_key,
    create_uid, write_uid, create_date, write_date
)
SELECT id, subscription_id, %(source)s, %(deleted)s, CASE WHEN %(deleted)s THEN id END,
       CASE WHEN NOT %(deleted)s THEN COALESCE(%(quantity)s::numeric, quantity) END,
       metric_id, quantity, value, dimensions, period_start, period_end, idempotency_key,
       %(uid)s, %(uid)s, moment, moment
  FROM fusion_billing_usage, (SELECT now() AT TIME ZONE 'UTC' AS moment) AS clock
 WHERE id IN %(ids)s
"""

FEW = 10  # events that one statement more would cost more than it saves

# Keys that are known stay as they are: these events are not counted as inserted.
INSERT_NEW = """
WITH written AS (
    INSERT INTO fusion_billing_usage AS usage (
        subscription_id, metric_id, period_start, period_end, quantity, value,
        dimensions, idempotency_key, source, create_date, write_date
    )
    SELECT subscription_id, metric_id, period_start, period_end, quantity, value, dimensions,
           idempotency_key, source, moment, moment + position * interval '1 microsecond'
      FROM unnest(
               %s::int[], %s::int[], %s::timestamp[], %s::timestamp[], %s::numeric[], %s::text[],
               %s::jsonb[], %s::text[]
           ) WITH ORDINALITY AS event(
               subscription_id, metric_id, period_start, period_end, quantity, value, dimensions,
               idempotency_key, position
           ), (SELECT %s::text AS source, now() AT TIME ZONE 'UTC' AS moment) AS batch
     ORDER BY subscription_id, metric_id, idempotency_key, position
    ON CONFLICT (subscription_id, metric_id, idempotency_key) WHERE idempotency_key IS NOT NULL
    DO NOTHING
    RETURNING subscription_id, period_start
), requested AS (
    INSERT INTO fusion_billing_rating_request (subscription_id, touched_from, touched_until)
    SELECT subscription_id, min(period_start), max(period_start)
      FROM written GROUP BY subscription_id
)
SELECT count(*) FROM written
"""

# `stored` reads the snapshot from before the statement: the content that a correction replaces.
# Events that would change nothing are left out of the INSERT, so that resending a batch takes no
# lock and no id. The lookup is LATERAL, one probe of the unique index per event: a join is planned
# by the table's statistics, and reads all of it as it grows. Within a batch, a later event counts
# as the later write (`last`, by design). `source` says who pushed: the user columns would cost two
# foreign keys a row and say the same.
INGEST = """
WITH event AS (
    SELECT * FROM unnest(
        %s::int[], %s::int[], %s::timestamp[], %s::timestamp[], %s::numeric[], %s::text[],
        %s::jsonb[], %s::text[]
    ) WITH ORDINALITY AS event(
        subscription_id, metric_id, period_start, period_end, quantity, value,
        dimensions, idempotency_key, position
    ), (SELECT %s::text AS source, now() AT TIME ZONE 'UTC' AS moment) AS batch
), stored AS MATERIALIZED (
    SELECT usage.id, usage.quantity, usage.value, usage.dimensions, usage.period_start,
           usage.period_end, event.position,
           (usage.quantity, usage.value, usage.dimensions, usage.period_start, usage.period_end)
               IS NOT DISTINCT FROM (event.quantity, event.value, event.dimensions,
                                     event.period_start, event.period_end) AS unchanged
      FROM event, LATERAL (
        SELECT * FROM fusion_billing_usage
         WHERE subscription_id = event.subscription_id AND metric_id = event.metric_id
           AND idempotency_key = event.idempotency_key
         LIMIT 1
      ) AS usage
), written AS (
    INSERT INTO fusion_billing_usage AS usage (
        subscription_id, metric_id, period_start, period_end, quantity, value,
        dimensions, idempotency_key, source, create_date, write_date
    )
    SELECT subscription_id, metric_id, event.period_start, event.period_end,
           event.quantity, event.value, event.dimensions, idempotency_key, source,
           moment, moment + position * interval '1 microsecond'
      FROM event LEFT JOIN stored USING (position)
     WHERE stored.unchanged IS NOT TRUE
     ORDER BY subscription_id, metric_id, idempotency_key, position
    ON CONFLICT (subscription_id, metric_id, idempotency_key) WHERE idempotency_key IS NOT NULL
    DO UPDATE SET
        quantity = EXCLUDED.quantity, value = EXCLUDED.value, dimensions = EXCLUDED.dimensions,
        period_start = EXCLUDED.period_start, period_end = EXCLUDED.period_end,
        source = EXCLUDED.source, write_date = EXCLUDED.write_date
    RETURNING usage.*
), logged AS (
    INSERT INTO fusion_billing_usage_correction (
        usage_id, subscription_id, source, new_quantity,
        metric_id, quantity, value, dimensions, period_start, period_end, idempotency_key,
        create_date, write_date
    )
    SELECT id, written.subscription_id, written.source, written.quantity,
           written.metric_id, stored.quantity, stored.value, stored.dimensions,
           stored.period_start, stored.period_end, written.idempotency_key,
           written.write_date, written.write_date
      FROM written JOIN stored USING (id)
), requested AS (
    INSERT INTO fusion_billing_rating_request (subscription_id, touched_from, touched_until)
    SELECT subscription_id,
           min(LEAST(written.period_start, stored.period_start)),
           max(GREATEST(written.period_start, stored.period_start))
      FROM written LEFT JOIN stored USING (id)
     GROUP BY subscription_id
)
SELECT count(*) FILTER (WHERE stored.id IS NULL), count(stored.id)
  FROM written LEFT JOIN stored USING (id)
"""
