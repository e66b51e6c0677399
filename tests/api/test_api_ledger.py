from datetime import date, timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20 12:00:00")
class TestApiLedger(ApiCase):
    """An app reads what its customers owe, row by row, to the last digit."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(price_per_unit="0.123457", included_quota=10)
        cls.subscription = cls._own_subscription("sub-42", products=[cls.fee_product])
        cls.fee_product.default_code = "pro"
        cls._use(cls.subscription, "1250.123457")

    def setUp(self):
        super().setUp()
        self._rate()

    def _rows(self, query=""):
        return self.assertOk(self.get(f"/ledger{query}"))["rows"]

    def _row(self, kind):
        return next(row for row in self._rows() if row["kind"] == kind)

    def test_a_row_of_usage_is_told_exactly(self):
        row, rating = self._row("usage"), self._rating(self.subscription)
        self.assertEqual(
            row,
            {
                "row_id": rating.id,
                "subscription_id": self.subscription.id,
                "subscription_external_id": "sub-42",
                "kind": "usage",
                "plan_code": "pro",
                "metric_code": "api_calls",
                "filter": {},
                "product_code": None,
                "period_start": "2026-01-01",
                "period_end": "2026-02-01",
                "bill_on": "2026-02-01",
                "quantity": "1250.123457",
                "included": "10",
                "billable": "1240.123457",
                "owed": "153.10",
                "settled": "0.00",
                "waived": "0.00",
                "due": "153.10",
                "currency": self.currency.name,
                "breakdown": rating.breakdown,
                "rated_at": row["rated_at"],
            },
        )
        self.assertTrue(row["breakdown"]["lines"])

    def test_a_row_of_a_fee_names_its_product_and_no_metric(self):
        row = self._row("fee")
        self.assertEqual((row["product_code"], row["owed"]), ("pro", "49.00"))
        for name in ("metric_code", "plan_code", "filter", "quantity", "included", "billable"):
            self.assertIsNone(row[name], name)

    def test_what_is_billed_is_settled_and_not_due(self):
        self._bill()
        row = self._row("fee")
        self.assertEqual((row["settled"], row["due"]), ("49.00", "0.00"))
        self.assertEqual([row["kind"] for row in self._rows("?due=true")], ["usage"])
        self.assertEqual(len(self._rows("?due=false")), len(self._rows()))

    def test_what_is_waived_is_told_and_not_due(self):
        """L5."""
        self._rating(self.subscription)._waive("A gift")
        row = self._row("usage")
        self.assertEqual((row["waived"], row["due"], row["owed"]), ("153.10", "0.00", "153.10"))
        self.assertNotIn("gift", str(row))

    def test_the_list_is_filtered_by_subscription_and_first_day(self):
        other = self._subscribe("2026-01-15", [self.fee_product])
        self._rate()
        for query, expected in (
            ("?subscription_external_id=sub-42", {self.subscription.id}),
            (f"?subscription_id={other.id}", {other.id}),
            ("?from=2026-01-02", {other.id}),
            ("?to=2026-01-15", {self.subscription.id}),
            ("?from=2026-01-02&to=2026-01-15", set()),
        ):
            with self.subTest(query=query):
                found = {row["subscription_id"] for row in self._rows(query)}
                self.assertEqual(found, expected)

    def test_rows_of_others_are_not_told(self):
        """U1."""
        partner = self.env["res.partner"].create({"name": "Theirs"})
        other = self._subscribe("2026-01-01", [self.fee_product], partner_id=partner.id)
        self._rate()
        self.assertTrue(other.fusion_rating_ids)
        ids = {row["subscription_id"] for row in self._rows()}
        self.assertEqual(ids, {self.subscription.id})
        self.assertError(
            self.get(f"/ledger?subscription_id={other.id}"),
            400,
            "unknown_subscription",
            "subscription_id",
        )
        self.service.sees_own_only = True
        self._subscribe("2026-01-01", [self.fee_product])
        self._rate()
        ids = {row["subscription_id"] for row in self._rows()}
        self.assertEqual(ids, {self.subscription.id})

    def test_what_it_is_asked_for_must_make_sense(self):
        for query, code, field in (
            ("due=1", "invalid_due", "due"),
            ("due=", "invalid_due", "due"),
            ("from=2026-13-01", "invalid_from", "from"),
            ("subscription_id=-1", "invalid_subscription_id", "subscription_id"),
            ("cursor=x", "invalid_cursor", "cursor"),
            ("state=open", "unknown_field", "state"),
        ):
            with self.subTest(query=query):
                self.assertError(self.get(f"/ledger?{query}"), 400, code, field)

    # === WHAT CHANGED === #

    def _age(self):
        """Let every row be as if it had not changed for two days; return the query for news."""
        self.env.flush_all()
        past = fields.Datetime.now() - timedelta(days=2)
        self.env.cr.execute("UPDATE fusion_billing_rating SET write_date = %s", [past])
        self.env.invalidate_all()
        since = f"?changed_since={past + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
        self.assertEqual(self._rows(since), [])
        return since

    def test_more_usage_a_document_and_a_waiver_are_changes(self):
        fee, usage = self._row("fee")["row_id"], self._row("usage")["row_id"]
        for change, row_id in (
            (lambda: self._use(self.subscription, 1, "2026-01-11") and self._rate(), usage),
            (self._bill, fee),
            (lambda: self._rating(self.subscription)._waive("A gift"), usage),
        ):
            since = self._age()
            change()
            self.env.flush_all()
            self.assertEqual([row["row_id"] for row in self._rows(since)], [row_id])

    def test_a_row_that_is_owed_no_more_and_is_kept_is_a_change(self):
        self._rating(self.subscription)._waive("A gift")
        usage, since = self._row("usage")["row_id"], self._age()
        self.subscription._fusion_change_plan(self._plan("other"), date(2026, 1, 1))
        self._rate()
        rows = {row["row_id"]: row["owed"] for row in self._rows(since)}
        self.assertEqual(rows.get(usage), "0.00")
