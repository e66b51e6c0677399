from decimal import Decimal
from typing import Any, NamedTuple

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import groupby

from ...core.money.pricing import round_amount
from ...core.money.timeline import DAY
from ..base.retry import lock_in_turn
from ..base.wording import format_period
from ..catalog.price_wording import format_price
from ..ledger.preview import Preview


class Change(NamedTuple):
    """What a customer may do: from which day on, and the timeline that comes of it."""

    day: Any
    timeline: Any


class SaleOrder(models.Model):
    """How customers change their plan and end their subscription, where the plan lets them.

    They confirm a change together with its first day, as they saw it with what it comes to: that
    is done, or nothing. Callers have checked who asks.
    """

    _inherit = "sale.order"

    # === WHAT THE PLAN ALLOWS === #

    def _fusion_customer_plans(self):
        """Return what the customer may change to now: `{plan: Change}`."""
        plan = self._fusion_customer_terms()
        others = plan.customer_plan_ids.filtered("active") - plan
        return {other: self._fusion_customer_move(other) for other in others}

    def _fusion_customer_ends(self):
        """Return the ends that the customer may choose now, the latest first: a list of `Change`.

        A change's day is the first one that is not part of the subscription.
        """
        closing = self._fusion_customer_terms().customer_closing or "no"
        if closing == "no":
            return []
        timeline = self._fusion_timeline()
        today = max(self._fusion_today(), timeline.start)
        days = {timeline.period_on(today).end}
        if closing == "any_day":
            days.add(today + DAY)
        return [Change(day, timeline.closed_on(day)) for day in sorted(days, reverse=True)]

    def _fusion_customer_terms(self):
        """Return the plan that says what the customer may do; none while something is planned:
        staff may have agreed on it.
        """
        self.ensure_one()
        order = self.sudo()  # sudo: the plan says what customers may do.
        if not order._fusion_is_running() or order._fusion_planned_changes():
            return order.fusion_plan_id.browse()
        return order._fusion_get_plan()

    def _fusion_customer_move(self, plan):
        timeline = self._fusion_timeline()
        day = self._fusion_first_day_on(plan, timeline)
        return Change(day, timeline.with_plan(day, plan._key()))

    # === WHAT IT COMES TO === #

    def _fusion_portal_fees(self, plan):
        """Return the recurring fees of a plan, and what each costs in a full billing period."""
        order = self.sudo()  # sudo: the customer reads it here, and not the plan itself.
        rounding = Decimal(str(self.currency_id.rounding))
        return [
            (
                fee.product_id.display_name,
                format_price(self.env, round_amount(amount, rounding), self.currency_id),
            )
            for fee, amount in Preview(order).full_fees(plan).items()
        ]

    def _fusion_describe_customer_change(self, change):
        """Return what a change comes to, exactly, as texts for the template: billing periods now
        and then, and the next documents; None if it cannot be done, whatever the reason.
        """
        order = self.sudo()  # sudo: the customer reads it here, and not the ledger itself.
        try:
            rows = Preview(order).compare(change.day, change.timeline)
            documents = order._fusion_upcoming_documents(
                change=lambda orders: orders._fusion_change_timeline(change.timeline)
            )
        except UserError:
            return None
        return {
            "day": change.day,
            "last_day": change.day - DAY,
            "periods": [
                self._fusion_describe_customer_period(period, group)
                for period, group in groupby(rows, key=lambda row: row.period)
            ],
            "documents": [
                self._fusion_describe_customer_document(one, change.timeline.end)
                for one in documents
            ],
        }

    def _fusion_describe_customer_document(self, document, end):
        # What an end has billed at once is dated today, whatever it is for.
        is_now = end and self._fusion_ends_now(end)
        currency = self.env["res.currency"].browse(document["currency_id"])
        return {
            "is_credit_note": document["type"] == "credit_note",
            "day": self._fusion_today() if is_now else document["invoice_date"],
            "total": format_price(self.env, document["total"], currency),
        }

    def _fusion_describe_customer_period(self, period, rows):
        def money(amount):
            return format_price(self.env, amount, self.currency_id)

        before = sum((row.before for row in rows), Decimal(0))
        after = sum((row.after for row in rows), Decimal(0))
        return {
            "name": format_period(self.env, *period),
            "rows": [
                (row.name, money(row.before), money(row.after))
                for row in rows
                if row.before or row.after
            ],
            "before": money(before),
            "after": money(after),
        }

    # === DOING IT === #

    def _fusion_customer_change_plan(self, partner, plan, day):
        """Move to another plan, as the customer confirmed it; done twice it is done once.

        :return: whether the subscription is on that plan from that day on
        """
        order = self._fusion_locked_for_customer()
        if order._fusion_plan_begins(plan, day):
            return True
        change = order._fusion_customer_plans().get(plan.with_env(order.env))
        if not change or change.day != day:
            return False
        return order._fusion_customer_does(
            partner,
            order.env._("Changed the plan in the portal."),
            lambda: order._fusion_change_plan(plan, day),
        )

    def _fusion_customer_close(self, partner, day, reason):
        """End the subscription, as the customer confirmed it; done twice it is done once.

        :param str reason: what the customer says; staff read it in the chatter
        :return: whether it ends on that day
        """
        order = self._fusion_locked_for_customer()
        if order.fusion_end_date == day:
            return True
        if day not in [change.day for change in order._fusion_customer_ends()]:
            return False
        return order._fusion_customer_does(
            partner,
            order.env._("Cancelled in the portal: %s", reason),
            lambda: order._fusion_close(day),
        )

    def _fusion_locked_for_customer(self):
        """Return this subscription in sudo, in the language of its company: staff read of it."""
        self.ensure_one()
        # sudo: the plan lets customers do this, and nothing else.
        order = self.sudo().with_context(lang=self.company_id.sudo().partner_id.lang)
        lock_in_turn(order)
        return order

    def _fusion_plan_begins(self, plan, day):
        phases = self._fusion_timeline().phases
        return any(phase.day == day and phase.plan.id == plan.id for phase in phases)

    def _fusion_customer_does(self, partner, words, change):
        """Do something and note who did; whether it could be done. Why not, staff can find out."""
        try:
            with self.env.cr.savepoint():
                change()
        except UserError:
            return False
        self._fusion_note_of(partner, words)
        return True

    def _fusion_note_of(self, partner, words):
        """Note for staff what a customer did in the portal."""
        self.message_post(body=words, author_id=partner.id, subtype_xmlid="mail.mt_note")
