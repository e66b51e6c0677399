from datetime import date

from odoo.tests import tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestRating(BillingCase):

    def test_overage_stands_on_the_order_and_in_the_ledger(self):
        charge = self._charge(included_quota=1000, price_per_unit=0.5, unit_batch=100)
        subscription = self._subscribe()
        self._use(subscription, 900)
        self._use(subscription, 350)
        self._rate()
        line = self._usage_lines(subscription)
        self.assertEqual(line.price_subtotal, 1.25)
        self.assertEqual(line.fusion_charge_id, charge)
        self.assertEqual(line.fusion_period_start, date(2026, 1, 1))
        self.assertEqual(line.fusion_period_end, date(2026, 2, 1))
        rating = subscription.fusion_rating_ids
        self.assertEqual(rating.quantity, 1250)
        self.assertEqual(rating.billable_quantity, 250)
        self.assertEqual(rating.amount, 1.25)
        self.assertIn("1,250 used, 1,000 included, 250 billed", line.name)

    def test_new_usage_does_not_fill_the_chatter_with_every_new_total(self):
        subscription = self._subscribe()
        self._charge()
        self.env = self.env(context={})  # as the cron runs: with tracking
        before = len(subscription.message_ids)
        for quantity in (10, 20):
            self._use(subscription, quantity)
            self._rate()
            self.env.flush_all()
            self.env.cr.precommit.run()
        self.assertEqual(subscription.amount_untaxed, 30)
        self.assertEqual(len(subscription.message_ids), before)
