"""Demonstration data has a year of life, and all of it is billed to the cent."""

import unittest
from datetime import datetime, timezone

from devtools.databases import query, temporary_database
from e2e import audit


class TestLongDemoData(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(temporary_database("demo_data", demo=True))

    def count(self, table, condition="true"):
        [[found]] = query(self.database, f"SELECT count(*) FROM {table} WHERE {condition}")
        return found

    def test_an_audit_finds_one_subscription_that_has_no_exchange_rate(self):
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        [found] = audit.audit(self.database, now).differences
        self.assertIn("add an exchange rate of ISK", found)

    def test_there_is_something_of_everything_to_look_at(self):
        self.assertEqual(self.count("ir_module_module", "name = 'fusion_billing' AND demo"), 1)
        months = "count(DISTINCT date_trunc('month', invoice_date))"
        [[billed]] = query(self.database, f"SELECT {months} FROM account_move WHERE {BILLED}")
        self.assertGreaterEqual(billed, 12)
        for what, (table, condition) in SOMETHING.items():
            with self.subTest(what):
                self.assertTrue(self.count(table, condition))


BILLED = "fusion_bill_on IS NOT NULL"
SOMETHING = {
    "a subscription that runs": ("sale_order", "fusion_state = '3_progress'"),
    "a subscription that was closed": ("sale_order", "fusion_state = '6_churn'"),
    "a subscription that fails": ("sale_order", "fusion_error IS NOT NULL"),
    "a pause": ("fusion_billing_phase", "state = 'paused'"),
    "a counter that was corrected": ("fusion_billing_usage_correction", "true"),
    "a credit": ("account_move_line", "fusion_rating_id IS NOT NULL AND price_subtotal < 0"),
    "an invoice that is overdue": (
        "account_move",
        f"{BILLED} AND payment_state = 'not_paid' AND invoice_date_due < now() - interval '1 day'",
    ),
    "a customer who is late": ("fusion_billing_dunning_case", "closed_on IS NULL"),
    "an event": ("fusion_billing_webhook_delivery", "true"),
    "revenue that grew": ("fusion_billing_revenue_movement", "kind = 'expansion'"),
    "revenue that was lost": ("fusion_billing_revenue_movement", "kind = 'churn'"),
}
