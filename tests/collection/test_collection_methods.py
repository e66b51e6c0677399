from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..collection_case import CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionMethods(CollectionCase):
    """Which saved payment method is charged: never another customer's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stranger = cls.env["res.partner"].create({"name": "Globex"})
        cls.theirs = cls._save_card(cls.stranger)

    def test_the_one_saved_last_is_charged_unless_another_is_chosen(self):
        last = self._save_card()
        invoice = self._invoice()
        self.assertEqual(invoice._fusion_token(), last)
        self.partner.fusion_token_id = self.token
        self.assertEqual(invoice._fusion_token(), self.token)
        invoice._fusion_subscriptions().fusion_token_id = last
        self.assertEqual(invoice._fusion_token(), last)

    def test_one_that_was_removed_is_not_charged(self):
        invoice = self._invoice()
        self.partner.fusion_token_id = self.token
        self.token.active = False
        self.assertFalse(invoice._fusion_token())
        self._collect()
        self.assertAttempts(invoice)

    def test_without_a_method_nothing_is_charged_until_one_is_saved(self):
        self.token.active = False
        invoice = self._invoice()
        self._collect()
        self.assertAttempts(invoice)
        self._save_card()
        self._collect()
        self.assertAttempts(invoice, ("unknown", 49))

    def test_one_of_a_colleague_of_the_customer_is_charged(self):
        self.token.active = False
        colleague = self.env["res.partner"].create(
            {"name": "Ann", "parent_id": self.partner.id, "type": "contact"}
        )
        card = self._save_card(colleague)
        self.assertEqual(self._invoice()._fusion_token(), card)

    def test_one_of_a_provider_of_another_company_is_not_charged(self):
        self.token.active = False
        abroad = self.env["res.company"].create({"name": "Abroad"})
        self._save_card(provider=self._provider(abroad))
        self.assertFalse(self._invoice()._fusion_token())

    def test_another_customers_cannot_be_chosen(self):
        subscription = self._start()
        for record in (subscription, self.partner):
            with self.assertRaisesRegex(ValidationError, "saved for Globex"):
                record.fusion_token_id = self.theirs
        with self.assertRaisesRegex(ValidationError, "saved for Globex"):
            self._start(fusion_token_id=self.theirs.id)
        result = self.env["res.partner"].load(
            [".id", "fusion_token_id/.id"], [[str(self.partner.id), str(self.theirs.id)]]
        )
        self.assertIn("saved for Globex", str(result["messages"]))

    def test_a_subscription_that_is_given_to_another_customer_keeps_no_method(self):
        subscription = self._start(fusion_token_id=self.token.id)
        copy = subscription.copy()
        self.assertFalse(copy.fusion_token_id)
        with self.assertRaises(UserError):
            subscription.partner_id = self.stranger
            self.env.flush_all()

    def test_a_method_that_was_given_away_is_not_charged(self):
        self.partner.fusion_token_id = self.token
        invoice = self._invoice()
        self.env.cr.execute(
            "UPDATE payment_token SET partner_id = %s WHERE id = %s",
            (self.stranger.id, self.token.id),
        )
        self.env.invalidate_all()
        self.assertFalse(invoice._fusion_token())

    def test_who_sees_no_billing_sees_no_method(self):
        seller = new_test_user(
            self.env, "seller", groups="base.group_user,sales_team.group_sale_salesman_all_leads"
        )
        subscription = self._start(fusion_token_id=self.token.id)
        with self.assertRaises(AccessError):
            subscription.with_user(seller).read(["fusion_token_id"])
