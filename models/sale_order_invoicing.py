from fractions import Fraction

from odoo import api, fields, models
from odoo.fields import Domain

from ..core.periods import Period, local_date, prorata
from .wording import format_period


class SaleOrder(models.Model):
    """The invoicing engine on Community: one invoice per subscription and step.

    A step either bills the recurring fees of the open period (the first period of a plan that
    bills in advance, or the first one after a pause), or closes the open period: usage in arrears,
    together with the fees of the closed period (arrears) or of the next one (advance).
    """

    _inherit = "sale.order"

    @api.model
    def _fusion_cron_create_invoices(self):
        """Invoice every subscription that is due.

        Takes the due subscriptions one after the other: locks it (one that somebody else holds is
        left to the next run), and bills it period by period until nothing is due, so that
        downtime is caught up. Each step rates the closing period, creates and posts the invoice
        and advances the dates in one savepoint: all of it happens or nothing. A failure is kept
        on the subscription and shown to staff (R7), and the next run tries again. Progress is
        committed after each subscription, so a killed run loses at most one.
        """
        due = self.sudo().search(self._fusion_due_domain(), order="fusion_next_invoice_date, id")
        for done, subscription in enumerate(due, 1):
            for locked in subscription.try_lock_for_update(allow_referencing=True):
                locked._fusion_bill_guarded()
            if not self._fusion_commit(1, remaining=len(due) - done):
                break

    @api.model
    def _fusion_due_domain(self):
        """Return the domain of what may be due today, in each company's time zone."""
        companies = self.env["res.company"].sudo().search([])
        return Domain.OR(
            Domain("company_id", "=", company.id) & self._fusion_due_on(
                local_date(fields.Datetime.now(), company.fusion_billing_tz)
            )
            for company in companies
        )

    @api.model
    def _fusion_due_on(self, today):
        in_progress = self._fusion_subscription_domain() & (
            Domain("fusion_next_invoice_date", "<=", today)
            | Domain("fusion_plan_id.fee_timing", "=", "advance")
            & Domain("fusion_fees_until", "<=", today)
        )
        ending = self._fusion_subscription_domain(("3_progress", "4_paused"))
        return in_progress | ending & Domain("fusion_end_date", "<=", today)

    def _fusion_bill_guarded(self):
        with self._fusion_guard("invoicing"):
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
                invoices |= step()
        return invoices

    def _fusion_next_step(self, day):
        """Return the method that bills what is due next by this day, or None."""
        if not self._fusion_is_running():
            return None
        period = self._fusion_open_period()
        in_advance = self.fusion_plan_id.fee_timing == "advance"
        if in_advance and period.start <= day and self._fusion_owes_fees(self._fusion_full_period()):
            return self._fusion_bill_opening
        if period.end <= day and (self.fusion_state == "3_progress" or self._fusion_ends_by(day)):
            return self._fusion_bill_closing
        return None

    def _fusion_ends_by(self, day):
        return bool(self.fusion_end_date and self.fusion_end_date <= day)

    def _fusion_owes_fees(self, period):
        """Whether the recurring fees of this period are not billed yet."""
        return period.start >= self.fusion_fees_until and not self._fusion_pauses(period)

    def _fusion_pauses(self, period):
        """Whether this whole period lies in a pause: then it costs no recurring fees."""
        pause, resume = self.fusion_pause_date, self.fusion_resume_date
        return bool(pause and pause <= period.start and (not resume or period.end <= resume))

    # === STEPS === #

    def _fusion_bill_opening(self):
        """Bill the recurring fees of the open period, in advance."""
        period = self._fusion_full_period()
        invoice = self._fusion_invoice(self._fusion_prepare_fees(period))
        self.fusion_fees_until = period.end
        return invoice

    def _fusion_bill_closing(self):
        """Rate and bill the open period, then open the next one, or close the subscription."""
        closing, full = self._fusion_open_period(), self._fusion_full_period()
        upcoming = Period(full.end, self._fusion_recurrence().next_after(full.end))
        self._fusion_finalize_usage(closing)
        charged = full if self.fusion_plan_id.fee_timing == "arrears" else upcoming
        has_fees = self._fusion_owes_fees(charged) and not self._fusion_ends_by(charged.start)
        fees = self._fusion_prepare_fees(charged) if has_fees else {}
        invoice = self._fusion_invoice(fees | self._fusion_prepare_usage(closing))
        if has_fees:
            self.fusion_fees_until = charged.end
        self._fusion_advance(closing, upcoming)
        return invoice

    def _fusion_full_period(self):
        """Return the open period as it would be without an end date."""
        return Period(self._fusion_open_period().start, self.fusion_next_invoice_date)

    def _fusion_advance(self, closing, upcoming):
        """Open the next period, or close the subscription whose end is reached."""
        if self._fusion_ends_by(closing.end):
            return self.write({
                "fusion_last_invoice_date": closing.end, "fusion_next_invoice_date": False,
                "fusion_state": "6_churn",
            })
        return self.write({
            "fusion_last_invoice_date": closing.end, "fusion_next_invoice_date": upcoming.end,
        })

    # === INVOICES === #

    def _fusion_prepare_fees(self, period):
        """Return what the recurring lines are invoiced at for a period: `{line: values}`.

        A period that the end date cuts costs its share of days.
        """
        end = min(period.end, self.fusion_end_date or period.end)
        share = prorata(period.start, end, *period)
        dates = format_period(self.env, period.start, end, self._get_lang())
        return {
            line: {
                "name": f"{line.name}\n{dates}",
                "quantity": line.product_uom_qty,
                "price_unit": float(Fraction(str(line.price_unit)) * share),
            }
            for line in self.order_line if line._fusion_is_recurring()
        }

    def _fusion_prepare_usage(self, period):
        """Return the usage lines, up to the end of a period, that are not invoiced yet."""
        return {
            line: {"quantity": 1}
            for line in self.order_line
            if line.fusion_charge_id and line.price_unit and not line._fusion_is_billed()
            and line.fusion_period_end <= period.end
        }

    def _fusion_invoice(self, values):
        """Invoice these lines, together with one-off lines that are due.

        :param dict values: `{order line: values for its invoice line}`
        :return: the invoice, posted or left as draft as the plan says; none if there is nothing
            to pay
        """
        order = self.with_context(
            fusion_invoice_lines={line.id: vals for line, vals in values.items()},
            raise_if_nothing_to_invoice=False,
        )
        if not any(line.price_subtotal for line in order._get_invoiceable_lines()):
            return self.env["account.move"]
        invoices = order._create_invoices(final=True)
        if self.fusion_plan_id.invoice_mode == "post":
            invoices.action_post()
        return invoices

    def _get_invoiceable_lines(self, final=False):
        lines = super()._get_invoiceable_lines(final)
        chosen = self.env.context.get("fusion_invoice_lines", {})
        return (lines | self.order_line.filtered(lambda line: line.id in chosen)).sorted()

    def _prepare_invoice(self):
        values = super()._prepare_invoice()
        if self.fusion_plan_id:
            values["invoice_date"] = self._fusion_today()
        return values
