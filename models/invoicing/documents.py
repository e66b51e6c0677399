from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from odoo import fields, models
from odoo.fields import Domain

from ...core.money.timeline import DAY
from ..base.clock import now
from ..base.engine import as_engine
from .line_values import LineValues


@dataclass
class Document:
    """What stands on one invoice or credit note of a subscription.

    :param order: the subscription
    :param date bill_on: the billing date that it is for
    :param bool closes_period: whether a billing period ends on that date
    :param dict amounts: `{row of the ledger: amount it settles}`
    :param one_offs: order lines that Odoo bills by their quantities
    :param date issued_on: the document's own date; today, if empty
    """

    order: Any
    bill_on: date
    closes_period: bool
    amounts: dict = field(default_factory=dict)
    one_offs: Any = ()
    issued_on: date | None = None

    @property
    def plan(self):
        """The plan that says how the document is made: the one in force when it became due."""
        day = self.bill_on - DAY if self.closes_period else self.bill_on
        return self.order._fusion_get_plan(day)

    @property
    def post_at(self):
        """Until when it is held for late counters, a naive UTC datetime; None if it is not."""
        plan = self.plan
        if not plan._posts() or not plan.draft_hours or not self.closes_period:
            return None
        until = self.order._fusion_zones().midnight(self.bill_on) + timedelta(
            hours=plan.draft_hours
        )
        return until if until > self.order.company_id._fusion_now() else None

    @property
    def is_sent(self):
        """Whether the customer gets it: nobody gets what a test comes to."""
        return self.plan.invoice_mode == "send" and not self.order.company_id._fusion_is_sandbox()

    @property
    def is_shared(self):
        """Whether other subscriptions of the customer stand on the same document."""
        return self.plan.one_document or self.order.partner_invoice_id.fusion_one_document

    @property
    def is_worth_it(self):
        """Whether anything is to pay or to give back."""
        return bool(self.amounts) or any(
            line.price_unit and line.discount != 100 for line in self.one_offs
        )


class SaleOrder(models.Model):
    """Which rows of the ledger go on which document, and how documents are made: in sets."""

    _inherit = "sale.order"

    # === WHAT GOES WHERE === #

    def _fusion_documents(self, day, asked=False):
        """Return the documents that are due by a day, those of each subscription in order.

        Rows of open periods that no document settled yet make one document for each billing
        date: however late they are billed, it is the document they would have had on time (T3).
        Late rows and one-off lines ride on the first of them.

        :param bool asked: staff want late rows and one-off lines at once
        """
        amounts = self._fusion_amounts_due(day)
        return [
            document
            for order in self
            for document in order._fusion_split(amounts[order], day, asked)
            if document.is_worth_it
        ]

    def _fusion_amounts_due(self, day):
        """Return what the next documents settle: `{order: {row: amount}}`.

        That is what is due by the day or in closed periods, and differences to what was billed
        already, whenever that should have been.
        """
        opened = {order: max(day, order._fusion_opened_on()) for order in self}
        ratings = (
            self.env["fusion.billing.rating"]
            .search(
                Domain("subscription_id", "in", self.ids)
                & Domain("due", "!=", 0)
                & (
                    Domain("bill_on", "<=", max(opened.values(), default=day))
                    | Domain("settled", "!=", 0)
                ),
                order="bill_on, date_from, id",
            )
            .filtered(lambda row: row.settled or row.bill_on <= opened[row.subscription_id])
        )
        amounts = defaultdict(dict)
        for rating, amount in ratings._next_amounts().items():
            if amount:
                amounts[rating.subscription_id][rating] = amount
        return amounts

    def _fusion_split(self, amounts, day, asked):
        """Share out the amounts of one subscription to documents, in order of billing dates."""
        opened, by_day, late = self._fusion_opened_on(), {}, {}
        for rating, amount in amounts.items():
            rows = late if rating._is_late(opened) else by_day.setdefault(rating.bill_on, {})
            rows[rating] = amount
        if not by_day and (asked or self._fusion_settles_up(day)):
            by_day[max(self._fusion_reached(day), opened)] = {}
        documents = [
            Document(self, bill_on, bill_on > opened, rows)
            for bill_on, rows in sorted(by_day.items(), key=lambda item: item[0])
        ]
        if documents:
            documents[0].amounts.update(late)
            documents[0].one_offs = self._fusion_one_offs()
        return documents

    def _fusion_settles_up(self, day):
        """Whether late rows and one-off lines get a document of their own: when a period is over
        by a day, or the subscription.
        """
        end, opened = self._fusion_timeline().end, self._fusion_opened_on()
        return bool(end and end <= max(day, opened)) or self._fusion_reached(day) > opened

    def _fusion_one_offs(self):
        """Return the order lines that Odoo bills or credits by their quantities.

        What was paid in advance is taken off once its invoice is posted: a draft may be deleted.
        """
        lines = self._get_invoiceable_lines(final=True)
        return lines.filtered(
            lambda line: (
                not line.display_type
                and (
                    not line.is_downpayment
                    or line.qty_to_invoice > 0
                    or "posted" in line.invoice_lines.mapped("parent_state")
                )
            )
        )

    # === MAKING THEM === #

    def _fusion_create_documents(self, documents):
        """Create invoices and credit notes, all at once, and post those that are not held."""
        documents, moves = self._fusion_draft_documents(documents)
        moves.browse(
            move.id
            for move, document in zip(moves, documents, strict=True)
            if document.plan._posts() and not move.fusion_post_at
        )._fusion_post_whole()
        return self.env["account.move"].browse(moves.ids)

    def _fusion_draft_documents(self, documents):
        """Create drafts, all at once.

        :return: what each of them is for, fewer where customers share documents; and the drafts
        """
        moves = self.env["account.move"]
        if not documents:
            return documents, moves
        documents, vals_list = self._fusion_share_documents(
            documents, self._fusion_prepare_documents(documents)
        )
        moves = (
            as_engine(moves)
            .with_context(default_move_type="out_invoice")
            ._fusion_create_drafts(vals_list)
        )
        moves._fusion_follow_sign()
        return documents, moves

    def _fusion_prepare_documents(self, documents):
        """Return the values of the documents' moves."""
        ratings = self.env["fusion.billing.rating"].union(
            *(rating for document in documents for rating in document.amounts)
        )
        order_lines, words = ratings._order_lines(), LineValues(ratings)
        shown = self.env["sale.order.line"].union(*order_lines.values())
        included = self._fusion_included({document.bill_on for document in documents})
        with shown._fusion_without_history():
            return [
                {
                    **document.order._fusion_prepare_document(document, order_lines, words),
                    "fusion_included": included.get((document.order, document.bill_on)),
                }
                for document in documents
            ]

    def _fusion_prepare_document(self, document, order_lines, words):
        order = self.with_company(self.company_id).with_context(lang=self._get_lang())
        lines = defaultdict(list)
        for rating, amount in document.amounts.items():
            order_line = order_lines[rating].with_env(order.env)
            lines[order_line].append(words.of_document_line(rating, order_line, amount))
        for line in document.one_offs:
            lines[line] += order._fusion_prepare_one_off(line.with_env(order.env))
        values = [*order._fusion_in_order(lines)]
        return {
            **order._fusion_prepare_invoice(),
            "invoice_date": document.issued_on or order._fusion_today(),
            "fusion_bill_on": document.bill_on,
            "fusion_post_at": document.post_at,
            "fusion_send_at": now() if document.is_sent else None,
            "invoice_line_ids": [
                fields.Command.create({**line, "sequence": sequence})
                for sequence, line in enumerate(values)
            ],
        }

    def _fusion_prepare_invoice(self):
        """Return core's values, and the day it is due where no payment term says one: core would
        take the server's today.
        """
        values = self._prepare_invoice()
        if not values.get("invoice_payment_term_id"):
            values["invoice_date_due"] = self._fusion_today()
        return values

    def _fusion_prepare_one_off(self, line):
        """Return core's values for a line that is billed by its quantity."""
        if not line.is_downpayment:
            return line._prepare_invoice_lines_vals_list()
        if line.qty_to_invoice > 0:
            # It was taken off, but its own invoice does not stand any more.
            return line._prepare_invoice_lines_vals_list(quantity=1.0)
        # What was paid in advance is taken off, as core does on a final invoice.
        reverse = self.env["account.tax"]._reverse_quantity_base_line_extra_tax_data
        return line._prepare_invoice_lines_vals_list(
            quantity=-1.0, extra_tax_data=reverse(line.extra_tax_data)
        )

    def _fusion_in_order(self, lines):
        """Yield values of document lines in the order's sequence, each section before its first
        line, down payments last in a section of their own.

        :param dict lines: `{order line: [values]}`
        """
        down_payments = [line for line in lines if line.is_downpayment]
        usual = self.order_line.browse(line.id for line in lines if not line.is_downpayment)
        for line in self._fusion_add_headings(usual):
            yield from lines.get(line) or [line._prepare_invoice_line()]
        if down_payments:
            yield self._prepare_down_payment_section_line()
        for line in down_payments:
            yield from lines[line]

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
