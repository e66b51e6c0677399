from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...core.api.usage_event import subscription_reference
from ..base.retry import lock, run_again_if_faster
from ..base.subscription_states import STARTED

CHUNK = 5000  # rows that are in memory at once
RATED = 100  # subscriptions that are rated together


class Source(NamedTuple):
    aggregation: str
    metric: int


class Stretch(NamedTuple):
    source: Source


class Total(NamedTuple):
    """What counters combine to over a whole period: what aggregation asks of a target."""

    subscription: Any
    stretch: Stretch
    spans: tuple
    full_seconds: int
    usage_filter: Any = None
    other_filters: Any = None


class FusionBillingReconciliation(models.Model):
    """How totals are taken in and compared: in sets of a bounded size, the numbers in SQL."""

    _inherit = "fusion.billing.reconciliation"

    # === TAKING TOTALS === #

    @api.model
    def _take(self, company, service, terms, totals):
        """Hold totals against what is known here, and tell the app where they differ.

        :param service: whose they are; none for the whole company's
        :param dict terms: `period_start`, `period_end` (naive UTC), `reference`, `partial`
        :param totals: iterable of pairs: a position, and a dict as
            :func:`core.api.totals.read_totals` returns it, with `currency_id`
        :return: the reconciliation, whether it is new, and the positions of totals that stand in
            the list twice: if there are any, the transaction must not be committed
        """
        one, is_new = self._get_or_create(company, service, terms)
        one.write({"partial": terms["partial"], "round": one.round + 1})
        repeated, known = [], set()
        totals = iter(totals)
        while chunk := list(islice(totals, CHUNK)):
            repeated += one._store_totals(chunk, known)
        if not repeated:
            one._compare()
        return one, is_new, repeated

    @api.model
    def _get_or_create(self, company, service, terms):
        """Return the reconciliation of these terms, locked, and whether it is new."""
        key = {
            "company_id": company.id,
            "service_id": service.id,
            "period_start": terms["period_start"],
            "period_end": terms["period_end"],
            "reference": terms["reference"] or False,
        }
        one = self.search([(name, "=", value) for name, value in key.items()])
        if one:
            lock(one)
            return one, False
        with run_again_if_faster():
            one = self.create(key)
            one.flush_recordset()
        return one, True

    def _store_totals(self, chunk, known):
        """Write totals of this round; return the positions of those that are known already.

        :param set known: what was in the chunks before; it grows
        """
        subscriptions, metrics = self._look_up({subscription_reference(t) for _n, t in chunk})
        repeated, rows = [], []
        for position, total in chunk:
            name = str(subscription_reference(total))
            subscription = subscriptions.get(subscription_reference(total))
            metric = metrics.get(total["metric_code"])
            key = subscription or name, metric or total["metric_code"]
            if key in known:
                repeated.append(position)
                continue
            known.add(key)
            rows.append((name, subscription, metric, total))
        self._write_totals(rows)
        return repeated

    def _write_totals(self, rows):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                STORE,
                id=self.id,
                round=self.round,
                uid=self.env.uid,
                names=[name for name, _subscription, _metric, _total in rows],
                subscriptions=[subscription for _name, subscription, _metric, _total in rows],
                codes=[total["metric_code"] for *_ids, total in rows],
                metrics=[metric for _name, _subscription, metric, _total in rows],
                quantities=[str(total["quantity"]) for *_ids, total in rows],
                amounts=[_text(total["amount"]) for *_ids, total in rows],
                currencies=[total["currency_id"] for *_ids, total in rows],
            )
        )

    def _look_up(self, references):
        """Return the ids of subscriptions by reference, and of metrics by code."""
        if self.service_id:
            found, metrics = self.env["fusion.billing.api.references"]._look_up(
                self.service_id, references
            )
            return {name: known.id for name, known in found.items()}, metrics
        return self._look_up_own(references), self.env["fusion.billing.metric"]._ids_by_code(
            self.company_id.id
        )

    def _look_up_own(self, references):
        """Return the ids of subscriptions of the company by their order numbers, or ids."""
        texts = {str(reference) for reference in references}
        ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10]
        orders = self.env["sale.order"].search_fetch(
            self._visible() & (Domain("name", "in", list(texts)) | Domain("id", "in", ids)),
            ["name"],
        )
        by_id = {order.id: order.id for order in orders}
        by_text = {str(order.id): order.id for order in orders}
        return {**by_text, **by_id, **{order.name: order.id for order in orders}}

    def _visible(self):
        """Return the domain of the subscriptions that the service, or the company, knows."""
        known = (
            self.env["fusion.billing.api.finder"]._subscriptions_domain(self.service_id)
            if self.service_id
            else self.env["sale.order"]._fusion_subscription_domain(STARTED)
        )
        return known & Domain("company_id", "=", self.company_id.id)

    # === COMPARING === #

    def _compare(self):
        """Compare every total with what is counted and owed by now, and tell what differs."""
        self.ensure_one()
        self.env.flush_all()
        self.env.cr.execute(UNCOMPILED)
        self._find_missing_there()
        last_id = 0
        while chunk := self._read_chunk(last_id):
            last_id = chunk[-1][0]
            self._rate_news({order for _row, order, _metric, _kind, priced in chunk if priced})
            self._compare_chunk(chunk)
        self.env.cr.execute(SQL(DROP, id=self.id, round=self.round))
        self.env.invalidate_all(flush=False)
        self.compared_at = fields.Datetime.now()
        self._tell()

    def _find_missing_there(self):
        """Write rows for what was counted and is not in the list, unless it is only a part."""
        if self.partial:
            return
        service = self.service_id
        self.env.cr.execute(
            SQL(
                MISSING_THERE,
                visible=self.env["sale.order"]._search(self._visible()).subselect(),
                id=self.id,
                round=self.round,
                uid=self.env.uid,
                start=self.period_start,
                end=self.period_end,
                service=service.id or None,
                source=service.code or None,
            )
        )

    def _read_chunk(self, last_id):
        return self.env.execute_query(
            SQL(CHUNKS, id=self.id, round=self.round, last_id=last_id, most=CHUNK)
        )

    def _rate_news(self, order_ids):
        """Rate what was pushed of these subscriptions, so that the ledger says all of it."""
        if not order_ids:
            return
        requests = self.env["fusion.billing.rating.request"]
        news = requests._read_group(
            [("subscription_id", "in", list(order_ids))], ["subscription_id"]
        )
        orders = self.env["sale.order"].union(*(order for [order] in news))
        for offset in range(0, len(orders), RATED):
            self.env["fusion.billing.rating"]._rate_unless_busy(orders[offset : offset + RATED])
        self.env.flush_all()

    def _compare_chunk(self, chunk):
        counted = [row for row in chunk if row[1] and row[2]]
        quantities = self.env["fusion.billing.usage"]._aggregate(
            [self._total(order, metric, kind) for _row, order, metric, kind, _priced in counted]
        )
        by_row = {row[0]: quantity for row, quantity in zip(counted, quantities, strict=True)}
        self.env.cr.execute(
            SQL(
                COMPARE,
                ids=[row[0] for row in chunk],
                quantities=[_text(by_row.get(row[0])) for row in chunk],
                start=self.period_start,
                end=self.period_end,
            )
        )

    def _total(self, order, metric, kind):
        return Total(
            subscription=self.env["sale.order"].browse(order),
            stretch=Stretch(Source(kind, metric)),
            spans=((self.period_start, self.period_end),),
            full_seconds=int((self.period_end - self.period_start).total_seconds()),
        )

    # === TELLING === #

    def _tell(self):
        """Emit an event if there are differences, and others than the app was told of last."""
        [[digest]] = self.env.execute_query(SQL(DIGEST, self.id))
        if self.service_id and digest and digest != self.told:
            rows = self.env["fusion.billing.api.reconciliation"]._visible_rows(self.service_id)
            [facts] = self._describe(rows)
            self.env["fusion.billing.webhook.delivery"]._emit(
                "reconciliation.mismatch", self.service_id, lambda _service: facts
            )
        self.told = digest

    def _describe(self, domain):
        """Return what an app is told of each reconciliation, in one query more.

        :param Domain domain: of the rows that it may see
        """
        counts = self.env["fusion.billing.reconciliation.row"]._count(self, domain)
        return [one._describe_one(counts.get(one.id, {})) for one in self]

    def _describe_one(self, counts):
        names = ("matched", "different", "missing_here", "missing_there")
        return {
            "reconciliation_id": self.id,
            "reference": self.reference or None,
            "period_start": self.period_start,
            "period_end": self.period_end,
            "partial": self.partial,
            "compared_at": self.compared_at or None,
            **{name: counts.get(name, 0) for name in names},
        }


def _text(number: Decimal | None):
    return None if number is None else str(number)


# PostgreSQL takes it for worth compiling, for each set anew, which costs more than the work.
UNCOMPILED = "SET LOCAL jit TO off"

CONFLICT = """
ON CONFLICT (
    reconciliation_id, COALESCE(subscription_id, 0), COALESCE(metric_id, 0),
    (CASE WHEN subscription_id IS NULL THEN subscription_name ELSE '' END),
    (CASE WHEN metric_id IS NULL THEN metric_code ELSE '' END))
"""

# What was said of a row stays with it until the comparison finds something else.
STORE = f"""
INSERT INTO fusion_billing_reconciliation_row AS total (
    reconciliation_id, round, subscription_name, subscription_id, metric_code, metric_id,
    their_quantity, their_amount, currency_id, result, create_uid, create_date)
SELECT %(id)s, %(round)s, name, subscription_id, code, metric_id, quantity, amount, currency_id,
       'matched', %(uid)s, now() AT TIME ZONE 'UTC'
  FROM unnest(%(names)s::text[], %(subscriptions)s::int[], %(codes)s::text[], %(metrics)s::int[],
              %(quantities)s::numeric[], %(amounts)s::numeric[], %(currencies)s::int[])
    AS given (name, subscription_id, code, metric_id, quantity, amount, currency_id)
{CONFLICT} DO UPDATE
   SET round = excluded.round, subscription_name = excluded.subscription_name,
       their_quantity = excluded.their_quantity, their_amount = excluded.their_amount,
       currency_id = excluded.currency_id
"""

# One look into the index of each subscription: the table of counters is never read as a whole.
# A service should know what it pushed, and all of the subscriptions that it created.
MISSING_THERE = f"""
INSERT INTO fusion_billing_reconciliation_row AS total (
    reconciliation_id, round, subscription_name, subscription_id, metric_code, metric_id,
    result, create_uid, create_date)
SELECT %(id)s, %(round)s, COALESCE(
           CASE WHEN subscription.fusion_service_id = %(service)s
                THEN NULLIF(subscription.fusion_external_id, '') END, subscription.name),
       subscription.id, metric.code, metric.id, 'matched', %(uid)s, now() AT TIME ZONE 'UTC'
  FROM sale_order AS subscription, LATERAL (
       SELECT DISTINCT usage.metric_id
         FROM fusion_billing_usage AS usage
        WHERE usage.subscription_id = subscription.id
          AND usage.period_start >= %(start)s AND usage.period_start < %(end)s
          AND (%(service)s::int IS NULL OR usage.source = %(source)s
               OR subscription.fusion_service_id = %(service)s)
       ) AS counted
  JOIN fusion_billing_metric AS metric ON metric.id = counted.metric_id
 WHERE subscription.id IN %(visible)s
{CONFLICT} DO UPDATE
   SET round = excluded.round, their_quantity = NULL, their_amount = NULL, currency_id = NULL
 WHERE total.round < excluded.round
"""

CHUNKS = """
SELECT total.id, total.subscription_id, total.metric_id, metric.aggregation,
       total.their_amount IS NOT NULL AND total.subscription_id IS NOT NULL
  FROM fusion_billing_reconciliation_row AS total
  LEFT JOIN fusion_billing_metric AS metric ON metric.id = total.metric_id
 WHERE total.reconciliation_id = %(id)s AND total.round = %(round)s AND total.id > %(last_id)s
 ORDER BY total.id LIMIT %(most)s
"""

# Amounts are the ledger's own, of all charges for the metric. They are those of the period only
# if no stretch reaches beyond it. Quotients have more digits than a quantity that is sent.
COMPARE = """
WITH counted AS (
    SELECT total.*, counted.quantity AS ours,
           (SELECT fusion_usage_kept_from > %(start)s::timestamp
              FROM sale_order WHERE id = total.subscription_id) IS TRUE AS is_removed,
           (SELECT currency_id FROM sale_order WHERE id = total.subscription_id) AS own_currency_id
      FROM unnest(%(ids)s::int[], %(quantities)s::numeric[]) AS counted (id, quantity)
      JOIN fusion_billing_reconciliation_row AS total ON total.id = counted.id
), owed AS (
    SELECT counted.id, sum(rating.amount) AS amount,
           bool_and(rating.starts_at >= %(start)s AND rating.ends_at <= %(end)s) AS is_whole
      FROM counted
      JOIN fusion_billing_rating AS rating
        ON rating.subscription_id = counted.subscription_id
       AND rating.metric_id = counted.metric_id
       AND rating.starts_at < %(end)s AND rating.ends_at > %(start)s
     WHERE counted.their_amount IS NOT NULL
     GROUP BY counted.id
), judged AS (
    SELECT counted.*, CASE WHEN is_removed THEN NULL ELSE round(ours, 6) END AS quantity,
           COALESCE(owed.amount, 0) AS amount,
           CASE WHEN is_removed THEN 'usage_removed'
                WHEN their_amount IS NULL OR own_currency_id IS NULL OR metric_id IS NULL THEN NULL
                WHEN own_currency_id != currency_id THEN 'other_currency'
                WHEN NOT COALESCE(owed.is_whole, true) THEN 'other_periods'
                WHEN EXISTS (SELECT FROM fusion_billing_rating_request AS request
                              WHERE request.subscription_id = counted.subscription_id)
                THEN 'not_rated' END AS why_not
      FROM counted LEFT JOIN owed ON owed.id = counted.id
), figures AS (
    SELECT judged.*,
           CASE WHEN is_removed THEN NULL
                ELSE COALESCE(quantity, 0) - COALESCE(their_quantity, 0) END AS quantity_off,
           CASE WHEN their_amount IS NOT NULL AND why_not IS NULL
                THEN amount - their_amount END AS amount_off
      FROM judged
), found AS (
    SELECT figures.*,
           CASE WHEN subscription_id IS NULL OR metric_id IS NULL THEN 'missing_here'
                WHEN their_quantity IS NULL THEN 'missing_there'
                WHEN is_removed THEN 'different'
                WHEN quantity = 0 AND their_quantity > 0 THEN 'missing_here'
                WHEN quantity_off != 0 OR amount_off != 0 OR why_not IS NOT NULL THEN 'different'
                ELSE 'matched' END AS outcome
      FROM figures
), said AS (
    SELECT found.*, closed_at IS NOT NULL AND outcome != 'matched'
               AND (result, quantity_difference, amount_difference, COALESCE(reason, ''))
                   IS NOT DISTINCT FROM (outcome, quantity_off, amount_off, COALESCE(why_not, ''))
               AS is_closed
      FROM found
)
UPDATE fusion_billing_reconciliation_row AS total
   SET our_quantity = CASE WHEN NOT is_removed THEN said.ours END,
       quantity_difference = quantity_off,
       our_amount = CASE WHEN said.their_amount IS NOT NULL AND why_not IS NULL
                         THEN said.amount END,
       amount_difference = amount_off,
       result = outcome, reason = why_not, is_open = outcome != 'matched' AND NOT is_closed,
       closed_at = CASE WHEN is_closed THEN total.closed_at END,
       closed_by_id = CASE WHEN is_closed THEN total.closed_by_id END
  FROM said
 WHERE total.id = said.id
"""

# What is in neither list: of an earlier round, or nothing in the end.
DROP = """
DELETE FROM fusion_billing_reconciliation_row
 WHERE reconciliation_id = %(id)s
   AND (round != %(round)s OR result = 'missing_there' AND our_quantity = 0)
"""

DIGEST = """
SELECT sum(hashtextextended(concat_ws('|', id, result, reason, quantity_difference,
                                      amount_difference), 0)::numeric)::text
  FROM fusion_billing_reconciliation_row
 WHERE reconciliation_id = %s AND result != 'matched'
"""
