from odoo import models

from ...core.api.answer import money

AMOUNTS = ("amount_untaxed", "amount_tax", "amount_total", "amount_residual")


class FusionBillingApiSerializer(models.AbstractModel):
    """Says what records are to an app: the same in the API's answers and in webhooks.

    Services know the same customer and the same subscription under different names, so most of
    these methods take the service that is told.
    """

    _name = "fusion.billing.api.serializer"
    _description = "API: what an app is told"

    # === NAMES === #

    def _own_external_id(self, service, subscription):
        """Return the id that this service gave a subscription: other services' are not told."""
        own = subscription.fusion_service_id == service
        return subscription.fusion_external_id if own and subscription.fusion_external_id else None

    def _customer_names(self, service, partners):
        """Return by partner the external id that a service knows the customer under."""
        links = self.env["fusion.billing.account.link"].search(
            [
                ("service_id", "=", service.id),
                ("partner_id.commercial_partner_id", "in", partners.commercial_partner_id.ids),
            ],
            order="id desc",
        )
        exact = {link.partner_id: link.external_id for link in links}
        by_company = {link.partner_id.commercial_partner_id: link.external_id for link in links}
        return {
            partner: exact.get(partner) or by_company.get(partner.commercial_partner_id)
            for partner in partners
        }

    # === CUSTOMERS === #

    def _describe_link(self, link):
        return {"partner_id": link.partner_id.id, "external_id": link.external_id}

    # === SUBSCRIPTIONS === #

    def _name_subscription(self, service, subscription):
        """Return what a service knows a subscription and its customer by."""
        customer = subscription.partner_id
        return {
            "subscription_id": subscription.id,
            "external_id": self._own_external_id(service, subscription),
            "external_customer_id": self._customer_names(service, customer)[customer],
        }

    def _describe_subscriptions(self, service, subscriptions):
        """Return subscriptions, in a fixed number of queries."""
        names = self._customer_names(service, subscriptions.partner_id)
        return [
            {
                "subscription_id": subscription.id,
                "subscription_state": subscription.fusion_state,
                "paused_for": "non_payment" if subscription._fusion_is_paused_unpaid() else None,
                "external_id": self._own_external_id(service, subscription),
                "external_customer_id": names.get(subscription.partner_id),
                **self._describe_plans_of(subscription),
                "start_date": subscription.fusion_start_date or None,
                "last_invoice_date": subscription.fusion_last_invoice_date or None,
                "next_invoice_date": subscription.fusion_next_invoice_date or None,
                "end_date": subscription.fusion_end_date or None,
            }
            for subscription in subscriptions
        ]

    def _describe_plans_of(self, subscription):
        plan = subscription._fusion_get_plan()
        planned = subscription._fusion_planned_plan()
        return {
            "plan_id": plan.id,
            "plan_code": plan.code,
            "next_plan_code": planned.plan_id.code or None,
            "plan_change_date": planned.date_from or None,
        }

    # === INVOICES === #

    def _describe_invoice(self, service, invoice):
        seen = invoice._fusion_subscriptions().filtered(service._sees)
        return self._describe_invoices(service, invoice, seen)[0]

    def _describe_invoices(self, service, invoices, seen):
        """Return documents, in a fixed number of queries.

        :param seen: those of their subscriptions that the service is told of
        """
        names = self._customer_names(service, invoices.partner_id)
        billed = {invoice: invoice._fusion_subscriptions() for invoice in invoices}
        return [
            {
                **self._describe_figures(invoice),
                "external_customer_id": names[invoice.partner_id],
                "subscriptions": [
                    {
                        "subscription_id": subscription.id,
                        "external_id": self._own_external_id(service, subscription),
                    }
                    for subscription in seen
                    if subscription in billed[invoice]
                ],
            }
            for invoice in invoices
        ]

    def _describe_figures(self, invoice):
        places = invoice.currency_id.decimal_places
        return {
            "invoice_id": invoice.id,
            "number": invoice.name if invoice.name not in (False, "/") else None,
            "type": "credit_note" if invoice.move_type == "out_refund" else "invoice",
            "state": invoice.state,
            "payment_state": invoice.payment_state,
            "invoice_date": invoice.invoice_date or None,
            "due_date": invoice.invoice_date_due or None,
            "currency": invoice.currency_id.name,
            **{name: money(invoice[name], places) for name in AMOUNTS},
        }

    # === THE CATALOG === #

    def _describe_plan(self, plan):
        return {
            "plan_id": plan.id,
            "plan_code": plan.code,
            "name": plan.name,
            "billing_period_value": plan.billing_period_value,
            "billing_period_unit": plan.billing_period_unit,
        }

    def _describe_fee(self, fee, exact):
        """Return a recurring fee; one without a price costs what the customer's pricelist says."""
        # sudo: an app reads no products, but what those are called that its plans bill.
        product = fee.product_id.sudo()
        return {
            "product_code": product.default_code or None,
            "name": product.name,
            "quantity": exact["quantity"],
            "price_unit": exact["price_unit"] if fee.has_own_price else None,
            "currency": fee.currency_id.name if fee.has_own_price else None,
            "fee_timing": fee.fee_timing,
        }

    def _describe_metric(self, metric):
        return {"metric_code": metric.code, "name": metric.name, "aggregation": metric.aggregation}

    def _describe_charges(self, charges, today):
        """Return charges at the prices of today, in a fixed number of queries; one whose prices
        begin later has none yet.
        """
        versions = {charge: charge._version_at(today) for charge in charges}
        terms = self.env["fusion.billing.charge.version"].union(*versions.values())._terms()
        return [
            self._describe_charge(charge, terms[version.id], today)
            for charge, version in versions.items()
            if version
        ]

    def _describe_charge(self, charge, terms, today):
        """Return a charge at the terms of one of its versions."""
        starts = filter(None, charge.version_ids.mapped("valid_from"))
        return {
            "plan_code": charge.plan_id.code,
            "metric_code": charge.metric_id.code,
            "filter": charge._filter(),
            "charge_model": terms.pop("model"),
            **terms,
            "prorate": charge.prorate,
            "currency": charge.currency_id.name,
            "next_prices_from": min((start for start in starts if start > today), default=None),
        }
