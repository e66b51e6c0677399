from datetime import datetime
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ConcurrencyError
from odoo.tests import tagged

from ...core.api.endpoints import customers
from ...core.api.idempotency import HEADER, REPLAYED
from ..api_case import ApiCase

CUSTOMER = {"external_id": "new", "name": "New Ltd"}


@tagged("post_install", "-at_install")
class TestApiIdempotency(ApiCase):
    """A request with an `Idempotency-Key` is carried out once, however often it comes."""

    def once(self, path, body, key="k-1", **kwargs):
        return self.post(path, body, headers={HEADER: key}, **kwargs)

    def kept(self):
        return self.env["fusion.billing.kept.answer"].search([])

    def subscriptions(self):
        return self.env["sale.order"].search_count([("fusion_service_id", "=", self.service.id)])

    # === THE FIRST ANSWER === #

    def test_a_request_sent_again_is_answered_as_before_and_done_once(self):
        body = {"external_customer_id": "acme", "plan_code": self.plan.code}
        first = self.once("/subscriptions", body)
        again = self.once("/subscriptions", body)
        self.assertEqual((first.status_code, again.status_code), (201, 201))
        self.assertEqual(again.content, first.content)
        self.assertEqual(self.subscriptions(), 1)
        self.assertNotIn(REPLAYED, first.headers)
        self.assertEqual(again.headers[REPLAYED], "true")

    def test_counters_without_keys_are_stored_once(self):
        self._own_subscription("sub-42")
        batch = {"events": [self._event()]}
        for _time in range(3):
            self.assertEqual(self.assertOk(self.once("/usage", batch))["inserted"], 1)
        self.assertEqual(self.env["fusion.billing.usage"].search_count([]), 1)

    def test_the_answer_is_the_first_one_whatever_has_changed_since(self):
        subscription = self._own_subscription("sub-42")
        path = f"/subscriptions/{subscription.id}/resume"
        self.assertOk(self.once(path, {}))
        self.post(f"/subscriptions/{subscription.id}/pause", {"date": "2026-01-02"})
        answer = self.assertOk(self.once(path, {}))
        self.assertEqual(answer["subscription_state"], "3_progress")
        self.assertEqual(subscription.fusion_state, "4_paused")

    def test_what_is_only_worked_out_is_kept_too(self):
        body = {"plan_code": self.plan.code, "quantities": {}}
        first = self.once("/estimate", body)
        self.assertOk(first)
        self.assertEqual(self.once("/estimate", body).content, first.content)
        self.assertError(
            self.once("/estimate", {**body, "currency": "USD"}), 422, "idempotency_mismatch"
        )

    def test_the_first_answer_stays_also_for_a_request_that_committed_on_its_way(self):
        """As an advance of a sandbox's clock does: it is run again, and answered as the first."""
        answers = self.env["fusion.billing.kept.answer"]
        answers._keep(self.service, "k-1", "one", 200, b"{}", False)
        with self.assertRaises(ConcurrencyError):
            answers._keep(self.service, "k-1", "two", 200, b"[]", False)
        self.assertEqual(answers._find(self.service, "k-1", "one").content, b"{}")

    def test_a_key_may_be_quoted_as_the_draft_has_it(self):
        self.assertOk(self.once("/customers", CUSTOMER, '"k-1"'), 201)
        self.assertIn(REPLAYED, self.once("/customers", CUSTOMER, "k-1").headers)

    def test_reading_has_no_use_for_a_key(self):
        self.assertOk(self.get("/catalog", headers={HEADER: "k-1"}))
        self.assertFalse(self.kept())

    # === WHAT IS NOT THE SAME REQUEST === #

    def test_the_key_with_another_body_is_refused(self):
        self.assertOk(self.once("/customers", CUSTOMER), 201)
        with self.assertNothingWritten():
            self.assertError(
                self.once("/customers", {"external_id": "other"}), 422, "idempotency_mismatch"
            )

    def test_the_key_for_another_endpoint_or_record_is_refused(self):
        one, other = self._own_subscription("sub-1"), self._own_subscription("sub-2")
        self.assertOk(self.once(f"/subscriptions/{one.id}/pause", {}))
        for path in (f"/subscriptions/{other.id}/pause", f"/subscriptions/{one.id}/resume"):
            self.assertError(self.once(path, {}), 422, "idempotency_mismatch")

    def test_a_key_is_a_service_s_own(self):
        other = self._service("nexadesk")
        self.assertOk(self.once("/customers", CUSTOMER), 201)
        raw = other._generate_api_key()
        response = self.send("POST", "/customers", CUSTOMER, key=raw, headers={HEADER: "k-1"})
        self.assertNotIn(REPLAYED, response.headers)
        self.assertOk(response, 201)

    def test_a_path_with_or_without_version_is_the_same(self):
        self.assertOk(self.once("/customers", CUSTOMER), 201)
        response = self.url_open(
            "/fusion/api/customers",
            json=CUSTOMER,
            headers={HEADER: "k-1", "Authorization": f"Bearer {self.key}"},
        )
        self.assertIn(REPLAYED, response.headers)

    # === WHAT DOES NOT USE UP A KEY === #

    def test_u4_a_request_that_was_refused_leaves_its_key_free(self):
        self.assertError(self.once("/customers", {}), 400, "missing_field", "external_id")
        self.assertFalse(self.kept())
        self.assertOk(self.once("/customers", CUSTOMER), 201)

    def test_after_a_day_the_key_is_free_again(self):
        self.assertOk(self.once("/customers", CUSTOMER), 201)
        self._age(hours=23)
        self.assertIn(REPLAYED, self.once("/customers", CUSTOMER).headers)
        self._age(hours=25)
        response = self.once("/customers", CUSTOMER)
        self.assertFalse(self.assertOk(response)["created"])
        self.assertEqual(len(self.kept()), 1)

    def test_what_is_over_a_day_old_is_removed(self):
        self.assertOk(self.once("/customers", CUSTOMER, "old"), 201)
        self._age(hours=25)
        self.assertOk(self.once("/customers", CUSTOMER, "new"))
        self.env["fusion.billing.kept.answer"]._gc_old()
        self.assertEqual(self.kept().mapped("key"), ["new"])

    def _age(self, hours):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fusion_billing_kept_answer"
            " SET kept_at = now() AT TIME ZONE 'UTC' - make_interval(hours => %s)",
            [hours],
        )

    # === HEADERS === #

    def test_a_key_that_is_none_is_refused(self):
        for key in ("", "x" * 256, '"', 'a"b', '"a', "é", "a\tb", '""'):
            with self.subTest(key=key), self.assertNothingWritten():
                self.assertError(
                    self.once("/customers", CUSTOMER, key.encode("latin-1")),
                    400,
                    "invalid_idempotency_key",
                    "idempotency_key",
                )

    # === SECRETS === #

    def test_an_answer_that_tells_a_secret_is_not_kept_and_not_told_again(self):
        with patch.dict(customers.REGISTER.__dict__, tells_secret=True):
            self.assertOk(self.once("/customers", CUSTOMER), 201)
            self.assertEqual(self.kept().mapped("content"), [False])
            self.assertError(self.once("/customers", CUSTOMER), 409, "secret_told_once")

    def test_a_kept_answer_is_of_the_true_time(self):
        self.assertOk(self.once("/customers", CUSTOMER), 201)
        age = fields.Datetime.now() - self.kept().kept_at
        self.assertLess(abs(age.total_seconds()), 60)
        self.assertIsInstance(self.kept().kept_at, datetime)
