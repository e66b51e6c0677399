from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-11 00:00:00")
class TestApiUpcomingInvoice(ApiCase):
    """The documents to come, as an app is told of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls.env["account.tax"].create(
            {"name": "VAT 20 %", "amount": 20, "type_tax_use": "sale"}
        )
        (cls.usage_product | cls.fee_product).taxes_id = cls.vat
        cls._charge(included_quota=100, price_per_unit="0.5")
        cls.subscription = cls._own_subscription("sub-42", products=cls.fee_product)
        cls._use(cls.subscription, 350)

    def _path(self, query=""):
        return f"/subscriptions/{self.subscription.id}/upcoming_invoice{query}"

    def _read(self, query=""):
        return self.assertOk(self.get(self._path(query)))

    def test_at_the_periods_end_there_are_fees_usage_and_taxes(self):
        with freeze_time("2026-01-01"):
            self._bill()
        answer = self._read()
        [document] = answer.pop("documents")
        self.assertEqual(answer, {"subscription_id": self.subscription.id, "at": "2026-02-01"})
        lines = document.pop("lines")
        self.assertEqual(
            document,
            {
                "type": "invoice",
                "invoice_date": "2026-02-01",
                "due_date": "2026-02-01",
                "currency": self.currency.name,
                "amount_untaxed": "174.00",
                "amount_tax": "34.80",
                "amount_total": "208.80",
            },
        )
        self.assertEqual(
            [[line[name] for name in ("kind", "amount_untaxed", "used")] for line in lines],
            [["fee", "49.00", None], ["usage", "125.00", "350"]],
        )
        self.assertEqual(lines[1]["metric_code"], "api_calls")
        self.assertEqual(
            [lines[1]["period_start"], lines[1]["period_end"]], ["2026-01-01", "2026-02-01"]
        )

    def test_on_an_earlier_day_it_is_what_is_due_by_then(self):
        answer = self._read("?at=2026-01-11")
        self.assertEqual([doc["amount_untaxed"] for doc in answer["documents"]], ["49.00"])
        with freeze_time("2026-01-01"):
            self._bill()
        self.assertEqual(self._read("?at=2026-01-11")["documents"], [])

    def test_nothing_is_written(self):
        before = self._rating(self.subscription)
        for _twice in range(2):
            with self.assertNothingWritten():
                self._read()
        self.assertEqual(self._rating(self.subscription), before)
        self.assertFalse(self.subscription.invoice_ids)

    def test_days_that_are_over_or_after_the_open_period_are_refused(self):
        for day in ("2026-01-10", "2026-02-02", "2099-12-31", "2026-02-30", "now", ""):
            with self.subTest(day=day), self.assertNothingWritten():
                self.assertError(self.get(self._path(f"?at={day}")), 400, "invalid_at", "at")

    def test_of_other_peoples_subscriptions_nothing_is_told(self):
        stranger = self._service("stranger")
        key = stranger._generate_api_key()
        self.assertError(self.get(self._path(), key=key), 404, "not_found")

    def test_a_closed_and_settled_subscription_has_none_to_come(self):
        self.subscription._fusion_close(discard_usage=True)
        with freeze_time("2026-01-12"):
            self.env["sale.order"]._fusion_cron_create_invoices()
            self.assertEqual(self._read(), {**self._read(), "at": "2026-01-12", "documents": []})

    def test_what_staff_must_mend_first_is_said(self):
        euro = self._foreign("EUR", {"2026-01-01": 0.8})
        self._charge(metric=self._metric("seats"), currency_id=euro.id)
        self._use(self.subscription, 1, metric=self.env["fusion.billing.metric"].search([])[-1:])
        euro.rate_ids.unlink()
        with self.assertNothingWritten():
            answer = self.assertError(self.get(self._path()), 400, "invalid_state")
        self.assertIn("exchange rate", answer["error"])
