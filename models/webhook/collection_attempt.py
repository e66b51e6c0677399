from odoo import api, models
from odoo.fields import Domain

from ...core.api.answer import money
from ..collection.attempt import CHARGE
from .transitions import watch


class FusionBillingCollectionAttempt(models.Model):
    """Tells apps of charges that went out and failed, whoever says that they did."""

    _inherit = "fusion.billing.collection.attempt"

    def _compute_state(self):
        watch(self.filtered("id"), lambda attempt: attempt._has_failed(), _emit_failures)
        return super()._compute_state()

    @api.model
    def _domain_to_tell(self):
        return super()._domain_to_tell() | Domain("fusion_missing_sent_on", "=", False)

    def _emit_failure(self):
        self.invoice_id._fusion_emit("invoice.payment_failed", self._describe_failure_for)

    def _describe_failure_for(self, service):
        return {
            **self.invoice_id._fusion_describe_for(service),
            "attempt": {
                "number": self.number,
                "amount": money(self.amount, self.currency_id.decimal_places),
                "currency": self.currency_id.name,
                "reason": self.message or None,
                "is_hard_decline": self.is_hard_decline,
            },
        }


def _emit_failures(attempts, before):
    for attempt in attempts:
        if attempt.kind == CHARGE and attempt._has_failed() and not before[attempt.id]:
            attempt._emit_failure()
