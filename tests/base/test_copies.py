"""Duplicates that staff make with one click, again and again."""

from odoo.tests import tagged

from ..staff_case import StaffCase


@tagged("post_install", "-at_install")
class TestCopies(StaffCase):
    def _copies(self, record, times=3):
        copies = [record.with_user(self.manager).copy() for _time in range(times)]
        self.env.flush_all()
        return copies

    def test_whatever_has_a_code_is_copied_under_a_free_one(self):
        for record in (self.service, self.plan, self.calls):
            with self.subTest(model=record._name):
                codes = [copy.code for copy in self._copies(record)]
                self.assertEqual(codes, [f"{record.code}-copy{tail}" for tail in ("", "-2", "-3")])

    def test_an_archived_record_keeps_its_code_for_itself(self):
        first = self._copies(self.service, times=1)[0]
        first.active = False
        self.assertEqual(self.service.copy().code, "maps-copy-2")

    def test_a_code_that_is_asked_for_is_taken(self):
        self.assertEqual(self.service.copy({"code": "nexa"}).code, "nexa")

    def test_several_are_copied_at_once(self):
        services = self.service | self._service("nexa")
        self.assertEqual(services.copy().mapped("code"), ["maps-copy", "nexa-copy"])

    def test_a_copied_service_shares_nothing_that_lets_in_or_signs(self):
        """A2: keys, secrets, customers and the endpoint stay with the one they were made for."""
        self.service._generate_api_key(name="production")
        self.service._generate_webhook_secret()
        self._link("acme", service=self.service)
        self.service.webhook_url = "https://hooks.example.com/"
        self.service.write({"webhook_enabled": False, "webhook_disabled_reason": "Gone."})
        [copy] = self._copies(self.service, times=1)
        copy = copy.sudo().with_context(active_test=False)
        for name in ("api_key_ids", "webhook_secret_ids", "account_link_ids", "subscription_ids"):
            self.assertFalse(copy[name], name)
        for name in ("webhook_url", "webhook_disabled_reason", "webhook_failing_since"):
            self.assertFalse(copy[name], name)
        self.assertTrue(copy.webhook_enabled)
        self.assertEqual(copy.name, "Maps (copy)")
        for name in ("api_key_ids", "webhook_secret_ids", "account_link_ids"):
            self.assertEqual(len(self.service[name]), 1, name)

    def test_a_copied_service_gets_keys_of_its_own(self):
        [copy] = self._copies(self.service, times=1)
        raw = copy._generate_api_key()
        access = self.env["fusion.billing.api.key"]._authenticate(raw)
        self.assertEqual(access.service_code, "maps-copy")

    def test_a_copied_plan_has_its_fees_and_charges(self):
        self.plan.fee_ids = [(0, 0, {"product_id": self.fee_product.id})]
        for copy in self._copies(self.plan):
            self.assertEqual(len(copy.fee_ids), 1)
            self.assertEqual(copy.charge_ids.price_per_unit, self.charge.price_per_unit)
