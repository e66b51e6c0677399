from datetime import date

from odoo import models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from ..base.retry import lock, lock_in_turn


class FusionBillingCharge(models.Model):
    """What the ledger says of charges."""

    _inherit = "fusion.billing.charge"

    def _hold(self):
        """Wait for who bills at these prices, and let nobody until this transaction ends. If
        something was rated or billed since it began, it is run again: a price that is billed must
        not be changed by somebody who does not see that yet (T2).
        """
        # sudo: whoever sets prices, the plan is the meeting point.
        plans = self.sudo().plan_id
        # While modules are loaded nobody bills, and others may not see or read the tables yet.
        if not plans.ids or not self.env.registry.ready:
            return
        lock_in_turn(plans)
        known = self._told(self.env.cr)
        with self.env.registry.cursor() as now:
            told = self._told(now)
            newer = [
                version
                for version, until in told.items()
                if version not in known or until > known[version]
            ]
            if newer:
                self._check_own(now, newer, [known.get(version) for version in newer])

    def _check_own(self, now, versions, untils):
        """Let pass what this transaction itself took back before, such as a document that it
        cancelled or prices that it withdrew: it would find that each time it is run again.

        :param untils: until when these versions are billed here; None: nothing is rated at them
        :raise ConcurrencyError: others rated or billed at these prices
        """
        now.execute(SQL(NEWER, charges=self.ids, versions=versions, untils=untils))
        # sudo: what is rated counts, whoever looks.
        ratings = self.env["fusion.billing.rating"].sudo().browse(id for [id] in now.fetchall())
        # Of what others changed PostgreSQL says so itself; what they added is not seen here.
        lock(ratings)
        if None in versions or self.env.cr.rowcount < len(ratings):
            raise ConcurrencyError("Usage was billed at these prices just now.")

    def _told(self, cr):
        """Return at which prices of these charges something is rated and until when it is billed,
        and until when the billing periods of their plans are closed, as a transaction sees it:
        `{version id, or None: day}`.
        """
        self.env.flush_all()
        cr.execute(SQL(TOLD, charges=self.ids, plans=self.sudo().plan_id.ids))
        return dict(cr.fetchall())

    def _is_rated(self):
        if not self.ids:
            return False
        # sudo: what is rated counts, whoever looks.
        return (
            bool(
                self.env["fusion.billing.rating"]
                .sudo()
                .search_count([("charge_id", "in", self.ids)], limit=1)
            )
            or self._has_closed_periods()
        )

    def _has_closed_periods(self):
        """Whether a billing period is over on whose days one of these charges was in force, used
        or not: late usage of it is rated at the prices of then, so that these are not changed.
        """
        return any(charge._closed_until() for charge in self)

    def _billed_until(self):
        self.ensure_one()
        # sudo: what is billed counts, whoever looks.
        [[billed]] = (
            self.env["fusion.billing.rating"]
            .sudo()
            ._read_group(
                [("charge_id", "=", self.id), ("settled", "!=", 0)], [], ["date_until:max"]
            )
        )
        return max(filter(None, (billed, self._closed_until())), default=False)

    def _closed_until(self):
        """Return the first day after all closed billing periods on whose days this charge was in
        force, whatever became of their documents; or False.
        """
        self.ensure_one()
        self.env.flush_all()
        [[until]] = self.env.execute_query(SQL(CLOSED_UNTIL, plan=self.plan_id.id or None))
        return until and until > (self.valid_from or date.min) and until


# A phase ends where the next one begins.
CLOSED_UNTIL = """
SELECT max(LEAST(phase.closed_until, phase.date_until))
  FROM (SELECT phase.plan_id, phase.date_from,
               lead(phase.date_from) OVER (PARTITION BY phase.subscription_id
                                           ORDER BY phase.date_from) AS date_until,
               subscription.fusion_last_invoice_date AS closed_until
          FROM fusion_billing_phase AS phase
          JOIN sale_order AS subscription ON subscription.id = phase.subscription_id
         WHERE phase.subscription_id IN (SELECT subscription_id FROM fusion_billing_phase
                                          WHERE plan_id = %(plan)s)) AS phase
 WHERE phase.plan_id = %(plan)s AND phase.date_from < phase.closed_until
"""

TOLD = """
SELECT version_id, COALESCE(max(date_until) FILTER (WHERE settled <> 0), '0001-01-01')
  FROM fusion_billing_rating WHERE charge_id = ANY(%(charges)s) GROUP BY version_id
 UNION ALL
SELECT NULL, COALESCE(max(subscription.fusion_last_invoice_date), '0001-01-01')
  FROM fusion_billing_phase AS phase
  JOIN sale_order AS subscription ON subscription.id = phase.subscription_id
 WHERE phase.plan_id = ANY(%(plans)s)
"""

NEWER = """
SELECT rating.id
  FROM unnest(%(versions)s::int[], %(untils)s::date[]) AS known (version_id, until)
  JOIN fusion_billing_rating AS rating ON rating.version_id = known.version_id
 WHERE rating.charge_id = ANY(%(charges)s)
   AND (known.until IS NULL OR rating.settled <> 0 AND rating.date_until > known.until)
"""
