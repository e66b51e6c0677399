from odoo import models

from ...core.payment.decline import find_reason, is_hard_decline
from ...core.payment.expiry import find_expiry
from ..base.retry import left_if_busy


class PaymentTransaction(models.Model):
    """What the engine learns from the data of providers: why a charge failed, when a card expires.

    It looks at the data as core passes them on for all providers alike, and not in what each
    provider's addon overrides, where its own method would come first.
    """

    _inherit = "payment.transaction"

    def _validate_amount(self, payment_data):
        # Before anything is decided: what decides it is told with its reason.
        attempt = self._fusion_attempt()
        if attempt:
            attempt.decline_reason = find_reason(payment_data) or False
        super()._validate_amount(payment_data)

    def _process(self, provider_code, payment_data):
        transaction = super()._process(provider_code, payment_data)
        if transaction.state in ("authorized", "done"):
            transaction._fusion_attempt().decline_reason = False
            transaction._fusion_learn_expiry(payment_data)
        return transaction

    def _fusion_is_hard_decline(self):
        """Whether what the provider said of this transaction is a refusal for good.

        A provider overrides it that says it otherwise.
        """
        self.ensure_one()
        reason = self._fusion_attempt().decline_reason
        return is_hard_decline(f"{self.state_message or ''}, {reason or ''}")

    def _fusion_learn_expiry(self, payment_data):
        """Note until when the payment method can be charged that was saved, or charged, now.

        Nothing of a payment may depend on it: where somebody else writes it, it is left to them.
        """
        # sudo: who pays may not write what is saved.
        token, expires_on = self.token_id.sudo(), find_expiry(payment_data)
        if not token or not expires_on or token.fusion_expires_on == expires_on:
            return
        with left_if_busy(self.env):
            if token.try_lock_for_update(allow_referencing=True):
                token.fusion_expires_on = expires_on
                token.flush_recordset(["fusion_expires_on"])
