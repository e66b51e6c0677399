from functools import cache
from types import SimpleNamespace

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.money.timeline import DAY, TAKES_USAGE
from ..base.bounded import YEARS
from .target import Inputs


class FusionBillingUsage(models.Model):
    """On which rows of the ledger a counter is, or why it is on none.

    Nothing of it is stored: it is asked of what rates, so that it cannot say something else.
    """

    _inherit = "fusion.billing.usage"

    rating_ids = fields.Many2many(
        "fusion.billing.rating",
        string="Ratings",
        compute="_compute_rating_ids",
        help="The rows of the ledger that combine this counter with others.",
    )

    @api.depends("subscription_id", "metric_id", "period_start", "dimensions")
    def _compute_rating_ids(self):
        # sudo: where a counter is does not depend on who looks.
        rows = self._rows_of_days().sudo().grouped("subscription_id")
        pairs = [
            (counter, row)
            for counter in self
            for row in rows.get(counter.subscription_id._origin, ())
            if row.metric_id == counter.metric_id._origin
            and counter.period_start
            and row.starts_at <= counter.period_start < row.ends_at
        ]
        taken = self._matching(pairs, lambda row: row._counted())
        for counter in self:
            counter.rating_ids = self.env["fusion.billing.rating"].union(
                *(row for one, row in taken if one == counter)
            )

    def _rows_of_days(self):
        """Return the rows of usage of the days of these counters."""
        starts = list(filter(None, self.mapped("period_start")))
        if not starts:
            return self.env["fusion.billing.rating"]
        return self.env["fusion.billing.rating"].search(
            [
                ("subscription_id", "in", self.subscription_id._origin.ids),
                ("metric_id", "in", self.metric_id._origin.ids),
                ("starts_at", "<=", max(starts)),
                ("ends_at", ">", min(starts)),
            ]
        )

    @api.model
    def _matching(self, pairs, as_target):
        """Return those pairs of a counter and something in which the latter takes the counter, of
        those whose days have it.

        :param as_target: what turns the latter into what aggregation asks
        """
        moments = []
        for counter, taker in pairs:
            target, start = as_target(taker), counter.period_start
            moments.append(
                SimpleNamespace(
                    subscription=target.subscription,
                    stretch=target.stretch,
                    spans=((start, start + start.resolution),),
                    full_seconds=target.full_seconds,
                    usage_filter=target.usage_filter,
                    other_filters=target.other_filters,
                )
            )
        found = self._counted_at(moments) if moments else set()
        return [pair for n, pair in enumerate(pairs, 1) if (pair[0]._origin.id, n) in found]

    # === WHY IT IS ON NONE === #

    def _explain_no_rating(self):
        """Say why a counter is on no row of the ledger."""
        self.ensure_one()
        if self.period_start.year not in YEARS:
            return self.env._("It is of a day that no billing period has.")
        order, day = self.subscription_id.sudo(), self._local_day()
        if not order._fusion_covers(self.period_start):
            return self._explain_not_covered(order, day)
        try:
            rate_on = cache(self.env["fusion.billing.rating"].sudo()._currency_rate)
            targets = Inputs(order).targets(order, [(day, day + DAY)], rate_on)
        except UserError as error:
            return self.env._("It cannot be rated: %s", str(error))
        own = [target for target in targets if self._is_of(target)]
        if not own:
            return self._explain_no_charge(order, day)
        if not self._matching([(self, target) for target in own], lambda target: target):
            return self._explain_no_filter(order, day)
        if day > order._fusion_today():
            return self.env._("It is of a day to come: it is rated then.")
        if self._waits():
            return self._explain_waiting(order)
        return self.env._("Usage of these days comes to nothing, so there is no rating of it.")

    def _is_of(self, target):
        """Whether a target is of usage of this metric at this time."""
        return (
            target.stretch.is_usage
            and target.source.metric_id == self.metric_id
            and any(start <= self.period_start < end for start, end in target.spans)
        )

    def _local_day(self):
        return self.subscription_id._fusion_zones().date_of(self.period_start)

    def _waits(self):
        """Whether the subscription is to be rated again because of these days."""
        # sudo: requests are the engine's.
        return bool(
            self.env["fusion.billing.rating.request"]
            .sudo()
            .search_count(
                Domain("subscription_id", "=", self.subscription_id.id)
                & (
                    Domain("touched_from", "=", False)
                    | Domain("touched_from", "<=", self.period_start)
                    & Domain("touched_until", ">=", self.period_start)
                ),
                limit=1,
            )
        )

    def _explain_waiting(self, order):
        if order.fusion_error_step == "rating":
            return self.env._("It waits to be rated, which fails: %s", order.fusion_error)
        return self.env._("It waits to be rated, which is done every hour.")

    def _explain_no_charge(self, order, day):
        return self.env._(
            "%(plan)s, the plan on %(day)s, has no charge for %(metric)s then.",
            plan=order._fusion_get_plan(day).name,
            metric=self.metric_id.name,
            day=order._fusion_format(day),
        )

    def _explain_no_filter(self, order, day):
        return self.env._(
            "No charge for %(metric)s of %(plan)s, the plan on %(day)s, takes usage with these"
            " dimensions.",
            plan=order._fusion_get_plan(day).name,
            metric=self.metric_id.name,
            day=order._fusion_format(day),
        )

    def _explain_not_covered(self, order, day):
        timeline, day_text = order._fusion_timeline(), order._fusion_format(day)
        if order.state == "cancel" or not order._fusion_has_begun():
            return self.env._("The order is cancelled, or was never confirmed.")
        if day < timeline.start:
            return self.env._("%s is before the subscription begins.", day_text)
        if timeline.end and day >= timeline.end:
            return self.env._("%s is after the subscription ended.", day_text)
        if timeline.on(day).state not in TAKES_USAGE:
            return self.env._("The subscription is paused on %s.", day_text)
        return self.env._("Usage of %s is settled for good: it stays as it was billed.", day_text)
