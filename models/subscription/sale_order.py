from datetime import timedelta
from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ...core.api.usage_event import Subscription
from ...core.money.periods import Period, local_date, local_midnight_utc
from ..base.subscription_states import RUNNING, STARTED


class SaleOrder(models.Model):
    """A confirmed order with a plan is a subscription.

    Rating, API and webhooks reach a subscription only through the seam below; what stands behind
    it on Community are the `fusion_*` fields. All dates are local days in the company's billing
    time zone, and every span of them is half-open.
    """

    _inherit = "sale.order"

    fusion_plan_id = fields.Many2one(
        "fusion.billing.plan", "Plan", index="btree_not_null", tracking=True, check_company=True,
        ondelete="restrict", help="An order with a plan becomes a subscription when confirmed.",
    )
    fusion_state = fields.Selection(
        [
            ("1_draft", "Draft"),
            ("3_progress", "In Progress"),
            ("4_paused", "Paused"),
            ("6_churn", "Closed"),
        ],
        string="Subscription", compute="_compute_fusion_state", store=True, readonly=False,
        copy=False, index="btree_not_null", tracking=True,
    )
    fusion_start_date = fields.Date(
        "Start Date", copy=False, tracking=True, help="First day of the subscription.",
    )
    fusion_last_invoice_date = fields.Date(
        "Billed Until", copy=False, help="First day that is not billed yet: the open billing"
        " period begins here.",
    )
    fusion_next_invoice_date = fields.Date(
        "Next Invoice Date", compute="_compute_fusion_next_invoice_date", store=True,
        readonly=False, copy=False, tracking=True, index="btree_not_null",
        help="The open billing period ends when this day begins.",
    )
    fusion_anchor_date = fields.Date(
        compute="_compute_fusion_anchor_date", store=True, copy=False,
        help="Billing periods are counted from this day, so that month ends do not drift.",
    )
    fusion_fees_until = fields.Date(
        compute="_compute_fusion_fees_until", store=True, readonly=False, copy=False,
        help="Recurring fees are billed for the periods that start before this day.",
    )
    fusion_end_date = fields.Date(
        "End Date", copy=False, tracking=True,
        help="The subscription ends when this day begins: the day before is the last one billed.",
    )
    fusion_pause_date = fields.Date(
        "Paused From", copy=False, readonly=True, help="First day of the latest pause.",
    )
    fusion_resume_date = fields.Date(
        "Paused Until", copy=False, readonly=True, help="First day after the latest pause.",
    )

    fusion_began_at = fields.Datetime(
        copy=False, readonly=True, help="First instant that was billed, in the time zone of then.",
    )
    fusion_ended_at = fields.Datetime(
        copy=False, readonly=True, help="First instant that was not billed any more.",
    )

    fusion_next_plan_id = fields.Many2one(
        "fusion.billing.plan", "Next Plan", copy=False, readonly=True, check_company=True,
        ondelete="restrict", index="btree_not_null",
    )
    fusion_plan_change_date = fields.Date(
        "Plan Change", copy=False, readonly=True, help="First day on the next plan.",
    )

    fusion_service_id = fields.Many2one(
        "fusion.billing.service", "Service", index="btree_not_null", copy=False,
        check_company=True, ondelete="restrict", help="The app that created the subscription.",
    )
    fusion_external_id = fields.Char(
        "External ID", copy=False, help="The subscription's id in the app.",
    )
    fusion_usage_ids = fields.One2many("fusion.billing.usage", "subscription_id")
    fusion_rating_ids = fields.One2many("fusion.billing.rating", "subscription_id")

    _fusion_external_id_unique = models.UniqueIndex(
        "(fusion_service_id, fusion_external_id) WHERE fusion_external_id IS NOT NULL",
        "This service has a subscription with this external id already.",
    )
    _fusion_running_complete = models.Constraint(
        "CHECK(fusion_state NOT IN ('3_progress', '4_paused') OR (fusion_plan_id IS NOT NULL"
        " AND fusion_start_date IS NOT NULL AND fusion_next_invoice_date IS NOT NULL))",
        "A running subscription needs a plan, a start date and a next invoice date.",
    )
    _fusion_open_period_valid = models.Constraint(
        "CHECK(fusion_next_invoice_date >"
        " COALESCE(fusion_last_invoice_date, fusion_start_date))",
        "The next invoice date must lie after the start of the open billing period.",
    )
    _fusion_plan_change_complete = models.Constraint(
        "CHECK((fusion_next_plan_id IS NULL) = (fusion_plan_change_date IS NULL))",
        "A plan change needs a plan and a day.",
    )
    _fusion_end_date_valid = models.Constraint(
        "CHECK(fusion_end_date >= COALESCE(fusion_last_invoice_date, fusion_start_date))",
        "A subscription cannot end before it starts, nor in a period that is invoiced.",
    )

    # === COMPUTE METHODS === #

    @api.depends("fusion_plan_id")
    def _compute_fusion_state(self):
        for order in self:
            if order.fusion_state in (False, "1_draft"):
                order.fusion_state = order.fusion_plan_id and "1_draft"
            else:
                order.fusion_state = order.fusion_state

    @api.depends("fusion_start_date", "fusion_plan_id")
    def _compute_fusion_next_invoice_date(self):
        """Until something is invoiced, the first period follows from start date and plan."""
        for order in self:
            start, plan = order.fusion_start_date, order.fusion_plan_id
            if start and plan and not order.fusion_last_invoice_date:
                order.fusion_next_invoice_date = plan._recurrence(start).boundary(1)
            else:
                order.fusion_next_invoice_date = order.fusion_next_invoice_date

    @api.depends("fusion_start_date", "fusion_next_invoice_date", "fusion_plan_id")
    def _compute_fusion_anchor_date(self):
        """Keep the anchor while the next invoice date fits it; a date set by hand is a new one."""
        for order in self:
            anchor = order.fusion_last_invoice_date and order.fusion_anchor_date
            anchor = anchor or order.fusion_start_date
            next_date = order.fusion_next_invoice_date
            if anchor and next_date and order.fusion_plan_id:
                recurrence = order.fusion_plan_id._recurrence(anchor)
                if recurrence.containing(next_date).start != next_date:
                    anchor = next_date
            order.fusion_anchor_date = anchor

    @api.depends("fusion_start_date")
    def _compute_fusion_fees_until(self):
        """Fees begin with the subscription; a start that is moved later bills none again."""
        for order in self:
            recurring = order.order_line.filtered(lambda line: line._fusion_is_recurring())
            billed = order.fusion_last_invoice_date or recurring.invoice_lines
            order.fusion_fees_until = (
                (billed and order.fusion_fees_until) or order.fusion_start_date
            )

    # === CONSTRAINTS === #

    @api.constrains("fusion_last_invoice_date")
    def _check_billed_stays_closed(self):
        """Refuse to open a period again whose usage is billed (R2)."""
        # sudo: what is billed counts, whoever looks.
        billed_until = dict(self.env["fusion.billing.rating"].sudo()._read_group(
            [("subscription_id", "in", self.ids), ("closed", "=", True)],
            ["subscription_id"], ["period_end:max"],
        ))
        for order in self.filtered("fusion_start_date"):
            start = order.fusion_last_invoice_date or order.fusion_start_date
            if billed_until.get(order, start) > start:
                raise ValidationError(self.env._(
                    "%(subscription)s is billed until %(date)s: its open period cannot begin"
                    " before.", subscription=order.display_name, date=billed_until[order],
                ))

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {
            "fusion_plan_id", "fusion_state", "fusion_start_date", "fusion_next_invoice_date",
            "fusion_last_invoice_date", "fusion_end_date",
        }:
            self._fusion_request_rating()
        return result

    def _get_copiable_order_lines(self):
        return super()._get_copiable_order_lines().filtered(lambda line: not line.fusion_charge_id)

    def _get_update_prices_lines(self):
        return super()._get_update_prices_lines().filtered(lambda line: not line.fusion_charge_id)

    def _action_confirm(self):
        result = super()._action_confirm()
        for order in self.filtered(lambda order: order.fusion_state == "1_draft"):
            order.fusion_start_date = order.fusion_start_date or order._fusion_today()
            # The first period is computed before the database is told that it is running.
            order.write({
                "fusion_state": "3_progress",
                "fusion_next_invoice_date": order.fusion_next_invoice_date,
            })
        return result

    def _action_cancel(self):
        if any(order._fusion_is_running() for order in self):
            raise UserError(self.env._(
                "A running subscription has usage to bill: close it instead of cancelling it."
            ))
        return super()._action_cancel()

    # === THE SEAM === #

    @api.model
    def _fusion_subscription_domain(self, states=("3_progress",)):
        """Return the domain of subscriptions in these states."""
        return Domain("fusion_plan_id", "!=", False) & Domain("fusion_state", "in", states)

    def _fusion_in_progress(self):
        """Return those of these orders that are subscriptions in progress (R1)."""
        return self.filtered_domain(self._fusion_subscription_domain())

    def _fusion_is_running(self):
        """Whether this order is a subscription in progress or paused."""
        self.ensure_one()
        return self.fusion_state in RUNNING

    def _fusion_get_plan(self):
        """Return the plan in force."""
        self.ensure_one()
        return self.fusion_plan_id

    def _fusion_timezone(self):
        """Return the name of the time zone whose midnights bound billing periods (R3)."""
        return self.company_id.fusion_billing_tz

    def _fusion_today(self):
        """Return the date of now in the billing time zone."""
        return local_date(fields.Datetime.now(), self._fusion_timezone())

    def _fusion_open_period(self):
        """Return the open billing period (R2), cut at the end date: a `Period` of local dates."""
        self.ensure_one()
        start = self.fusion_last_invoice_date or self.fusion_start_date
        end = self.fusion_next_invoice_date
        return Period(start, min(end, self.fusion_end_date or end))

    def _fusion_life(self):
        """Return the instants between which usage is billable (U5): none if it was cancelled.

        :return: `(start, end)`, naive UTC datetimes; `(start, None)` without an end
        """
        self.ensure_one()
        zone = self._fusion_timezone()
        pause = not self.fusion_resume_date and self.fusion_pause_date
        end = min(filter(None, (self.fusion_end_date, pause)), default=None)
        # What was billed keeps its bounds if the company's time zone is changed (R2).
        began = self.fusion_began_at or local_midnight_utc(self.fusion_start_date, zone)
        ended = self.fusion_ended_at or (local_midnight_utc(end, zone) if end else None)
        return began, began if self.state == "cancel" else ended

    def _fusion_covers(self, instant):
        """Whether usage of this naive UTC instant can be billed to this order."""
        self.ensure_one()
        if self.fusion_state not in STARTED:
            return False
        return Subscription(self.id, *self._fusion_life()).covers(instant)

    @api.model
    def _fusion_create_subscription(self, vals):
        """Create and confirm a subscription.

        :param dict vals: `partner_id`, `plan_id`, and as wanted `service_id`, `external_id`,
            `start_date` and `lines`: dicts of `product_id` and `quantity`
        :return: the confirmed sale order
        """
        order = self.create({
            "partner_id": vals["partner_id"],
            "fusion_plan_id": vals["plan_id"],
            "fusion_service_id": vals.get("service_id"),
            "fusion_external_id": vals.get("external_id"),
            "fusion_start_date": vals.get("start_date"),
            "order_line": [
                fields.Command.create({
                    "product_id": line["product_id"], "product_uom_qty": line["quantity"],
                })
                for line in vals.get("lines", ())
            ],
        })
        order.action_confirm()
        return order

    def _fusion_pause(self, date=None):
        """Stop billing from a day on; usage before it is billed when the pause ends.

        :param date date: first day of the pause, tomorrow if empty: what was used today counts
        :raise UserError: the subscription is not in progress, or the day does not fit
        """
        self.ensure_one()
        if self.fusion_state != "3_progress":
            raise UserError(self.env._("Only a subscription in progress can be paused."))
        tomorrow = self._fusion_today() + timedelta(days=1)
        date = date or max(tomorrow, self.fusion_start_date)
        if self.fusion_resume_date and self.fusion_resume_date > self._fusion_open_period().start:
            # One pause is known at a time: what the one before made free is billed as such first.
            self._fusion_bill_until(self._fusion_today())
        if not self._fusion_open_period().start <= date <= max(tomorrow, self.fusion_start_date):
            raise UserError(self.env._(
                "A pause begins in the part of the open billing period that is over, or tomorrow."
            ))
        self.write({
            "fusion_state": "4_paused", "fusion_pause_date": date, "fusion_resume_date": False,
        })

    def _fusion_resume(self, date=None):
        """Go on after a pause. Periods that lie in the pause as a whole cost nothing but usage.

        :param date date: first day after the pause, today if empty
        :raise UserError: the subscription is not paused, or the day does not fit
        """
        self.ensure_one()
        if self.fusion_state != "4_paused":
            raise UserError(self.env._("Only a paused subscription can be resumed."))
        date = date or max(self._fusion_today(), self.fusion_pause_date)
        if date < self.fusion_pause_date:
            raise UserError(self.env._(
                "The pause begins on %s: resume on that day or later.", self.fusion_pause_date,
            ))
        if date > max(self._fusion_today() + timedelta(days=1), self.fusion_pause_date):
            raise UserError(self.env._("A pause ends tomorrow at the latest."))
        self.write({"fusion_state": "3_progress", "fusion_resume_date": date})

    def _fusion_close(self, date=None):
        """End the subscription and bill what is left (lesson: the last day's usage counts too).

        :param date date: first day that is not part of the subscription; tomorrow if empty. A
            later day is kept as end date, and the invoicing cron closes the subscription then.
        :raise UserError: it is not running, or the day lies in an invoiced period
        """
        self.ensure_one()
        if not self._fusion_is_running():
            raise UserError(self.env._("Only a running subscription can be closed."))
        tomorrow = self._fusion_today() + timedelta(days=1)
        start = self._fusion_open_period().start
        date = date or max(tomorrow, start)
        if date < start:
            raise UserError(self.env._(
                "The subscription is invoiced until %s: it cannot end before that day.", start,
            ))
        self.fusion_end_date = date
        if date <= max(tomorrow, start):
            self._fusion_bill_until(date)

    def _fusion_change_plan(self, plan, date=None):
        """Move to another plan; each part of a period is rated with the plan in force.

        A plan with the same billing period takes over on any day, one with another billing
        period when the open one ends. The plan in force stays: a change to come is taken back.

        :param date date: first day on the new plan; today, or the end of the open period, if empty
        :raise UserError: it is not running, or the day does not fit
        """
        self.ensure_one()
        if not self._fusion_is_running():
            raise UserError(self.env._("Only a running subscription can change its plan."))
        if plan == self._fusion_get_plan():
            self._fusion_keep_plan()
            return
        start, end = self._fusion_open_period()
        fits = plan._recurs_like(self.fusion_plan_id)
        date = date or (max(self._fusion_today(), start) if fits else end)
        if date < start:
            raise UserError(self.env._(
                "The subscription is billed until %s: the plan cannot change before.", start,
            ))
        if not fits and date != end:
            raise UserError(self.env._(
                "A plan with another billing period takes over when the open one ends, on %s.", end,
            ))
        self.write({"fusion_next_plan_id": plan.id, "fusion_plan_change_date": date})
        if date <= self._fusion_today() and date < end:
            self._fusion_split_period()

    def _fusion_keep_plan(self):
        """Take back a plan change that is to come."""
        self.write({"fusion_next_plan_id": False, "fusion_plan_change_date": False})

    def _fusion_finalize_usage(self, period):
        """Rate a closing period once more, in the transaction that bills it, and freeze it (R8)."""
        self.ensure_one()
        self.fusion_began_at = self._fusion_life()[0]
        # sudo: the ledger is written by rating alone, whoever asks for the invoice.
        self.env["fusion.billing.rating"].sudo()._finalize(self.sudo(), period)

    # === BUSINESS METHODS === #

    def _fusion_recurrence(self):
        self.ensure_one()
        return self.fusion_plan_id._recurrence(self.fusion_anchor_date)

    def _fusion_full_period(self, day):
        """Return the full billing period that contains a day."""
        return self._fusion_recurrence().containing(day)

    def _fusion_share(self, part):
        """Return the part of a full billing period that some days of it are: a Fraction."""
        full = self._fusion_full_period(part.start)
        return min(Fraction(1), Fraction(part.days, full.days))

    def _fusion_split_period(self):
        """Rate the open period's days before a plan change, and go on with the next plan.

        Their usage is billed with the rest of the period.
        """
        before = Period(self._fusion_open_period().start, self.fusion_plan_change_date)
        if before.start < before.end:
            self._fusion_finalize_usage(before)
            self.fusion_last_invoice_date = before.end
        self._fusion_switch_plan()

    def _fusion_switch_plan(self):
        self.write({
            "fusion_plan_id": self.fusion_next_plan_id.id,
            "fusion_next_plan_id": False, "fusion_plan_change_date": False,
        })

    def _fusion_request_rating(self):
        running = self._fusion_in_progress()
        if running:
            self.env["fusion.billing.rating.request"]._request(running)
