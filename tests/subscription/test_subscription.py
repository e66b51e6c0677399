from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestSubscription(BillingCase):
    @freeze_time("2026-01-01 08:00:00")
    def test_a_month_of_fees_in_advance_and_usage_in_arrears(self):
        self._charge(included_quota=10)
        subscription = self._subscribe(products=self.fee_product | self.setup_product)
        self.env["sale.order"]._fusion_cron_create_invoices()
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 249)
        self._use(subscription, 25)
        self.env["sale.order"]._fusion_cron_create_invoices()
        self.assertEqual(len(subscription.invoice_ids), 1)
        with freeze_time("2026-02-01 00:00:01"):
            self.env["sale.order"]._fusion_cron_create_invoices()
        second = subscription.invoice_ids[-1]
        self.assertEqual(len(subscription.invoice_ids), 2)
        self.assertEqual(sorted(subscription.invoice_ids.mapped("amount_untaxed")), [64, 249])
        self.assertEqual(second.state, "posted")
        self.assertDates(subscription, "2026-02-01", "2026-03-01")
