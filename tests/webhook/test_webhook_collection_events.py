from odoo.tests import freeze_time, tagged

from ..collection_case import CollectionCase
from ..webhook_case import WebhookEventsCase


@tagged("post_install", "-at_install")
class TestCollectionEvents(WebhookEventsCase, CollectionCase):
    """Apps are told of charges that fail, and of methods that are missing or expire."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice(fusion_service_id=self.service.id, fusion_external_id="sub-1")
        self._commit()
        self._begin()

    def _sent(self):
        self._plan_attempts()
        attempt = self.invoice.fusion_attempt_ids
        attempt._claim()
        self._commit()
        return attempt

    # === FAILURES === #

    def test_a_charge_that_failed_is_told_once(self):
        attempt = self._sent()
        self.assertTold()
        attempt.transaction_id._set_error("insufficient_funds")
        data = self.assertTold("invoice.payment_failed")
        self.assertEqual(data["invoice_id"], self.invoice.id)
        self.assertEqual((data["amount_residual"], data["external_customer_id"]), ("49.00", "acme"))
        self.assertEqual(
            data["attempt"],
            {
                "number": 1,
                "amount": "49.00",
                "currency": self.currency.name,
                "reason": "insufficient_funds",
                "is_hard_decline": False,
            },
        )
        attempt.transaction_id._set_error("insufficient_funds")
        self._collect()
        self.assertTold()

    def test_a_refusal_for_good_says_so(self):
        self._sent().transaction_id._set_error("lost_card")
        data = self.assertTold("invoice.payment_failed")
        self.assertTrue(data["attempt"]["is_hard_decline"])

    def test_one_that_staff_say_has_failed_is_told(self):
        attempt = self._sent()
        self._unknown_for(attempt)
        attempt.action_was_not_charged()
        self.assertTold("invoice.payment_failed")

    def test_one_that_was_cancelled_by_the_provider_is_told(self):
        self._sent().transaction_id._set_canceled()
        self.assertIsNone(self.assertTold("invoice.payment_failed")["attempt"]["reason"])

    def test_one_that_never_went_out_is_not_told(self):
        self._plan_attempts()
        self.invoice.fusion_attempt_ids.transaction_id._set_canceled("It was not needed any more.")
        self.assertTold()

    def test_one_that_succeeds_is_no_failure(self):
        transaction = self._sent().transaction_id
        transaction._set_done()
        transaction._post_process()
        self.assertNotIn("invoice.payment_failed", self._new().mapped("event_type"))

    def test_one_that_was_charged_after_all_in_the_same_transaction_is_no_failure(self):
        transaction = self._sent().transaction_id
        transaction._set_error("insufficient_funds")
        transaction._set_done()
        self.assertTold()

    def test_what_is_rolled_back_is_not_told(self):
        attempt = self._sent()
        try:
            with self.env.cr.savepoint():
                attempt.transaction_id._set_error("insufficient_funds")
                self.env.flush_all()
                raise ValueError
        except ValueError:
            self.env.invalidate_all()
        self.assertTold()

    # === NOTHING TO CHARGE === #

    def test_an_invoice_that_can_be_charged_to_nothing_is_told_once(self):
        self.token.active = False
        self._collect()
        data = self.assertTold("payment_method.missing")
        self.assertEqual(data["invoice_id"], self.invoice.id)
        self.assertEqual(data["subscriptions"][0]["external_id"], "sub-1")
        self._collect()
        self.assertTold()

    def test_it_is_not_told_before_its_day(self):
        self.token.active = False
        self.company.fusion_collect_days = 30
        self._collect()
        self.assertTold()

    def test_with_a_method_nothing_is_missing(self):
        self._plan_attempts()
        self.assertTold()

    # === EXPIRY === #

    def _expire(self):
        self.token.fusion_expires_on = "2026-02-28"
        with freeze_time("2026-02-21 06:00:00"):
            self.env.flush_all()
            self._run_cron("ir_cron_tell_expiring")
            self.env.invalidate_all()

    def test_a_method_that_expires_is_told_with_the_subscriptions_that_the_app_knows(self):
        self._expire()
        data = self.assertTold("payment_method.expiring")
        subscription = self.invoice._fusion_subscriptions()
        self.assertEqual(
            data,
            {
                "external_customer_id": "acme",
                "method": {
                    "method_id": self.token.id,
                    "name": self.token.display_name,
                    "expires_on": "2026-02-28",
                },
                "subscriptions": [{"subscription_id": subscription.id, "external_id": "sub-1"}],
            },
        )
        self._expire()
        self.assertTold()

    def test_each_service_is_told_its_own_names(self):
        other = self._service("nexadesk")
        other.webhook_url = "https://hooks.example.com/desk"
        self._link("acme-desk", service=other)
        self._commit()
        self._begin()
        self._expire()
        told = self._new().filtered(lambda one: one.service_id == other)
        self.assertEqual(self._data(told)["external_customer_id"], "acme-desk")
        self.assertEqual(self._data(told)["subscriptions"][0]["external_id"], None)
