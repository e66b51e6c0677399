import json
import logging
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import zip_longest

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...core.money.periods import Period
from ..base.wording import format_period, format_quantity
from .target import Target

_logger = logging.getLogger(__name__)

BATCH = 100
SECOND = timedelta(seconds=1)


class FusionBillingRating(models.Model):
    """The ledger: what one charge comes to for one subscription and billing period, and why.

    Rating writes it, only where something changed; nobody else does. Every screen, the API and
    the invoice read it, so that they cannot show two different numbers.

    A row is open until its period is billed. Closing freezes what it was rated with (prices,
    share, filters, currency rate): usage that arrives later is rated again with the same, and
    only the difference is billed (R9).
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
    version_id = fields.Many2one(
        "fusion.billing.charge.version", "Prices", required=True, index=True, ondelete="restrict",
    )
    plan_id = fields.Many2one("fusion.billing.plan", ondelete="restrict")
    metric_id = fields.Many2one(
        "fusion.billing.metric", required=True, index=True, ondelete="restrict",
    )
    period_start = fields.Date(required=True, help="First day that is rated.")
    period_end = fields.Date(required=True, help="First day after those that are rated.")
    starts_at = fields.Datetime(help="First instant of the first day.")
    ends_at = fields.Datetime(help="First instant after the last day.")
    full_seconds = fields.Float(
        digits=(16, 0),
        help="How long the full billing period lasts: a level that is weighted by time counts once"
             " if it holds for that long.",
    )
    closed = fields.Boolean(help="The period is billed: only differences are billed from now on.")
    share = fields.Char(
        required=True, default="1", help="Which part of a full billing period this is.",
    )
    paused = fields.Boolean(
        help="The whole period lies in a pause: only usage is due, no minimum and no fee.",
    )
    takes = fields.Json("Filter", help="Only usage that matches is rated here.")
    leaves = fields.Json("Other Filters", help="Usage that matches one is rated elsewhere.")

    quantity = fields.Float("Used", digits=(24, 6))
    included_quantity = fields.Float("Included", digits=(24, 6))
    billable_quantity = fields.Float("Billable", digits=(24, 6))
    charge_currency_id = fields.Many2one("res.currency", required=True)
    amount_exact = fields.Float(
        "Exact Amount", digits=(32, 12), help="In the charge's currency, before rounding.",
    )
    currency_rate = fields.Float(
        digits=(32, 12), help="From the charge's currency to the subscription's: of the day"
        " on which it was rated, and once it is billed of the period's last day.",
    )
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary(help="In the subscription's currency, rounded once.")
    breakdown = fields.Json()
    rated_at = fields.Datetime("Rated on")

    order_line_ids = fields.One2many("sale.order.line", "fusion_rating_id")
    invoice_line_ids = fields.Many2many("account.move.line", compute="_compute_invoiced")
    amount_invoiced = fields.Monetary("Invoiced", compute="_compute_invoiced")

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

    # === COMPUTE METHODS === #

    @api.depends("metric_id", "period_start", "period_end")
    def _compute_display_name(self):
        for rating in self:
            rating.display_name = (
                f"{rating.metric_id.name}, "
                f"{format_period(self.env, rating.period_start, rating.period_end)}"
            )

    @api.depends("order_line_ids.price_unit", "order_line_ids.invoice_lines.parent_state")
    def _compute_invoiced(self):
        for rating in self:
            invoiced = rating.order_line_ids.filtered(lambda line: line._fusion_is_invoiced())
            rating.amount_invoiced = sum(invoiced.mapped("price_unit"))
            rating.invoice_line_ids = invoiced.invoice_lines

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_except_closed(self):
        if any(self.mapped("closed")):
            raise UserError(self.env._("A rating that was billed explains an invoice: it stays."))

    # === BUSINESS METHODS - WHAT TO RATE === #

    @api.model
    def _rate_pending(self):
        """Rate every subscription that has a request, in batches. See the cron's docstring."""
        pending = self.env["fusion.billing.rating.request"]._pending_subscription_ids()
        for offset in range(0, len(pending), BATCH):
            batch = self.env["sale.order"].browse(pending[offset:offset + BATCH])
            self._rate_unless_busy(batch)
            if not self.env["sale.order"]._fusion_commit(
                len(batch), remaining=max(0, len(pending) - offset - BATCH),
            ):
                break

    @api.model
    def _rate_unless_busy(self, subscriptions):
        """Rate what changed, unless somebody is at work on it; a failure is shown (R7).

        All together, in a number of queries that does not grow with them; one after the other
        only if that fails.
        """
        locked = subscriptions._fusion_try_lock()
        if not self._rate_together(locked):
            for subscription in locked:
                with subscription._fusion_guard("rating"):
                    self._rate_requested(subscription)

    @api.model
    def _rate_together(self, subscriptions):
        """Rate these subscriptions, or none of them; return whether it went well."""
        try:
            with self.env.cr.savepoint():
                self._rate_requested(subscriptions)
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s subscriptions are rated one by one: %s", len(subscriptions), error)
            return False
        subscriptions._fusion_clear_failure("rating")
        return True

    @api.model
    def _rate_requested(self, subscriptions):
        """Rate the open periods, and the closed ones that were touched since the last run."""
        requests = self._requests(subscriptions)
        self._rate_late(requests)
        self._rate_periods({
            subscription: subscription._fusion_open_period()
            for subscription in subscriptions._fusion_in_progress()
        })
        requests.unlink()

    @api.model
    def _rate_periods(self, periods):
        """Rate billing periods that are not billed yet, as their plans say (R1, R6).

        :param dict periods: `{subscription: Period}`
        """
        targets = self._open_targets(periods)
        self._rate(targets)
        ratings = self._open_ratings(periods)
        ratings._drop_except({
            (target.subscription.id, target.charge.id, target.period.start) for target in targets
        })
        ratings._sync_order_lines()

    @api.model
    def _rate_late(self, requests):
        """Rate closed periods again that got late or corrected usage (R9)."""
        late = self.search(requests._late_domain())
        if late:
            self._rate(late._targets())
            late._sync_order_lines()

    @api.model
    def _finalize(self, subscription, period):
        """Rate a period that is being billed, and what came late for those before it; freeze it.

        What the plan no longer wants is not frozen: late usage must not bring it back (R1).
        """
        self._rate_late(self._requests(subscription))
        self._rate_periods({subscription: period})
        self._open_ratings([subscription]).closed = True

    @api.model
    def _requests(self, subscriptions):
        return self.env["fusion.billing.rating.request"].search([
            ("subscription_id", "in", subscriptions.ids),
        ])

    @api.model
    def _open_ratings(self, subscriptions):
        """Return the rows that are not billed: the period's bounds may have been moved."""
        return self.search([
            ("subscription_id", "in", [subscription.id for subscription in subscriptions]),
            ("closed", "=", False), ("breakdown", "!=", False),
        ])

    # === BUSINESS METHODS - TARGETS === #

    @api.model
    def _open_targets(self, periods):
        """Return what the plans in force want rated in periods: `{subscription: Period}`."""
        billed, rate_on = self._billed_until(periods), cache(self._currency_rate)
        return [
            target for subscription, period in periods.items()
            for target in self._targets_of_one(
                subscription, period, billed.get((subscription, period.start)), rate_on,
            )
        ]

    @api.model
    def _targets_of_one(self, subscription, period, began, rate_on):
        charges = subscription._fusion_get_plan()._charges_for(subscription.currency_id)
        today = subscription._fusion_today()
        return [
            Target(
                subscription=subscription, charge=charge, version=version, period=part,
                **self._bounds(subscription, part, part.start == period.start and began),
                share=subscription._fusion_share(part) if charge.prorate else Fraction(1),
                paused=subscription._fusion_pauses(part),
                takes=charge._filter() or None,
                leaves=None if charge._filter() else charges._filters_beside(charge) or None,
                currency_rate=rate_on(
                    charge, subscription.currency_id, min(part.last_day, today),
                ),
            )
            for charge in charges for version, part in charge._parts(period) if part.days
        ]

    @api.model
    def _billed_until(self, periods):
        """Return the instants until which the periods before these were rated.

        :return: `{(subscription, first day): instant}` for those that were
        """
        rows = self._read_group(
            [("subscription_id", "in", [subscription.id for subscription in periods]),
             ("period_end", "in", [period.start for period in periods.values()]),
             ("closed", "=", True)],
            ["subscription_id", "period_end:day"], ["ends_at:max"],
        )
        return {(subscription, day): until for subscription, day, until in rows}

    @api.model
    def _bounds(self, subscription, part, began):
        """Return from when to when a part is rated, and how long the full billing period is.

        :param datetime began: the instant until which the part before is billed: no counter falls
            between the two or into both, even if the company's time zone was changed (R2)
        """
        zone = subscription._fusion_timezone()
        start, end = part.utc_bounds(zone)
        full_start, full_end = subscription._fusion_full_period(part.start).utc_bounds(zone)
        start = began or start
        bounds = start, max(start, end)
        return {
            "bounds": bounds,
            "full_seconds": max(full_end - full_start, bounds[1] - bounds[0]) // SECOND,
        }

    def _targets(self):
        """Return what each of these rows was rated with."""
        exact = self._read_exact(["currency_rate"])
        return [
            Target(
                subscription=row.subscription_id, charge=row.charge_id, version=row.version_id,
                period=Period(row.period_start, row.period_end), share=Fraction(row.share),
                paused=row.paused,
                bounds=(row.starts_at, row.ends_at), full_seconds=int(row.full_seconds),
                takes=row.takes or None, leaves=row.leaves or None,
                currency_rate=exact[row.id]["currency_rate"],
            )
            for row in self
        ]

    @api.model
    def _currency_rate(self, charge, target, day):
        """Return what one unit of a charge's currency is in another one on a day.

        That is the last day of the period, or today while that is to come.

        :raise UserError: there is no rate; Odoo would take 1
        """
        source, company = charge.currency_id, charge.company_id
        if source == target:
            return Decimal(1)
        for currency in (source | target) - company.currency_id:
            if not self._has_rate(currency, company, day):
                raise UserError(self.env._(
                    "%(charge)s costs %(own)s and the order is in %(other)s, but there is no"
                    " exchange rate of %(currency)s on %(day)s: add one.",
                    charge=charge.display_name, own=source.name, other=target.name,
                    currency=currency.name, day=day,
                ))
        return Decimal(repr(source._get_conversion_rate(source, target, company, day)))

    @api.model
    def _has_rate(self, currency, company, day):
        return bool(self.env["res.currency.rate"].search_count([
            ("currency_id", "=", currency.id), ("name", "<=", day),
            ("company_id", "in", (False, company.root_id.id)),
        ], limit=1))

    # === BUSINESS METHODS - RATING === #

    @api.model
    def _rate(self, targets):
        """Price the usage of these targets and keep their ledger rows in step."""
        versions = self.env["fusion.billing.charge.version"].union(
            *(target.version for target in targets))
        quantities, terms = self.env["fusion.billing.usage"]._aggregate(targets), versions._terms()
        self._store([
            target.entry(quantity, terms[target.version.id])
            for target, quantity in zip(targets, quantities, strict=True)
        ])

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

    def _drop_except(self, wanted):
        """Bring rows that the plan no longer wants down to zero (R1, R2).

        A charge was archived, the plan was changed, or somebody moved the period's bounds.

        :param set wanted: triples of subscription's id, charge's id and first day
        """
        stale = self.filtered(
            lambda rating:
            (rating.subscription_id.id, rating.charge_id.id, rating.period_start) not in wanted
        )
        stale.write({"billable_quantity": 0, "amount_exact": 0, "amount": 0, "breakdown": False})

    # === BUSINESS METHODS - ORDER LINES === #

    def _sync_order_lines(self):
        """Let the order say what the ledger says (R5).

        What was invoiced is never changed (R9). The rest of an amount stands on one line that is
        on no invoice, or on a draft: it is updated, down to zero, where it exists, and created
        where there is something to bill.
        """
        self._read_lines_ahead()
        changed, missing = self.env["sale.order.line"], []
        for rating in self.sorted(lambda rating: (rating.charge_id.id, rating.period_start)):
            settled = rating.order_line_ids.filtered(lambda line: line._fusion_is_posted())
            amount, open_lines = rating._rest(settled), rating.order_line_ids - settled
            # More than one is left over from an invoice that was cancelled.
            for line, due in zip_longest(open_lines, [amount][:len(open_lines)], fillvalue=0):
                changed |= line._fusion_update(rating, due)
            if not open_lines and not rating.currency_id.is_zero(amount):
                missing.append((rating, amount, len(settled)))
        changed |= changed._fusion_create(missing)
        changed._fusion_update_totals()
        changed.order_id._fusion_usage_added()

    def _read_lines_ahead(self):
        """Read at once what would be a query for each line."""
        lines = self.order_line_ids
        lines.mapped("price_unit")
        lines.invoice_lines.mapped("parent_state")
        lines.invoice_lines.move_id.mapped("state")

    def _rest(self, settled):
        """Return what is left to bill, or, negative, to credit: no more than customers still pay.

        :param settled: the lines that are on posted invoices; staff may have credited some
        """
        rest = self.currency_id.round(self.amount - sum(settled.mapped("price_unit")))
        if rest < 0:
            paid = sum(line._fusion_billed() for line in settled)
            rest = -min(-rest, max(0, self.currency_id.round(paid)))
        return rest

    def _quantities(self):
        """Return what was used, included and is billed, exactly.

        The breakdown says the same as the columns, and is read for all rows at once.
        """
        self.ensure_one()
        if not self.breakdown:
            names = ["quantity", "included_quantity", "billable_quantity"]
            return tuple(self._read_exact(names)[self.id][name] for name in names)
        used = Decimal(self.breakdown["quantity"])
        included = min(used, Decimal(self.breakdown["included_quota"]))
        return used, included, Decimal(self.breakdown["billable"])

    def _describe(self, lang, settled=None):
        """Say in words what was used, included and billed, and for which dates (M4).

        :param str lang: code of the customer's language
        :param Decimal settled: the quantity that is invoiced already, on a correction
        """
        self.ensure_one()
        rating = self.with_context(lang=lang)
        used, included, billed = self._quantities()
        words = {
            "metric": rating.metric_id.name,
            "period": format_period(self.env, self.period_start, self.period_end, lang),
            "used": format_quantity(self.env, used, lang),
            "included": format_quantity(self.env, included, lang),
            "billed": format_quantity(self.env, billed, lang),
        }
        if settled is not None:
            change = used - settled
            sign = "+" if change >= 0 else "−"
            words["change"] = sign + format_quantity(self.env, abs(change), lang)
            return rating.env._(
                "Correction for %(period)s: %(change)s %(metric)s\n"
                "%(used)s used, %(included)s included, %(billed)s billed", **words,
            )
        return rating.env._(
            "%(metric)s, %(period)s\n%(used)s used, %(included)s included, %(billed)s billed",
            **words,
        )


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
