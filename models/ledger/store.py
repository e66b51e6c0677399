import json
from datetime import date

from odoo import api, models
from odoo.tools import SQL


class FusionBillingRating(models.Model):
    """How the ledger is written: in sets, exactly, and only where a row says something else.

    The ORM would pass the decimals through binary floats (M1), so rows go to PostgreSQL as JSON,
    decimals as text, and take the types of the table's own columns.
    """

    _inherit = "fusion.billing.rating"

    @api.model
    def _store(self, entries):
        """Write rows, leaving alone those that already say the same."""
        if not entries:
            return
        self.flush_model()
        columns = list(entries[0])
        self.env.cr.execute(
            SQL(
                STORE,
                columns=SQL(", ").join(map(SQL.identifier, columns)),
                rows=json.dumps(entries, default=str),
                stored=SQL(", ").join(SQL.identifier("rating", name) for name in columns),
                given=SQL(", ").join(SQL.identifier("excluded", name) for name in columns),
                uid=self.env.uid,
            )
        )
        self.invalidate_model()

    @api.model
    def _drop_unwanted(self, windows, targets, wanted):
        """Owe nothing any more for what is not in force after all (L1).

        A row that no document names goes; one that is named stays, at nothing, and what
        documents settle of it is due back.

        :param dict windows: `{subscription: [(first day, first day after)]}`
        :param list targets: what was computed
        :param list wanted: the keys of those rows that are owed something
        """
        spans = self._spans(windows, targets)
        self.flush_model()
        self.env.cr.execute(
            SQL(
                DROP,
                [span[0] for span in spans],
                [span[1] for span in spans],
                [span[2] for span in spans],
                *([key[n] for key in wanted] for n in range(4)),
            )
        )
        if self.env.cr.rowcount:
            self.invalidate_model()

    @api.model
    def _spans(self, windows, targets):
        """Return the days that were computed: windows, widened to their billing periods."""
        spans = [
            (subscription.id, since, until)
            for subscription, days in windows.items()
            for since, until in days
        ]
        spans += {
            (target.subscription.id, target.stretch.period.start, target.stretch.period.end)
            for target in targets
        }
        return [(order, since, min(until, date.max)) for order, since, until in spans]


STORE = """
INSERT INTO fusion_billing_rating AS rating (
    %(columns)s, settled, waived, rated_at, create_uid, write_uid, create_date, write_date)
SELECT %(columns)s, 0, 0, moment, %(uid)s, %(uid)s, moment, moment
  FROM jsonb_populate_recordset(NULL::fusion_billing_rating, %(rows)s) AS given,
       (SELECT now() AT TIME ZONE 'UTC' AS moment) AS clock
ON CONFLICT (subscription_id, COALESCE(charge_id, 0), COALESCE(item_id, 0), date_from)
DO UPDATE
   SET (%(columns)s, rated_at, write_uid, write_date)
     = (%(given)s, excluded.rated_at, excluded.write_uid, excluded.write_date)
 WHERE (%(stored)s) IS DISTINCT FROM (%(given)s)
"""

# Rows of billing periods, as they were stored, that share a day with those that were computed,
# and that are not among those that are wanted. Rows whose counters were removed stay.
DROP = """
WITH span AS (
    SELECT * FROM unnest(%s::int[], %s::date[], %s::date[]) AS span(subscription_id, since, until)
), wanted AS (
    SELECT * FROM unnest(%s::int[], %s::int[], %s::int[], %s::date[])
        AS wanted(subscription_id, charge_id, item_id, date_from)
), unwanted AS (
    SELECT rating.id, EXISTS (
               SELECT FROM account_move_line WHERE fusion_rating_id = rating.id
           ) OR rating.waived != 0 AS is_named
      FROM fusion_billing_rating AS rating
     WHERE EXISTS (
           SELECT FROM span
            WHERE span.subscription_id = rating.subscription_id
              AND rating.cycle_start < span.until AND rating.cycle_end > span.since)
       AND rating.subscription_id = ANY (SELECT subscription_id FROM span)
       AND NOT (rating.charge_id IS NOT NULL AND rating.cycle_end <= (
           SELECT COALESCE(fusion_usage_kept_from, '-infinity') FROM sale_order
            WHERE id = rating.subscription_id))
       AND NOT EXISTS (
           SELECT FROM wanted
            WHERE wanted.subscription_id = rating.subscription_id
              AND wanted.charge_id = COALESCE(rating.charge_id, 0)
              AND wanted.item_id = COALESCE(rating.item_id, 0)
              AND wanted.date_from = rating.date_from)
), deleted AS (
    DELETE FROM fusion_billing_rating USING unwanted
     WHERE fusion_billing_rating.id = unwanted.id AND NOT unwanted.is_named
)
UPDATE fusion_billing_rating AS rating
   SET quantity = 0, included_quantity = 0, billable_quantity = 0, amount_exact = 0, amount = 0,
       breakdown = NULL, write_date = now() AT TIME ZONE 'UTC'
  FROM unwanted
 WHERE rating.id = unwanted.id AND unwanted.is_named
   AND (rating.amount != 0 OR rating.amount_exact != 0 OR rating.quantity != 0)
"""
