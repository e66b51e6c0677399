import logging
from datetime import timedelta
from decimal import Decimal
from functools import cache

from odoo import api, models
from odoo.exceptions import UserError

from ..base.cron import commit_progress
from ..base.retry import left_if_busy, no_alarm
from .target import Inputs

_logger = logging.getLogger(__name__)

BATCH = 100
DAY = timedelta(days=1)


class FusionBillingRating(models.Model):
    """How what is owed is computed, in sets: only where something was touched."""

    _inherit = "fusion.billing.rating"

    # === THE RUN === #

    @api.model
    def _rate_pending(self, companies, but=()):
        """Rate every subscription that has a request, in batches. See the cron's docstring.

        :param companies: whose subscriptions
        :param but: ids of those that the caller rates
        """
        with left_if_busy(self.env):
            self.env["fusion.billing.charge"].sudo()._refresh_prices_of(companies)
        self.env["sale.order"].sudo()._fusion_follow_calendar(companies)
        pending = self.env["fusion.billing.rating.request"]._pending_subscription_ids(companies)
        pending = [subscription_id for subscription_id in pending if subscription_id not in but]
        for offset in range(0, len(pending), BATCH):
            batch = self.env["sale.order"].browse(pending[offset : offset + BATCH])
            self._rate_unless_busy(batch)
            if not commit_progress(
                self.env, len(batch), remaining=max(0, len(pending) - offset - BATCH)
            ):
                break

    @api.model
    def _rate_unless_busy(self, subscriptions):
        """Rate what changed, unless somebody is at work on it; a failure is shown (R7).

        All together, in a number of queries that does not grow with them; one after the other
        only if that fails.

        :return: whether all of them are known to be rated
        """
        locked = subscriptions._fusion_try_lock()
        if self._rate_as_one(locked):
            return locked == subscriptions
        for subscription in locked:
            with subscription._fusion_catch_failure("rating"):
                self._rate_requested(subscription)
        return False

    @api.model
    def _rate_as_one(self, subscriptions):
        """Rate these subscriptions, or none of them; return whether it went well."""
        self.env.cr.flush()  # what fails of this is nobody's failure
        try:
            with no_alarm(), self.env.cr.savepoint():
                self._rate_requested(subscriptions)
        except Exception as error:
            # It is met again, and told, by the one it belongs to.
            _logger.info("%s subscriptions are rated one by one: %s", len(subscriptions), error)
            return False
        subscriptions._fusion_clear_failure("rating")
        return True

    # === WHAT IS RATED === #

    @api.model
    def _rate_requested(self, subscriptions, day=None):
        """Bring ledger and orders up to what is known now."""
        self._show(self._rate_touched(subscriptions, day))

    @api.model
    def _rate_touched(self, subscriptions, day=None):
        """Rate the open periods, and what was touched in others since the last run (R9).

        :param date day: up to the billing period that contains it; today's if empty
        :return: the subscriptions that were rated
        """
        # Whatever was confirmed, closed or reset: only what has a timeline owes something.
        subscriptions = subscriptions.filtered("fusion_phase_ids")
        requests = self.env["fusion.billing.rating.request"]
        touched = requests._touched(subscriptions)
        self._rate_windows(
            {
                subscription: self._windows(subscription, touched[subscription.id], day)
                for subscription in subscriptions
            }
        )
        requests._settle(subscriptions)
        return subscriptions

    @api.model
    def _windows(self, subscription, touched, day=None):
        """Return the runs of days to rate: pairs of days, half-open, that do not overlap.

        :param list touched: pairs of instants
        """
        opened, today = subscription._fusion_opened_on(), subscription._fusion_today()
        horizon = max(opened, day or today, today) + DAY
        zones, windows = subscription._fusion_zones(), [(opened, horizon)]
        reaches_on = bool(touched) and self._reaches_on(subscription)
        for first, last in touched:
            since = zones.date_of(first)
            until = (
                horizon
                if reaches_on or last >= zones.midnight(horizon)
                else (zones.date_of(last) + DAY)
            )
            # Later days are rated when they come, whoever counts ahead of them.
            if since < horizon:
                windows.append((since, until))
        return _merged(windows)

    @api.model
    def _reaches_on(self, subscription):
        """Whether a change reaches every later day: a level that is weighted by time holds until
        the next counter (R9).
        """
        plans = subscription.fusion_phase_ids.plan_id.with_context(active_test=False)
        return "weighted" in plans.charge_ids.metric_id.mapped("aggregation")

    @api.model
    def _rate_windows(self, windows):
        """Compute what is owed in the billing periods that some days touch (R1, R6).

        :param dict windows: `{subscription: [(first day, first day after)]}`
        """
        inputs = Inputs(self.env["sale.order"].union(*windows))
        rate_on = cache(self._currency_rate)
        targets = [
            target
            for subscription, days in windows.items()
            for target in inputs.targets(subscription, days, rate_on)
            if not target.is_settled_for_good
        ]
        owed = [
            (target, entry)
            for target, entry in self._entries(targets)
            if entry["amount"] or entry["quantity"]
        ]
        self._store([entry for _target, entry in owed])
        self._drop_unwanted(windows, targets, [target.key for target, _entry in owed])
        self._rated(self.env["sale.order"].union(*windows))

    @api.model
    def _entries(self, targets):
        """Return pairs of targets and their ledger rows."""
        usage = [target for target in targets if target.stretch.is_usage]
        quantities = dict(
            zip(map(id, usage), self.env["fusion.billing.usage"]._aggregate(usage), strict=True)
        )
        return [(target, target.entry(quantities.get(id(target)))) for target in targets]

    # === EXCHANGE RATES === #

    @api.model
    def _currency_rate(self, charge, target, day):
        """Return what one unit of a charge's currency is in another one on a day.

        That is the last day of the stretch, or today while that is to come.

        :raise UserError: there is no rate; Odoo would take 1
        """
        # sudo: whoever has usage rated need not be allowed to read companies.
        source, company = charge.currency_id, charge.sudo().company_id
        if source == target:
            return Decimal(1)
        day = min(day, company._fusion_today())
        for currency in (source | target) - company.currency_id:
            if not self._has_rate(currency, company, day):
                raise UserError(
                    self.env._(
                        "You cannot bill %(charge)s, which costs %(own)s, on an order in %(other)s:"
                        " add an exchange rate of %(currency)s for %(day)s.",
                        charge=charge.display_name,
                        own=source.name,
                        other=target.name,
                        currency=currency.name,
                        day=day,
                    )
                )
        return Decimal(repr(source._get_conversion_rate(source, target, company, day)))

    @api.model
    def _has_rate(self, currency, company, day):
        return bool(
            self.env["res.currency.rate"].search_count(
                [
                    ("currency_id", "=", currency.id),
                    ("name", "<=", day),
                    ("company_id", "in", (False, company.root_id.id)),
                ],
                limit=1,
            )
        )


def _merged(windows):
    """Runs of days without those that others contain."""
    merged = []
    for since, until in sorted(windows):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged
