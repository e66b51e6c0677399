from contextlib import contextmanager
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

    def write(self, vals):
        is_removed = "active" in vals and not vals["active"]
        gone = self.filtered("active") if is_removed else self.browse()
        with gone._fusion_noted_removal():
            return super().write(vals)

    def unlink(self):
        with self.filtered("active")._fusion_noted_removal():
            return super().unlink()

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

    # === WHAT IS CHARGED TO THEM === #

    def _fusion_charged_subscriptions(self):
        """Return the running subscriptions whose next invoice is charged to one of these: it was
        chosen, or it is what is left to charge.
        """
        tokens = self.sudo()  # sudo: what is charged does not depend on who looks.
        orders = tokens.env["sale.order"].search(
            tokens.env["sale.order"]._fusion_subscription_domain(RUNNING)
            & Domain("company_id", "child_of", tokens.company_id.ids)
            & Domain(
                "partner_invoice_id.commercial_partner_id",
                "in",
                tokens.partner_id.commercial_partner_id.ids,
            )
        )
        collecting = orders.filtered(
            lambda order: order._fusion_is_running() and order._fusion_collects()
        )
        # What one customer has chosen alike is charged alike: it is looked up once.
        alike = collecting.grouped(
            lambda order: (order._fusion_payer(), order.company_id, order.fusion_token_id)
        )
        charged = (group for group in alike.values() if group[0]._fusion_token() in tokens)
        return orders.browse().union(*charged).sorted("id")

    @contextmanager
    def _fusion_noted_removal(self):
        """Say on each subscription that is charged to one of these what it is charged to then."""
        names = {
            order: order._fusion_token().display_name
            for order in self and self._fusion_charged_subscriptions()
        }
        yield
        for order, name in names.items():
            order._fusion_note_removal(name)
