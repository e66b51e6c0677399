from odoo import models
from odoo.exceptions import UserError, ValidationError

from ..base.retry import lock_in_turn
from .attempt import REFUND

# A refund that is one of these has given nothing back.
NOTHING_CAME_OF_IT = ("cancel", "error")


class PaymentTransaction(models.Model):
    """What customers paid by, and what of it can be given back; and what gives it back."""

    _inherit = "payment.transaction"

    # === WHAT CAN BE GIVEN BACK === #

    def _fusion_refunds(self):
        """Return what gives back of these transactions, or may do it yet, whoever asked for it."""
        return self.child_transaction_ids.filtered(
            lambda child: child.operation == "refund" and child.state not in NOTHING_CAME_OF_IT
        )

    def _fusion_can_give(self):
        """Return how much of this transaction was not given back and is not about to be."""
        self.ensure_one()
        return self.currency_id.round(self.amount + sum(self._fusion_refunds().mapped("amount")))

    def _fusion_part_of(self, wanted):
        """Return how much of a wanted amount this transaction can give back: 0 if its provider, or
        its method, gives back nothing, or all or nothing.
        """
        method = self.payment_method_id.primary_payment_method_id or self.payment_method_id
        support = {self.provider_id.support_refund, method.support_refund}
        amount = min(wanted, self._fusion_can_give())
        is_whole = not self.currency_id.compare_amounts(amount, self.amount)
        is_refused = "none" in support or ("full_only" in support and not is_whole)
        return 0 if is_refused or self.currency_id.compare_amounts(amount, 0) <= 0 else amount

    def _fusion_may_give_back(self):
        """Whether this transaction took money that its provider can be asked to give back.

        What was taken in a test is not given back by a provider that is one no more.
        """
        self.ensure_one()
        return (
            self.state == "done"
            and self.operation not in ("refund", "validation")
            and self.payment_id.state in ("in_process", "paid")
            and self.provider_id.state != "disabled"
            and self.is_live == (self.provider_id.state == "enabled")
        )

    def _fusion_has_stray_refunds(self):
        """Whether something was given back of these that no account shows yet, or may be."""
        return any(not refund._fusion_is_accounted_for() for refund in self._fusion_refunds())

    def _fusion_is_accounted_for(self):
        """Whether what a refund gave back stands in the customer's account, or counts as given of
        the credit note that it is for.
        """
        self.ensure_one()
        payment = self.payment_id
        return (
            self._fusion_attempt().invoice_id.state == "posted"
            or payment.move_id.state == "posted"
            or payment.state == "paid"
        )

    # === GIVING BACK === #

    def _fusion_create_refund(self, amount, reference, credit_note):
        """Return what will give back a part of this transaction, once it is sent."""
        return self._create_child_transaction(
            amount,
            is_refund=True,
            reference=reference,
            # Core refuses one that was removed, and nobody needs it to give back.
            token_id=self.token_id.filtered("active").id,
            invoice_ids=[(6, 0, credit_note.ids)],
        )

    def _fusion_ask_provider(self):
        if self.operation != "refund":
            return super()._fusion_ask_provider()
        self._ensure_provider_is_not_disabled()
        self._log_sent_message()
        try:
            self._send_refund_request()
        except ValidationError as error:
            self._set_error(str(error))
        return None

    # === WHO ELSE GIVES BACK === #

    def _refund(self, amount_to_refund=None):
        """Staff refund by hand: they hold the payment, so that who meets them sees it."""
        lock_in_turn(self)
        self._fusion_check_can_give(amount_to_refund or self.amount)
        source = self.with_context(fusion_by_hand=True)
        refund = super(PaymentTransaction, source)._refund(amount_to_refund=amount_to_refund)
        return refund.with_env(self.env)

    def _fusion_check_can_give(self, amount):
        """:raise UserError: the engine gives back so much that this is not left"""
        is_too_much = self.currency_id.compare_amounts(amount, self._fusion_can_give()) > 0
        if is_too_much and self._fusion_refunds()._fusion_attempt():
            raise UserError(
                self.env._(
                    "You cannot refund so much of %s: a part of it is being refunded for a credit"
                    " note, or was.",
                    self.reference,
                )
            )

    def _create_child_transaction(self, amount, is_refund=False, **custom_create_values):
        """A refund that a provider tells of by itself is the one that it was asked for: some tell
        before they answer, or when their answer was lost, and do not say which one it is.
        """
        is_ours = "reference" in custom_create_values
        is_told = is_refund and not is_ours and not self.env.context.get("fusion_by_hand")
        unheard = self._fusion_unheard_refunds(amount) if is_told else self.browse()
        return unheard[:1] or super()._create_child_transaction(
            amount, is_refund=is_refund, **custom_create_values
        )

    def _fusion_unheard_refunds(self, amount):
        """Return the engine's refunds of an amount that went out and that nobody spoke of yet."""
        return self._fusion_refunds().filtered(
            lambda refund: (
                refund.state in ("draft", "pending")
                and not refund.provider_reference
                and refund._fusion_attempt().filtered("sent_at").kind == REFUND
                and not refund.currency_id.compare_amounts(-refund.amount, amount)
            )
        )
