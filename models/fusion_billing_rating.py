import json
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.pricing import price, round_amount
from .wording import format_period, format_quantity

BATCH = 100


class FusionBillingRating(models.Model):
    """The ledger: what one charge comes to for one subscription and billing period, and why.

    Rating writes it, set by set and only where something changed; nobody else does. Every screen,
    the API and the invoice read it, so that they cannot show two different numbers.
    """

    _name = "fusion.billing.rating"
    _description = "Rating"
    _inherit = ["fusion.billing.exact.mixin"]
    _order = "period_start desc, subscription_id, id"

    # Already has an index: the unique constraint begins with it.
    subscription_id = fields.Many2one("sale.order", required=True, ondelete="restrict")
    partner_id = fields.Many2one(related="subscription_id.partner_id", string="Customer")
    company_id = fields.Many2one("res.company", required=True, index=True)
    charge_id = fields.Many2one(
        "fusion.billing.charge", required=True, index=True, ondelete="restrict",
    )
    plan_id = fields.Many2one("fusion.billing.plan", required=True, ondelete="restrict")
    metric_id = fields.Many2one("fusion.billing.metric", required=True, ondelete="restrict")
    currency_id = fields.Many2one("res.currency", required=True)
    period_start = fields.Date(required=True, help="First day of the billing period.")
    period_end = fields.Date(required=True, help="First day after the billing period.")

    quantity = fields.Float("Used", digits=(24, 6))
    included_quantity = fields.Float("Included", digits=(24, 6))
    billable_quantity = fields.Float("Billable", digits=(24, 6))
    amount_exact = fields.Float("Exact Amount", digits=(32, 12), help="Before rounding.")
    amount = fields.Monetary(help="Rounded once, to the currency.")
    breakdown = fields.Json()
    rated_at = fields.Datetime("Rated on")

    order_line_ids = fields.One2many("sale.order.line", "fusion_rating_id")
    amount_invoiced = fields.Monetary("Invoiced", compute="_compute_amount_invoiced")

    _period_unique = models.Constraint(
        "UNIQUE(subscription_id, charge_id, period_start)",
        "A charge is rated once for each subscription and billing period.",
    )
    _period_valid = models.Constraint(
        "CHECK(period_start < period_end)", "A billing period must end after it starts.",
    )
    _amounts_not_negative = models.Constraint(
        "CHECK(quantity >= 0 AND included_quantity >= 0 AND billable_quantity >= 0"
        " AND amount >= 0 AND amount < 'Infinity')",
        "Quantities and amounts in the ledger cannot be negative.",
    )

    @api.depends("metric_id", "period_start", "period_end")
    def _compute_display_name(self):
        for rating in self:
            rating.display_name = (
                f"{rating.metric_id.name}, "
                f"{format_period(self.env, rating.period_start, rating.period_end)}"
            )

    @api.depends("order_line_ids.price_unit", "order_line_ids.invoice_lines.parent_state")
    def _compute_amount_invoiced(self):
        for rating in self:
            rating.amount_invoiced = sum(
                line.price_unit for line in rating.order_line_ids if line._fusion_is_billed()
            )

    # === BUSINESS METHODS - WHAT TO RATE === #

    @api.model
    def _rate_pending(self):
        """Rate every subscription that has a request, in batches. See the cron's docstring."""
        pending = self.env["fusion.billing.rating.request"]._pending_subscription_ids()
        for offset in range(0, len(pending), BATCH):
            batch = self.env["sale.order"].browse(pending[offset:offset + BATCH])
            self._rate_requested(batch)
            if not self.env["sale.order"]._fusion_commit(
                len(batch), remaining=max(0, len(pending) - offset - BATCH),
            ):
                break

    @api.model
    def _rate_requested(self, subscriptions):
        """Rate the open periods of these subscriptions, one savepoint each (R7)."""
        subscriptions = subscriptions.try_lock_for_update(allow_referencing=True)
        requests = self.env["fusion.billing.rating.request"].search([
            ("subscription_id", "in", subscriptions.ids),
        ]).grouped("subscription_id")
        quantities = self._aggregate([
            (subscription, subscription._fusion_open_period())
            for subscription in subscriptions._fusion_in_progress()
        ])
        for subscription in subscriptions:
            with subscription._fusion_guard("rating"):
                if subscription._fusion_in_progress():
                    period = subscription._fusion_open_period()
                    self._rate(subscription, period, quantities[subscription, period])
                requests[subscription].unlink()

    @api.model
    def _rate_period(self, subscription, period):
        """Rate one period of one subscription now; errors are the caller's.

        :param Period period: a billing period of the subscription
        """
        quantities = self._aggregate([(subscription, period)])
        self._rate(subscription, period, quantities[subscription, period])

    @api.model
    def _aggregate(self, periods):
        """Combine the counters of each period as their metric says, in one query (R2).

        :param list periods: pairs of (subscription, Period of local dates)
        :return: `{(subscription, period): {metric id: Decimal}}`; a metric without counters
            is not there
        """
        quantities = {pair: {} for pair in periods}
        bounds = [
            period.utc_bounds(subscription._fusion_timezone()) for subscription, period in periods
        ]
        self.env["fusion.billing.usage"].flush_model()
        rows = self.env.execute_query(SQL(
            AGGREGATE,
            [subscription.id for subscription, _period in periods],
            [start.isoformat() for start, _end in bounds],
            [end.isoformat() for _start, end in bounds],
        ))
        for position, metric_id, quantity in rows:
            quantities[periods[position - 1]][metric_id] = Decimal(quantity)
        return quantities

    # === BUSINESS METHODS - RATING === #

    @api.model
    def _rate(self, subscription, period, quantities):
        """Price a period's quantities, keep the ledger and the order lines in step (R6).

        :param dict quantities: `{metric id: Decimal}`
        """
        charges = subscription._fusion_get_plan()._charges_for(subscription.currency_id)
        parameters = charges._pricing_parameters()
        entries = [
            self._prepare_entry(
                subscription, period, charge, quantities.get(charge.metric_id.id, Decimal(0)),
                parameters[charge.id],
            )
            for charge in charges
        ]
        self._store(entries)
        self._drop_stale(subscription, period, charges)
        self._ratings_of(subscription, period)._sync_order_lines()

    @api.model
    def _prepare_entry(self, subscription, period, charge, quantity, parameters):
        """Return the ledger row of one charge: column name to value.

        :param Decimal quantity: used in the period
        :param dict parameters: keyword arguments of `core.pricing.price`
        """
        if charge.currency_id != subscription.currency_id:
            raise UserError(self.env._(
                "%(plan)s charges %(metric)s in %(other)s only, but the order is in %(currency)s:"
                " add a charge in %(currency)s.",
                plan=charge.plan_id.name, metric=charge.metric_id.name,
                other=charge.currency_id.name, currency=subscription.currency_id.name,
            ))
        priced = price(charge.charge_model, quantity, **parameters)
        rounding = Decimal(str(charge.currency_id.rounding))
        return {
            "subscription_id": subscription.id,
            "company_id": subscription.company_id.id,
            "charge_id": charge.id,
            "plan_id": charge.plan_id.id,
            "metric_id": charge.metric_id.id,
            "currency_id": charge.currency_id.id,
            "period_start": period.start,
            "period_end": period.end,
            "quantity": quantity,
            "included_quantity": min(quantity, parameters["included_quota"]),
            "billable_quantity": max(Decimal(0), quantity - parameters["included_quota"]),
            "amount_exact": priced.amount,
            "amount": round_amount(priced.amount, rounding),
            "breakdown": priced.breakdown,
        }

    @api.model
    def _store(self, entries):
        """Write ledger rows exactly, leaving alone those that already say the same.

        The ORM would pass the decimals through binary floats (M1), so the rows go to PostgreSQL
        as JSON, decimals as text, and take the types of the table's own columns.
        """
        if not entries:
            return
        self.flush_model()
        columns = list(entries[0])
        self.env.cr.execute(SQL(
            STORE,
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            rows=json.dumps(entries, default=str),
            stored=SQL(", ").join(SQL.identifier("rating", name) for name in columns),
            given=SQL(", ").join(SQL.identifier("excluded", name) for name in columns),
            uid=self.env.uid,
        ))
        self.invalidate_model()

    @api.model
    def _drop_stale(self, subscription, period, charges):
        """Bring what else was rated for days of this period down to zero (R1, R2).

        Before the period was invoiced, a charge was archived, the subscription moved to another
        plan, or somebody moved the period's start.
        """
        stale = self._ratings_of(subscription, period).filtered(
            lambda rating: rating.amount_exact and (
                rating.charge_id not in charges or rating.period_start != period.start
            )
        )
        stale.write({"billable_quantity": 0, "amount_exact": 0, "amount": 0, "breakdown": False})

    @api.model
    def _ratings_of(self, subscription, period):
        """Return the ledger's rows that share a day with a period."""
        return self.search([
            ("subscription_id", "=", subscription.id),
            ("period_start", "<", period.end), ("period_end", ">", period.start),
        ])

    def _sync_order_lines(self):
        """Let the order say what the ledger says (R5).

        What was invoiced is never changed. The rest of an amount stands on one line that is not
        invoiced yet: it is updated, down to zero, where it exists, and created where there is
        something to bill.
        """
        for rating in self:
            billed = rating.order_line_ids.filtered(lambda line: line._fusion_is_billed())
            open_line = (rating.order_line_ids - billed)[:1]
            amount = rating.currency_id.round(rating.amount - sum(billed.mapped("price_unit")))
            if open_line:
                open_line._fusion_update(rating, amount)
            elif not rating.currency_id.is_zero(amount):
                self.env["sale.order.line"]._fusion_create(rating, amount, len(billed))

    def _describe(self, lang):
        """Say in words what was used, included and billed, and for which dates (M4).

        :param str lang: code of the customer's language
        """
        self.ensure_one()
        names = ("quantity", "included_quantity", "billable_quantity")
        exact = self._read_exact(list(names))[self.id]
        used, included, billed = (format_quantity(self.env, exact[name], lang) for name in names)
        rating = self.with_context(lang=lang)
        return rating.env._(
            "%(metric)s, %(period)s\n%(used)s used, %(included)s included, %(billed)s billed",
            metric=rating.metric_id.name,
            period=format_period(self.env, self.period_start, self.period_end, lang),
            used=used, included=included, billed=billed,
        )


# One pass over the counters of all periods; each aggregate reads only the rows of its own kind of
# metric. `unique_count` counts the values, and the quantities of counters that carry no value.
AGGREGATE = """
SELECT period.position, usage.metric_id,
       CASE metric.aggregation
           WHEN 'sum' THEN sum(usage.quantity) FILTER (WHERE metric.aggregation = 'sum')
           WHEN 'max' THEN max(usage.quantity) FILTER (WHERE metric.aggregation = 'max')
           WHEN 'last' THEN (
               array_agg(usage.quantity
                         ORDER BY usage.period_start DESC, usage.write_date DESC, usage.id DESC)
               FILTER (WHERE metric.aggregation = 'last'))[1]
           WHEN 'unique_count' THEN
               count(DISTINCT usage.value) FILTER (WHERE metric.aggregation = 'unique_count')
               + count(DISTINCT usage.quantity)
                 FILTER (WHERE metric.aggregation = 'unique_count' AND usage.value IS NULL)
       END::text
  FROM unnest(%s::int[], %s::timestamp[], %s::timestamp[])
       WITH ORDINALITY AS period(subscription_id, start_at, end_at, position)
  JOIN fusion_billing_usage AS usage
    ON usage.subscription_id = period.subscription_id
   AND usage.period_start >= period.start_at
   AND usage.period_start < period.end_at
  JOIN fusion_billing_metric AS metric ON metric.id = usage.metric_id
 GROUP BY period.position, usage.metric_id, metric.aggregation
"""

STORE = """
INSERT INTO fusion_billing_rating AS rating (
    %(columns)s, rated_at, create_uid, write_uid, create_date, write_date)
SELECT %(columns)s, moment, %(uid)s, %(uid)s, moment, moment
  FROM jsonb_populate_recordset(NULL::fusion_billing_rating, %(rows)s) AS given,
       (SELECT now() AT TIME ZONE 'UTC' AS moment) AS clock
ON CONFLICT (subscription_id, charge_id, period_start) DO UPDATE
   SET (%(columns)s, rated_at, write_uid, write_date)
     = (%(given)s, excluded.rated_at, excluded.write_uid, excluded.write_date)
 WHERE (%(stored)s) IS DISTINCT FROM (%(given)s)
"""
