"""Counters that an app takes back."""

from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ...models.base.engine import as_engine
from ..api_usage_case import ApiUsageCase

NAMED = {"subscription_external_id": "sub-42", "metric_code": "api_calls", "idempotency_key": "k"}


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiUsageDeletion(ApiUsageCase):
    def delete(self, **fields):
        return self.send("DELETE", "/usage", fields)

    def assertDeleted(self, number, **fields):
        self.assertEqual(self.assertOk(self.delete(**fields)), {"deleted": number})
        self.env.invalidate_all()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time("2025-12-01"):
            cls._charge()

    def _stranger(self):
        """A counter of nobody's customer."""
        partner = self.env["res.partner"].create({"name": "Stranger"})
        theirs = self._subscribe("2026-01-01", partner_id=partner.id)
        return self._use(theirs, 5, "2026-01-10")

    # === WHAT IS DELETED === #

    def test_a_counter_is_named_by_its_key_or_by_its_id(self):
        number = {"subscription_id": self.subscription.id}
        for names in (
            NAMED,
            {"metric_code": "api_calls", "idempotency_key": "k", **number},
            {"subscription_external_id": "sub-42", "metric": "api_calls", "idempotency_key": "k"},
            {"usage_id": None},
        ):
            with self.subTest(names=names):
                self.push(self._event(idempotency_key="k"), self._event(idempotency_key="other"))
                if "usage_id" in names:
                    [first, _other] = self.assertOk(self.get("/usage"))["usage"]
                    names = {"usage_id": first["usage_id"]}
                self.assertDeleted(1, **names)
                self.assertEqual(self._stored(), [("other", Decimal("1250.5"))])
                self.env["fusion.billing.usage"].search([]).unlink()

    def test_what_it_said_is_kept_with_who_took_it_back(self):
        """U3."""
        self.push(self._event(idempotency_key="k", value="user-7", quantity="0.1"))
        usage = self.env["fusion.billing.usage"].search([])
        number = usage.id
        self.assertDeleted(1, **NAMED)
        correction = self.env["fusion.billing.usage.correction"].search([])
        self.assertRecordValues(
            correction,
            [
                {
                    "usage_id": False,
                    "deleted": True,
                    "deleted_number": number,
                    "subscription_id": self.subscription.id,
                    "metric_id": self.calls.id,
                    "source": "nexacloud",
                    "quantity": 0.1,
                    "value": "user-7",
                    "idempotency_key": "k",
                }
            ],
        )

    def test_staff_who_delete_a_counter_are_named_by_their_login(self):
        self.push(self._event(idempotency_key="k"))
        self.env["fusion.billing.usage"].search([]).unlink()
        correction = self.env["fusion.billing.usage.correction"].search([])
        self.assertEqual((correction.source, correction.deleted), (self.env.user.login, True))

    def test_a_counter_that_is_not_there_is_deleted_already(self):
        self.push(self._event(idempotency_key="k"))
        self.assertDeleted(1, **NAMED)
        with self.assertNothingWritten():
            self.assertDeleted(0, **NAMED)
            self.assertDeleted(0, usage_id=2**31)
            self.assertDeleted(0, usage_id=2**31 - 1)

    def test_a_key_that_is_free_again_is_stored_anew(self):
        """U4."""
        event = self._event(idempotency_key="k")
        self.push(event)
        self.assertDeleted(1, **NAMED)
        self.assertPushed(self.push({**event, "quantity": "7"}), inserted=1)
        self.assertEqual(self._stored(), [("k", Decimal(7))])

    # === WHAT IT COMES TO === #

    def test_the_ledger_follows(self):
        self.push(self._event(idempotency_key="k"), self._event(idempotency_key="o", quantity="2"))
        rating = self.env["fusion.billing.rating"]
        rating._rate_pending(self.company)
        self.assertEqual(rating.search([("metric_id", "=", self.calls.id)]).quantity, 1252.5)
        self.assertDeleted(1, **NAMED)
        rating._rate_pending(self.company)
        self.assertEqual(rating.search([("metric_id", "=", self.calls.id)]).quantity, 2)

    def test_r9_what_is_billed_is_credited_by_the_next_document(self):
        """R9."""
        self.push(self._event(idempotency_key="k", quantity="10"))
        with freeze_time("2026-02-01 03:00:00"):
            self.env["sale.order"]._fusion_cron_create_invoices()
        self.assertEqual(self.subscription.invoice_ids.amount_untaxed, 10)
        with freeze_time("2026-02-02 03:00:00"):
            self.assertDeleted(1, **NAMED)
        with freeze_time("2026-03-01 03:00:00"):
            self.env["sale.order"]._fusion_cron_create_invoices()
        [invoice, credit] = self.subscription.invoice_ids.sorted("id")
        self.assertEqual((invoice.amount_untaxed, credit.amount_untaxed), (10, 10))
        self.assertEqual(credit.move_type, "out_refund")

    def test_a_counter_of_settled_days_stays(self):
        self.push(self._event(idempotency_key="k"))
        as_engine(self.subscription).fusion_usage_kept_from = date(2026, 1, 11)
        with self.assertNothingWritten():
            answer = self.assertError(self.delete(**NAMED), 400, "period_outside_subscription")
        self.assertIn("is settled", answer["error"])
        as_engine(self.subscription).fusion_usage_kept_from = date(2026, 1, 10)
        self.assertDeleted(1, **NAMED)

    # === WHAT IS REFUSED === #

    def test_the_counters_of_others_are_out_of_reach(self):
        """U1."""
        theirs = self._stranger()
        with self.assertNothingWritten():
            self.assertDeleted(0, usage_id=theirs.id)
            self.assertError(
                self.delete(
                    subscription_id=theirs.subscription_id.id,
                    metric_code="api_calls",
                    idempotency_key="k",
                ),
                400,
                "unknown_subscription",
                "subscription_id",
            )

    def test_what_does_not_name_one_counter_is_refused(self):
        key = {"metric_code": "api_calls", "idempotency_key": "k"}
        for fields, code, field in (
            ({}, "missing_field", "metric_code"),
            ({"metric_code": "api_calls"}, "missing_field", "idempotency_key"),
            (key, "missing_field", "subscription_external_id"),
            ({**NAMED, "usage_id": 1}, "invalid_usage_id", "usage_id"),
            ({**NAMED, "subscription_id": 1}, "invalid_subscription_id", "subscription_id"),
            ({**NAMED, "metric_code": "calls"}, "unknown_metric", "metric_code"),
            (
                {**NAMED, "subscription_external_id": "sub-43"},
                "unknown_subscription",
                "subscription_external_id",
            ),
            ({"usage_id": "x"}, "invalid_usage_id", "usage_id"),
            ({**NAMED, "key": "k"}, "unknown_field", "key"),
        ):
            with self.subTest(fields=fields), self.assertNothingWritten():
                self.assertError(self.delete(**fields), 400, code, field)

    def test_only_who_may_push_may_delete(self):
        self.push(self._event(idempotency_key="k"))
        self.env["fusion.billing.api.key"].search([]).write({"scope_usage_write": False})
        with self.assertNothingWritten():
            self.assertError(self.delete(**NAMED), 403, "insufficient_scope")
