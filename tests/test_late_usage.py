from odoo.tests import freeze_time, tagged

from .common import BillingCase


@tagged("post_install", "-at_install")
class TestLateUsage(BillingCase):
    """R9: usage that arrives after its period was invoiced is billed as a named difference."""

    def _invoice(self, moment):
        with freeze_time(moment):
            self.env["sale.order"]._fusion_cron_create_invoices()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(included_quota=100, price_per_unit="0.5")
        cls.subscription = cls._subscribe()
        cls._use(cls.subscription, 150)

    def test_r9_late_usage_is_billed_on_the_next_invoice_and_names_its_period(self):
        self._invoice("2026-02-01 01:00:00")
        first = self.subscription.invoice_ids
        self.assertEqual(first.amount_untaxed, 25)
        self._use(self.subscription, 1200, "2026-01-31 22:00:00")
        self._use(self.subscription, 110, "2026-02-03")
        self._rate()
        self._invoice("2026-03-01 01:00:00")
        second = self.subscription.invoice_ids - first
        self.assertEqual(first.amount_untaxed, 25)
        self.assertEqual(second.amount_untaxed, 605)
        correction = second.invoice_line_ids.filtered(lambda line: "Correction" in line.name)
        self.assertIn("Correction for Jan 1 – 31, 2026: +1,200 API calls", correction.name.replace("\u2009", " "))
        self.assertEqual(correction.price_subtotal, 600)

    def test_r9_a_corrected_counter_is_credited_with_a_credit_note_if_nothing_else_is_due(self):
        self._invoice("2026-02-01 01:00:00")
        first = self.subscription.invoice_ids
        self.subscription.fusion_usage_ids.quantity = 120
        self._rate()
        self._invoice("2026-03-01 01:00:00")
        credit = self.subscription.invoice_ids - first
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(credit.amount_untaxed, 15)
        self.assertIn("−30 API calls", credit.invoice_line_ids.name)
        self.assertEqual(self.subscription.fusion_rating_ids.filtered(
            lambda rating: rating.period_start.month == 1).amount_invoiced, 10)

    def test_r9_late_usage_is_rated_at_the_prices_of_its_own_period(self):
        self._invoice("2026-02-01 01:00:00")
        with freeze_time("2026-02-10"):
            self.charge.price_per_unit = 2
        self.assertEqual(len(self.charge.version_ids), 2)
        self._use(self.subscription, 10, "2026-01-31 22:00:00")
        self._rate()
        self._use(self.subscription, 101, "2026-02-15")
        self._use(self.subscription, 102, "2026-03-15")
        self._invoice("2026-03-01 01:00:00")
        self._invoice("2026-04-01 01:00:00")
        self.assertEqual(self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed"),
                         [25, 5.5, 4])

    def test_r9_late_usage_of_a_closed_subscription_gets_an_invoice_of_its_own(self):
        with freeze_time("2026-01-20 12:00:00"):
            self.subscription._fusion_close()
        self.assertEqual(self.subscription.fusion_state, "6_churn")
        self._use(self.subscription, 10, "2026-01-20 11:00:00")
        self._rate()
        self._invoice("2026-01-20 13:00:00")
        self.assertEqual(self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed"),
                         [25, 5])

    def test_late_counters_land_in_a_draft_that_is_held_for_them(self):
        self.plan.draft_hours = 24
        self._metric("other")
        self._invoice("2026-02-01 01:00:00")
        draft = self.subscription.invoice_ids
        self.assertEqual(draft.state, "draft")
        self._use(self.subscription, 10, "2026-01-31 22:00:00")
        self._rate()
        self.assertEqual(draft.amount_untaxed, 30)
        self._use(self.subscription, 2, "2026-01-31 22:00:00")
        self._invoice("2026-02-02 00:00:00")
        self.assertEqual(draft.state, "posted")
        self.assertEqual(draft.amount_untaxed, 31)

    def test_a_held_draft_takes_a_charge_that_had_nothing_to_bill(self):
        self.plan.draft_hours = 24
        storage = self._metric("gb", aggregation="max")
        self._charge(storage, price_per_unit=3)
        self._invoice("2026-02-01 01:00:00")
        self._use(self.subscription, 10, "2026-01-31 22:00:00", metric=storage)
        self._rate()
        self.assertEqual(self.subscription.invoice_ids.amount_untaxed, 55)


@tagged("post_install", "-at_install")
class TestParts(BillingCase):

    def _invoice(self, moment):
        with freeze_time(moment):
            self.env["sale.order"]._fusion_cron_create_invoices()

    def test_each_part_of_a_period_is_rated_with_the_plan_in_force(self):
        big = self._plan("big")
        self._charge(included_quota=310, price_per_unit=1, prorate=True)
        self._charge(plan=big, included_quota=3100, price_per_unit="0.1", prorate=True)
        subscription = self._subscribe()
        self._use(subscription, 150, "2026-01-05")
        self._use(subscription, 3000, "2026-01-15")
        with freeze_time("2026-01-11 09:00:00"):
            subscription._fusion_change_plan(big)
        self.assertEqual(subscription.fusion_plan_id, big)
        self._rate()
        self._invoice("2026-02-01 01:00:00")
        # 10 of 31 days: 150 - 100 at 1; 21 of 31 days: 3000 - 2100 at 0.1.
        self.assertEqual(sorted(subscription.invoice_ids.invoice_line_ids.mapped("price_unit")),
                         [50, 90])
        self.assertDates(subscription, "2026-02-01", "2026-03-01")

    def test_a_plan_change_to_come_takes_effect_on_its_day(self):
        big = self._plan("yearly", billing_period_unit="year")
        self._charge(price_per_unit=1)
        self._charge(plan=big, price_per_unit=2)
        with freeze_time("2026-01-11 09:00:00"):
            subscription = self._subscribe()
            subscription._fusion_change_plan(big)
        self._use(subscription, 1, "2026-01-05")
        self._use(subscription, 10, "2026-02-05")
        self._invoice("2026-02-01 01:00:00")
        self.assertDates(subscription, "2026-02-01", "2027-02-01")
        self._invoice("2027-02-01 01:00:00")
        self.assertEqual(sorted(subscription.invoice_ids.mapped("amount_untaxed")), [1, 20])

    def test_a_price_change_splits_the_period_if_the_charge_says_so(self):
        charge = self._charge(price_per_unit=1, split_at_version=True)
        charge.version_ids = [(0, 0, {"valid_from": "2026-01-16", "price_per_unit": 3})]
        self.assertEqual(charge.price_per_unit, 3)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-05")
        self._use(subscription, 10, "2026-01-20")
        self._rate()
        self.assertEqual(self._usage_lines(subscription).mapped("price_unit"), [10, 30])
        charge.split_at_version = False
        self._rate()
        self.assertEqual(sum(self._usage_lines(subscription).mapped("price_unit")), 20)

    def test_filters_share_out_usage_and_the_rest_goes_to_the_charge_without(self):
        for region, price in (("eu, uk", 2), ("us", 3), (None, 1)):
            self._charge(price_per_unit=price, filter_ids=region and [
                (0, 0, {"dimension": "region", "dimension_values": region})] or [])
        subscription = self._subscribe()
        for region in ("eu", "uk", "us", "asia", None):
            self._use(subscription, 10, dimensions=region and {"region": region})
        self._rate()
        self.assertEqual(sorted(self._usage_lines(subscription).mapped("price_unit")), [20, 30, 40])

    def test_a_weighted_level_counts_for_the_time_it_holds(self):
        seats = self._metric("seats", aggregation="weighted")
        self._charge(seats, price_per_unit=31)
        subscription = self._subscribe()
        self._use(subscription, 10, "2026-01-11", metric=seats)
        self._use(subscription, 20, "2026-01-21", metric=seats)
        self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 10 * 10 + 20 * 11)
        self._invoice("2026-02-01 01:00:00")
        self._rate()
        february = subscription.fusion_rating_ids.filtered(lambda r: r.period_start.month == 2)
        self.assertEqual(february.quantity, 20)

    def test_a_charge_in_another_currency_is_converted_at_the_rate_of_the_period_s_end(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.assertNotEqual(euro, self.currency)
        self.env["res.currency.rate"].create([
            {"currency_id": euro.id, "name": "2026-01-01", "rate": 0.5},
            {"currency_id": euro.id, "name": "2026-01-20", "rate": 0.4},
        ])
        self._charge(price_per_unit=1, currency_id=euro.id)
        subscription = self._subscribe()
        self._use(subscription, 10)
        with freeze_time("2026-01-11"):
            self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 20)
        self._invoice("2026-02-01 01:00:00")
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 25)
        self.assertEqual(subscription.fusion_rating_ids[-1].currency_rate, 2.5)

    def test_tiers_through_to_the_order(self):
        self._charge(charge_model="graduated", tier_ids=[
            (0, 0, {"up_to": 100, "unit_amount": 1}),
            (0, 0, {"unit_amount": "0.5", "flat_amount": 7}),
        ], minimum_amount=10, maximum_amount=1000)
        subscription = self._subscribe()
        self._use(subscription, 120)
        self._rate()
        self.assertEqual(self._usage_lines(subscription).price_unit, 117)

    def test_copying_a_plan_copies_its_charges_with_their_tiers(self):
        self._charge(charge_model="volume", tier_ids=[
            (0, 0, {"up_to": 100, "unit_amount": 1}), (0, 0, {"unit_amount": "0.5"})])
        copy = self.plan.copy()
        self.assertEqual(len(copy.charge_ids.tier_ids), 2)
        self.assertNotEqual(copy.charge_ids.version_id, self.plan.charge_ids.version_id)
        self.assertEqual(copy.charge_ids.version_id.charge_id, copy.charge_ids)
