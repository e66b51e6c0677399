"""R10: quota, minimum, maximum and flat amounts in a part of a billing period."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
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
            self._rate()
        return self._rating(subscription, start)

    def test_r10_a_quota_is_reduced_to_the_share_of_the_days(self):
        rating = self._cut("2026-01-01", "2026-01-11", 150, included_quota=310)
        self.assertEqual(rating.amount, 50)
        self.assertEqual(Fraction(rating.share), Fraction(10, 31))

    def test_r10_a_whole_period_that_is_cut_is_shared_whatever_the_charge_says(self):
        rating = self._cut("2026-01-01", "2026-01-11", 150, included_quota=310, prorate=False)
        self.assertEqual(rating.amount, 50)
        self.assertEqual(Fraction(rating.share), Fraction(10, 31))

    def test_r10_a_minimum_is_reduced_and_so_is_a_maximum(self):
        rating = self._cut("2026-01-01", "2026-01-11", 0, minimum_amount=31, maximum_amount=62)
        self.assertEqual(rating.amount, 10)
        self._use(rating.subscription_id, 1000, "2026-01-05")
        self._rate()
        self.assertEqual(rating.amount, 20)
        kinds = [line["kind"] for line in rating.breakdown["lines"]]
        self.assertEqual(kinds, ["usage", "cap"])

    def test_r10_an_incomplete_period_has_a_whole_minimum_if_the_charge_does_not_prorate(self):
        self._charge(minimum_amount=31, prorate=False)
        subscription = self._subscribe(fusion_end_date="2026-01-11")
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-11", 31)])

    def test_r10_parts_of_an_incomplete_period_share_the_whole_if_the_charge_does_not_prorate(self):
        self._charge(minimum_amount=30, prorate=False)
        self._charge(plan=self.other, minimum_amount=60, prorate=False)
        with freeze_time("2026-01-05"):
            subscription = self._subscribe(fusion_end_date="2026-01-16")
            subscription._fusion_change_plan(self.other, date(2026, 1, 6))
            self._rate()
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-01-06", 10), ("2026-01-06", "2026-01-16", 40)],
        )

    def test_r10_a_fixed_fee_is_reduced_and_a_rate_is_not(self):
        rating = self._cut(
            "2026-01-01", "2026-01-11", 100, charge_model="percentage", rate=10, fixed_amount=31
        )
        self.assertEqual(rating.amount, 10 + 10)

    def test_r10_flat_amounts_of_tiers_are_reduced_and_their_bounds_and_prices_are_not(self):
        rating = self._cut(
            "2026-01-01",
            "2026-01-11",
            150,
            charge_model="graduated",
            tier_ids=self._tiers((100, 1, 31), (0, 2, 62)),
        )
        self.assertEqual(rating.amount, 100 + 10 + 100 + 20)

    def test_r10_a_leap_year_s_february_has_29_days_to_share(self):
        rating = self._cut("2024-02-01", "2024-02-15", 15, included_quota=29)
        self.assertEqual(rating.amount, 1)

    def test_r3_days_are_shared_by_the_calendar_and_not_by_hours(self):
        self.company.fusion_billing_tz = "Europe/Paris"
        rating = self._cut("2026-03-01", "2026-03-30 12:00:00", 30, included_quota=31)
        self.assertEqual(Fraction(rating.share), Fraction(29, 31))
        self.assertEqual(rating.amount, 1)

    def test_r4_a_part_is_a_share_of_its_own_period_from_the_anchor_on(self):
        """31 Jan to 28 Feb are 28 days, 28 Feb to 31 Mar 31."""
        self._charge(included_quota=31)
        subscription = self._subscribe("2026-01-31")
        self._use(subscription, 5, "2026-03-01")
        with freeze_time("2026-03-02"):
            subscription._fusion_change_plan(self.other)
            self._rate()
        rating = self._rating(subscription, "2026-02-28")
        self.assertEqual(Fraction(rating.share), Fraction(2, 31))
        self.assertEqual(rating.amount, 3)

    def test_r10_an_end_inside_a_period_prorates_it(self):
        self._charge(minimum_amount=31)
        subscription = self._subscribe()
        with freeze_time("2026-01-19 12:00:00"):
            subscription._fusion_close()
        self.assertEqual(self._invoiced(subscription), [19])

    def test_r4_a_first_period_until_the_anchor_is_a_part(self):
        self._charge(minimum_amount=31)
        subscription = self._subscribe(fusion_anchor_date="2026-01-15")
        self._bill_at("2026-01-15")
        self.assertEqual(self._invoiced(subscription), [14])
        self._bill_at("2026-02-15")
        self.assertEqual(self._invoiced(subscription), [14, 31])

    def test_r10_parts_at_a_price_change_share_quota_and_minimum_between_them(self):
        charge = self._charge(included_quota=31, minimum_amount=62, split_at_version=True)
        charge.write(
            {
                "version_ids": [
                    (0, 0, {"valid_from": "2026-01-11", "price_per_unit": 9, "included_quota": 31})
                ]
            }
        )
        subscription = self._subscribe()
        self._use(subscription, 22, "2026-01-15")
        self._rate()
        # 10 of 31 days: a minimum of 20; 21 of 31 days: a quota of 21 and no minimum.
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-01-11", 20), ("2026-01-11", "2026-02-01", 9)],
        )

    def test_m2_a_share_without_end_does_not_decide_a_tie(self):
        """100 for 20 of 30 days are 66.66…; 34.33… at 0.015 are 0.515, and round to 0.52."""
        rating = self._cut(
            "2026-04-01", "2026-04-21", 101, included_quota=100, price_per_unit="0.015"
        )
        self.assertEqual(rating.amount, 0.52)

    def test_m1_what_is_included_and_what_is_billed_sum_to_what_was_used(self):
        rating = self._cut("2026-04-01", "2026-04-21", "123456789012.345678", included_quota=100)
        used, included, billed = (
            Decimal(self._numeric_text(rating, column))
            for column in ("quantity", "included_quantity", "billable_quantity")
        )
        self.assertEqual(Fraction(included) + Fraction(billed), Fraction(used))

    def test_r9_late_usage_meets_the_quota_of_its_part(self):
        rating = self._cut("2026-01-01", "2026-01-11", 100, included_quota=310)
        self.assertEqual(rating.amount, 0)
        with freeze_time("2026-02-05"):
            self._use(rating.subscription_id, 7, "2026-01-10")
            self._rate()
        self.assertEqual(rating.amount, 7)
