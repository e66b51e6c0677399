"""Worked examples from the public documentation of known billing systems.

Each test says where its numbers come from. Where a system bills each transaction
on its own, the example is taken as one period's total.
"""

import unittest
from decimal import Decimal

from core.money.pricing import price


class ExampleCase(unittest.TestCase):
    def assert_costs(self, expected, model, quantity, **terms):
        with self.subTest(quantity=quantity):
            self.assertEqual(price(model, quantity, **terms).amount, Decimal(expected))


class TestStandardExamples(ExampleCase):
    def test_lago_a_thousand_calls_at_five_cents_cost_fifty_dollars(self):
        """Lago, "Charges", standard charge model."""
        self.assert_costs("50", "standard", 1000, price_per_unit="0.05")

    def test_openmeter_ten_thousand_tokens_at_a_cent_cost_a_hundred_dollars(self):
        """OpenMeter, "Pricing models", per-unit pricing."""
        self.assert_costs("100", "standard", 10_000, price_per_unit="0.01")

    def test_stripe_streams_beyond_the_included_thousand_cost_four_cents(self):
        """Stripe, "Set up a flat fee and overages pricing model"; the same charge

        as a quota and, as Stripe models it, as a free first tier.
        """
        tiers = [{"up_to": 1000, "unit_amount": 0}, {"up_to": None, "unit_amount": "0.04"}]
        for used, expected in ((0, "0"), (1000, "0"), (1001, "0.04"), (1500, "20")):
            self.assert_costs(
                expected, "standard", used, price_per_unit="0.04", included_quota=1000
            )
            self.assert_costs(expected, "graduated", used, tiers=tiers)

    def test_killbill_issue_1124_fifty_five_times_0_067_is_exact(self):
        """killbill#1124: this could not be invoiced. M1."""
        self.assert_costs("3.685", "standard", 55, price_per_unit="0.067")


class TestPackageExamples(ExampleCase):
    def test_lago_201_calls_with_100_free_cost_two_packages(self):
        """Lago, "Package": 5 dollars per 100 units, the first 100 free."""
        self.assert_costs(
            "10", "package", 201, price_per_unit=5, unit_batch=100, included_quota=100
        )

    def test_stripe_ten_dollars_for_every_five_users_or_portion_thereof(self):
        """Stripe, "Quantity transformation", the whole table."""
        for users, expected in ((1, 10), (3, 10), (5, 10), (6, 20), (7, 20)):
            self.assert_costs(expected, "package", users, price_per_unit=10, unit_batch=5)

    def test_stripe_a_car_rented_for_150_minutes_is_paid_for_three_hours(self):
        """Stripe, "Transform quantities"."""
        self.assert_costs("30", "package", 150, price_per_unit=10, unit_batch=60)

    def test_chargebee_tokens_are_sold_by_the_million(self):
        """Chargebee, "Package pricing"."""
        for tokens, expected in ((10, "1.25"), (1_000_000, "1.25"), (1_500_000, "2.50")):
            self.assert_costs(
                expected, "package", tokens, price_per_unit="1.25", unit_batch=1_000_000
            )


class TestGraduatedExamples(ExampleCase):
    def test_stripe_fonts(self):
        """Stripe, "Set up tiered pricing", graduated pricing."""
        for fonts, expected in ((1, "7"), (5, "35"), (6, "41.5"), (20, "127.5"), (25, "157.5")):
            self.assert_costs(expected, "graduated", fonts, tiers=STRIPE_FONTS)

    def test_recurly_150_documents(self):
        """Recurly, "Quantity-based pricing", tiered pricing."""
        tiers = [{"up_to": 100, "unit_amount": 1}, {"up_to": None, "unit_amount": "0.50"}]
        self.assert_costs("125", "graduated", 150, tiers=tiers)

    def test_zuplo_15000_requests(self):
        """Zuplo, "Pricing models", graduated pricing (on OpenMeter)."""
        self.assert_costs("600", "graduated", 15_000, tiers=ZUPLO_REQUESTS)

    def test_autumn_15000_requests(self):
        """Autumn, "Graduated pricing"."""
        tiers = [
            {"up_to": 1000, "unit_amount": "0.01"},
            {"up_to": 10_000, "unit_amount": "0.008"},
            {"up_to": None, "unit_amount": "0.005"},
        ]
        self.assert_costs("107", "graduated", 15_000, tiers=tiers)

    def test_chargebee_15_licences_in_two_tiers(self):
        """Chargebee, "SaaS pricing models": 20 dollars for the first 9, then 15."""
        tiers = [{"up_to": 9, "unit_amount": 20}, {"up_to": None, "unit_amount": 15}]
        self.assert_costs("270", "graduated", 15, tiers=tiers)

    def test_killbill_videos(self):
        """Kill Bill, "Consumable in arrear": 5 videos at 2 dollars, then 1 dollar."""
        tiers = [{"up_to": 5, "unit_amount": 2}, {"up_to": None, "unit_amount": 1}]
        for videos, expected in ((0, 0), (4, 8), (5, 10), (6, 11), (10, 15)):
            self.assert_costs(expected, "graduated", videos, tiers=tiers)

    def test_oracle_slabs_with_a_unit_price(self):
        """Oracle Banking Liquidity Management, "Tier based amount", table 17-9."""
        tiers = [
            {"up_to": 250, "unit_amount": 1},
            {"up_to": 500, "unit_amount": 2},
            {"up_to": None, "unit_amount": 3},
        ]
        self.assert_costs("2250", "graduated", 1000, tiers=tiers)

    def test_oracle_slabs_with_a_flat_amount_each(self):
        """The same, table 17-8: every slab entered adds its amount."""
        self.assert_costs("60", "graduated", 1000, tiers=ORACLE_FLAT_SLABS)


class TestVolumeExamples(ExampleCase):
    def test_stripe_fonts(self):
        """Stripe, "Set up tiered pricing", volume-based pricing, the whole table."""
        for fonts, expected in ((1, 7), (5, 35), (6, 39), (20, 120), (25, 150)):
            self.assert_costs(expected, "volume", fonts, tiers=STRIPE_FONTS)

    def test_lago_65000_calls_with_a_flat_fee(self):
        """Lago, "Volume": 65,000 x 0.0006 + 10."""
        tiers = [{**tier, "flat_amount": 10} for tier in LAGO_CALLS]
        self.assert_costs("49", "volume", 65_000, tiers=tiers)

    def test_flexprice_65000_calls(self):
        """Flexprice, "Volume tiered"."""
        self.assert_costs("39", "volume", 65_000, tiers=LAGO_CALLS)

    def test_flexprice_packages_are_counted_on_the_whole_usage(self):
        """Flexprice, "Tiered", package size in a tier: 4.5 packages become 5."""
        tiers = [
            {"up_to": 10_000, "unit_amount": 1, "unit_batch": 1000},
            {"up_to": None, "unit_amount": "0.5", "unit_batch": 1000},
        ]
        self.assert_costs("5", "volume", 4500, tiers=tiers)

    def test_zuplo_15000_requests(self):
        """Zuplo, "Pricing models", volume pricing (on OpenMeter)."""
        self.assert_costs("150", "volume", 15_000, tiers=ZUPLO_REQUESTS)

    def test_oracle_the_unit_price_of_the_slab_reached(self):
        """Oracle Banking Liquidity Management, "Tier based amount", table 17-11."""
        tiers = [
            {"up_to": 250, "unit_amount": 1},
            {"up_to": 500, "unit_amount": 2},
            {"up_to": None, "unit_amount": 3},
        ]
        self.assert_costs("3000", "volume", 1000, tiers=tiers)


class TestStairstepExamples(ExampleCase):
    def test_chargebee_storage(self):
        """Chargebee, "SaaS pricing models": 100 dollars for 500 GB, 200 for 2 TB,

        400 for 4 TB, which here is the last, open-ended step.
        """
        tiers = [
            {"up_to": 500, "flat_amount": 100},
            {"up_to": 2000, "flat_amount": 200},
            {"up_to": None, "flat_amount": 400},
        ]
        for gigabytes, expected in (
            (0, 0),
            (1, 100),
            (500, 100),
            (501, 200),
            (2000, 200),
            (4000, 400),
        ):
            self.assert_costs(expected, "stairstep", gigabytes, tiers=tiers)

    def test_oracle_the_amount_of_the_slab_reached(self):
        """Oracle Banking Liquidity Management, "Tier based amount", table 17-10."""
        self.assert_costs("30", "stairstep", 1000, tiers=ORACLE_FLAT_SLABS)


class TestPercentageExamples(ExampleCase):
    def test_lago_the_fourth_transaction(self):
        """Lago, "Percentage": 0.10 + 1.2 % of the 50 dollars beyond the free 400."""
        terms = {"rate": "1.2", "fixed_amount": "0.10"}
        self.assert_costs("0.70", "percentage", 50, **terms)
        self.assert_costs("0.70", "percentage", 450, included_quota=400, **terms)
        self.assert_costs("0", "percentage", 400, included_quota=400, **terms)


class TestGraduatedPercentageExamples(ExampleCase):
    def test_lago_three_transactions_in_a_row(self):
        """Lago, "Graduated percentage": 205, then 306, then 80 dollars more."""
        tiers = [
            {"up_to": 1000, "rate": 1, "flat_amount": 200},
            {"up_to": 10_000, "rate": 2, "flat_amount": 300},
            {"up_to": None, "rate": 3, "flat_amount": 400},
        ]
        for total, expected in (
            (500, 205),
            (500 + 550, 205 + 306),
            (500 + 550 + 4000, 205 + 306 + 80),
        ):
            self.assert_costs(expected, "graduated_percentage", total, tiers=tiers)


class TestMinimumExamples(ExampleCase):
    def test_lago_a_true_up_of_fifty_reaches_the_spending_minimum_of_a_hundred(self):
        """Lago, "Spending minimums": 5,000 tracked users at 0.010 dollars."""
        priced = price("standard", 5000, price_per_unit="0.010", minimum=100)
        self.assertEqual(priced.amount, 100)
        usage, true_up = priced.breakdown["lines"]
        self.assertEqual((usage["kind"], usage["amount"]), ("usage", "50"))
        self.assertEqual((true_up["kind"], true_up["amount"]), ("true_up", "50"))


STRIPE_FONTS = [
    {"up_to": 5, "unit_amount": 7},
    {"up_to": 10, "unit_amount": "6.5"},
    {"up_to": None, "unit_amount": 6},
]
LAGO_CALLS = [
    {"up_to": 10_000, "unit_amount": "0.0010"},
    {"up_to": 50_000, "unit_amount": "0.0008"},
    {"up_to": 100_000, "unit_amount": "0.0006"},
    {"up_to": None, "unit_amount": "0.0004"},
]
ZUPLO_REQUESTS = [
    {"up_to": 1000, "unit_amount": "0.10"},
    {"up_to": 10_000, "unit_amount": "0.05"},
    {"up_to": None, "unit_amount": "0.01"},
]
ORACLE_FLAT_SLABS = [
    {"up_to": 250, "flat_amount": 10},
    {"up_to": 500, "flat_amount": 20},
    {"up_to": None, "flat_amount": 30},
]
