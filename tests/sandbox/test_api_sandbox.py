from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
class TestApiSandbox(ApiCase):
    """What an app developer does with a sandbox, from sign-up to invoice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.billing_period_unit = "week"
        cls._charge(included_quota=100, price_per_unit=2)
        shown = cls.service.action_create_sandbox()
        cls.business, cls.key = cls.key, shown["context"]["default_key"]
        cls.test_company = cls.env["res.company"]._fusion_find_sandbox(cls.service)
        cls.env.flush_all()
        cls.began = cls.test_company.fusion_clock

    def _clock(self, delta):
        return f"{(self.began + delta).isoformat()}Z"

    def _advance(self, delta, **kwargs):
        return self.post("/sandbox/clock", {"now": self._clock(delta)}, **kwargs)

    def _sign_up(self):
        self.assertOk(self.post("/customers", {"external_id": "cust-7"}), 201)
        sold = {"external_customer_id": "cust-7", "plan_code": "pro", "external_id": "sub-42"}
        return self.assertOk(self.post("/subscriptions", sold), 201)

    def test_from_sign_up_to_the_invoice(self):
        subscription = self._sign_up()
        hour = {
            "period_start": self._clock(timedelta(0)),
            "period_end": self._clock(timedelta(hours=1)),
        }
        self.assertOk(self.push(self._event(quantity="250", **hour)))
        answer = self.assertOk(self._advance(timedelta(days=10)))
        self.assertEqual(answer["now"], self._clock(timedelta(days=10)))
        self.assertEqual((answer["reached"], answer["documents"], answer["failing"]), (True, 1, 0))
        self.env.invalidate_all()
        order = self.env["sale.order"].browse(subscription["subscription_id"])
        self.assertEqual(order.company_id, self.test_company)
        self.assertEqual(order.invoice_ids.amount_untaxed, 300)
        self.assertEqual(order.invoice_ids.state, "posted")
        self.assertEqual(order.invoice_ids.invoice_date, subscription_ends(subscription))

    def test_the_clock_is_told_and_stands(self):
        self.assertEqual(
            self.assertOk(self.get("/sandbox/clock"))["now"], self._clock(timedelta(0))
        )
        self._advance(timedelta(days=3))
        for _time in range(2):
            answer = self.assertOk(self.get("/sandbox/clock"))
            self.assertEqual(answer["now"], self._clock(timedelta(days=3)))

    def test_the_same_time_again_is_no_error(self):
        for _time in range(2):
            self.assertOk(self._advance(timedelta(days=3)))

    def test_it_goes_neither_back_nor_further_than_two_years(self):
        self._advance(timedelta(days=3))
        for delta in (timedelta(days=2), timedelta(days=3 + 732)):
            answer = self.assertError(self._advance(delta), 400, "invalid_now", "now")
            self.assertIn(self._clock(timedelta(days=3)), answer["error"])

    def test_what_is_no_time_is_refused(self):
        for now in (7, "tomorrow", True, "2026-13-01T00:00:00Z", [], {}):
            with self.subTest(now=now):
                response = self.post("/sandbox/clock", {"now": now})
                self.assertError(response, 400, "invalid_now", "now")
        self.assertError(self.post("/sandbox/clock", {}), 400, "missing_field", "now")
        self.assertError(self.post("/sandbox/reset", {"now": 1}), 400, "unknown_field", "now")

    def test_usage_ahead_of_the_clock_is_refused_and_taken_later(self):
        self._sign_up()
        late = {
            "period_start": self._clock(timedelta(days=9)),
            "period_end": self._clock(timedelta(days=9, hours=1)),
        }
        self.assertError(self.push(self._event(**late)), 400, "invalid_period_start")
        self._advance(timedelta(days=9))
        self.assertOk(self.push(self._event(**late)))

    def test_a_reset_leaves_a_sandbox_to_begin_with(self):
        first = self._sign_up()
        self._advance(timedelta(days=3))
        before = fields.Datetime.now()
        now = fields.Datetime.to_datetime(
            self.assertOk(self.post("/sandbox/reset"))["now"].replace("T", " ").rstrip("Z")
        )
        self.assertLess(abs(now - before), timedelta(minutes=1))
        self.assertEqual(self.assertOk(self.get("/customers"))["customers"], [])
        self.assertEqual(self.assertOk(self.get("/subscriptions"))["subscriptions"], [])
        self.assertEqual(self.assertOk(self.get("/webhooks/deliveries"))["deliveries"], [])
        self.assertNotEqual(self._sign_up()["subscription_id"], first["subscription_id"])

    def test_answers_that_were_kept_are_of_a_sandbox_that_is_no_more(self):
        once = {"Idempotency-Key": "one"}
        customer = {"external_id": "cust-7"}
        first = self.assertOk(self.post("/customers", customer, headers=once), 201)
        self.assertOk(self.post("/sandbox/reset"))
        second = self.assertOk(self.post("/customers", customer, headers=once), 201)
        self.assertNotEqual(first["partner_id"], second["partner_id"])

    # === OTHERS === #

    def test_a_service_that_does_business_has_no_clock(self):
        self._own_subscription("sub-real")
        with self.assertNothingWritten():
            for send in (
                lambda: self._advance(timedelta(days=3), key=self.business),
                lambda: self.post("/sandbox/reset", key=self.business),
                lambda: self.get("/sandbox/clock", key=self.business),
            ):
                self.assertError(send(), 400, "not_a_sandbox")

    def test_its_key_sees_and_changes_nothing_of_business(self):
        subscription = self._own_subscription("sub-real")
        self.env.flush_all()
        self.assertEqual(self.assertOk(self.get("/customers"))["customers"], [])
        path = f"/subscriptions/{subscription.id}"
        self.assertError(self.get(path), 404, "not_found")
        self.assertError(self.post(f"{path}/cancel"), 404, "not_found")
        event = self._event(subscription_external_id="sub-real")
        self.assertError(self.push(event), 400, "unknown_subscription")
        self.assertError(self.get("/customers/acme"), 404, "not_found")

    def test_the_key_of_business_sees_nothing_of_the_sandbox(self):
        subscription = self._sign_up()
        path = f"/subscriptions/{subscription['subscription_id']}"
        self.assertError(self.get(path, key=self.business), 404, "not_found")
        self.assertError(self.get("/customers/cust-7", key=self.business), 404, "not_found")

    def test_another_time_is_nowhere_else(self):
        """A start without a day is on each service's own day."""
        self._advance(timedelta(days=10))
        own = self._sign_up()
        sold = {"external_customer_id": "acme", "plan_code": "pro", "external_id": "sub-9"}
        real = self.assertOk(self.post("/subscriptions", sold, key=self.business), 201)
        today = fields.Date.today()
        self.assertEqual(real["start_date"], str(today))
        self.assertEqual(own["start_date"], str((self.began + timedelta(days=10)).date()))


def subscription_ends(subscription):
    """The day on which its first billing period is over."""
    return fields.Date.to_date(subscription["next_invoice_date"])
