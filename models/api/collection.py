from odoo import models
from odoo.fields import Domain

from ...core.api.answer import money


class FusionBillingApiCollection(models.AbstractModel):
    """How a customer pays, and what is overdue: what an app shows its customer."""

    _name = "fusion.billing.api.collection"
    _description = "API: collection"
    _inherit = ["fusion.billing.api.finder", "fusion.billing.api.serializer"]

    # === ENDPOINTS === #

    def _read(self, service, name, _values):
        """:raise NotFound: the app has registered no such customer"""
        link = self._get_link(service, name)
        return {
            **self._describe_collection(service, link.partner_id),
            "external_customer_id": link.external_id,
        }

    # === ANSWERS === #

    def _describe_collection(self, service, partner):
        """Return how a customer of a service pays, as far as the service sees it."""
        # sudo: an app reads neither documents nor what is done about them. What is told is limited
        # to what bills the subscriptions that the service may see.
        company = service.company_id.sudo()
        customer = partner.commercial_partner_id.sudo().with_company(company)
        seen = self._seen_of(service, customer).sudo()
        running = seen.filtered(lambda order: order._fusion_is_running())
        return {
            "external_customer_id": self._customer_names(service, customer)[customer],
            "collects": customer._fusion_is_charged_for(running),
            "payment_method": self._describe_method(customer._fusion_token_for(running, company)),
            "exempt": customer.fusion_dunning_exempt,
            "promised_until": self._promise_of(customer, company),
            "overdue": self._describe_overdue(customer, company, seen),
        }

    def _seen_of(self, service, customer):
        return self._find_subscriptions(
            service,
            Domain("company_id", "=", service.company_id.id)
            & Domain("partner_id.commercial_partner_id", "=", customer.id),
        )

    def _describe_method(self, token):
        expires_on = token.fusion_expires_on or None
        return {"name": token.display_name, "expires_on": expires_on} if token else None

    def _promise_of(self, customer, company):
        """Return the last day on which the customer is left alone; None if it has passed."""
        day = customer.fusion_promised_until
        return day if day and day >= company._fusion_today() else None

    # === WHAT IS OVERDUE === #

    def _describe_overdue(self, customer, company, seen):
        late = self.env["account.move"]._fusion_late_of(customer, company)
        cases = self._open_cases(customer, company)
        return [
            self._describe_currency(invoices, cases.get(currency), seen)
            for currency, invoices in late.grouped("currency_id").items()
            if invoices._fusion_subscriptions() & seen
        ]

    def _open_cases(self, customer, company):
        """Return what is done about what is overdue: `{currency: case}`."""
        return {
            case.currency_id: case
            for case in customer.fusion_case_ids
            if not case.closed_on and case.company_id == company
        }

    def _describe_currency(self, late, case, seen):
        """Return what is overdue in a currency.

        :param late: all that is, also what others are billed
        :param case: what is done about it; None if nothing is
        :param seen: the subscriptions that the service may see
        """
        told = late.filtered(lambda invoice: invoice._fusion_subscriptions() & seen)
        currency = told.currency_id
        return {
            "currency": currency.name,
            "amount": money(sum(told.mapped("amount_residual")), currency.decimal_places),
            "since": told[0].invoice_date_due,
            "invoices": [self._describe_late(invoice) for invoice in told],
            "paused_subscription_ids": self._paused_in(currency, seen).ids,
            **self._describe_case(case, not late._fusion_subscriptions() - seen),
        }

    def _describe_late(self, invoice):
        return {
            "invoice_id": invoice.id,
            "number": invoice.name,
            "due_date": invoice.invoice_date_due,
            "amount_residual": money(invoice.amount_residual, invoice.currency_id.decimal_places),
        }

    def _paused_in(self, currency, seen):
        return seen.filtered(
            lambda order: order.currency_id == currency and order._fusion_is_paused_unpaid()
        )

    def _describe_case(self, case, sees_all):
        """Return what is done about what is overdue.

        :param sees_all: whether the service sees all that the page which pays shows
        """
        if not case:
            return dict.fromkeys(("opened_on", "last_step", "next_step", "pay_url"))
        path = case.get_portal_url() if sees_all else case.access_url
        return {
            "opened_on": case.opened_on,
            "last_step": self._describe_taken(self._last_done(case)),
            "next_step": self._describe_next(case),
            "pay_url": f"{case.get_base_url()}{path}",
        }

    def _last_done(self, case):
        return case.taken_ids.filtered(lambda taken: not taken.is_failed).sorted("number")[-1:]

    def _describe_taken(self, taken):
        return {"action": taken.action, "taken_on": taken.taken_on} if taken else None

    def _describe_next(self, case):
        if not case.next_step_id:
            return None
        day = max(case.next_on, case.company_id._fusion_today())
        return {"action": case.next_step_id.action, "on": day}
