"""A customer sees what is charged, chooses, saves and removes."""

from odoo.tests import tagged

from ..portal_payment_case import PortalPaymentCase


@tagged("post_install", "-at_install")
class TestPortalPayment(PortalPaymentCase):
    def setUp(self):
        super().setUp()
        self._log_in(self.customer)

    # === LOOKING === #

    def test_the_page_says_what_is_charged_and_lists_what_is_saved(self):
        page = self._open()
        self.assertEqual(self._text(page, "//*[@name='charged_to']"), "•••• 3333")
        rows = page.xpath("//section[@id='payment']//li")
        self.assertEqual(
            [self._text(row, ".//strong") for row in rows], ["•••• 3333", "•••• 2222", "•••• 1111"]
        )
        self.assertIn("For all subscriptions", self._text(rows[0], "."))
        self.assertIn("Saved by a colleague", self._text(rows[2], "."))
        self.assertNotIn("9999", self._text(page))
        labels = page.xpath("//section[@id='payment']//li//button/@aria-label")
        self.assertIn("Use for this subscription: •••• 1111", labels)

    def test_without_a_saved_method_it_says_so_and_where_to_save_one(self):
        self._remove_all()
        page = self._open()
        text = self._text(page, "//section[@id='payment']")
        self.assertIn("you have saved no payment method", text)
        [link] = page.xpath("//section[@id='payment']//a/@href")
        self.assertEqual(link, f"/my/payment_method?subscription={self.subscription.id}")

    def test_where_nothing_is_charged_automatically_nothing_is_chosen(self):
        self.partner.fusion_collects = "never"
        text = self._section()
        self.assertIn("not charged automatically", text)
        self.assertNotIn("3333", text)
        self.assertIn("payment=failed", self._choose(self.companys))

    def test_who_does_not_pay_reads_who_does_and_chooses_nothing(self):
        holding = self.env["res.partner"].create({"name": "Holding"})
        self._named_card("7777", holding)
        self.subscription.partner_invoice_id = holding
        text = self._section()
        self.assertIn("who pays them: Holding", text)
        self.assertNotIn("7777", text)
        self.assertIn("payment=failed", self._choose(self.companys))
        self.assertFalse(self.subscription.fusion_token_id)

    def test_what_is_overdue_and_was_declined_is_said(self):
        words = "overdue and could not be charged"
        self.assertNotIn(words, self._section())
        invoice = self._decline_overdue()
        self.assertIn(words, self._section())
        invoice.invoice_date_due = "2026-01-15"
        self.assertNotIn(words, self._section())

    def test_it_says_when_a_method_expires_and_offers_none_that_has(self):
        self.own.fusion_expires_on = "2030-03-31"
        self.companys.fusion_expires_on = "2026-01-14"
        text = self._section()
        self.assertIn("Expires 03/2030", text)
        self.assertIn("Expired 01/2026", text)
        self.assertIn("payment=failed", self._choose(self.companys))
        self.own.fusion_expires_on = "2026-01-14"
        self.assertIn("charged automatically to •••• 1111", self._section())

    # === CHOOSING === #

    def test_a_customer_chooses_for_this_subscription_and_takes_it_back(self):
        other = self._subscribe()
        self.assertIn("payment=chosen", self._choose(self.companys))
        self.assertEqual(self._charged(), self.companys)
        self.assertEqual(self._charged(other), self.own)
        noted = (self.customer.partner_id, "Chose •••• 2222 in the portal.")
        self.assertEqual(self._notes()[0], noted)
        self.assertIn("payment=chosen", self._choose(self.companys))  # done twice
        self.assertEqual(self._notes().count(noted), 1)
        text = self._section()
        self.assertIn("charged automatically to •••• 2222", text)
        self.assertIn("Use what I use for all subscriptions: •••• 3333", text)
        self.assertIn("payment=chosen", self._choose())
        self.assertFalse(self.subscription.fusion_token_id)
        self.assertEqual(self._charged(), self.own)

    def test_a_customer_chooses_for_all_subscriptions_but_those_with_their_own(self):
        same = self._subscribe()
        other = self._subscribe(fusion_token_id=self.own.id)
        self._choose(self.companys)
        self.assertIn("payment=chosen", self._choose(self.colleagues, "all"))
        self.assertEqual(self._charged(), self.colleagues)
        self.assertEqual(self._charged(same), self.colleagues)
        self.assertEqual(self._charged(other), self.own)
        self.assertFalse(self.subscription.fusion_token_id)
        self.assertIn("Chose •••• 1111 for all subscriptions", self._notes()[0][1])
        before = self._notes()
        self.assertIn("payment=chosen", self._choose(self.colleagues, "all"))  # done twice
        self.assertEqual(self._notes(), before)

    def test_for_all_is_for_all_of_the_subscription_s_company(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        order = self.subscription.with_company(abroad)
        order._fusion_choose_token(self.customer.partner_id, self.companys.id, for_all=True)
        self.assertEqual(self.partner.fusion_token_id, self.companys)
        self.assertFalse(self.partner.with_company(abroad).fusion_token_id)
        self.assertEqual(order._fusion_token(), self.companys)

    def test_what_cannot_be_charged_any_more_is_shown_and_not_offered(self):
        self.patch(
            self.registry["payment.token"], "_fusion_usable", lambda tokens: tokens - self.own
        )
        self.subscription.fusion_token_id = self.own
        page = self._open()
        self.assertEqual(self._text(page, "//*[@name='charged_to']"), "•••• 2222")
        self.assertIn("•••• 3333", self._text(page, "//section[@id='payment']"))
        self.assertFalse(
            page.xpath("//section[@id='payment']//button[contains(@aria-label, '3333')]")
        )
        self.assertIn("payment=failed", self._choose(self.own))

    def test_what_is_said_after_choosing(self):
        page = self._open(self._path("?payment=chosen"))
        self.assertIn("Your choice is saved", self._text(page))
        page = self._open(self._path("?payment=failed"))
        self.assertIn("Nothing was changed", self._text(page))

    # === SAVING === #

    def test_what_is_saved_for_a_subscription_leads_back_to_it_and_is_charged(self):
        page = self._open(f"/my/payment_method?subscription={self.subscription.id}")
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(form.get("data-transaction-route"), self._path("/payment/transaction"))
        self.assertIn("Back to the subscription", self._text(page, "//body"))
        self._choose(self.companys, "all")
        transaction = self._transaction(self._begin_to_save())
        self.assertEqual(transaction.landing_route, f"{self._path()}#payment")
        self.assertEqual((transaction.operation, transaction.tokenize), ("validation", True))
        self.assertEqual(transaction.partner_id, self.customer.partner_id)
        saved = self._finish_saving(transaction)
        self.assertEqual(self._charged(), saved)
        self.assertEqual(self.partner.fusion_token_id, saved)
        self.assertFalse(self.subscription.fusion_token_id)
        self.assertIn("Saved •••• 5555 in the portal", self._notes()[0][1])

    def test_what_is_saved_takes_the_place_of_the_subscription_s_own(self):
        other = self._subscribe()
        self._choose(self.companys, "all")
        self._choose(self.own)
        saved = self._finish_saving(self._transaction(self._begin_to_save()))
        self.assertEqual(self.subscription.fusion_token_id, saved)
        self.assertEqual(self._charged(other), self.companys)

    def test_what_is_saved_from_nowhere_changes_no_choice(self):
        self._choose(self.companys, "all")
        self._named_card("5555", self.customer.partner_id)
        self.assertEqual(self._charged(), self.companys)
        page = self._open("/my/payment_method")
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(form.get("data-transaction-route"), "/payment/transaction")

    def test_what_cannot_be_charged_any_more_when_it_is_saved_breaks_nothing(self):
        transaction = self._transaction(self._begin_to_save())
        self.subscription.partner_invoice_id = self.stranger.partner_id
        self.subscription.partner_id = self.stranger.partner_id
        saved = self._finish_saving(transaction)
        self.assertTrue(saved.active)
        self.assertEqual(self._charged(), self.theirs)

    # === REMOVING === #

    def test_before_it_is_removed_a_method_names_what_is_charged_to_it(self):
        name = f"{self.subscription.name}, {self.plan.name}"
        expected = [(self.subscription.id, name, self._path())]
        self.assertEqual(self._linked(self.own), expected)
        self.assertEqual(self._linked(self.companys), [])
        self._choose(self.companys)
        self.assertEqual(self._linked(self.own), [])
        self.assertEqual(self._linked(self.companys), expected)

    def test_a_customer_who_removes_the_last_one_is_told_and_so_are_staff(self):
        (self.colleagues | self.companys).active = False
        self.env.flush_all()
        self.make_jsonrpc_request("/payment/archive_token", {"token_id": self.own.id})
        self.env.invalidate_all()
        author, said = self._notes()[0]
        self.assertEqual(author, self.customer.partner_id)
        self.assertIn("•••• 3333 was removed", said)
        self.assertTrue(self.subscription.fusion_lacks_token)
        self.assertIn("you have saved no payment method", self._section())
