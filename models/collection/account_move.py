from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.clock import now
from ..base.retry import lock_in_turn
from ..base.staff import check_managers, check_staff
from .attempt import COLLECT, FAILED

# Who began to pay in the portal and went away does not stop collection for ever.
BEGUN_FOR = timedelta(hours=1)


class AccountMove(models.Model):
    """Invoices that are charged to saved payment methods."""

    _inherit = "account.move"

    fusion_attempt_ids = fields.One2many(
        "fusion.billing.collection.attempt",
        "invoice_id",
        "Collection Attempts",
        readonly=True,
        groups="fusion_billing.group_user",
    )
    fusion_attempt_count = fields.Integer(
        "Number of Collection Attempts",
        compute="_compute_fusion_attempt_count",
        technical=True,
        groups="fusion_billing.group_user",
    )
    fusion_can_charge = fields.Boolean(
        "Can Be Charged",
        compute="_compute_fusion_can_charge",
        technical=True,
        groups="fusion_billing.group_user",
    )

    fusion_collection_problem = fields.Char(
        "Why It Is Not Collected",
        compute="_compute_fusion_collection_problem",
        groups="fusion_billing.group_user",
    )

    @api.depends("fusion_attempt_ids")
    def _compute_fusion_attempt_count(self):
        for move in self:
            move.fusion_attempt_count = len(move.fusion_attempt_ids)

    @api.depends("state", "payment_state", "amount_residual", "fusion_attempt_ids.state")
    def _compute_fusion_can_charge(self):
        for move in self:
            move.fusion_can_charge = move._fusion_owes() and not move._fusion_open_attempts()

    @api.depends("state", "payment_state", "amount_residual", "fusion_attempt_ids.state")
    def _compute_fusion_collection_problem(self):
        for move in self:
            is_stuck = move._fusion_is_to_collect() and not move._fusion_token()
            move.fusion_collection_problem = is_stuck and self.env._(
                "The customer has saved no payment method. They can save one in the portal, under"
                " Payment Methods; then the invoice is charged to it."
            )

    # === WHETHER, AND TO WHAT === #

    def _fusion_collects(self):
        """Whether this invoice is to be charged to a saved payment method."""
        self.ensure_one()
        return self.commercial_partner_id._fusion_is_charged_for(self._fusion_subscriptions())

    def _fusion_token(self):
        """Return what this invoice is charged to: an empty record if nothing is saved."""
        self.ensure_one()
        customer, subscriptions = self.commercial_partner_id, self._fusion_subscriptions()
        return customer._fusion_token_for(subscriptions, self.company_id)

    def _fusion_collect_on(self):
        """Return the first day on which this invoice is charged."""
        company = self.company_id
        day = self.invoice_date_due if company.fusion_collect_when == "due" else self.invoice_date
        return day + timedelta(days=company.fusion_collect_days)

    def _fusion_owes(self):
        """Whether this is an invoice of which something is left to pay to a real company."""
        return (
            self.state == "posted"
            and self.move_type == "out_invoice"
            and self.payment_state in ("not_paid", "partial")
            and self.currency_id.compare_amounts(self.amount_residual, 0) > 0
            and not self.company_id._fusion_is_sandbox()
        )

    def _fusion_lacks_method(self):
        """Hook: this invoice's day has come, and there is nothing to charge it to.

        It is called each time that the engine looks at the invoice.
        """

    def _fusion_is_held_back(self):
        """Hook: whether this invoice is not to be charged, whatever is left to pay of it."""
        self.ensure_one()
        return False

    def _fusion_is_to_collect(self):
        """Whether this invoice is to be charged now: for the first time, or to another method than
        those that were declined.
        """
        self.ensure_one()
        return (
            self._fusion_owes()
            and not self._fusion_is_held_back()
            and not self._fusion_open_attempts()
            and self._fusion_is_untried()
            and self._fusion_collect_on() <= self.company_id._fusion_today()
            and self._fusion_collects()
        )

    def _fusion_is_untried(self):
        """Whether nothing went out yet, or all of it was declined and the customer has changed the
        method since. An attempt that was called off before it went out is none.
        """
        tried = self.fusion_attempt_ids.filtered("sent_at")
        if not tried:
            return True
        is_declined = all(attempt.state == FAILED for attempt in tried)
        return is_declined and bool(self._fusion_token() - tried.token_id)

    # === WHO ELSE PAYS === #

    def _fusion_is_being_paid(self):
        """Whether somebody is paying this invoice now: a customer in the portal, or the engine."""
        self.ensure_one()
        begun = now() - BEGUN_FOR
        return any(
            transaction.state in ("pending", "authorized")
            or (transaction.state == "draft" and transaction.create_date > begun)
            or (transaction.state == "done" and not transaction.is_post_processed)
            for transaction in self.transaction_ids
        )

    def _fusion_open_attempts(self):
        # sudo: who pays need not know of attempts.
        return self.sudo().fusion_attempt_ids.filtered(lambda attempt: attempt._is_under_way())

    def _has_to_be_paid(self):
        return super()._has_to_be_paid() and not self._fusion_open_attempts()

    def _get_online_payment_error(self):
        if self._fusion_open_attempts():
            return self.env._("The saved payment method is being charged for this invoice.")
        return super()._get_online_payment_error()

    # === STAFF === #

    def action_fusion_charge_now(self):
        """Charge these invoices to saved payment methods, as soon as the scheduled action runs."""
        check_managers(self)
        # sudo: attempts are made by the engine alone.
        for invoice in self.sudo().sorted("id"):
            lock_in_turn(invoice)
            invoice._fusion_check_can_charge()
            self.env["fusion.billing.collection.attempt"].sudo()._plan(
                invoice, invoice._fusion_token()
            )
        self.env.ref(COLLECT).sudo()._trigger()

    def _fusion_check_can_charge(self):
        """:raise UserError: this invoice cannot be charged to a saved payment method now"""
        if not self._fusion_owes():
            raise UserError(
                self.env._("You cannot charge %s: nothing is left to pay of it.", self.display_name)
            )
        if self._fusion_open_attempts() or self._fusion_is_being_paid():
            raise UserError(
                self.env._("You cannot charge %s: it is being paid now.", self.display_name)
            )
        if not self._fusion_token():
            raise UserError(
                self.env._(
                    "You cannot charge %s: the customer has saved no payment method. They can save"
                    " one in the portal, under Payment Methods.",
                    self.display_name,
                )
            )

    def action_view_fusion_attempts(self):
        """Open what was tried to charge these invoices."""
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fusion_billing.fusion_billing_collection_attempt_action"
        )
        return dict(action, domain=[("invoice_id", "in", self.ids)], context={})
