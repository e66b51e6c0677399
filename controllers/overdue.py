"""What a customer owes and is late with, in the portal: paid in one go, also by the link of an
e-mail, without logging in."""

from werkzeug.exceptions import BadRequest

from odoo import http
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.http import request
from odoo.tools import consteq

from odoo.addons.account_payment.controllers.portal import PortalAccount

# Of what a browser sends to pay, what is not decided here.
SENT = ("provider_id", "payment_method_id", "token_id", "flow")
FLOWS = ("redirect", "direct", "token")
ONE = "/my/overdue/<int(min=1, max=2147483647):case_id>"


class OverduePortal(PortalAccount):
    def _prepare_portal_layout_values(self):
        """What a customer is late with is said above their subscriptions."""
        values = super()._prepare_portal_layout_values()
        user = request.env.user
        if user._is_portal():
            # sudo: customers read no cases but by these pages.
            cases = request.env["fusion.billing.dunning.case"].sudo()
            values["overdue_cases"] = cases._find_open_of(user.partner_id)
        return values

    @http.route("/my/overdue", type="http", auth="user", website=True)
    def fusion_overdue_list(self, **_kw):
        """Lead a customer to what they are late with; several currencies are several pages."""
        values = {**self._prepare_portal_layout_values(), "page_name": "fusion_overdue"}
        cases = values.get("overdue_cases")
        if cases and len(cases) == 1:
            return request.redirect(cases.access_url)
        return request.render("fusion_billing.portal_overdue_list", {**values, "cases": cases})

    @http.route(ONE, type="http", auth="public", website=True)
    def fusion_overdue(self, case_id, access_token=None, **_kw):
        """Show what is overdue in one currency, with the form that pays all of it."""
        case = self._find_case(case_id, access_token)
        if not case:
            return request.redirect("/my")
        values = {
            **self._prepare_portal_layout_values(),
            "page_name": "fusion_overdue",
            "case": case,
            "res_company": case.company_id,
            "invoices": case.late_invoice_ids,
            "can_pay": case._can_be_paid(),
        }
        if values["can_pay"]:
            values |= self._prepare_payment(case)
        return request.render("fusion_billing.portal_overdue", values)

    @http.route(f"{ONE}/transaction", type="jsonrpc", auth="public")
    def fusion_pay_overdue(self, case_id, access_token=None, **kwargs):
        """Create the transaction that pays all that is overdue now, and return what it needs.

        :raise AccessError: it is somebody else's
        :raise UserError: it is being paid, or charged, at this moment
        """
        self._validate_transaction_kwargs(kwargs)
        case = self._find_case(case_id, access_token)
        if not case:
            raise AccessError(request.env._("You cannot pay this: the link is not valid."))
        case._check_can_be_paid()
        sent = {name: kwargs.get(name) for name in SENT}
        self._check_offered(case, **sent)
        transaction = self._create_transaction(
            **sent,
            amount=case.amount_overdue,
            currency_id=case.currency_id.id,
            partner_id=self._payer(case).id,
            tokenization_requested=bool(kwargs.get("tokenization_requested")),
            landing_route=case.get_portal_url(),
            custom_create_values={"invoice_ids": [Command.set(case.late_invoice_ids.ids)]},
        )
        return transaction._get_processing_values()

    # === HELPERS === #

    def _prepare_payment(self, case):
        url = case.access_url
        return self._get_common_page_view_values(
            invoices_data={
                "partner": case.partner_id,
                "company": case.company_id,
                "total_amount": case.amount_overdue,
                "currency": case.currency_id,
                "amount_residual": case.amount_overdue,
                "landing_route": case.get_portal_url(),
                "transaction_route": f"{url}/transaction",
            },
            access_token=case.access_token,
        ) | {"amount": case.amount_overdue}

    def _check_offered(self, case, provider_id, payment_method_id, token_id, flow):
        """:raise BadRequest: the page offers no such way to pay"""
        page = self._prepare_payment(case)
        provider = _find(page["providers_sudo"], provider_id)
        if flow == "token":
            found = _find(page["tokens_sudo"], token_id).provider_id & provider
        else:
            found = _find(page["payment_methods_sudo"], payment_method_id)
            found &= provider.payment_method_ids
        if not found or flow not in FLOWS:
            raise BadRequest

    def _payer(self, case):
        """Return who pays, whose saved payment methods are offered: as for single invoices."""
        user = request.env.user
        return case.partner_id if user._is_public() else user.partner_id

    def _find_case(self, case_id, access_token=None):
        """Return a case in sudo for the customer's people and who has its link; else None."""
        # sudo: customers read no cases but by these pages.
        case = request.env["fusion.billing.dunning.case"].sudo().browse(case_id).exists()
        if not case:
            return None
        user = request.env.user
        is_theirs = not user._is_public() and case.partner_id == user.commercial_partner_id
        return case if is_theirs or _fits(case.access_token, access_token) else None


def _find(records, given):
    """Return the record of an id that a request names, whatever that is."""
    return records.filtered(lambda record: type(given) is int and record.id == given)


def _fits(token, given):
    is_text = isinstance(given, str) and given.isascii()
    return bool(token and is_text and consteq(token, given))
