from odoo import models

from ..collection.attempt import CHARGE


class PaymentToken(models.Model):
    """Saved payment methods that are not charged again."""

    _inherit = "payment.token"

    def _fusion_is_declined_for_good(self):
        """Whether the bank has said that charging this again is of no use: it was stolen, say."""
        self.ensure_one()
        # sudo: the engine asks, whoever makes it run.
        attempts = self.env["fusion.billing.collection.attempt"].sudo()
        declined = [
            ("kind", "=", CHARGE),
            ("transaction_id.token_id", "=", self.id),
            ("is_hard_decline", "=", True),
        ]
        return bool(attempts.search_count(declined, limit=1))
