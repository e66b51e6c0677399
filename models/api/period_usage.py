from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import groupby

from ...core.api.answer import money
from ...core.api.payload import day, invalid, read_fields
from ...core.money.periods import Period
from ...core.money.projection import Part, project
from ..ledger.target import Target
from .service_subscriptions import told_as_invalid_state

FIGURES = ("quantity", "included_quantity", "billable_quantity", "amount")


class Rated(NamedTuple):
    """One row of the answer: a row of the ledger, or one that is still to be written."""

    target: Target
    figures: dict
    rated_at: Any = None

    @property
    def order(self):
        charge = self.target.charge
        return charge.plan_id.id, charge.sequence, charge.id, self.target.period.start

    @property
    def part(self):
        return Part(*self.target.bounds, self.figures["quantity"])


class FusionBillingService(models.Model):
    """What the usage of a billing period comes to, and where it is heading."""

    _inherit = "fusion.billing.service"

    # === ENDPOINTS === #

    def _read_period_usage(self, subscription_id, query):
        """Return what the ledger says of a billing period, the latest one if none is named.

        What was pushed since the last rating is rated first: who pushes and asks finds it.

        :raise InvalidInput: `invalid_period`, nothing was rated in a period with this day
        """
        date = read_fields(query, {"period": day})["period"]
        subscription = self._get_subscription(subscription_id)
        self._rate_news(subscription)
        opened = self._open_period(subscription)
        date = date or self._latest_day(subscription, opened)
        on_day = self._find_ratings(
            subscription, Domain("period_start", "<=", date) & Domain("period_end", ">", date),
        )
        is_open = opened and opened.start <= date < opened.end
        if not is_open and not on_day:
            raise invalid("period", "must be a day of the open or of a billed period")
        whole = self._whole_period(subscription, on_day, date)
        if not is_open and not (opened and whole.start <= opened.start < whole.end):
            opened = None
        ratings = on_day | self._find_parts(subscription, whole)
        return self._describe_period(subscription, opened, ratings)

    # === BUSINESS METHODS === #

    def _rate_news(self, subscription):
        # sudo: rating alone writes the ledger, whoever asks for it.
        ratings = self.env["fusion.billing.rating"].sudo()
        if ratings._requests(subscription):
            ratings._rate_unless_busy(subscription.sudo())

    def _open_period(self, subscription):
        return subscription._fusion_open_period() if subscription._fusion_is_running() else None

    def _latest_day(self, subscription, opened):
        return opened.start if opened else subscription.fusion_last_invoice_date - timedelta(days=1)

    def _find_ratings(self, subscription, days):
        """Return the ledger's rows of some days, without those whose charge was archived."""
        return self.env["fusion.billing.rating"].search(
            Domain("subscription_id", "=", subscription.id) & days
        ).filtered("breakdown")

    def _whole_period(self, subscription, on_day, date):
        """Return the full billing period with a day.

        It follows from the plan's recurrence. Where the plan had another one that day, only what
        was rated then is known.
        """
        plan = subscription._fusion_get_plan()
        if all(rating.plan_id._recurs_like(plan) for rating in on_day):
            return subscription._fusion_full_period(date)
        return Period(date, date)

    def _find_parts(self, subscription, whole):
        """Return the ledger's rows of a billing period in which the plan or prices changed."""
        plan = subscription._fusion_get_plan()
        return self._find_ratings(
            subscription,
            Domain("period_start", ">=", whole.start) & Domain("period_end", "<=", whole.end),
        ).filtered(lambda rating: rating.plan_id._recurs_like(plan))

    def _list_rated(self, subscription, opened, ratings):
        """Return the rows of the answer, in the order of the plan's charges."""
        exact = ratings._read_exact(list(FIGURES))
        rated = [
            Rated(target, exact[rating.id], rating.rated_at or None)
            for rating, target in zip(ratings, ratings._targets(), strict=True)
        ]
        if opened:
            rated += self._find_unrated(subscription, opened, rated)
        return sorted(rated, key=lambda row: row.order)

    def _find_unrated(self, subscription, period, rated):
        """Return what the plan charges in the open period and the next rating will write."""
        # sudo: what to rate depends on exchange rates, which the API does not read.
        ratings = self.env["fusion.billing.rating"].sudo()
        with told_as_invalid_state():
            targets = ratings._open_targets({subscription.sudo(): period})
        known = {(row.target.charge.id, row.target.period.start) for row in rated}
        nothing = dict.fromkeys(FIGURES, Decimal(0))
        return [
            Rated(target, nothing) for target in targets
            if (target.charge.id, target.period.start) not in known
        ]

    def _project(self, rated):
        """Return the amount of each row at the end of the period if usage goes on as it did."""
        amounts = []
        for charge, rows in groupby(rated, key=lambda row: row.target.charge):
            quantities = project(
                charge.metric_id.aggregation, [row.part for row in rows], fields.Datetime.now(),
            )
            amounts += [
                row.target.entry(quantity)["amount"]
                for row, quantity in zip(rows, quantities, strict=True)
            ]
        return amounts

    # === ANSWERS === #

    def _describe_period(self, subscription, opened, ratings):
        """Return a billing period and its charges.

        :param Period opened: the open period, or None if the period is billed
        """
        rated = self._list_rated(subscription, opened, ratings)
        days = [row.target.period for row in rated] + ([opened] if opened else [])
        projected = self._project(rated) if opened else [row.figures["amount"] for row in rated]
        return {
            "subscription_id": subscription.id,
            "period_start": min(period.start for period in days),
            "period_end": max(period.end for period in days),
            "charges": [
                self._describe_rated(subscription.currency_id, row, amount)
                for row, amount in zip(rated, projected, strict=True)
            ],
        }

    def _describe_rated(self, currency, rated, projected):
        charge, figures = rated.target.charge, rated.figures
        return {
            "plan_code": charge.plan_code,
            "metric_code": charge.metric_id.code,
            "filter": rated.target.takes or {},
            "charge_model": rated.target.version.charge_model,
            "period_start": rated.target.period.start,
            "period_end": rated.target.period.end,
            "quantity": figures["quantity"],
            "included": figures["included_quantity"],
            "billable": figures["billable_quantity"],
            "amount": money(figures["amount"], currency.decimal_places),
            "projected_amount": money(projected, currency.decimal_places),
            "currency": currency.name,
            "rated_at": rated.rated_at,
        }
