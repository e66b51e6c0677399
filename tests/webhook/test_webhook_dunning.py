from odoo.tests import freeze_time, tagged

from ..dunning_case import CASE, DunningCase
from ..webhook_case import WebhookToldCase


@tagged("post_install", "-at_install")
class TestWebhookDunning(DunningCase, WebhookToldCase):
    """Apps are told who is late where the policy says so, and that it is over."""

    def setUp(self):
        super().setUp()
        self.invoice = self._invoice(fusion_service_id=self.service.id)
        self._begin()

    def _dun(self, late):
        with freeze_time(self._day(late)):
            self.env[CASE]._cron_dun()
            self._commit()

    def _pay(self):
        self._pay_by_hand(self.invoice)
        self.assertTold("invoice.paid")

    # === OVERDUE === #

    def test_apps_are_told_with_the_step_that_says_so(self):
        self._add_step(3)
        self._dun(2)
        self.assertTold()
        self._dun(3)
        data = self.assertTold("customer.overdue")
        self.assertEqual(data["external_customer_id"], "acme")
        [overdue] = data["overdue"]
        self.assertEqual(overdue["amount"], "49.00")
        self.assertEqual(overdue["last_step"], {"action": "tell", "taken_on": "2026-01-04"})
        self.assertIsNone(overdue["next_step"])
        self._dun(4)
        self.assertTold()

    def test_they_are_told_what_the_api_says(self):
        self._add_step(3)
        self._add_step(9, "pause")
        self._dun(3)
        data = self.assertTold("customer.overdue")
        with freeze_time(self._day(3)):
            api = self.env["fusion.billing.api.collection"]
            read = api._read(self.service, "acme", {})
        self.assertEqual(data["overdue"][0]["next_step"]["action"], "pause")
        for name, value in read["overdue"][0].items():
            if isinstance(value, str | list) and name != "invoices":
                self.assertEqual(data["overdue"][0][name], value)
        self.assertEqual(read.keys(), data.keys())

    def test_a_step_that_does_something_else_tells_nobody(self):
        self._add_step(3, "remind")
        self._dun(3)
        self.assertTold()

    def test_a_step_that_is_rolled_back_is_not_told(self):
        self._add_step(3)
        with self.env.cr.savepoint() as savepoint:
            self._dun(3)
            savepoint.rollback()
        self.assertTold()

    def test_each_app_of_the_customer_is_told_under_its_own_name(self):
        other = self._service("nexadesk", webhook_url="https://hooks.example.com/desk")
        stranger = self._service("nexamaps", webhook_url="https://hooks.example.com/maps")
        self._link("desk-1", service=other)
        self._begin()
        self._add_step(3)
        self._dun(3)
        told = self._new()
        self.assertEqual(told.service_id, self.service | other)
        self.assertNotIn(stranger, told.service_id)
        names = {one.service_id: self._data(one)["external_customer_id"] for one in told}
        self.assertEqual(names, {self.service: "acme", other: "desk-1"})

    def test_an_app_that_sees_its_own_alone_is_not_told_of_what_others_bill(self):
        other = self._service(
            "nexadesk", webhook_url="https://hooks.example.com/desk", sees_own_only=True
        )
        self._link("desk-1", service=other)
        self._begin()
        self._add_step(3)
        self._dun(3)
        self.assertEqual(self._new().service_id, self.service)

    def test_an_app_that_does_not_know_the_customer_any_more_is_not_told(self):
        self.link.unlink()
        self._begin()
        self._add_step(3)
        self._dun(3)
        self.assertTold()

    # === PAID UP === #

    def test_who_was_told_is_told_that_it_is_over(self):
        self._add_step(3)
        self._dun(3)
        self.assertTold("customer.overdue")
        self._pay()
        self._dun(5)
        data = self.assertTold("customer.paid_up")
        self.assertEqual((data["external_customer_id"], data["overdue"]), ("acme", []))

    def test_who_was_paused_is_told_that_it_is_over(self):
        self._add_step(3, "pause")
        self._dun(3)
        self.assertEqual(self.assertTold("subscription.paused")["paused_for"], "non_payment")
        self._pay()
        self._dun(5)
        self.assertTold("customer.paid_up", "subscription.resumed")

    def test_who_was_told_nothing_hears_nothing(self):
        self._add_step(3, "remind")
        self._dun(3)
        self._pay()
        self._dun(5)
        self.assertTold()

    def test_it_is_over_too_where_nothing_is_asked_for_any_more(self):
        self._add_step(3)
        self._dun(3)
        self.assertTold("customer.overdue")
        self.partner.with_company(self.company).fusion_dunning_exempt = True
        self._dun(5)
        data = self.assertTold("customer.paid_up")
        self.assertTrue(data["exempt"])

    def test_what_is_late_in_another_currency_is_still_told(self):
        self._foreign("CHF", {"2026-01-01": 0.5})
        pricelist = self.env["product.pricelist"].create(
            {"name": "CHF", "currency_id": self.env.ref("base.CHF").id}
        )
        self._invoice(pricelist_id=pricelist.id, fusion_service_id=self.service.id)
        self._begin()
        self._add_step(3)
        self._dun(3)
        self.assertTold("customer.overdue", "customer.overdue")
        self._pay()
        self._dun(5)
        data = self.assertTold("customer.paid_up")
        self.assertEqual([one["currency"] for one in data["overdue"]], ["CHF"])

    def test_all_of_a_case_is_sent_in_order(self):
        self._add_step(3)
        self._dun(3)
        told = self._new()
        self._begin()
        self._pay()
        self._dun(5)
        self.assertEqual((told | self._new()).subscription_id, self.invoice._fusion_subscription())

    # === PAUSES === #

    def test_a_pause_that_somebody_wanted_is_told_from_one_for_non_payment(self):
        with freeze_time(self._day(2)):
            self.invoice._fusion_subscription()._fusion_pause()
        self.assertIsNone(self.assertTold("subscription.paused")["paused_for"])
        self._add_step(3, "pause")
        self._dun(3)
        self.assertTold()
