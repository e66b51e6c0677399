from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from odoo import models
from odoo.fields import Domain
from odoo.tools import groupby

from ...core.api.answer import money
from ...core.api.payload import invalid
from ...core.money.projection import Part, project
from ..base.clock import now
from ..base.retry import no_alarm
from ..ledger.target import Inputs, Target
from .subscriptions import raises_invalid_state

FIGURES = ("quantity", "included_quantity", "billable_quantity", "amount")
NOTHING = dict.fromkeys(FIGURES, Decimal(0))


class Line(NamedTuple):
    """One line of the answer: what is rated, and what the ledger says of it."""

    target: Target
    figures: dict = NOTHING
    rated_at: Any = None
    rating: Any = None  # the ledger's row, where the ledger was read

    @property
    def order(self):
        charge = self.target.source
        return charge.plan_id.id, charge.sequence, charge.id, self.target.stretch.days.start

    @property
    def part(self):
        return Part(*self.target.bounds, self.figures["quantity"])


class FusionBillingApiPeriodUsage(models.AbstractModel):
    """What the usage of a billing period comes to, and where it is heading."""

    _name = "fusion.billing.api.period_usage"
    _description = "API: the usage of a billing period"
    _inherit = ["fusion.billing.api.finder"]

    # === ENDPOINTS === #

    def _read(self, service, subscription_id, values):
        """Return what the ledger says of a billing period, the open one if none is named.

        What was pushed since the last rating is rated first: who pushes and asks finds it. While
        somebody else is at that, it is worked out for this answer alone. What cannot be rated is
        answered as it was, and not `fresh`.

        :raise InvalidInput: `invalid_period`, the day is in no period that has begun
        """
        subscription = self._get_subscription(service, subscription_id)
        rated = self._rate_news(subscription)
        fresh = rated or subscription.fusion_error_step != "rating"
        period = self._find_period(subscription, values["period"])
        lines = self._find_lines(subscription, period, worked_out=fresh and not rated)
        projected = self._project(subscription, period, lines)
        return {
            "subscription_id": subscription.id,
            "period_start": period.start,
            "period_end": period.end,
            "fresh": fresh,
            "charges": [
                self._describe_line(subscription.currency_id, line, amount)
                for line, amount in zip(lines, projected, strict=True)
            ],
        }

    # === FINDING === #

    def _has_news(self, subscription):
        """Whether the ledger does not say all of it yet."""
        # sudo: requests are the engine's.
        asked = Domain("subscription_id", "=", subscription.id)
        return bool(self.env["fusion.billing.rating.request"].sudo().search_count(asked, limit=1))

    def _rate_news(self, subscription):
        """Rate what was pushed; return whether the ledger says all of it now."""
        # sudo: rating alone writes the ledger, whoever asks for it.
        ratings = self.env["fusion.billing.rating"].sudo()
        if not self._has_news(subscription):
            return True
        # That somebody was faster is no failure, so it raises no alarm in the log; what is one is
        # told by the rating.
        with no_alarm():
            return ratings._rate_unless_busy(subscription.sudo())

    def _find_period(self, subscription, date):
        """Return the billing period with a day, or the open one."""
        opened = subscription._fusion_open_period().start
        period = subscription._fusion_timeline().period_on(date or opened)
        if not period or period.start > max(opened, subscription._fusion_today()):
            raise invalid("period", "must be a day of the open or of a billed period")
        return period

    def _find_lines(self, subscription, period, worked_out):
        """Return what is rated in a period, in the order of the plan's charges.

        :param bool worked_out: from the counters, and not from the ledger
        """
        targets = self._find_targets(subscription, period)
        is_settled = any(target.is_settled_for_good for target in targets)
        lines = (
            self._work_out(targets)
            if worked_out and not is_settled
            else self._read_ledger(subscription, period, targets)
        )
        return sorted(lines, key=lambda line: line.order)

    def _work_out(self, targets):
        """Return what the ledger would say if these targets were rated now."""
        # sudo: an app reads no exchange rates.
        entries = self.env["fusion.billing.rating"].sudo()._entries(targets)
        return [
            Line(target, entry, now() if entry["amount"] or entry["quantity"] else None)
            for target, entry in entries
        ]

    def _read_ledger(self, subscription, period, targets):
        """Return what the ledger says of these targets: it has no row of what was not used."""
        rows = self._find_rows(subscription, period)
        exact = rows._read_exact(list(FIGURES))
        known = {(row.charge_id.id, row.date_from): row for row in rows}
        lines = []
        for target in targets:
            row = known.get((target.source.id, target.stretch.days.start))
            found = Line(target, exact[row.id], row.rated_at or None, row) if row else Line(target)
            lines.append(found)
        return lines

    def _find_rows(self, subscription, period):
        return self.env["fusion.billing.rating"].search(
            Domain("subscription_id", "=", subscription.id)
            & Domain("charge_id", "!=", False)
            & Domain("cycle_start", "=", period.start)
        )

    def _find_targets(self, subscription, period, fees=False):
        """Return the stretches of a period in which usage is charged, or recurring fees are."""
        # sudo: what is rated depends on exchange rates, which the API does not read.
        order = subscription.sudo()
        rate_on = cache(order.env["fusion.billing.rating"]._currency_rate)
        with raises_invalid_state():
            targets = Inputs(order).targets(order, [period.lived], rate_on)
        return [target for target in targets if target.stretch.is_usage is not fees]

    # === PROJECTING === #

    def _project(self, subscription, period, lines):
        """Return the amount of each line at the end of the period if usage goes on as it did."""
        is_open = subscription._fusion_is_running() and (
            period.end > subscription._fusion_opened_on()
        )
        if not is_open:
            return [line.figures["amount"] for line in lines]
        amounts, moment = [], subscription.company_id._fusion_now()
        for charge, parts in groupby(lines, key=lambda line: line.target.source):
            quantities = project(
                charge.metric_id.aggregation, [part.part for part in parts], moment
            )
            amounts += [
                part.target.entry(quantity)["amount"]
                for part, quantity in zip(parts, quantities, strict=True)
            ]
        return amounts

    # === ANSWERS === #

    def _describe_line(self, currency, line, projected):
        target, figures = line.target, line.figures
        charge, days = target.source, target.stretch.days
        return {
            "plan_code": charge.plan_code,
            "metric_code": charge.metric_id.code,
            "filter": target.usage_filter or {},
            "charge_model": target.stretch.version.terms["model"],
            "period_start": days.start,
            "period_end": days.end,
            "quantity": figures["quantity"],
            "included": figures["included_quantity"],
            "billable": figures["billable_quantity"],
            "amount": money(figures["amount"], currency.decimal_places),
            "projected_amount": money(projected, currency.decimal_places),
            "currency": currency.name,
            "rated_at": line.rated_at,
        }
