"""What tests of saved payment methods in the portal share."""

import json

from odoo import fields, http
from odoo.tests import freeze_time

from .collection_case import ATTEMPT, Cards
from .portal_case import PortalCase


class PortalPaymentCase(Cards, PortalCase):
    """A subscription that is charged automatically: to the card of the customer's company, of
    the one who looks, or of a colleague.
    """

    today = "2026-01-15"  # none for a browser, which has a clock of its own

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.collects = True
        cls.provider = cls._provider(cls.company)
        cls.method = cls.env.ref("payment.payment_method_card")
        cls.provider.write({"is_published": True, "payment_method_ids": cls.method.ids})
        cls.method.active = True
        cls.colleagues = cls._named_card("1111", cls.colleague.partner_id)
        cls.companys = cls._named_card("2222", cls.partner)
        cls.own = cls._named_card("3333", cls.customer.partner_id)
        cls.theirs = cls._named_card("9999", cls.stranger.partner_id)
        if cls.today:
            cls.startClassPatcher(freeze_time(cls.today))

    @classmethod
    def _named_card(cls, number, partner, provider=None):
        card = cls._save_card(partner, provider)
        card.payment_details = number
        return card

    def _remove_all(self):
        (self.colleagues | self.companys | self.own).active = False
        self.env.invalidate_all()

    def _choose(self, token=None, scope="this", text="", csrf=None, **data):
        """Press a button of a card; return where it leads."""
        data |= {"token": token.id if token else text, "scope": scope}
        data["csrf_token"] = csrf or http.Request.csrf_token(self)
        response = self.url_open(self._path("/payment"), data=data, allow_redirects=False)
        self.env.invalidate_all()
        return response.headers.get("Location", "")

    def _section(self):
        """What a customer reads of how the subscription is paid."""
        return self._text(self._open(), "//section[@id='payment']")

    def _charged(self, subscription=None):
        return (subscription or self.subscription)._fusion_token()

    def _notes(self):
        """What is noted for staff, the newest first, and by whom."""
        messages = self.subscription.message_ids.filtered("body")
        return [(message.author_id, message.preview) for message in messages]

    def _linked(self, token):
        """What Odoo's dialog asks before it removes a payment method."""
        call = {"model": "payment.token", "method": "get_linked_records_info"}
        answer = self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{call['model']}/{call['method']}",
            {**call, "args": [token.id], "kwargs": {}},
        )
        return [(info["id"], info["name"], info["url"]) for info in answer]

    def _begin_to_save(self, **params):
        """Send what Odoo's form sends; return the answer, or the error."""
        params = {
            "provider_id": self.provider.id,
            "payment_method_id": self.method.id,
            "token_id": None,
            "amount": None,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "https://evil.example.com",
            "is_validation": False,
            "access_token": "x",
            "csrf_token": "x",
            **params,
        }
        response = self.url_open(
            self._path("/payment/transaction"),
            data=json.dumps({"jsonrpc": "2.0", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        self.env.invalidate_all()
        return json.loads(response.text) if response.ok else response.status_code

    def _transaction(self, answer):
        reference = answer["result"]["reference"]
        return self.env["payment.transaction"].search([("reference", "=", reference)])

    def _finish_saving(self, transaction, number="5555"):
        """What a provider's notification does."""
        values = {"payment_details": number, "provider_ref": number}
        self.patch(
            self.registry["payment.transaction"],
            "_extract_token_values",
            lambda transaction, data: values,
        )
        transaction._set_done()
        transaction._tokenize({})
        self.env.invalidate_all()
        return transaction.token_id

    def _decline_overdue(self):
        """An invoice that was due, and was declined."""
        self.subscription._fusion_bill_until(fields.Date.to_date(self.today))
        invoice = self.subscription.invoice_ids
        invoice.invoice_date_due = "2026-01-10"
        attempt = self.env[ATTEMPT].sudo()._plan(invoice, self.own)
        attempt.sent_at = fields.Datetime.now()
        attempt.transaction_id._set_error("Declined")
        self.env.flush_all()
        return invoice
