from odoo import api, fields, models

from ..base.clock import now

WAITING, UNKNOWN, PENDING, SUCCEEDED, FAILED = (
    "waiting",
    "unknown",
    "pending",
    "succeeded",
    "failed",
)
CHARGE, REFUND = "charge", "refund"
#: What sends attempts.
COLLECT = "fusion_billing.ir_cron_collect"
#: While an attempt is one of these, nobody else may charge its invoice or refund its credit note.
OPEN = (WAITING, UNKNOWN, PENDING)


class FusionBillingCollectionAttempt(models.Model):
    """One try to charge an invoice to the customer's saved payment method, or to refund a credit
    note to what the customer paid by.

    It is committed, with its reference, before anything is sent, and again in the moment in which
    the request goes out. What became of it is what its transaction says, and nothing else: what a
    call returned, or that it did not return, decides nothing. An attempt that went out and of which
    nothing was heard is never sent again: it waits for the provider's notification, is looked up
    where the provider can be asked, or is decided by staff.
    """

    _name = "fusion.billing.collection.attempt"
    _description = "Collection Attempt"
    _order = "id desc"
    _rec_name = "reference"

    kind = fields.Selection(
        [(CHARGE, "Payment"), (REFUND, "Refund")], required=True, readonly=True, default=CHARGE
    )
    invoice_id = fields.Many2one(
        "account.move", "Document", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="invoice_id.company_id", store=True, index=True)
    partner_id = fields.Many2one(related="invoice_id.commercial_partner_id", string="Customer")
    number = fields.Integer("Try", required=True, readonly=True, aggregator=None)
    transaction_id = fields.Many2one(
        "payment.transaction", required=True, readonly=True, ondelete="restrict"
    )
    reference = fields.Char(related="transaction_id.reference", store=True)
    amount = fields.Monetary(related="transaction_id.amount")
    currency_id = fields.Many2one(related="transaction_id.currency_id")
    token_id = fields.Many2one(related="transaction_id.token_id")
    method = fields.Char("Payment Method", related="transaction_id.token_id.display_name")
    source_reference = fields.Char(
        "Refund of",
        related="transaction_id.source_transaction_id.reference",
        help="The payment of which something is given back.",
    )
    sent_at = fields.Datetime(
        "Sent", readonly=True, help="From then on the provider may have done it."
    )
    is_unanswered = fields.Boolean(
        "Not Answered", readonly=True, help="The request got no answer to rely on."
    )
    state = fields.Selection(
        [
            (WAITING, "Waiting"),
            (UNKNOWN, "Unknown"),
            (PENDING, "Pending"),
            (SUCCEEDED, "Succeeded"),
            (FAILED, "Failed"),
        ],
        compute="_compute_state",
        store=True,
        help="Waiting: nothing was sent yet. Unknown: it was sent, and nothing was heard. Pending:"
        " the provider works on it.",
    )
    message = fields.Text("Reason", related="transaction_id.state_message")
    decline_reason = fields.Char(
        "Code of the Provider",
        readonly=True,
        help="What the provider's data says of why the charge was refused, if it says more.",
    )
    is_hard_decline = fields.Boolean(
        "Refused for Good",
        compute="_compute_is_hard_decline",
        store=True,
        help="The provider's reason is one that will not change: the card is lost or closed, say.",
    )

    _number_unique = models.Constraint(
        "UNIQUE(invoice_id, number)", "An invoice has one attempt of a number."
    )
    _transaction_unique = models.Constraint(
        "UNIQUE(transaction_id)", "A transaction belongs to one attempt."
    )
    _open_unique = models.UniqueIndex(
        "(invoice_id) WHERE state IN ('waiting', 'unknown', 'pending')",
        "You cannot charge an invoice while it is being charged.",
    )

    @api.depends("transaction_id.state", "is_unanswered", "sent_at")
    def _compute_state(self):
        for attempt in self:
            attempt.state = attempt._state_now()

    def _state_now(self):
        return {
            "draft": UNKNOWN if self.sent_at else WAITING,
            "pending": UNKNOWN if self.is_unanswered else PENDING,
            "authorized": PENDING,
            "done": SUCCEEDED,
        }.get(self.transaction_id.state, FAILED)

    @api.depends("state", "sent_at", "decline_reason", "transaction_id.state_message")
    def _compute_is_hard_decline(self):
        for attempt in self:
            attempt.is_hard_decline = (
                attempt._has_failed() and attempt.transaction_id._fusion_is_hard_decline()
            )

    def _has_failed(self):
        """Whether it went out, and nothing came of it."""
        return self.state == FAILED and bool(self.sent_at)

    # === BUSINESS METHODS === #

    @api.model
    def _plan(self, invoice, token):
        """Make the next attempt at an invoice, of what is left to pay of it now.

        :param invoice: locked by the caller
        :param token: the payment method that is charged
        """
        number = self._next_number(invoice)
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": token.provider_id.id,
                "payment_method_id": token.payment_method_id.id,
                "token_id": token.id,
                "reference": f"FB-{invoice.id}-{number}",
                "operation": "offline",
                "amount": invoice.amount_residual,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [(6, 0, invoice.ids)],
            }
        )
        return self.create(
            {"invoice_id": invoice.id, "number": number, "transaction_id": transaction.id}
        )

    def _next_number(self, invoice):
        return 1 + self.search_count([("invoice_id", "=", invoice.id)])

    def _claim(self):
        """Note that an attempt goes out now; return whether it still may.

        The caller commits before it sends. What has changed since it was made has it cancelled.
        """
        self.ensure_one()
        # Whoever changed the invoice since this transaction began has it left to the next run.
        is_free = all(
            record.try_lock_for_update(allow_referencing=True) for record in (self, self.invoice_id)
        )
        if not is_free or self.state != WAITING or self.sent_at:
            return False
        if not self._is_wanted():
            self.transaction_id._set_canceled(self.env._("It was not needed any more."))
            return False
        self.sent_at = now()
        self.flush_recordset()  # what cannot be noted does not go out
        return True

    def _is_wanted(self):
        """Whether the invoice still owes what this attempt is for, to be charged to its method."""
        invoice = self.invoice_id
        return (
            invoice._fusion_owes()
            and not invoice._fusion_is_held_back()
            and self.token_id == invoice._fusion_token()
            and not invoice.currency_id.compare_amounts(invoice.amount_residual, self.amount)
        )

    def _is_under_way(self):
        """Whether nobody else may pay the invoice: until it says itself what was paid of it."""
        self.ensure_one()
        is_registered = self.transaction_id.is_post_processed
        return self.state in OPEN or (self.state == SUCCEEDED and not is_registered)

    def _send(self):
        """Ask the provider. Whatever happens, it happens to the transaction."""
        self.transaction_id._fusion_send()
