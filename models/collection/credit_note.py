from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .attempt import FAILED, REFUND

# How far the refund of a credit note is, in the order in which it is looked at.
UNDER_WAY, REFUSED, BY_HAND, OWING, IMPOSSIBLE, TO_SEND = (
    "under way",
    "refused",
    "by hand",
    "owing",
    "impossible",
    "to send",
)


class AccountMove(models.Model):
    """Credit notes of the engine that are refunded to what the customer paid by."""

    _inherit = "account.move"

    fusion_refund_note = fields.Char(
        "Refund",
        compute="_compute_fusion_refund_note",
        technical=True,
        groups="fusion_billing.group_user",
        help="What becomes of the credit that this credit note leaves the customer with.",
    )

    @api.depends("state", "amount_residual", "fusion_attempt_ids.state")
    def _compute_fusion_refund_note(self):
        for move in self:
            move.fusion_refund_note = move._fusion_say_refund(move._fusion_refund_stage())

    # === HOW MUCH === #

    def _fusion_is_refunded(self):
        """Whether what this document leaves the customer with is the engine's to refund."""
        self.ensure_one()
        company = self.company_id
        return bool(
            self.state == "posted"
            and self.move_type == "out_refund"
            and self.fusion_bill_on
            and company.fusion_refunds
            and company.fusion_refunds_from
            and company.fusion_refunds_from <= self.invoice_date
            and not company._fusion_is_sandbox()
        )

    def _fusion_left_to_refund(self):
        """Return what is left of this credit note when all that gives it back has come in.

        Refunds that are not reconciled with it count as well: those on their way, and those that
        staff have unlinked from it. So do payments that nothing can be reconciled with: where
        journals have no outstanding account, they have no entry.
        """
        refunds = self.fusion_attempt_ids.filtered(
            lambda attempt: attempt.kind == REFUND and attempt.state != FAILED
        )
        given = -sum(refunds.mapped("amount"))
        payments = refunds.transaction_id.payment_id.move_id
        shown = self.line_ids.matched_debit_ids.filtered(
            lambda partial: partial.debit_move_id.move_id in payments
        )
        reconciled = sum(shown.mapped("credit_amount_currency"))
        paid = self._fusion_paid_without_entry(apart=refunds.transaction_id.payment_id)
        return self.currency_id.round(self.amount_residual - given + reconciled - paid)

    def _fusion_paid_without_entry(self, apart):
        """Return what staff paid of this credit note by payments that have no entry.

        :param apart: payments that count otherwise
        """
        payments = (self.matched_payment_ids - apart).filtered(
            lambda payment: not payment.move_id and payment.state in ("in_process", "paid")
        )
        return sum(
            payment.currency_id._convert(
                payment.amount, self.currency_id, self.company_id, payment.date
            )
            for payment in payments
        )

    # === OF WHAT === #

    def _fusion_paid_by(self):
        """Return the transactions of the invoices that bill what it credits, the latest first."""
        given_back = self.invoice_line_ids.filtered(lambda line: line.fusion_settled < 0)
        invoices = given_back.fusion_rating_id.invoice_line_ids.move_id.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        return invoices.transaction_ids.filtered(
            lambda transaction: (
                transaction.company_id == self.company_id
                and transaction.currency_id == self.currency_id
                and transaction.partner_id.commercial_partner_id == self.commercial_partner_id
            )
        ).sorted("id", reverse=True)

    def _fusion_next_refund(self):
        """Return the transaction that is to give back next, and how much: 0 if none can."""
        left, transactions = self._fusion_left_to_refund(), self._fusion_paid_by()
        for transaction in transactions.filtered(lambda one: one._fusion_may_give_back()):
            if amount := transaction._fusion_part_of(left):
                return transaction, amount
        return transactions.browse(), 0

    # === WHETHER NOW === #

    def _fusion_refund_stage(self):
        """Return how far the refund of this document is; None if there is nothing to refund."""
        # sudo: who reads invoices need not see transactions, nor attempts.
        move = self.sudo()
        if not move._fusion_is_refunded():
            return None
        if move._fusion_open_attempts():
            return UNDER_WAY
        if move.currency_id.compare_amounts(move._fusion_left_to_refund(), 0) <= 0:
            return None
        # It may have been carried out nevertheless: a provider can say so later.
        if move.fusion_attempt_ids.filtered(lambda one: one.sent_at and one.state == FAILED):
            return REFUSED
        is_possible = move._fusion_next_refund()[1]
        return move._fusion_refund_waits_for() or (TO_SEND if is_possible else IMPOSSIBLE)

    def _fusion_refund_waits_for(self):
        """Return the stage that keeps this credit note from being refunded now; None if none does.

        What somebody gave back by hand may have been for this credit note; and credit is for what
        the customer owes, before it is for the customer.
        """
        if self._fusion_paid_by()._fusion_has_stray_refunds():
            return BY_HAND
        return OWING if self._fusion_customer_owes() else None

    def _fusion_customer_owes(self):
        """Whether anything of this customer is due, in this company and currency: an invoice, or a
        refund by hand that staff have not reconciled with a credit note.
        """
        today = self.company_id._fusion_today()
        due = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("partner_id.commercial_partner_id", "=", self.commercial_partner_id.id)
            & Domain("currency_id", "=", self.currency_id.id)
            & Domain("account_id.account_type", "=", "asset_receivable")
            & Domain("parent_state", "=", "posted")
            & Domain("amount_residual_currency", ">", 0)
            & (Domain("date_maturity", "<=", today) | Domain("move_type", "!=", "out_invoice"))
            & Domain("move_id.payment_state", "not in", ("paid", "in_payment", "reversed"))
        )
        return bool(self.env["account.move.line"].search_count(due, limit=1))

    def _fusion_say_refund(self, stage):
        sentences = {
            UNDER_WAY: self.env._("It is being refunded."),
            REFUSED: self.env._(
                "The provider did not refund it: what is left stays as credit with the customer."
                " Refund the payment by hand, and reconcile it with this credit note."
            ),
            BY_HAND: self.env._(
                "It stays as credit with the customer until a refund that was made by hand of what"
                " they paid is registered: it may have been for this."
            ),
            OWING: self.env._(
                "It stays as credit with the customer while anything of theirs is due: reconcile"
                " it with that. What is left then is refunded."
            ),
            IMPOSSIBLE: self.env._(
                "It stays as credit with the customer: nothing that they paid by can be refunded."
            ),
            TO_SEND: self.env._("It is refunded to what the customer paid by, in some minutes."),
        }
        return sentences.get(stage, False)

    # === WHILE IT IS UNDER WAY === #

    def button_draft(self):
        self._fusion_check_not_being_refunded()
        return super().button_draft()

    def _fusion_check_not_being_refunded(self):
        """:raise UserError: a refund of one of these went out, and may come in"""
        # sudo: who works on documents need not know what the engine made.
        credit_notes = self.sudo().filtered(lambda move: move.move_type == "out_refund")
        for attempt in credit_notes.filtered("fusion_bill_on")._fusion_open_attempts():
            if attempt.kind == REFUND and attempt.sent_at:
                raise UserError(
                    self.env._(
                        "You cannot change or reconcile %s now: it is being refunded. Wait until it"
                        " is known what became of that.",
                        attempt.invoice_id.display_name,
                    )
                )


class AccountPartialReconcile(models.Model):
    """Credit that is on its way back to the customer pays nothing else."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials.credit_move_id.move_id._fusion_check_not_being_refunded()
        return partials


class AccountPayment(models.Model):
    """Credit that is on its way back to the customer is paid by nobody else."""

    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        payments.invoice_ids._fusion_check_not_being_refunded()
        return payments
