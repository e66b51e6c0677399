from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..base.retry import lock_in_turn


class FusionBillingDunningCase(models.Model):
    """How a customer pays all that is overdue in one go."""

    _inherit = "fusion.billing.dunning.case"

    @api.model
    def _find_open_of(self, partner):
        """Return the open cases of a person's company, the one with the most overdue first."""
        return self.search(
            Domain("partner_id", "=", partner.commercial_partner_id.id)
            & Domain("closed_on", "=", False)
        ).filtered("late_invoice_ids")

    def _can_be_paid(self):
        """Whether something is overdue, and nobody is charging or paying it at this moment.

        Who began to pay and went away may begin anew.
        """
        self.ensure_one()
        late = self.late_invoice_ids
        return bool(late) and all(
            invoice._has_to_be_paid() and not _is_unregistered(invoice) for invoice in late
        )

    def _check_can_be_paid(self):
        """Hold what is overdue for who pays it now: of two windows, one sees the other.

        :raise UserError: nothing is overdue, or it is being charged or paid
        """
        if not self.late_invoice_ids:
            raise UserError(self.env._("You cannot pay now: nothing is overdue."))
        lock_in_turn(self.late_invoice_ids)
        if not self._can_be_paid():
            raise UserError(
                self.env._(
                    "You cannot pay now: this is being charged or paid at this moment. Look again"
                    " in a few minutes."
                )
            )


def _is_unregistered(invoice):
    """Whether something was paid of an invoice that it does not know of yet."""
    return any(
        transaction.state == "done" and not transaction.is_post_processed
        for transaction in invoice.transaction_ids
    )
