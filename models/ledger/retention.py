from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ..base.clock import now
from ..base.cron import commit_progress
from ..base.engine import as_engine

BATCH = 100  # subscriptions
ROWS = 10_000  # counters that are removed in one transaction


class SaleOrder(models.Model):
    """How counters are removed that nothing depends on any more."""

    _inherit = "sale.order"

    @api.model
    def _fusion_cron_remove_old_usage(self):
        """Remove counters of days that are settled, once they are as old as the company says.

        Takes the subscriptions that have old counters, in batches. Of each it notes from which
        day on counters are kept, unless it is busy or has changes to rate; from then on the rows
        of the ledger before that day stay as they are, and no usage of those days is taken. Then
        it removes counters and corrections of earlier days, a bounded number at a time, and
        commits. A run that is killed leaves the rest to the next one.
        """
        # sudo: whoever the scheduled action runs as, all subscriptions count.
        pending = self.sudo()._fusion_ids_with_old_usage()
        for offset in range(0, len(pending), BATCH):
            batch = self.sudo().browse(pending[offset : offset + BATCH])
            batch._fusion_settle_usage()
            left = len(pending) - offset
            while True:
                removed = batch._fusion_remove_usage()
                if not commit_progress(self.env, 0, remaining=left):
                    return
                if not removed:
                    break
            commit_progress(self.env, len(batch), remaining=max(0, left - BATCH))

    @api.model
    def _fusion_ids_with_old_usage(self):
        self.env.flush_all()
        return [number for [number] in self.env.execute_query(SQL(OLD, now=now()))]

    # === FROM WHICH DAY ON === #

    def _fusion_settle_usage(self):
        """Note from which day on the counters of these subscriptions are kept."""
        locked = self._fusion_try_lock(allow_referencing=False)
        for order in locked - locked._fusion_busy():
            with order._fusion_catch_failure("rating"):
                order._fusion_settle_own_usage()

    def _fusion_settle_own_usage(self):
        day = self._fusion_has_begun() and self._fusion_settled_until()
        if day and day > (self.fusion_usage_kept_from or self.fusion_start_date):
            as_engine(self).fusion_usage_kept_from = day

    def _fusion_busy(self):
        """Return those that have something to rate, as of this moment.

        What was pushed before they were locked is committed by now; this transaction may not see
        it yet.
        """
        with self.env.registry.cursor() as cr:
            cr.execute(SQL(BUSY, self.ids))
            return self.browse(number for [number] in cr.fetchall())

    def _fusion_settled_until(self):
        """Return the day before which nothing will be computed any more.

        No full billing period reaches across it, so that no later change makes another one of
        what is settled.
        """
        months = self.company_id.fusion_usage_retention_months
        days = [self._fusion_today() - relativedelta(months=months), *self._fusion_first_due_days()]
        if self.fusion_next_invoice_date:
            days.append(self._fusion_opened_on())
        return self._fusion_timeline().whole_until(min(days))

    def _fusion_first_due_days(self):
        """Return the first day of which something is due, in a list that is empty if nothing is."""
        self.env["fusion.billing.rating"].flush_model()
        rows = self.env.execute_query(SQL(FIRST_DUE, self.id))
        return [day for [day] in rows if day]

    # === REMOVING === #

    def _fusion_remove_usage(self):
        """Remove some counters, and corrections, of settled days; return how many."""
        self.env.flush_all()
        ids, instants = [], []
        for order in self.filtered("fusion_usage_kept_from"):
            ids.append(order.id)
            instants.append(order._fusion_zones().midnight(order.fusion_usage_kept_from))
        removed = 0
        for statement in (REMOVE_CORRECTIONS, REMOVE_USAGE):
            self.env.cr.execute(SQL(statement, ids=ids, instants=instants, most=ROWS))
            removed += self.env.cr.rowcount
        self.env.invalidate_all()
        return removed


# Counters that are older than that by a billing period: younger ones may belong to a period that
# is not. A level that is weighted by time holds until the next counter, whenever that comes: those
# stay.
OLD = """
SELECT subscription.id
  FROM sale_order AS subscription
  JOIN res_company AS company ON company.id = subscription.company_id
  JOIN fusion_billing_plan AS plan ON plan.id = subscription.fusion_plan_id
 WHERE company.fusion_clock IS NULL  -- a sandbox is reset instead
   AND company.fusion_usage_retention_months > 0 AND subscription.fusion_error IS NULL
   AND EXISTS (
       SELECT FROM fusion_billing_usage AS usage
         JOIN fusion_billing_metric AS metric ON metric.id = usage.metric_id
        WHERE usage.subscription_id = subscription.id AND metric.aggregation != 'weighted'
          AND usage.period_start < %(now)s
              - make_interval(months => company.fusion_usage_retention_months)
              - concat(plan.billing_period_value, ' ', plan.billing_period_unit)::interval)
 ORDER BY subscription.id
"""

BUSY = """
SELECT DISTINCT subscription_id FROM fusion_billing_rating_request WHERE subscription_id = ANY(%s)
"""

FIRST_DUE = """
SELECT min(cycle_start) FROM fusion_billing_rating
 WHERE subscription_id = %s AND amount - settled - waived <> 0
"""

REMOVE_USAGE = """
DELETE FROM fusion_billing_usage WHERE id IN (
    SELECT usage.id
      FROM unnest(%(ids)s::int[], %(instants)s::timestamp[]) AS kept (subscription_id, since)
      JOIN fusion_billing_usage AS usage
        ON usage.subscription_id = kept.subscription_id AND usage.period_start < kept.since
      JOIN fusion_billing_metric AS metric ON metric.id = usage.metric_id
     WHERE metric.aggregation != 'weighted'
     LIMIT %(most)s)
"""

REMOVE_CORRECTIONS = """
DELETE FROM fusion_billing_usage_correction WHERE id IN (
    SELECT correction.id
      FROM unnest(%(ids)s::int[], %(instants)s::timestamp[]) AS kept (subscription_id, since)
      JOIN fusion_billing_usage_correction AS correction
        ON correction.subscription_id = kept.subscription_id
           AND correction.period_start < kept.since
     LIMIT %(most)s)
"""
