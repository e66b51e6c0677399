from odoo import models
from odoo.fields import Domain

from ..base.retry import lock_in_turn
from .attempt import FAILED, REFUND
from .credit_note import TO_SEND


class FusionBillingCollectionAttempt(models.Model):
    """How credit notes are refunded: as invoices are charged, each refund once.

    A credit note is refunded by one attempt after the other, each of another transaction. One that
    went out and failed is the last: its provider may still say that it was carried out.
    """

    _inherit = "fusion.billing.collection.attempt"

    # === PLANNING === #

    def _refund_all(self):
        """Make the refunds that are due; return whether there was time for all."""
        domain = self._domain_to_refund()
        credit_notes = self.env["account.move"].search(domain, order="id")
        return self._plan_each(credit_notes, self._refund_one)

    def _domain_to_refund(self):
        """Return the domain of credit notes that may be to refund: each is looked at once more."""
        companies = self.env["res.company"]._fusion_on_schedule()
        paid_online = "invoice_line_ids.fusion_rating_id.invoice_line_ids.move_id.transaction_ids"
        return (
            companies.filtered("fusion_refunds_from")._fusion_domain_at(
                lambda company: company.fusion_refunds_from,
                lambda day: Domain("invoice_date", ">=", day),
            )
            & Domain("move_type", "=", "out_refund")
            & Domain("state", "=", "posted")
            & Domain("amount_residual", ">", 0)
            & Domain("fusion_bill_on", "!=", False)
            & Domain(f"{paid_online}.state", "=", "done")
            & Domain(
                "fusion_attempt_ids",
                "not any",
                Domain("sent_at", "!=", False) & Domain("state", "=", FAILED),
            )
        )

    def _refund_one(self, credit_note):
        is_free = credit_note.try_lock_for_update(allow_referencing=True)
        if is_free and credit_note._fusion_refund_stage() == TO_SEND:
            self._plan_refund(credit_note)

    def _plan_refund(self, credit_note):
        """Make the next refund of a credit note, which the caller has locked."""
        lock_in_turn(credit_note)
        source, amount = credit_note._fusion_next_refund()
        number = self._next_number(credit_note)
        transaction = source._fusion_create_refund(
            amount, f"FB-{credit_note.id}-{number}", credit_note
        )
        return self.create(
            {
                "kind": REFUND,
                "invoice_id": credit_note.id,
                "number": number,
                "transaction_id": transaction.id,
            }
        )

    # === SENDING === #

    def _claim(self):
        """Who reconciles the credit note, or gives back of its payment, sees that this goes out."""
        if self.kind == REFUND:
            for record in (self.invoice_id, self.transaction_id.source_transaction_id):
                if not record.try_lock_for_update(allow_referencing=True):
                    return False
                lock_in_turn(record)
        return super()._claim()

    def _is_wanted(self):
        """Whether the credit note still leaves what this gives back, and that can be given."""
        if self.kind != REFUND:
            return super()._is_wanted()
        credit_note, source = self.invoice_id, self.transaction_id.source_transaction_id
        return bool(
            credit_note._fusion_is_refunded()
            and source in credit_note._fusion_paid_by()
            and source._fusion_may_give_back()
            and not credit_note._fusion_refund_waits_for()
            # Both count this attempt as one that comes in.
            and self.currency_id.compare_amounts(credit_note._fusion_left_to_refund(), 0) >= 0
            and self.currency_id.compare_amounts(source._fusion_can_give(), 0) >= 0
        )

    # === WORDS === #

    def _say_done(self):
        if self.kind != REFUND:
            return super()._say_done()
        return self.env._("%s says that it was refunded.", self.env.user.name)

    def _say_not_done(self):
        if self.kind != REFUND:
            return super()._say_not_done()
        return self.env._("%s says that it was not refunded.", self.env.user.name)

    def _summary(self):
        if self.kind != REFUND:
            return super()._summary()
        return self.env._("Nobody knows whether the customer was refunded: look at the provider")

    def _say_not_known(self):
        if self.kind != REFUND:
            return super()._say_not_known()
        return self.env._("The provider knows of no such refund.")
