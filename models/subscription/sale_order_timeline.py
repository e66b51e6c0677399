from contextlib import contextmanager

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...core.money.timeline import ACTIVE, DAY, FOREVER, PAUSED, PAUSES
from ..base.engine import as_engine
from ..base.retry import lock_in_turn
from ..base.subscription_states import RUNNING


class UsageAfterEnd(UserError):
    """Counters that were accepted would not be billed any more (T5)."""

    def __init__(self, message, count):
        super().__init__(message)
        self.count = count


class SaleOrder(models.Model):
    """How a subscription's timeline is changed: now, ahead, or in the past (T1, T4).

    Every change is a function from the timeline as it is to the one that it shall be; what is
    owed follows from it, also for days that are billed already: as a named difference.
    """

    _inherit = "sale.order"

    # === BEGINNING === #

    @api.model
    def _fusion_create_subscription(self, vals):
        """Create and confirm a subscription.

        :param dict vals: `partner_id`, `plan_id`, and as wanted `service_id`, `external_id`,
            `start_date` and `lines`: dicts of `product_id` and `quantity`
        :return: the confirmed sale order
        """
        order = self.create(
            {
                "partner_id": vals["partner_id"],
                "fusion_plan_id": vals["plan_id"],
                "fusion_service_id": vals.get("service_id"),
                "fusion_external_id": vals.get("external_id"),
                "fusion_start_date": vals.get("start_date"),
                "order_line": [
                    fields.Command.create(
                        {"product_id": line["product_id"], "product_uom_qty": line["quantity"]}
                    )
                    for line in vals.get("lines", ())
                ],
            }
        )
        order.action_confirm()
        return order

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self.filtered("fusion_plan_id"):
            if order._fusion_has_begun():
                # It was a subscription, was closed, cancelled and reset: it goes on.
                order._fusion_reopen()
            else:
                order._fusion_begin()
        return result

    def _fusion_begin(self):
        timeline = self._fusion_timeline_to_be()
        self._fusion_create_items(
            self.order_line.filtered(lambda line: line._fusion_is_fee()), timeline.start
        )
        self._fusion_set_timeline(timeline)

    def _action_cancel(self):
        # One whose end has come counts until a run has billed its last days; one that is to be
        # reopened counts already.
        running = self.filtered(
            lambda order: (
                order.fusion_state in RUNNING
                or (order._fusion_has_begun() and not order._fusion_timeline().end)
            )
        )
        if running:
            raise UserError(
                self.env._(
                    "You cannot cancel %s: it is a running subscription. Close it instead; what is"
                    " left to bill is billed then.",
                    running[0].display_name,
                )
            )
        return super()._action_cancel()

    # === THE SEAM: CHANGING === #

    def _fusion_pause(self, date=None, until=None, discard_usage=False):
        """Owe and take nothing from a day on.

        :param date date: first day of the pause; tomorrow if empty: what was used today counts
        :param date until: first day after the pause, if that is known
        :param bool discard_usage: give up counters that lie in the pause (T5)
        :raise UserError: it is not running, or the days do not fit
        """
        timeline = self._fusion_timeline_to_change()
        date = date or max(self._fusion_today() + DAY, timeline.start)
        if not timeline.start <= date < (until or FOREVER):
            raise UserError(
                self.env._(
                    "You cannot pause from %(start)s until %(end)s: a pause begins on the first day"
                    " of the subscription or later, and ends after it begins.",
                    start=self._fusion_format(date),
                    end=self._fusion_format(until or FOREVER),
                )
            )
        if timeline.on(date).state != ACTIVE:
            raise UserError(
                self.env._(
                    "You cannot pause from %s: the subscription is not active on that day.",
                    self._fusion_format(date),
                )
            )
        changed = timeline.with_pause(date, until) if until else timeline.with_state(date, PAUSED)
        self._fusion_change_timeline(changed, discard_usage)

    def _fusion_resume(self, date=None):
        """Go on after a pause.

        :param date date: first day after the pause; today, or its first day, if empty
        :raise UserError: it is not paused on that day
        """
        timeline = self._fusion_timeline_to_change()
        date = date or self._fusion_next_paused_day(timeline)
        if not date or timeline.on(date).state not in PAUSES:
            raise UserError(
                self.env._(
                    "You cannot resume this subscription: it is not paused on %s.",
                    self._fusion_format(date or self._fusion_today()),
                )
            )
        self._fusion_change_timeline(timeline.with_state(date, ACTIVE))

    def _fusion_close(self, date=None, discard_usage=False, refund=True):
        """End the subscription; what is left is billed at once if the day has come.

        See `_fusion_end`.
        """
        self._fusion_bill_end(self._fusion_end(date, discard_usage, refund))

    def _fusion_end(self, date=None, discard_usage=False, refund=True):
        """End the subscription, and leave it to others to bill what is left.

        :param date date: first day that is not part of the subscription; tomorrow if empty. A
            day in the past gives back what was billed for later days (T4).
        :param bool discard_usage: give up counters of later days (T5)
        :param bool refund: give back what was billed for later days
        :return: that day
        :raise UserError: it is not running, or the day lies before its first one
        """
        timeline = self._fusion_timeline_to_change()
        date = date or self._fusion_first_end()
        if date < timeline.start:
            raise UserError(
                self.env._(
                    "You cannot close the subscription before its first day, %s.",
                    self._fusion_format(timeline.start),
                )
            )
        with self._fusion_refunding(refund):
            self._fusion_change_timeline(timeline.closed_on(date), discard_usage)
        return date

    @contextmanager
    def _fusion_refunding(self, _refund):
        """Around the change that ends it: the ledger knows what was billed, and holds it back if
        there is to be no refund.
        """
        yield

    def _fusion_first_end(self):
        """Return the first day that is not lost to an end: tomorrow, if it has begun."""
        return max(self._fusion_today() + DAY, self._fusion_timeline().start)

    def _fusion_bill_end(self, date):
        """Bill what is left of subscriptions that end on this day, if it has come."""
        ending = self.filtered(lambda order: order._fusion_ends_now(date))
        for same in ending.grouped("company_id").values():
            same._fusion_bill_until(date)

    def _fusion_ends_now(self, date):
        """Whether what is left is billed at once by an end on this day."""
        return date <= self._fusion_first_end()

    def _fusion_keep_open(self):
        """Take back an end that is to come.

        :raise UserError: no end is planned
        """
        timeline = self._fusion_timeline_to_change()
        if not timeline.end:
            raise UserError(self.env._("You cannot take back the end: none is planned."))
        self._fusion_change_timeline(timeline.kept_open())

    def _fusion_reopen(self, date=None):
        """Go on with a subscription that was closed, on the plan and with the fees it had.

        :param date date: first day on which it goes on; today, or its end, if empty
        :raise UserError: it is not closed, or the day lies before its end
        """
        self.ensure_one()
        timeline = self._fusion_timeline()
        if not timeline.end or self.state not in ("sale", "done"):
            raise UserError(
                self.env._(
                    "You cannot reopen this subscription: only one that is closed can be reopened."
                )
            )
        date = date or max(self._fusion_today(), timeline.end)
        if date < timeline.end:
            raise UserError(
                self.env._(
                    "You cannot reopen the subscription before its end, %s.",
                    self._fusion_format(timeline.end),
                )
            )
        self._fusion_change_timeline(timeline.reopened_on(date))

    def _fusion_change_plan(self, plan, date=None, for_good=False):
        """Move to another plan; each day is rated with the plan in force.

        :param date date: first day on the new plan. If empty: today, or the end of the open
            period for a plan with another billing period
        :param bool for_good: take back changes of plan that are to come after that day
        :raise UserError: it is not running, or the day lies outside of its life
        """
        timeline = self._fusion_timeline_to_change()
        date = date or self._fusion_first_day_on(plan, timeline)
        if not timeline.start <= date < (timeline.end or FOREVER):
            raise UserError(
                self.env._(
                    "You cannot change the plan on %s: the subscription does not run on that day.",
                    self._fusion_format(date),
                )
            )
        with_plan = timeline.with_plan_for_good if for_good else timeline.with_plan
        self._fusion_change_timeline(with_plan(date, plan._key()))

    def _fusion_first_day_on(self, plan, timeline):
        """Return from which day on a plan is proposed: today, or when the open period ends."""
        today = max(self._fusion_today(), timeline.start)
        fits = plan._key().recurs_like(timeline.on(today).plan)
        return today if fits else timeline.period_on(today).end

    def _fusion_take_back(self, phase, *names):
        """Take back a change that is to come.

        :param names: only the `"plan"` or the `"state"` that begins with the phase
        :raise UserError: it has begun already
        """
        self._fusion_check_to_come(phase.date_from)
        self._fusion_change_timeline(self._fusion_timeline().without(phase.date_from, *names))

    def _fusion_keep_plan(self):
        """Take back all changes of plan that are to come."""
        timeline = self._fusion_timeline()
        today = max(self._fusion_today(), timeline.start)
        self._fusion_change_timeline(timeline.with_plan_for_good(today, timeline.on(today).plan))

    def _fusion_bill_until(self, day):
        """Bill everything that is due by a day: invoicing does."""

    # === HOW === #

    def _fusion_hold(self):
        """Before this subscription is changed: lock it, so that nothing is added to it meanwhile,
        and whoever changes it at the same moment is run again and sees this change.
        """
        self.ensure_one()
        lock_in_turn(self)

    def _fusion_timeline_to_change(self):
        """Hold a running subscription; return what it is on.

        :raise UserError: it is not running
        """
        self._fusion_hold()
        if not self._fusion_is_running():
            raise UserError(
                self.env._(
                    "You cannot change %s: it is not a running subscription.", self.display_name
                )
            )
        return self._fusion_timeline()

    def _fusion_change_timeline(self, timeline, discard_usage=False):
        """Let another timeline hold, and say so in the chatter.

        :raise UsageAfterEnd: counters would not be billed any more
        """
        self._fusion_hold()
        before = self._fusion_timeline()
        if timeline == before:
            return
        if not discard_usage:
            self._fusion_check_usage_kept(before, timeline)
        self._fusion_set_timeline(timeline)
        # sudo: apps change subscriptions, too, and may not write messages.
        self.sudo().message_post(body=self._fusion_describe_change(before, timeline))

    def _fusion_set_timeline(self, timeline):
        """Store a timeline, let the plan's fees and what is shown follow, and have it rated."""
        before = self._fusion_timeline() if self._fusion_has_begun() else None
        self._fusion_check_usage_is_there(before, timeline)
        since = _first_touched(before, timeline)
        self._fusion_store_phases(timeline)
        if before:
            self._fusion_swap_fees(before, timeline)
        self._fusion_project()
        self._fusion_show_items()
        self._fusion_request_rating(since)

    def _fusion_check_usage_is_there(self, before, after):
        """:raise UserError: days, or a billing period that reaches to them, would be owed anew
        whose counters were removed
        """
        kept_from = self.sudo().fusion_usage_kept_from  # sudo: it binds everybody
        day = kept_from and before and _first_difference(before, after)
        if day and (day < kept_from or after.whole_until(kept_from) != kept_from):
            raise UserError(
                self.env._(
                    "You cannot change what was in force on %(day)s: usage before %(kept)s was"
                    " removed, as it is settled. Choose a later day.",
                    day=self._fusion_format(day),
                    kept=self._fusion_format(kept_from),
                )
            )

    def _fusion_store_phases(self, timeline):
        # sudo: phases are written by these methods alone.
        stored = self.sudo().fusion_phase_ids
        kept = {phase.date_from: phase for phase in stored}
        wanted = {phase.day: phase for phase in timeline.phases}
        stored.filtered(lambda phase: phase.date_from not in wanted).unlink()
        for day, phase in wanted.items():
            values = {"plan_id": phase.plan.id, "state": phase.state}
            if day in kept:
                kept[day].write(values)
            else:
                stored.create({"subscription_id": self.id, "date_from": day, **values})
        self.invalidate_recordset(["fusion_phase_ids"])
        # What is planned is part of a subscription: apps ask for those that were changed.
        as_engine(self).write({})

    def _fusion_check_usage_kept(self, before, after):
        """Refuse to lose counters without being told to (T5)."""
        count = self._fusion_count_lost_usage(before, after)
        if count:
            raise UsageAfterEnd(
                self.env._(
                    "You cannot end or pause the subscription then: %s accepted counters of later"
                    " days would not be billed. Choose a later day, or discard them.",
                    count,
                ),
                count,
            )

    def _fusion_count_lost_usage(self, before, after):
        """Return how many counters would not be billed any more, those included that were accepted
        since this transaction began: it does not see them, and whoever is told must know (T5).
        """
        had, has = self._fusion_spans_of(before), self._fusion_spans_of(after)
        if had == has:  # as with a change of plan: nothing can be lost
            return 0
        # sudo: what is lost counts, whoever looks.
        usage = self.env["fusion.billing.usage"].sudo()
        lost = Domain("subscription_id", "=", self.id) & _within(had) & ~_within(has)
        with self.env.registry.cursor() as now:
            arrived = usage.with_env(usage.env(cr=now)).search_count(lost)
        return max(usage.search_count(lost), arrived)

    def _fusion_request_rating(self, since=None):
        """Have these subscriptions rated again.

        :param date since: the first day that is touched; only the open period if empty
        """
        requests = self.env["fusion.billing.rating.request"]
        for order in self.filtered(lambda order: order._fusion_has_begun()):
            instant = since and order._fusion_zones().midnight(since)
            requests._request(order, instant, instant and fields.Datetime.to_datetime("9999-01-01"))

    def _fusion_next_paused_day(self, timeline):
        """Return today if it is paused then, else the first day of the next pause."""
        today = max(self._fusion_today(), timeline.start)
        days = [today, *(phase.day for phase in timeline.after(today))]
        return next((day for day in days if timeline.on(day).state in PAUSES), None)

    def _fusion_describe_change(self, before, after):
        """Say which phases are new, for the chatter: HTML."""
        lines = [
            self.env._(
                "From %(day)s: %(plan)s, %(state)s",
                day=self._fusion_format(phase.day),
                plan=self.fusion_plan_id.browse(phase.plan.id).display_name,
                state=dict(
                    self.env["fusion.billing.phase"]
                    ._fields["state"]
                    ._description_selection(self.env)
                )[phase.state],
            )
            for phase in after.phases
            if phase not in before.phases
        ]
        taken = [phase for phase in before.phases if phase.day not in {p.day for p in after.phases}]
        lines += [
            self.env._("Taken back: what was planned from %s on", self._fusion_format(phase.day))
            for phase in taken
        ]
        return Markup("<br>").join(lines)  # it escapes them

    def _fusion_format(self, day):
        return self.env._("further notice") if day == FOREVER else format_date(self.env, day)


def _within(spans):
    """The domain of counters that begin within one of some spans of instants."""
    return Domain.OR(
        Domain("period_start", ">=", start)
        & (Domain("period_start", "<", end) if end else Domain.TRUE)
        for start, end in spans
    )


def _first_touched(before, after):
    """The first day that may owe something else on another timeline; None if there is none.

    The billing period of the day before may have got another end. Days around a close may be
    parts of one full period, and each of them a share of all.
    """
    day = _first_difference(before, after) if before else after.start
    periods = [timeline.period_on(day) for timeline in (before, after) if timeline and day]
    return day and min([day - DAY, *(period.full.start for period in periods if period)])


def _first_difference(before, after):
    """The first day on which two timelines differ; None if they do not."""
    days = sorted({phase.day for phase in (*before.phases, *after.phases)})
    differing = [
        day
        for day in days
        if (before.start <= day) != (after.start <= day)
        or _in_force(before, day) != _in_force(after, day)
    ]
    return min(differing, default=None)


def _in_force(timeline, day):
    phase = timeline.on(day)
    return phase.plan, phase.state
