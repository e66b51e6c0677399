import json

from odoo.tests import HttpCase, freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..dunning_case import DunningCase


@tagged("post_install", "-at_install")
class TestDunningPortal(DunningCase, HttpCase):
    """A customer sees what is overdue and pays all of it in one go; nobody else sees it."""

    def setUp(self):
        super().setUp()
        self.method = self.env.ref("payment.payment_method_card")
        self.provider.write({"is_published": True, "payment_method_ids": self.method.ids})
        self.method.active = True
        self.invoice = self._invoice()
        with freeze_time("2026-02-01"):
            self._bill()
        self._add_step(1)
        self._dun(40)
        self.link = self.case._portal_ensure_token()
        self.payer = new_test_user(
            self.env, "payer", "base.group_portal", partner_id=self.partner.id
        )
        self.stranger = new_test_user(self.env, "stranger", "base.group_portal")

    def _page(self, url=None):
        return self.url_open(url or f"/my/overdue/{self.case.id}")

    def _pay(self, token=None, **others):
        params = {
            "provider_id": self.provider.id,
            "payment_method_id": self.token.payment_method_id.id,
            "token_id": None,
            "amount": 1,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "/my",
            "access_token": token,
            **others,
        }
        with mute_logger("odoo.http"):
            answer = self.url_open(
                f"/my/overdue/{self.case.id}/transaction",
                data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
                headers={"Content-Type": "application/json"},
            )
        return answer.json()

    def _dun(self, late):
        """The server that answers requests is in test mode already."""
        self.env.flush_all()
        with freeze_time(self._day(late)):
            self.env["fusion.billing.dunning.case"]._cron_dun()
        self.env.invalidate_all()

    # === LOOKING === #

    def test_the_customer_is_led_from_their_subscriptions_to_what_is_overdue(self):
        self.authenticate("payer", "payer")
        page = self._page("/my/subscriptions")
        self.assertIn("98.00", page.text)
        self.assertIn('href="/my/overdue"', page.text)
        page = self._page("/my/overdue")
        self.assertTrue(page.url.endswith(f"/my/overdue/{self.case.id}"))
        for invoice in self.case.late_invoice_ids:
            self.assertIn(invoice.name, page.text)

    def test_the_link_of_the_mail_needs_no_login_and_no_other_token_fits(self):
        url = self.case.get_portal_url()
        self.assertIn(self.invoice.name, self._page(url).text)
        for token in ("", "x", "é", self.link[:-1]):
            page = self._page(f"/my/overdue/{self.case.id}?access_token={token}")
            self.assertNotIn(self.invoice.name, page.text)

    def test_a_stranger_sees_nothing_and_is_led_away(self):
        self.authenticate("stranger", "stranger")
        self.assertNotIn(self.invoice.name, self._page().text)
        self.assertNotIn("98.00", self._page("/my/subscriptions").text)
        self.assertIn("Nothing is overdue", self._page("/my/overdue").text)

    def test_a_case_that_does_not_exist_is_none(self):
        self.authenticate("payer", "payer")
        self.assertEqual(self._page("/my/overdue/2147483647").status_code, 200)

    def test_once_all_is_paid_the_page_says_so(self):
        url = self.case.get_portal_url()
        self.case.late_invoice_ids.action_fusion_dispute()
        self.assertIn("Nothing is overdue", self._page(url).text)

    # === PAYING === #

    def test_one_transaction_pays_all_of_it_whatever_amount_is_sent(self):
        self._pay(self.link)
        transaction = self.env["payment.transaction"].search([], limit=1, order="id desc")
        self.assertEqual(transaction.amount, 98)
        self.assertEqual(transaction.invoice_ids, self.case.late_invoice_ids)
        case = self.case
        transaction._set_done()
        transaction._post_process()
        self._dun(41)
        self.assertEqual(case.outcome, "paid")

    def test_who_has_no_link_cannot_pay(self):
        before = self.env["payment.transaction"].search_count([])
        self.authenticate("stranger", "stranger")
        self.assertIn("error", self._pay())
        self.assertEqual(self.env["payment.transaction"].search_count([]), before)

    def test_nothing_but_what_a_payment_needs_is_taken_from_the_request(self):
        token = self.link
        for others in ({"partner_id": 1}, {"custom_create_values": {"invoice_ids": []}}):
            with self.subTest(others):
                self.assertIn("error", self._pay(token, **others))
        self._pay(token, is_validation=True)
        transaction = self.env["payment.transaction"].search([], limit=1, order="id desc")
        self.assertEqual((transaction.operation, transaction.amount), ("online_direct", 98))

    def test_nothing_else_than_the_page_offers_is_paid_with(self):
        """A provider that is not shown may be one for tests, or another company's."""
        link, before = self.link, self.env["payment.transaction"].search_count([])
        hidden = self._provider(self.company, "Hidden")
        hidden.payment_method_ids = self.method
        odd = (None, "x", "\0", [], {}, [self.provider.id], -1, 10**30, 1.5, True)
        tried = [
            {"provider_id": hidden.id},
            *({"provider_id": value} for value in odd),
            *({"payment_method_id": value} for value in odd),
            *({"flow": value} for value in odd),
            *({"flow": "token", "token_id": value} for value in odd),
        ]
        for others in tried:
            with self.subTest(others), self.assertNoLogs(level="WARNING"):
                self.assertIn("BadRequest", self._pay(link, **others)["error"]["data"]["name"])
        self.assertEqual(self.env["payment.transaction"].search_count([]), before)

    def test_the_saved_method_pays_and_leads_back_to_this_page(self):
        self._pay(
            self.link, flow="token", token_id=self.token.id, landing_route="https://evil.example"
        )
        transaction = self.env["payment.transaction"].search([], limit=1, order="id desc")
        self.assertEqual((transaction.token_id, transaction.amount), (self.token, 98))
        self.assertEqual(transaction.landing_route, self.case.get_portal_url())

    def test_a_saved_method_of_another_customer_is_refused(self):
        other = self._save_card(self.stranger.partner_id)
        before = self.env["payment.transaction"].search_count([])
        answer = self._pay(self.link, flow="token", token_id=other.id)
        self.assertIn("error", answer)
        self.assertEqual(self.env["payment.transaction"].search_count([]), before)

    def test_what_is_being_charged_cannot_be_paid(self):
        self.env["fusion.billing.collection.attempt"].sudo()._plan(self.invoice, self.token)
        self.assertIn("is being charged or paid", self._page(self.case.get_portal_url()).text)
        self.assertIn("error", self._pay(self.link))

    def test_what_is_disputed_is_not_paid_with_the_rest(self):
        self.invoice.action_fusion_dispute()
        self._pay(self.link)
        transaction = self.env["payment.transaction"].search([], limit=1, order="id desc")
        self.assertEqual(transaction.amount, 49)
        self.assertNotIn(self.invoice, transaction.invoice_ids)

    def test_people_of_the_customer_see_it(self):
        colleague = self.env["res.partner"].create({"name": "Ann", "parent_id": self.partner.id})
        new_test_user(self.env, "ann", "base.group_portal", partner_id=colleague.id)
        self.authenticate("ann", "ann")
        self.assertIn(self.invoice.name, self._page().text)

    def test_invoices_that_are_paid_meanwhile_are_left_out(self):
        self._pay_by_hand(self.invoice)
        self._pay(self.link)
        transaction = self.env["payment.transaction"].search([], limit=1, order="id desc")
        self.assertEqual(transaction.amount, 49)
