"""Quota, minimum and maximum in a part of a billing period: by days, if the charge says so."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestProration(BillingCase):
    """Subscriptions from January, April or February, cut by another plan or their end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._plan("other")

    def _cut(self, start, day, quantity, **charge):
        """The ledger's row of the part before a day on which another plan takes over."""
        self._charge(**charge)
        subscription = self._subscribe(start)
        if quantity:
            self._use(subscription, quantity, start)
        with freeze_time(day):
            subscription._fusion_change_plan(self.other)
        return self._rating(subscription, start)

    def test_a_quota_is_reduced_to_the_share_of_the_days(self):
        rating = self._cut("2026-01-01", "2026-01-11", 150, included_quota=310, prorate=True)
        self.assertEqual(rating.amount, 50)
        self.assertEqual(Fraction(rating.share), Fraction(10, 31))

    def test_a_quota_is_whole_in_each_part_if_the_charge_does_not_prorate(self):
        rating = self._cut("2026-01-01", "2026-01-11", 350, included_quota=310)
        self.assertEqual((rating.amount, rating.share), (40, "1"))

    def test_a_minimum_is_reduced_and_so_is_a_maximum(self):
        rating = self._cut(
            "2026-01-01", "2026-01-11", 0, minimum_amount=31, maximum_amount=62, prorate=True)
        self.assertEqual(rating.amount, 10)
        self._use(rating.subscription_id, 1000, "2026-01-05")
        self._rate()
        self.assertEqual(rating.amount, 20)
        kinds = [line["kind"] for line in rating.breakdown["lines"]]
        self.assertEqual(kinds, ["usage", "cap"])

    def test_a_minimum_is_whole_if_the_charge_does_not_prorate(self):
        self.assertEqual(
            self._cut("2026-01-01", "2026-01-11", 0, minimum_amount=31).amount, 31)

    def test_prices_and_fixed_fees_are_never_reduced(self):
        rating = self._cut("2026-01-01", "2026-01-11", 100, charge_model="percentage", rate=10,
                           fixed_amount=5, prorate=True)
        self.assertEqual(rating.amount, 15)

    def test_a_leap_year_s_february_has_29_days_to_share(self):
        rating = self._cut("2024-02-01", "2024-02-15", 15, included_quota=29, prorate=True)
        self.assertEqual(rating.amount, 1)

    def test_r3_days_are_shared_by_the_calendar_and_not_by_hours(self):
        self.company.fusion_billing_tz = "Europe/Paris"
        rating = self._cut(
            "2026-03-01", "2026-03-30 12:00:00", 30, included_quota=31, prorate=True)
        self.assertEqual(Fraction(rating.share), Fraction(29, 31))
        self.assertEqual(rating.amount, 1)

    def test_r4_a_part_is_a_share_of_its_own_period_from_the_anchor_on(self):
        """31 Jan to 28 Feb are 28 days, 28 Feb to 31 Mar 31."""
        self._charge(included_quota=28 * 31, prorate=True)
        subscription = self._subscribe("2026-01-31")
        self._bill_at("2026-02-28")
        with freeze_time("2026-03-02"):
            subscription._fusion_change_plan(self.other)
        rating = self._rating(subscription, "2026-02-28")
        self.assertEqual(Fraction(rating.share), Fraction(2, 31))

    def test_an_end_inside_a_period_prorates_it(self):
        self._charge(minimum_amount=31, prorate=True)
        subscription = self._subscribe()
        with freeze_time("2026-01-19 12:00:00"):
            subscription._fusion_close()
        self.assertEqual(self._invoiced(subscription), [19])

    def test_a_first_period_that_staff_cut_is_a_part(self):
        self._charge(minimum_amount=31, prorate=True)
        subscription = self._subscribe()
        subscription.fusion_next_invoice_date = date(2026, 1, 15)
        self._bill_at("2026-01-15")
        self.assertEqual(self._invoiced(subscription), [14])
        self._bill_at("2026-02-15")
        self.assertEqual(self._invoiced(subscription), [14, 31])

    def test_parts_at_a_price_change_share_quota_and_minimum_between_them(self):
        charge = self._charge(
            included_quota=31, minimum_amount=62, prorate=True, split_at_version=True)
        charge.write({"version_ids": [(0, 0, {
            "valid_from": "2026-01-11", "price_per_unit": 9, "included_quota": 31})]})
        subscription = self._subscribe()
        self._use(subscription, 22, "2026-01-15")
        self._bill_at("2026-02-01")
        # 10 of 31 days: a minimum of 20; 21 of 31 days: a quota of 21 and no minimum.
        self.assertEqual(
            sorted(subscription.invoice_ids.invoice_line_ids.mapped("price_unit")), [9, 20])

    def test_m2_a_share_without_end_does_not_decide_a_tie(self):
        """100 for 20 of 30 days are 66.66…; 34.33… at 0.015 are 0.515, and round to 0.52."""
        rating = self._cut("2026-04-01", "2026-04-21", 101, included_quota=100,
                           price_per_unit="0.015", prorate=True)
        self.assertEqual(rating.amount, 0.52)

    def test_m1_what_is_included_and_what_is_billed_sum_to_what_was_used(self):
        rating = self._cut("2026-04-01", "2026-04-21", "123456789012.345678",
                           included_quota=100, prorate=True)
        used, included, billed = (
            Decimal(self._numeric_text(rating, column))
            for column in ("quantity", "included_quantity", "billable_quantity"))
        self.assertEqual(Fraction(included) + Fraction(billed), Fraction(used))

    def test_r9_late_usage_keeps_the_share_of_its_part(self):
        rating = self._cut("2026-01-01", "2026-01-11", 100, included_quota=310, prorate=True)
        self._bill_at("2026-02-01")
        rating.charge_id.prorate = False
        self._use(rating.subscription_id, 7, "2026-01-10")
        self._rate()
        self.assertEqual(rating.amount, 7)
