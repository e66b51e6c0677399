import logging

from odoo import api, models
from odoo.exceptions import UserError

from ..base.clock import now
from ..base.retry import RUN_AGAIN, lock_in_turn

_logger = logging.getLogger(__name__)


class PaymentTransaction(models.Model):
    """Transactions that the engine makes, and those that it must not meet."""

    _inherit = "payment.transaction"

    @api.model_create_multi
    def create(self, vals_list):
        transactions = super().create(vals_list)
        transactions._fusion_check_alone()
        return transactions

    def _fusion_check_alone(self):
        """Refuse to pay what is being charged: customers and the engine may meet.

        Who makes a transaction holds its invoices, so that of two that meet one sees the other.
        """
        # sudo: who pays need not know of attempts.
        invoices = self.sudo().invoice_ids
        if not invoices:
            return
        lock_in_turn(invoices)
        if invoices._fusion_open_attempts():
            raise UserError(
                self.env._(
                    "You cannot pay this invoice now: the saved payment method is being charged for"
                    " it. Wait until it is known what became of that."
                )
            )

    def _fusion_send(self):
        """Charge the saved payment method, or refund it; what is not answered is waited for."""
        self.ensure_one()
        attempt = self._fusion_attempt()
        try:
            with self.env.cr.savepoint():
                self._fusion_ask_provider()
        except RUN_AGAIN:
            raise  # a notification was faster: what it wrote down is what became of it
        except Exception as error:
            _logger.info("%s was not answered: %s", self.reference, error)
            attempt.is_unanswered = True
        if attempt.is_unanswered:
            self._fusion_wait()

    def _fusion_ask_provider(self):
        self._charge_with_token()

    def _fusion_attempt(self):
        """Return the attempt that this transaction carries out; an empty record if it is none."""
        # sudo: who pays need not know of attempts.
        attempts = self.env["fusion.billing.collection.attempt"].sudo()
        return attempts.search([("transaction_id", "in", self.ids)])

    def _fusion_wait(self):
        """Let a transaction be pending until the provider says what became of it.

        Core and providers call it failed when a request fails, and would not hear otherwise later.
        """
        if self.state in ("draft", "error"):
            self.write(
                {
                    "state": "pending",
                    "state_message": self.env._("The provider has not said yet what it did."),
                    "last_state_change": now(),
                }
            )

    def _fusion_look_up(self):
        """Ask the provider what became of a transaction, where it can be asked.

        A provider overrides it.

        :return: the provider's payment data; False if it knows of no such transaction, and None
            if it cannot be asked, or does not answer
        """
        self.ensure_one()
        return

    def _fusion_was_not_charged(self, message):
        """Note that nothing came of this transaction: the provider, or staff, say so.

        It fails and is not cancelled, so that the provider can say otherwise later: then the
        customer was charged, and that counts.
        """
        self.ensure_one()
        self._set_error(message)

    # === WHAT THE PROVIDER SAYS === #

    def _validate_amount(self, payment_data):
        """The provider is heard: unless it names another amount, it is known what became of it."""
        before = self.state
        super()._validate_amount(payment_data)
        self._fusion_attempt().is_unanswered = self.state == "error" and before != "error"

    def _process(self, provider_code, payment_data):
        """Charged something else than was asked for: that is no failure, people decide it."""
        transaction = super()._process(provider_code, payment_data)
        if transaction._fusion_attempt().is_unanswered:
            transaction._fusion_wait()
        return transaction
