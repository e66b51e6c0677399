from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..base.subscription_states import RUNNING


class PaymentToken(models.Model):
    """Saved payment methods that invoices are charged to."""

    _inherit = "payment.token"

    fusion_expires_on = fields.Date(
        "Expires On",
        help="The last day on which it can be charged. It is taken from what the provider says when"
        " the method is saved or charged: Stripe, Adyen, Worldline and Flutterwave do. Empty: not"
        " known, or never.",
    )

    def _fusion_check_of(self, partner):
        """:raise ValidationError: this payment method is not the customer's"""
        self.ensure_one()
        if self.partner_id.commercial_partner_id != partner.commercial_partner_id:
            partner._fusion_raise_not_theirs(self)

    def _fusion_usable(self):
        """Return those of these payment methods that have not expired."""
        return self.filtered(lambda token: not token._fusion_has_expired())

    def _fusion_has_expired(self):
        expires_on = self.fusion_expires_on
        return bool(expires_on) and expires_on < self.company_id._fusion_today()

    @api.model
    def _fusion_domain_expiring(self, days):
        """Return the domain of what expires within so many days: a sandbox pays with nothing."""
        companies = self.env["res.company"]._fusion_on_schedule().filtered("active")
        return companies._fusion_domain_at(
            lambda company: company._fusion_today(),
            lambda today: (
                Domain("fusion_expires_on", ">=", today)
                & Domain("fusion_expires_on", "<=", today + timedelta(days=days))
            ),
        ) & Domain("provider_id.state", "!=", "disabled")

    def _fusion_used_by(self):
        """Return the running subscriptions whose invoices are charged to this payment method."""
        self.ensure_one()
        customer = self.partner_id.commercial_partner_id
        # sudo: whoever asks, all subscriptions count.
        running = (
            self.env["sale.order"]
            .sudo()
            .search(
                [
                    ("partner_invoice_id.commercial_partner_id", "=", customer.id),
                    ("company_id", "=", self.company_id.id),
                    ("fusion_state", "in", RUNNING),
                ],
                order="id",
            )
        )
        return running.filtered(
            lambda order: order._fusion_collects() and order._fusion_token() == self
        )
