"""Nobody charges, chooses or sees a payment method that is not theirs."""

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..portal_payment_case import PortalPaymentCase


@tagged("post_install", "-at_install")
class TestPortalPaymentWalls(PortalPaymentCase):
    def assertNothingChosen(self):
        self.assertFalse(self.subscription.fusion_token_id)
        for partner in (self.partner, self.stranger.partner_id):
            self.assertFalse(partner.fusion_token_id)

    def test_another_customer_s_method_is_never_charged(self):
        self._log_in(self.customer)
        removed = self._named_card("8888", self.customer.partner_id)
        removed.active = False
        abroad = self.env["res.company"].create({"name": "Abroad"})
        foreign = self._named_card("6666", self.partner, self._provider(abroad))
        for token in (self.theirs, removed, foreign):
            for scope in ("this", "all"):
                with self.subTest(token.display_name, scope=scope):
                    self.assertIn("payment=failed", self._choose(token, scope))
                    self.assertNothingChosen()
        self.assertNotIn("6666", self._section())

    def test_what_no_form_sends_is_a_refusal_and_no_failure(self):
        self._log_in(self.customer)
        for text in ("0", "-1", "x", "9" * 30, "1.5", "\0"):
            for scope in ("this", "all"):
                with self.subTest(token=text, scope=scope):
                    self.assertIn("payment=failed", self._choose(text=text, scope=scope))
        self.assertIn("payment=failed", self._choose(scope="all"))
        data = {"csrf_token": http.Request.csrf_token(self)}
        answer = self.url_open(
            self._path("/payment"),
            data=data,
            files={"token": ("file", b"x")},
            allow_redirects=False,
        )
        self.assertEqual(answer.status_code, 303)
        self.assertNothingChosen()

    def test_nobody_else_chooses_with_the_order_s_token_either(self):
        token = self.subscription._portal_ensure_token()
        for user in (self.stranger, self.clerk, None):
            self._log_in(user)
            for card in (self.companys, self.theirs):
                for scope in ("this", "all"):
                    with self.subTest(user=user and user.login, scope=scope):
                        self._choose(card, scope, access_token=token)
                        self.assertNothingChosen()

    def test_a_form_of_another_site_changes_nothing(self):
        self._log_in(self.customer)
        with self.assertLogs("odoo.http", "WARNING"):
            self._choose(self.companys, csrf="x")
        self.assertNothingChosen()

    def test_what_has_ended_is_not_chosen_for(self):
        self.subscription._fusion_close(self.subscription.fusion_start_date)
        self._log_in(self.customer)
        self._choose(self.companys)
        self.assertNothingChosen()
        self.assertFalse(self._open().xpath("//section[@id='payment']"))

    def test_who_has_the_link_alone_sees_no_method(self):
        token = self.subscription._portal_ensure_token()
        for user in (None, self.stranger):
            self._log_in(user)
            page = self._open(self._path(f"?access_token={token}"))
            self.assertFalse(page.xpath("//section[@id='payment']"))
            self.assertNotIn("3333", self._text(page))

    def test_a_colleague_sees_the_name_alone_and_may_choose_it(self):
        self.patch(
            self.registry["payment.token"],
            "_fusion_portal_expiry",
            lambda token: f"Expires {token.payment_details}",
        )
        self._log_in(self.colleague)
        text = self._section()
        for number, is_known in (("1111", True), ("2222", True), ("3333", False)):
            self.assertIn(f"•••• {number}", text)
            self.assertEqual(f"Expires {number}" in text, is_known)
        self.assertIn("payment=chosen", self._choose(self.own))
        self.assertEqual(self.subscription.fusion_token_id, self.own)
        listed = self._text(self._open("/my/payment_method"), "//body")
        self.assertIn("1111", listed)
        self.assertNotIn("3333", listed)  # nor is it theirs to remove
        self.make_jsonrpc_request("/payment/archive_token", {"token_id": self.own.id})
        self.env.invalidate_all()
        self.assertTrue(self.own.active)

    def test_what_is_charged_is_told_to_people_of_the_customer_and_billing_staff_alone(self):
        for user, count in (
            (self.customer, 1),
            (self.colleague, 1),
            (self.stranger, 0),
            (self.seller, 0),
            (self.clerk, 1),
        ):
            self._log_in(user)
            with self.subTest(user.login):
                self.assertEqual(len(self._linked(self.own)), count)

    def test_who_pays_for_another_is_told_what_is_charged_before_they_remove_it(self):
        self.subscription.partner_invoice_id = self.stranger.partner_id
        for user, count in ((self.stranger, 1), (self.customer, 0)):
            self._log_in(user)
            with self.subTest(user.login):
                self.assertEqual(len(self._linked(self.theirs)), count)

    def test_nobody_saves_for_a_subscription_that_is_not_theirs(self):
        page = f"/my/payment_method?subscription={self.subscription.id}"
        for user in (self.stranger, self.clerk):
            self._log_in(user)
            [form] = self._open(page).xpath("//form[@id='o_payment_form']")
            self.assertEqual(form.get("data-transaction-route"), "/payment/transaction")
            with mute_logger("odoo.http"):
                self.assertIn("error", self._begin_to_save())
        self.assertFalse(self._made())

    def test_only_what_the_page_offers_is_begun(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        foreign = self._provider(abroad)
        foreign.write({"is_published": True, "payment_method_ids": self.method.ids})
        self._log_in(self.customer)
        for params in (
            {"provider_id": foreign.id},
            {"provider_id": "x"},
            {"provider_id": None},
            {"payment_method_id": self.env.ref("payment.payment_method_paypal").id},
            {"payment_method_id": [1]},
            {"flow": "token", "token_id": self.theirs.id},
            {"flow": None},
        ):
            with self.subTest(params), mute_logger("odoo.http"):
                self.assertNotIn("result", self._begin_to_save(**params))
        self.assertFalse(self._made())
        for page in ("x", "", "0", "9" * 30):
            self._open(f"/my/payment_method?subscription={page}")

    def _made(self):
        return self.env["payment.transaction"].search([("operation", "=", "validation")])

    def test_what_others_are_is_not_what_a_saved_method_is_for(self):
        """A transaction names its subscription by the page alone, whatever a browser sends."""
        other = self._subscribe(partner_id=self.stranger.partner_id.id)
        self._log_in(self.customer)
        answer = self._begin_to_save(
            fusion_subscription_id=other.id,
            custom_create_values={"fusion_subscription_id": other.id, "amount": 5000},
            partner_id=self.stranger.partner_id.id,
            amount=5000,
        )
        transaction = self._transaction(answer)
        self.assertEqual(transaction.fusion_subscription_id, self.subscription)
        self.assertEqual(transaction.partner_id, self.customer.partner_id)
        self.assertFalse(transaction.amount)
