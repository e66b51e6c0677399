from datetime import date, timedelta

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRating(BillingCase):
    def test_l1_a_row_says_what_was_used_when_and_what_it_comes_to(self):
        charge = self._charge(included_quota=1000, price_per_unit=0.5, unit_batch=100)
        subscription = self._subscribe()
        self._use(subscription, 900)
        self._use(subscription, 350)
        self._rate()
        [rating] = subscription.fusion_rating_ids
        self.assertEqual(
            (rating.charge_id, rating.version_id, rating.plan_id, rating.metric_id),
            (charge, charge.version_id, self.plan, self.calls),
        )
        self.assertEqual(
            (rating.date_from, rating.date_until, rating.bill_on),
            (date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 1)),
        )
        self.assertEqual(rating.ends_at - rating.starts_at, timedelta(days=31))
        self.assertEqual(
            (rating.quantity, rating.included_quantity, rating.billable_quantity), (1250, 1000, 250)
        )
        self.assertEqual((rating.amount, rating.due), (1.25, 1.25))

    def test_l6_the_order_shows_the_open_period_on_one_line_for_each_charge(self):
        charge = self._charge(included_quota=1000, price_per_unit=0.5, unit_batch=100)
        subscription = self._subscribe()
        self._use(subscription, 1250)
        self._rate()
        line = self._usage_lines(subscription)
        self.assertEqual((line.fusion_charge_id, line.price_subtotal), (charge, 1.25))
        self.assertIn("1,250 used, 1,000 included, 250 billed", line.name)

    def test_l1_what_is_owed_for_fees_stands_beside_usage(self):
        self._charge(price_per_unit=2)
        subscription = self._subscribe(products=[self.fee_product])
        self._use(subscription, 3)
        self._rate()
        fee = subscription.fusion_rating_ids.filtered("item_id")
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-02-01", 6), ("2026-01-01", "2026-02-01", 49)],
        )
        self.assertEqual((fee.product_id, fee.bill_on), (self.fee_product, date(2026, 1, 1)))

    def test_new_usage_does_not_fill_the_chatter_with_every_new_total(self):
        self._charge()
        subscription = self._subscribe()
        self.env = self.env(context={})  # as the cron runs: with tracking
        before = len(subscription.message_ids)
        for quantity in (10, 20):
            self._use(subscription, quantity)
            self._rate()
            self.env.flush_all()
            self.env.cr.precommit.run()
        self.assertEqual(subscription.amount_untaxed, 30)
        self.assertEqual(len(subscription.message_ids), before)
