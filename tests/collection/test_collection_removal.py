"""A saved payment method that is gone: what is charged then, and who learns of it."""

from odoo.tests import Form, new_test_user, tagged

from ..collection_case import CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionRemoval(CollectionCase):
    def setUp(self):
        super().setUp()
        self.subscription = self._start()

    def _notes(self, subscription=None):
        """What is noted of methods that were removed, the oldest first."""
        messages = (subscription or self.subscription).message_ids.sorted("id")
        said = messages.filtered(lambda message: "was removed" in message.body)
        return [message.preview for message in said]

    def _is_warned(self, subscription=None):
        subscription = subscription or self.subscription
        subscription.invalidate_recordset(["fusion_lacks_token"])
        return subscription.fusion_lacks_token

    def test_the_next_invoice_of_a_subscription_is_charged_to_what_is_shown(self):
        other = self._save_card()
        self.assertEqual(self.subscription._fusion_token(), other)
        self.partner.fusion_token_id = self.token
        self.assertEqual(self.subscription._fusion_token(), self.token)
        self.subscription.fusion_token_id = other
        self.assertEqual(self.subscription._fusion_token(), other)
        self.assertEqual(self._invoice()._fusion_token(), self.token)
        self._bill_at("2026-01-01")
        self.assertEqual(self.subscription.invoice_ids._fusion_token(), other)

    def test_where_a_subscription_s_own_is_gone_the_customer_s_is_charged(self):
        own, _last = self._save_card(), self._save_card()
        self.partner.fusion_token_id = self.token
        self.subscription.fusion_token_id = own
        own.active = False
        self.assertEqual(self.subscription._fusion_token(), self.token)
        self._bill_at("2026-01-01")
        self.assertEqual(self.subscription.invoice_ids._fusion_token(), self.token)

    def test_subscriptions_that_are_charged_otherwise_share_no_document(self):
        self.plan.one_document = True
        other = self._save_card()
        mine = self._start(fusion_token_id=self.token.id)
        same = self._start(fusion_token_id=other.id)
        self._bill_at("2026-01-01")
        self.assertEqual(same.invoice_ids, self.subscription.invoice_ids)
        self.assertEqual(same.invoice_ids._fusion_token(), other)
        self.assertNotEqual(mine.invoice_ids, same.invoice_ids)
        self.assertEqual(mine.invoice_ids._fusion_token(), self.token)

    def test_it_is_noted_on_what_was_charged_to_it_and_nowhere_else(self):
        other = self._save_card()
        mine = self._start(fusion_token_id=self.token.id)
        self.token.active = False
        self.assertFalse(self._notes())
        [said] = self._notes(mine)
        self.assertIn("•••• 4242 was removed: invoices are charged to •••• 4242 now", said)
        self.token.active = False  # done twice
        self.assertEqual(len(self._notes(mine)), 1)
        other.active = False
        [said] = self._notes()
        self.assertIn("the customer has saved no other payment method", said)

    def test_staff_are_warned_as_long_as_there_is_nothing_to_charge(self):
        self.assertFalse(self._is_warned())
        self.token.active = False
        self.assertTrue(self._is_warned())
        self.partner.fusion_collects = "never"
        self.assertFalse(self._is_warned())
        self.partner.fusion_collects = False
        self._save_card()
        self.assertFalse(self._is_warned())

    def test_what_is_not_collected_or_has_ended_or_is_a_quotation_is_neither_noted_nor_warned_of(
        self,
    ):
        ended = self._start()
        ended._fusion_close(ended.fusion_start_date)
        by_hand = self._start(plan=self._plan("by_hand"))
        quotation = self.env["sale.order"].create(
            {"partner_id": self.partner.id, "fusion_plan_id": self.plan.id}
        )
        self.token.active = False
        for order in (ended, by_hand, quotation):
            self.assertFalse(self._notes(order))
            self.assertFalse(self._is_warned(order))
        self.assertEqual(len(self._notes()), 1)

    def test_a_provider_that_is_disabled_and_a_method_that_is_deleted_are_noted_too(self):
        self.provider.state = "disabled"
        self.assertEqual(len(self._notes()), 1)
        self.provider.state = "test"
        self.assertTrue(self._is_warned())
        self._save_card().unlink()
        self.assertEqual(len(self._notes()), 2)

    def test_what_is_archived_and_taken_back_is_noted_nowhere(self):
        with self.env.cr.savepoint() as savepoint:
            self.token.active = False
            savepoint.rollback()
        self.env.invalidate_all()
        self.assertFalse(self._notes())
        self.assertFalse(self._is_warned())

    def test_who_pays_for_another_is_whose_method_counts(self):
        payer = self.env["res.partner"].create({"name": "Holding"})
        self.subscription.partner_invoice_id = payer
        self.assertTrue(self._is_warned())
        card = self._save_card(payer)
        self.assertEqual(self.subscription._fusion_token(), card)
        self.token.active = False
        self.assertFalse(self._notes())
        card.active = False
        self.assertEqual(len(self._notes()), 1)

    def test_staff_who_archive_it_without_billing_leave_the_same_note(self):
        accountant = new_test_user(
            self.env, "accountant", groups="base.group_system,account.group_account_invoice"
        )
        self.token.with_user(accountant).active = False
        self.assertEqual(len(self._notes()), 1)

    def test_the_form_shows_the_warning_to_billing_staff_alone(self):
        clerk = new_test_user(self.env, "clerk", groups="base.group_user,fusion_billing.group_user")
        self.token.active = False
        self.env.invalidate_all()
        with Form(self.subscription.with_user(clerk)) as form:
            self.assertTrue(form.fusion_lacks_token)
