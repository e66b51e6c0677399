from datetime import timedelta
from fractions import Fraction

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.money.periods import Period, local_date, local_midnight_utc
from ..base.subscription_states import RUNNING
from ..base.wording import format_period


class SaleOrder(models.Model):
    """The invoicing engine on Community: one invoice per subscription and step.

    A step bills the recurring fees of a period that has begun (its plan bills in advance), or
    closes the open period: usage and fees in arrears, together with the fees of the next period
    in advance. Corrections of closed periods ride on the next invoice (R9), or on one of their
    own once the subscription is closed.
    """

    _inherit = "sale.order"

    fusion_owes_corrections = fields.Boolean(
        copy=False, readonly=True, index="btree_not_null",
        help="Usage of this closed subscription was corrected after its last invoice.",
    )

    @api.model
    def _fusion_cron_create_invoices(self):
        """Invoice every subscription that is due, then post the drafts that were held.

        Takes the due subscriptions one after the other: locks it (one that somebody else holds is
        left to the next run), and bills it period by period until nothing is due, so that
        downtime is caught up. Each step rates the closing period, creates and posts the invoice
        and advances the dates in one savepoint: all of it happens or nothing. A failure is kept
        on the subscription and shown to staff (R7), and the next run tries again. Progress is
        committed after each subscription, so a killed run loses at most one.
        """
        # sudo: whoever the scheduled action runs as, all subscriptions are billed.
        orders = self.sudo()
        due = orders.search(orders._fusion_due_domain(), order="fusion_next_invoice_date, id")
        held = orders.env["account.move"]._fusion_held_until_now()
        work = [
            *((order, order._fusion_bill_today) for order in due),
            *((invoice._fusion_subscription(), invoice._fusion_post_held) for invoice in held),
        ]
        for done, (subscription, bill) in enumerate(work, 1):
            for locked in subscription._fusion_try_lock():
                with locked._fusion_guard("invoicing"):
                    bill()
            if not self._fusion_commit(1, remaining=len(work) - done):
                break

    @api.model
    def _fusion_due_domain(self):
        """Return the domain of what may be due today, in each company's billing time zone."""
        zones = self.env["res.company"]._read_group([], ["fusion_billing_tz"])
        return Domain.OR(
            Domain("company_id.fusion_billing_tz", "=", zone)
            & self._fusion_due_on(local_date(fields.Datetime.now(), zone))
            for [zone] in zones
        )

    @api.model
    def _fusion_due_on(self, today):
        running = self._fusion_subscription_domain(RUNNING)
        in_advance = Domain("fusion_plan_id.fee_timing", "=", "advance")
        return (
            self._fusion_subscription_domain() & (
                Domain("fusion_next_invoice_date", "<=", today)
                | in_advance & Domain("fusion_fees_until", "<=", today)
            )
            | running & (
                Domain("fusion_end_date", "<=", today)
                | Domain("fusion_plan_change_date", "<=", today)
            )
            | Domain("fusion_owes_corrections", "=", True) & Domain("state", "!=", "cancel")
        )

    def _fusion_bill_today(self):
        self._fusion_bill_until(self._fusion_today())

    def _fusion_bill_until(self, day):
        """Bill everything that is due by a day, one invoice per step.

        :param date day: periods that end by this day are closed
        :return: the invoices created
        """
        self.ensure_one()
        invoices = self.env["account.move"]
        while step := self._fusion_next_step(day):
            with self.env.cr.savepoint():
                fees_from = self.fusion_fees_until
                invoice = step()
                if self.fusion_fees_until != fees_from and invoice._fusion_bills_fees():
                    invoice.write({
                        "fusion_fees_from": fees_from, "fusion_fees_until": self.fusion_fees_until,
                    })
            invoices |= invoice
        return invoices

    # === WHAT IS DUE === #

    def _fusion_next_step(self, day):
        """Return the method that bills what is due next by this day, or None."""
        if self.fusion_owes_corrections and self.state != "cancel":
            return self._fusion_bill_corrections
        if not self._fusion_is_running():
            return None
        period, active = self._fusion_open_period(), self.fusion_state == "3_progress"
        change = self.fusion_plan_change_date
        if change and change <= day and change < period.end:
            return self._fusion_bill_plan_change
        if active and period.start <= day and self._fusion_owes_advance_fees():
            return self._fusion_bill_opening
        if period.end <= day and (active or self._fusion_ends_by(day)):
            return self._fusion_bill_closing
        return None

    def _fusion_ends_by(self, day):
        return bool(self.fusion_end_date and self.fusion_end_date <= day)

    def _fusion_owes_advance_fees(self):
        """Whether the plan bills in advance and the open period's fees are not billed yet."""
        return self.fusion_plan_id.fee_timing == "advance" and bool(self._fusion_unbilled_fees())

    def _fusion_unbilled_fees(self):
        """Return the days up to the next invoice date whose fees are to be billed, or None."""
        span = Period(self.fusion_fees_until, self.fusion_next_invoice_date)
        free = self._fusion_pauses(span) or self._fusion_ends_by(span.start)
        return span if span.start < span.end and not free else None

    def _fusion_pauses(self, period):
        """Whether this whole period lies in a pause: then it costs no recurring fees."""
        pause, resume = self.fusion_pause_date, self.fusion_resume_date
        return bool(pause and pause <= period.start and (not resume or period.end <= resume))

    # === STEPS === #

    def _fusion_bill_opening(self):
        """Bill the recurring fees of the open period, in advance."""
        return self._fusion_invoice(self._fusion_take_fees())

    def _fusion_bill_plan_change(self):
        self._fusion_split_period()
        return self.env["account.move"]

    def _fusion_bill_closing(self):
        """Rate and bill the open period, then open the next one, or close the subscription."""
        closing = self._fusion_open_period()
        self._fusion_finalize_usage(closing)
        values = self._fusion_prepare_usage()
        timing, held_for = self.fusion_plan_id.fee_timing, self.fusion_plan_id.draft_hours
        if timing == "arrears":
            values |= self._fusion_take_fees()
        self._fusion_advance(closing)
        # A line bills one period: fees in advance after fees in arrears are a step of their own.
        if self._fusion_is_running() and timing == self.fusion_plan_id.fee_timing == "advance":
            values |= self._fusion_take_fees()
        invoice = self._fusion_invoice(values, held_for and (
            local_midnight_utc(closing.end, self._fusion_timezone()) + timedelta(hours=held_for)
        ))
        invoice.fusion_usage_until = closing.end
        return invoice

    def _fusion_bill_corrections(self):
        """Bill or credit what came after the last invoice of a closed subscription."""
        self.fusion_owes_corrections = False
        return self._fusion_invoice(self._fusion_prepare_usage())

    def _fusion_advance(self, closing):
        """Open the next period, with the next plan if it is time, or close the subscription."""
        self.fusion_last_invoice_date = closing.end
        if self._fusion_ends_by(closing.end):
            self.write({
                "fusion_ended_at": self._fusion_life()[1],
                "fusion_next_invoice_date": False, "fusion_state": "6_churn",
            })
            return
        if self.fusion_plan_change_date == closing.end:
            self._fusion_switch_plan()
        self.fusion_next_invoice_date = self._fusion_recurrence().next_after(closing.end)

    # === INVOICES === #

    def _fusion_take_fees(self):
        """Return the invoice lines of unbilled fees, `{line: values}`, and count them as billed."""
        span = self._fusion_unbilled_fees()
        end = min(filter(None, (self.fusion_next_invoice_date, self.fusion_end_date)))
        self.fusion_fees_until = max(self.fusion_fees_until, end)
        return self._fusion_prepare_fees(span) if span else {}

    def _fusion_take_back_fees(self, start, end):
        """Count the fees of some days as not billed, because their invoice was taken back.

        :raise UserError: later fees are billed already, or the subscription is closed
        """
        if not self._fusion_is_running() or self.fusion_fees_until != end:
            raise UserError(self.env._(
                "This invoice bills the fees of %(subscription)s from %(start)s on, and they could"
                " not be billed again. Post it and make a credit note instead.",
                subscription=self.display_name, start=start,
            ))
        self.fusion_fees_until = start

    def _fusion_prepare_fees(self, period):
        """Return what the recurring lines are invoiced at for a period: `{line: values}`.

        Days that are less than a billing period, because the end date or a date set by hand cut
        it, cost their share; those of several periods, because an invoice was taken back, cost
        all of them.
        """
        end = min(period.end, self.fusion_end_date or period.end)
        share = self._fusion_fee_share(Period(period.start, end))
        dates = format_period(self.env, period.start, end, self._get_lang())
        lines = self.order_line if share else ()
        return {
            line: {
                "name": f"{line.name}\n{dates}",
                "quantity": line.product_uom_qty,
                "price_unit": float(Fraction(str(line.price_unit)) * share),
            }
            for line in lines if line._fusion_is_recurring()
        }

    def _fusion_fee_share(self, span):
        """Return how many times the fees are due for some days: a Fraction, 0 in a pause."""
        pieces = (
            Period(max(span.start, full.start), min(span.end, full.end))
            for full in self._fusion_recurrence().between(*span)
        )
        return sum(self._fusion_share(piece) for piece in pieces if not self._fusion_pauses(piece))

    def _fusion_prepare_usage(self):
        """Return the usage of closed periods that is on no invoice: `{line: values}`."""
        return {
            line: {"quantity": 1}
            for line in self.order_line
            if line.fusion_rating_id.closed and line.price_unit
            and not line._fusion_is_invoiced()
        }

    def _fusion_invoice(self, values, post_at=None):
        """Invoice these lines, together with one-off lines that are due.

        :param dict values: `{order line: values for its invoice line}`
        :param datetime post_at: naive UTC instant until which a draft is held for late counters
        :return: the invoice or credit note, posted or left as draft as the plan says; none if
            there is nothing to pay
        """
        order = self.with_context(
            fusion_invoice_lines={line.id: vals for line, vals in values.items()},
            raise_if_nothing_to_invoice=False,
        )
        if not any(line.price_subtotal for line in order._get_invoiceable_lines()):
            return self.env["account.move"]
        invoices = order._create_invoices(final=True)
        if self.fusion_plan_id.invoice_mode == "post":
            if post_at and post_at > fields.Datetime.now():
                invoices.fusion_post_at = post_at
            else:
                invoices.action_post()
        return invoices

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        if "fusion_invoice_lines" not in self.env.context:
            return lines
        # Whether to bill again what was credited is for people to decide.
        due = self.order_line.browse(self.env.context["fusion_invoice_lines"]) | lines.filtered(
            lambda line: not line.display_type and not line._fusion_is_credited()
        )
        return self._fusion_add_headings(due)

    def _fusion_add_headings(self, due):
        """Return these lines in the order's sequence, each section before its first line."""
        lines = headings = self.order_line.browse()
        for line in self.order_line.sorted():
            if line.display_type == "line_section":
                headings = line
            elif line.display_type == "line_subsection":
                headings = headings.filtered(lambda head: head.display_type == "line_section")
                headings |= line
            elif line in due:
                lines |= headings | line
                headings = headings.browse()
        return lines

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self.fusion_plan_id:
            values["invoice_date"] = self._fusion_today()
        return values

    # === LATE USAGE === #

    def _fusion_usage_added(self):
        """Take usage of closed periods, which was rated late, to where it is billed next (R9)."""
        # Read at once what would be queries for each.
        self.order_line.fusion_rating_id.mapped("closed")
        self.invoice_ids.mapped("state")
        for order in self:
            order._fusion_place_late_usage()

    def _fusion_place_late_usage(self):
        """Take usage of a closed period to where it is billed next (R9).

        That is the first draft that is held for its period or a later one; else the next invoice,
        which a subscription that is closed itself gets by the invoicing cron.
        """
        self.ensure_one()
        held = self.invoice_ids.filtered(
            lambda move: move.state == "draft" and move.fusion_post_at
        ).sorted("fusion_usage_until")
        for line in self._fusion_prepare_usage():
            fitting = held.filtered(
                lambda move, end=line.fusion_period_end: end <= move.fusion_usage_until
            )
            if fitting:
                # sudo: rating keeps drafts in step, whoever pushed or corrected the usage.
                fitting[0].sudo()._fusion_add_usage(line)
            elif self.fusion_state == "6_churn":
                self.fusion_owes_corrections = True
