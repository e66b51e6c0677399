import logging
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..base.cron import commit_progress
from ..base.retry import no_alarm, run_again_if_faster

_logger = logging.getLogger(__name__)

BATCH = 500
FOLLOWED = "fusion_billing.revenue"


class FusionBillingRevenueMovement(models.Model):
    """How the contracted recurring revenue of a subscription changed, and when: a log that grows.

    Recurring revenue is what the fees in force on a day come to in a month (MRR), discounts taken
    off, in the company's currency; usage is no part of it, and neither is a day on which the
    subscription is paused or closed. A movement is the difference between that and what the log
    says already. So nothing has to be remembered: what is missing is found and written, once. A
    movement is never changed. What is changed for past days moves revenue on the day on which it
    is changed: figures of months that are over stay as they were.

    A subscription keeps the exchange rate of its first movement, that of its order: revenue does
    not move with rates.
    """

    _name = "fusion.billing.revenue.movement"
    _description = "Revenue Movement"
    _inherit = ["fusion.billing.technical.mixin"]
    _order = "date desc, id desc"
    _rec_name = "subscription_id"

    subscription_id = fields.Many2one("sale.order", required=True, ondelete="restrict")
    number = fields.Integer(
        required=True, technical=True, help="Counts the movements of a subscription."
    )
    date = fields.Date(required=True)
    kind = fields.Selection(
        [
            ("new", "New"),
            ("expansion", "Expansion"),
            ("contraction", "Contraction"),
            ("churn", "Churn"),
            ("reactivation", "Reactivation"),
        ],
        required=True,
    )
    amount = fields.Monetary(
        "Change",
        required=True,
        currency_field="company_currency_id",
        help="By how much the revenue of a month changed, in the company's currency.",
    )
    recurring_after = fields.Monetary(
        "Monthly Afterwards",
        required=True,
        currency_field="company_currency_id",
        aggregator=None,
        help="What the fees of the subscription come to in a month from then on.",
    )
    currency_rate = fields.Float(
        digits=0,
        aggregator=None,
        technical=True,
        help="Units of the subscription's currency for one of ours.",
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", "Customer", index=True, ondelete="restrict")
    plan_id = fields.Many2one("fusion.billing.plan", index=True, ondelete="restrict")
    service_id = fields.Many2one("fusion.billing.service", index=True, ondelete="set null")

    # Two that find the same difference at once are one too many: one finds it written.
    _number_unique = models.UniqueIndex("(subscription_id, number)")

    # === AT THE EVENT === #

    @api.model
    def _catch_up(self, subscription):
        """Before a subscription is changed, write what days that are over have moved, if the
        scheduled action has not: it is no part of the change.
        """
        if subscription.id in self.env.cr.precommit.data.get(FOLLOWED, ()):
            return
        # sudo: movements are written by the engine alone.
        movements = self.sudo()
        movements._query(OUTDATED, SQL(YESTERDAY, ids=subscription.ids), days_ago=1)
        if self.env.cr.rowcount:
            with run_again_if_faster():
                movements._write_differences(SQL(BOUNDARIES, ids=subscription.ids), days_ago=1)

    @api.model
    def _follow(self, subscriptions):
        """Write what changes of these subscriptions, at the end of the transaction."""
        precommit = self.env.cr.precommit
        if FOLLOWED not in precommit.data:
            precommit.data[FOLLOWED] = set()
            # sudo: movements are written by the engine alone.
            model = self.sudo()
            precommit.add(lambda: model._write_events(precommit.data.pop(FOLLOWED)))
        precommit.data[FOLLOWED].update(subscriptions.ids)

    @api.model
    def _write_events(self, subscription_ids):
        with run_again_if_faster():
            self._write_differences(SQL(TODAY, ids=list(subscription_ids)))

    # === AS TIME GOES BY === #

    @api.model
    def _cron_follow_calendar(self):
        """Write what moved because a day has come: planned plans, fees, pauses and ends.

        Finds in one statement the subscriptions of which something began or ended since their last
        movement, compares them with the log, and writes what differs, a set at a time. Each
        movement has the day on which what it tells of begins, so that a late run writes what a
        punctual one would have (T3). A set in which somebody else is at work is left to the next
        run.
        """
        # sudo: whoever the scheduled action runs as, all subscriptions are looked at.
        movements = self.sudo()
        outdated = movements._find_outdated()
        while outdated:
            batch, outdated = outdated[:BATCH], outdated[BATCH:]
            movements._write_calendar(batch)
            if not commit_progress(self.env, len(batch), remaining=len(outdated)):
                break

    @api.model
    def _find_outdated(self):
        """Return the ids of the subscriptions whose fees the log does not tell as they are."""
        self._query(OUTDATED, SQL(TOUCHED_TODAY))
        return [subscription_id for [subscription_id] in self.env.cr.fetchall()]

    @api.model
    def _write_calendar(self, subscription_ids):
        orders = self.env["sale.order"].browse(subscription_ids)._fusion_try_lock()
        self.env.cr.flush()
        try:
            with no_alarm(UniqueViolation), self.env.cr.savepoint():
                self._write_differences(SQL(BOUNDARIES, ids=orders.ids))
        except (UniqueViolation, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY) as error:
            _logger.info("Left to the next run: %s", error)

    # === HOW === #

    @api.model
    def _write_differences(self, days, days_ago=0):
        """Write what differs from the log on some days.

        :param SQL days: a query for `(subscription_id, day)`
        """
        self._query(WRITE, days, days_ago, uid=self.env.uid)
        self.invalidate_model()

    @api.model
    def _query(self, statement, days, days_ago=0, **parameters):
        """Run a statement as of today, or of an earlier day."""
        self.env.flush_all()
        companies = self.env["res.company"].search([("active", "in", [True, False])])
        todays = [company._fusion_today() - timedelta(days_ago) for company in companies]
        company = SQL(COMPANY, ids=companies.ids, todays=todays)
        worth = SQL(WORTH, days=days)
        self.env.cr.execute(SQL(statement, company=company, worth=worth, **parameters))


# What the fees in force come to in a month, on each of the days: a year has 52 weeks and 12 months.
# Before its first phase a subscription owes nothing yet.
WORTH = """
SELECT days.subscription_id, days.day, subscription.company_id, subscription.partner_id,
       subscription.fusion_service_id AS service_id, phase.plan_id,
       COALESCE(last.number, 0) AS number, COALESCE(last.recurring_after, 0) AS logged,
       COALESCE(last.currency_rate, NULLIF(subscription.currency_rate, 0), 1) AS rate,
       COALESCE(round(
           fees.amount
           * CASE plan.billing_period_unit WHEN 'week' THEN 52 WHEN 'month' THEN 12 ELSE 1 END
           / (12 * plan.billing_period_value)
           / COALESCE(last.currency_rate, NULLIF(subscription.currency_rate, 0), 1),
       12), 0) AS recurring
  FROM (%(days)s) AS days
  JOIN sale_order AS subscription ON subscription.id = days.subscription_id
  LEFT JOIN LATERAL (
       SELECT number, recurring_after, currency_rate
         FROM fusion_billing_revenue_movement AS movement
        WHERE movement.subscription_id = days.subscription_id
        ORDER BY number DESC LIMIT 1) AS last ON true
  LEFT JOIN LATERAL (
       SELECT plan_id, state
         FROM fusion_billing_phase AS phase
        WHERE phase.subscription_id = days.subscription_id AND phase.date_from <= days.day
        ORDER BY date_from DESC LIMIT 1) AS phase ON true
  LEFT JOIN fusion_billing_plan AS plan ON plan.id = phase.plan_id
       AND phase.state IN ('active', 'unpaid_fees', 'unpaid_both')
  LEFT JOIN LATERAL (
       SELECT sum(price_unit * quantity * (100 - COALESCE(discount, 0)) / 100) AS amount
         FROM fusion_billing_item AS item
        WHERE item.subscription_id = days.subscription_id AND item.date_from <= days.day
          AND (item.date_until IS NULL OR item.date_until > days.day)) AS fees ON true
"""

COMPANY = "SELECT * FROM unnest(%(ids)s, %(todays)s::date[]) AS company (id, today)"

# Those with fees of which something began or ended since their last movement, which tells all of
# its day.
TOUCHED_TODAY = """
SELECT touched.subscription_id, touched.today AS day
  FROM (SELECT boundary.subscription_id, company.today, max(boundary.day) AS day
          FROM (SELECT subscription_id, company_id, date_from AS day, true AS is_fee
                  FROM fusion_billing_item
                 UNION ALL
                SELECT subscription_id, company_id, date_until, true FROM fusion_billing_item
                 UNION ALL
                SELECT subscription_id, company_id, date_from, false FROM fusion_billing_phase
               ) AS boundary
          JOIN company ON company.id = boundary.company_id AND boundary.day <= company.today
         GROUP BY boundary.subscription_id, company.today
        HAVING bool_or(boundary.is_fee)) AS touched
  LEFT JOIN (SELECT subscription_id, max(date) AS date
               FROM fusion_billing_revenue_movement
              GROUP BY subscription_id) AS last ON last.subscription_id = touched.subscription_id
 WHERE last.date IS NULL OR last.date < touched.day
"""

TODAY = """
SELECT subscription.id AS subscription_id, company.today AS day
  FROM sale_order AS subscription JOIN company ON company.id = subscription.company_id
 WHERE subscription.id = ANY(%(ids)s)
"""

# As of yesterday: nothing where the log tells of today.
YESTERDAY = f"""{TODAY}
   AND NOT EXISTS (SELECT FROM fusion_billing_revenue_movement AS movement
                    WHERE movement.subscription_id = subscription.id
                      AND movement.date > company.today)
"""

# The days since the last movement on which something begins or ends, and today.
BOUNDARIES = """
SELECT DISTINCT subscription.id AS subscription_id, boundary.day
  FROM sale_order AS subscription
  JOIN company ON company.id = subscription.company_id
  CROSS JOIN LATERAL (
       SELECT date_from AS day FROM fusion_billing_phase WHERE subscription_id = subscription.id
        UNION ALL
       SELECT date_from FROM fusion_billing_item WHERE subscription_id = subscription.id
        UNION ALL
       SELECT date_until FROM fusion_billing_item WHERE subscription_id = subscription.id
        UNION ALL
       SELECT company.today) AS boundary
 WHERE subscription.id = ANY(%(ids)s) AND boundary.day <= company.today
   AND (boundary.day = company.today OR boundary.day > COALESCE((
       SELECT max(date) FROM fusion_billing_revenue_movement
        WHERE subscription_id = subscription.id), '-infinity'))
"""

OUTDATED = """
WITH company AS (%(company)s)
SELECT subscription_id FROM (%(worth)s) AS worth WHERE recurring != logged ORDER BY subscription_id
"""

WRITE = """
WITH company AS (%(company)s),
     worth AS (%(worth)s),
     step AS (
       SELECT *, lag(recurring, 1, logged) OVER subscription AS before
         FROM worth
       WINDOW subscription AS (PARTITION BY subscription_id ORDER BY day)),
     movement AS (
       SELECT *, number + row_number() OVER (PARTITION BY subscription_id ORDER BY day) AS next
         FROM step
        WHERE recurring != before)
INSERT INTO fusion_billing_revenue_movement
       (subscription_id, number, date, kind, amount, recurring_after, currency_rate,
        company_id, partner_id, plan_id, service_id, create_uid, create_date)
SELECT subscription_id, next, day,
       CASE WHEN next = 1 THEN 'new' WHEN before = 0 THEN 'reactivation'
            WHEN recurring = 0 THEN 'churn' WHEN recurring > before THEN 'expansion'
            ELSE 'contraction' END,
       recurring - before, recurring, rate,
       company_id, partner_id, plan_id, service_id, %(uid)s, now() AT TIME ZONE 'UTC'
  FROM movement ORDER BY day, subscription_id
"""
