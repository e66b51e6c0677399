"""Saved payment methods of a subscription, in the customer portal."""

from werkzeug.exceptions import BadRequest

from odoo import http
from odoo.exceptions import AccessError
from odoo.http import request

from odoo.addons.payment import utils as payment_utils
from odoo.addons.payment.controllers.portal import PaymentPortal

from .portal import ONE, SubscriptionPortal, portal_route, read_id

# Of what a browser sends when a payment method is saved, what is not decided here.
SENT = ("provider_id", "payment_method_id", "flow")
FLOWS = ("redirect", "direct")


class PaymentMethodPortal(SubscriptionPortal, PaymentPortal):
    @portal_route(f"{ONE}/payment", auth="user", methods=["POST"])
    def fusion_choose_token(self, order_id, **_kw):
        """Charge a subscription, or all of them, to a payment method that the customer saved."""
        order, form = self._find_own(order_id), request.httprequest.form
        if not order:
            return request.redirect("/my")
        text = form.get("token", "")
        token_id = read_id(text)
        done = bool(token_id or not text) and order._fusion_choose_token(
            request.env.user.partner_id, token_id, for_all=form.get("scope") == "all"
        )
        return self._back(order, "payment", "chosen" if done else "failed")

    @http.route()
    def payment_method(self, subscription=None, **kwargs):
        """From the page of a subscription, what is saved is for it, and leads back to it."""
        order = self._find_own(read_id(subscription))
        if order:
            # A customer of several companies saves with a provider of the one that charges them.
            request.update_context(allowed_company_ids=order.company_id.ids)
        response = super().payment_method(**kwargs)
        if order:
            response.qcontext.update(
                transaction_route=order._fusion_portal_url("/payment/transaction"),
                landing_route=order._fusion_portal_url(),
                fusion_subscription=order,
            )
        return response

    @http.route(f"{ONE}/payment/transaction", type="jsonrpc", auth="user", website=True)
    def fusion_save_token(self, order_id, **kwargs):
        """Begin to save a payment method for a subscription, by Odoo's own flow."""
        order = self._find_own(order_id)
        if not order:
            raise AccessError(
                request.env._("You cannot save a payment method here: open the subscription again.")
            )
        sent = {name: kwargs.get(name) for name in SENT}
        provider = self._find_offered(order, **sent)
        if not provider:
            raise BadRequest
        # What a branch saves with its parent's provider is the parent's.
        is_charged = provider.company_id == order.company_id
        transaction = self._create_transaction(
            **sent,
            **self._prepare_validation(order),
            custom_create_values={"fusion_subscription_id": is_charged and order.id},
        )
        return transaction._get_processing_values()

    def _prepare_validation(self, order):
        """Return what is the same for every payment method that is saved and not paid with."""
        return {
            "token_id": None,
            "amount": None,
            "currency_id": None,
            "partner_id": request.env.user.partner_id.id,
            "tokenization_requested": True,
            "is_validation": True,
            "landing_route": f"{order._fusion_portal_url()}#payment",
            "reference_prefix": payment_utils.singularize_reference_prefix(prefix="V"),
        }

    def _find_offered(self, order, provider_id, payment_method_id, flow):
        """Return the provider that a customer saves with, if the page offers all this."""
        # sudo: customers see providers by what they may do with them.
        providers = (
            request.env["payment.provider"]
            .sudo()
            ._get_compatible_providers(
                order.company_id.id,
                request.env.user.partner_id.id,
                0.0,
                force_tokenization=True,
                is_validation=True,
            )
        )
        return providers.filtered(
            lambda provider: (
                flow in FLOWS
                and provider.id == provider_id
                and payment_method_id in provider.payment_method_ids.ids
            )
        )
