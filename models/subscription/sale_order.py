from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.money.periods import Period
from ...core.money.spans import taken_spans
from ...core.money.timeline import ACTIVE, CLOSED, DAY, PAUSES, Phase, Timeline
from ..base.bounded import Day
from ..base.engine import as_engine, given, is_engine
from ..base.retry import left_if_busy
from ..base.staff import BILLING
from ..base.subscription_states import RUNNING

STATES = {ACTIVE: "3_progress", CLOSED: "6_churn", **dict.fromkeys(PAUSES, "4_paused")}

# What the timeline says, and what is an input until there is one.
PROJECTED = {
    "fusion_state",
    "fusion_last_invoice_date",
    "fusion_next_invoice_date",
    "fusion_usage_kept_from",
}
INPUTS = {"fusion_plan_id", "fusion_start_date", "fusion_anchor_date", "fusion_end_date"}


class SaleOrder(models.Model):
    """A confirmed order with a plan is a subscription.

    What it is on, day by day, is its timeline: phases and items (T1). The fields of this model
    only show the timeline as it is today, so that it can be searched and read; the engine writes
    them, and nothing is owed because of them. All dates are local days in the company's billing
    time zone, and every span of them is half-open.
    """

    _name = "sale.order"
    _inherit = ["sale.order", "fusion.billing.technical.mixin"]

    fusion_plan_id = fields.Many2one(
        "fusion.billing.plan",
        "Plan",
        index="btree_not_null",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="An order with a plan becomes a subscription when confirmed.",
    )
    fusion_state = fields.Selection(
        [
            ("1_draft", "Draft"),
            ("3_progress", "In Progress"),
            ("4_paused", "Paused"),
            ("6_churn", "Closed"),
        ],
        string="Subscription",
        readonly=True,
        copy=False,
        index="btree_not_null",
        tracking=True,
    )
    fusion_start_date = Day(
        "Start Date", copy=False, tracking=True, help="First day of the subscription."
    )
    fusion_anchor_date = Day(
        "Billing Anchor",
        copy=False,
        help="Billing periods are counted from this day; from the start date if it is empty.",
    )
    fusion_last_invoice_date = fields.Date(
        "Billed Until",
        copy=False,
        readonly=True,
        help="First day of the open billing period: the periods before it are closed.",
    )
    fusion_next_invoice_date = fields.Date(
        "Next Invoice Date",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The open billing period ends when this day begins.",
    )
    fusion_end_date = Day(
        "End Date",
        copy=False,
        tracking=True,
        help="The subscription ends when this day begins: the day before is the last one billed.",
    )
    fusion_phase_ids = fields.One2many(
        "fusion.billing.phase", "subscription_id", "Timeline", groups=BILLING
    )
    fusion_item_ids = fields.One2many(
        "fusion.billing.item", "subscription_id", "Recurring Fees", groups=BILLING
    )

    fusion_service_id = fields.Many2one(
        "fusion.billing.service",
        "Service",
        index="btree_not_null",
        copy=False,
        check_company=True,
        ondelete="restrict",
        help="The app that created the subscription.",
    )
    fusion_external_id = fields.Char(
        "External ID", copy=False, help="The subscription's id in the app."
    )
    fusion_usage_ids = fields.One2many(
        "fusion.billing.usage", "subscription_id", "Counters", groups=BILLING
    )

    _fusion_external_id_unique = models.UniqueIndex(
        "(fusion_service_id, fusion_external_id) WHERE fusion_external_id IS NOT NULL",
        "You cannot use this external id again: the service has a subscription with it.",
    )
    _fusion_running_complete = models.Constraint(
        "CHECK(fusion_state NOT IN ('3_progress', '4_paused') OR (fusion_plan_id IS NOT NULL"
        " AND fusion_start_date IS NOT NULL AND fusion_next_invoice_date IS NOT NULL))",
        "A running subscription must have a plan, a start date and a next invoice date.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if given(PROJECTED, self.env, vals_list) and not is_engine(self.env):
            raise UserError(self._fusion_explain_projection())
        orders = super().create(vals_list)
        for order in orders.filtered("fusion_plan_id"):
            order._fusion_draft_subscription()
        return orders

    def write(self, vals):
        if vals.keys() & (PROJECTED | INPUTS) and not is_engine(self.env):
            self._fusion_check_projection(vals)
        result = super().write(vals)
        if "fusion_plan_id" in vals:
            for order in self.filtered(lambda order: not order._fusion_has_begun()):
                order._fusion_draft_subscription()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_subscription(self):
        if any(order._fusion_has_begun() for order in self):
            raise UserError(
                self.env._(
                    "You cannot delete an order that is or was a subscription: its invoices are"
                    " explained by it."
                )
            )

    def _fusion_check_projection(self, vals):
        """Refuse to write what the timeline says: another truth would not be billed."""
        confirmed = self.filtered(
            lambda order: order.state in ("sale", "cancel") or order._fusion_has_begun()
        )
        for order in confirmed:
            for name in vals.keys() & INPUTS:
                field = order._fields[name]
                new = field.convert_to_cache(vals[name], order)
                if new != field.convert_to_cache(order[name], order):
                    raise UserError(order._fusion_explain_projection())
        if vals.keys() & PROJECTED:
            raise UserError(self._fusion_explain_projection())

    def _fusion_explain_projection(self):
        return self.env._(
            "You cannot write the plan, the state and the dates of a confirmed order: use its"
            " buttons (Pause, Resume, Change Plan, Close, Reopen), or make another quotation."
        )

    def _fusion_draft_subscription(self):
        """Mark an order with a plan as a subscription to be, and put the plan's fees on it."""
        as_engine(self).fusion_state = "1_draft" if self.fusion_plan_id else False
        self._fusion_offer_fees()

    def _get_copiable_order_lines(self):
        return (
            super()
            ._get_copiable_order_lines()
            .filtered(lambda line: not line.fusion_charge_id and not line.fusion_plan_fee_id)
        )

    # === THE SEAM: LOOKING === #

    @api.model
    def _fusion_subscription_domain(self, states=("3_progress",)):
        """Return the domain of subscriptions in these states."""
        return Domain("fusion_plan_id", "!=", False) & Domain("fusion_state", "in", states)

    def _fusion_in_progress(self):
        """Return those of these orders that are subscriptions in progress."""
        return self.filtered_domain(self._fusion_subscription_domain())

    def _fusion_has_begun(self):
        """Whether this order is or was a subscription."""
        # sudo: salespeople, too, meet the rules for orders that are billed.
        return bool(self.sudo().fusion_phase_ids)

    def _fusion_is_running(self):
        """Whether this order is a subscription in progress or paused: once its end has come it is
        not, also before a run has closed it (T3).
        """
        self.ensure_one()
        has_ended = self.fusion_end_date and self.fusion_end_date <= self._fusion_today()
        return self.fusion_state in RUNNING and not has_ended

    def _fusion_zones(self):
        """Return the time zones in which this subscription's days begin (R3)."""
        return self.company_id._fusion_zones()

    def _fusion_today(self):
        """Return the date of now in the billing time zone."""
        return self.company_id._fusion_today()

    def _fusion_timeline(self):
        """Return what this subscription is on, day by day: `core.money.timeline.Timeline`.

        An order that is not confirmed yet has the timeline that it would get today.
        """
        self.ensure_one()
        # sudo: what is owed does not depend on who looks.
        order = self.sudo()
        phases = [
            Phase(phase.date_from, phase.plan_id._key(), phase.state)
            for phase in order.fusion_phase_ids
        ]
        if not phases:
            return order._fusion_timeline_to_be()
        return Timeline.of(phases, order.fusion_anchor_date or None)

    def _fusion_timeline_to_be(self):
        start = self.fusion_start_date or self._fusion_today()
        phases = [Phase(start, self.fusion_plan_id._key())]
        timeline = Timeline.of(phases, self.fusion_anchor_date or None)
        if not self.fusion_end_date:
            return timeline
        if self.fusion_end_date < start:
            raise UserError(
                self.env._(
                    "You cannot end a subscription before it begins, on %s: choose a later end"
                    " date.",
                    start,
                )
            )
        return timeline.closed_on(self.fusion_end_date)

    def _fusion_get_plan(self, day=None):
        """Return the plan in force on a day: today, if empty."""
        self.ensure_one()
        if not day:
            return self.fusion_plan_id
        return self.fusion_plan_id.browse(self._fusion_timeline().on(day).plan.id)

    def _fusion_opened_on(self):
        """Return the day on which the open billing period begins."""
        return self.fusion_last_invoice_date or self.fusion_start_date

    def _fusion_open_period(self):
        """Return the open billing period (R2), a `Period`; the last one, once it is closed."""
        self.ensure_one()
        timeline, opened = self._fusion_timeline(), self._fusion_opened_on()
        period = timeline.next_period(opened) or timeline.period_on(opened - DAY)
        return period.lived if period else Period(opened, opened + DAY)

    def _fusion_spans(self):
        """Return the instants between which usage is taken (U5): none if it was cancelled.

        :return: `[(start, end)]`, naive UTC datetimes; the last end is None without an end
        """
        self.ensure_one()
        if self.state == "cancel" or not self._fusion_has_begun():
            return []
        return self._fusion_spans_of(self._fusion_timeline())

    def _fusion_spans_of(self, timeline):
        # sudo: what is taken does not depend on who asks.
        kept_from = self.sudo().fusion_usage_kept_from
        return list(taken_spans(timeline, self._fusion_zones(), kept_from))

    def _fusion_covers(self, instant):
        """Whether usage of this naive UTC instant can be billed to this order."""
        return any(
            start <= instant and (end is None or instant < end)
            for start, end in self._fusion_spans()
        )

    def _fusion_planned_changes(self):
        """Return the phases that are to come."""
        today = self._fusion_today()
        return self.fusion_phase_ids.filtered(lambda phase: phase.date_from > today)

    # === THE TIMELINE AS IT IS TODAY === #

    def _fusion_project(self):
        """Show on these orders what their timelines say today."""
        for order in self.filtered(lambda order: order._fusion_has_begun()):
            values = {
                name: value
                for name, value in order._fusion_projection().items()
                if order._fields[name].convert_to_write(order[name], order) != value
            }
            if values:
                as_engine(order).with_context(tracking_disable=False).write(values)

    def _fusion_projection(self):
        timeline = self._fusion_timeline()
        opened = max(self.fusion_last_invoice_date or timeline.start, timeline.start)
        period = timeline.next_period(opened)
        # Where boundaries were moved, or a closed subscription goes on, another period is open.
        opened = period.start if period else opened
        day = max(opened, self._fusion_today())
        return {
            "fusion_state": STATES[self._fusion_state_on(timeline, day)],
            "fusion_plan_id": timeline.on(day).plan.id,
            "fusion_start_date": timeline.start,
            "fusion_end_date": timeline.end or False,
            "fusion_last_invoice_date": opened > timeline.start and opened,
            "fusion_next_invoice_date": period.end if period else False,
        }

    @api.model
    def _fusion_state_on(self, timeline, day):
        """Return the state that people are shown: who pauses from tomorrow on sees a pause."""
        state, tomorrow = timeline.on(day).state, timeline.on(day + DAY).state
        return tomorrow if state == ACTIVE and tomorrow in PAUSES else state

    @api.model
    def _fusion_follow_calendar(self, companies):
        """Show what began in some companies since the last run: planned pauses, plans, ends."""
        for order in self.browse(self._fusion_outdated(companies))._fusion_try_lock():
            with left_if_busy(self.env):
                order._fusion_project()

    @api.model
    def _fusion_outdated(self, companies):
        """Return the ids of subscriptions whose state or plan began to be another one."""
        self.env.flush_all()
        # The first company to begin its day counts.
        tomorrow = max(company._fusion_today() for company in companies) + DAY
        self.env.cr.execute(OUTDATED, {"companies": companies.ids, "tomorrow": tomorrow})
        return [subscription_id for [subscription_id] in self.env.cr.fetchall()]


# Of the phases that have begun, or do by tomorrow, the latest is compared with what is shown.
OUTDATED = """
SELECT subscription_id
  FROM (SELECT DISTINCT ON (subscription_id) subscription_id, plan_id, state
          FROM fusion_billing_phase
         WHERE date_from <= %(tomorrow)s
         ORDER BY subscription_id, date_from DESC) AS phase
  JOIN sale_order AS subscription ON subscription.id = phase.subscription_id
 WHERE subscription.company_id = ANY(%(companies)s)
   AND (subscription.fusion_plan_id != phase.plan_id
        OR subscription.fusion_state != CASE phase.state
           WHEN 'active' THEN '3_progress' WHEN 'closed' THEN '6_churn' ELSE '4_paused' END)
 ORDER BY subscription_id
"""
