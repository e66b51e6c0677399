"""How each charge model treats its edges."""

import ast
import inspect
import json
import unittest
from decimal import ROUND_UP, Decimal, Inexact, Rounded, localcontext
from fractions import Fraction

from core.money import exact, pricing
from core.money.pricing import MODELS, price, prorate, round_amount, validate_tiers

TIERS = [
    {"up_to": 100, "unit_amount": "1", "flat_amount": "5", "rate": "1"},
    {"up_to": 200, "unit_amount": "0.5", "flat_amount": "7", "rate": "2"},
    {"up_to": None, "unit_amount": "0.1", "rate": "3"},
]


class TestIncludedQuota(unittest.TestCase):
    def test_the_quota_is_taken_off_before_the_model_sees_the_quantity(self):
        for model in MODELS:
            with self.subTest(model):
                terms = {"price_per_unit": 2, "rate": 3, "tiers": TIERS}
                self.assertEqual(
                    price(model, 250, included_quota=100, **terms).amount,
                    price(model, 150, **terms).amount,
                )

    def test_usage_within_the_quota_costs_nothing(self):
        for model in MODELS:
            for quantity in (0, 99, 100):
                with self.subTest(model, quantity=quantity):
                    terms = {"price_per_unit": 2, "rate": 3, "tiers": TIERS}
                    priced = price(model, quantity, included_quota=100, **terms)
                    self.assertEqual(priced.amount, 0)
                    self.assertEqual(priced.breakdown["billable"], "0")


class TestStandard(unittest.TestCase):
    def test_part_of_a_batch_is_billed_pro_rata(self):
        self.assertEqual(
            price("standard", 1250, price_per_unit=2, unit_batch=1000).amount, Decimal("2.5")
        )

    def test_thirds_of_a_batch_add_up_because_the_division_comes_last(self):
        """M1: 300 units in batches of 3 are 100 batches, not 99.999…"""
        self.assertEqual(price("standard", 300, price_per_unit=1, unit_batch=3).amount, 100)

    def test_what_is_not_priced_costs_nothing(self):
        self.assertEqual(price("standard", 5).amount, 0)
        self.assertEqual(price("percentage", 5).amount, 0)
        for model in ("graduated", "volume", "stairstep", "graduated_percentage"):
            self.assertEqual(price(model, 5, tiers=[{"up_to": None}]).amount, 0)

    def test_a_quotient_that_does_not_end_is_rounded_at_the_fortieth_decimal(self):
        third = price("standard", 1, price_per_unit=1, unit_batch=3).amount
        self.assertEqual(third, Decimal("0." + "3" * 40))

    def test_a_binary_batch_size_is_exact(self):
        """M1: gibibytes priced, bytes counted."""
        amount = price("standard", 5 * 2**29 + 1, price_per_unit="0.09", unit_batch=2**30).amount
        self.assertEqual(Fraction(amount), Fraction(9, 100) * Fraction(5 * 2**29 + 1, 2**30))

    def test_the_largest_quantity_and_the_smallest_price_are_exact(self):
        """M1."""
        amount = price(
            "standard", "999999999999999999.999999", price_per_unit="0.0000000001"
        ).amount
        self.assertEqual(str(amount), "99999999.9999999999999999")


class TestPackage(unittest.TestCase):
    def test_a_batch_that_is_started_is_due_in_full(self):
        for quantity, expected in (("0", 0), ("0.000001", 5), ("10", 5), ("10.000001", 10)):
            with self.subTest(quantity):
                priced = price("package", quantity, price_per_unit=5, unit_batch=10)
                self.assertEqual(priced.amount, expected)


class TestTierBounds(unittest.TestCase):
    def test_the_upper_bound_belongs_to_its_tier(self):
        self.assertEqual(price("graduated", 100, tiers=TIERS).amount, 105)
        self.assertEqual(price("volume", 100, tiers=TIERS).amount, 105)
        self.assertEqual(price("stairstep", 100, tiers=TIERS).amount, 5)
        self.assertEqual(price("graduated_percentage", 100, tiers=TIERS).amount, 6)

    def test_the_flat_amount_is_due_as_soon_as_the_tier_is_entered(self):
        just_above = "100.000001"
        for model, expected in (
            ("graduated", "112.0000005"),
            ("volume", "57.0000005"),
            ("stairstep", "7"),
            ("graduated_percentage", "13.00000002"),
        ):
            with self.subTest(model):
                amount = price(model, just_above, tiers=TIERS).amount
                self.assertEqual(amount, Decimal(expected))

    def test_bounds_may_be_decimals(self):
        tiers = [{"up_to": "0.5", "unit_amount": 2}, {"up_to": None, "unit_amount": 1}]
        self.assertEqual(price("graduated", "1.25", tiers=tiers).amount, Decimal("1.75"))

    def test_a_tier_at_price_zero_stays_in_the_breakdown(self):
        """A free tier must not fall off the invoice (openmeter#3151)."""
        tiers = [{"up_to": 10}, {"up_to": None, "unit_amount": 1}]
        lines = price("graduated", 12, tiers=tiers).breakdown["lines"]
        self.assertEqual([line["units"] for line in lines], ["10", "2"])
        self.assertEqual([line["amount"] for line in lines], ["0", "2"])

    def test_a_free_step_stays_in_the_breakdown(self):
        tiers = [{"up_to": 10}, {"up_to": None, "flat_amount": 9}]
        (line,) = price("stairstep", 5, tiers=tiers).breakdown["lines"]
        self.assertEqual((line["tier"], line["amount"]), (1, "0"))


class TestTierBatches(unittest.TestCase):
    TIERS = [
        {"up_to": 1000, "unit_amount": 3, "unit_batch": 300},
        {"up_to": None, "unit_amount": 2, "unit_batch": 500},
    ]

    def test_graduated_rounds_up_the_batches_of_each_tier(self):
        """4 batches of 300 for the first 1000 units, 2 of 500 for the other 501."""
        self.assertEqual(price("graduated", 1501, tiers=self.TIERS).amount, 4 * 3 + 2 * 2)

    def test_volume_rounds_up_the_batches_of_the_whole_quantity(self):
        self.assertEqual(price("volume", 1501, tiers=self.TIERS).amount, 4 * 2)

    def test_only_the_tiers_that_have_a_batch_are_billed_in_batches(self):
        tiers = [
            {"up_to": 10, "unit_amount": 1},
            {"up_to": None, "unit_amount": 4, "unit_batch": 10},
        ]
        self.assertEqual(price("graduated", "10.5", tiers=tiers).amount, 14)
        self.assertEqual(price("graduated", "9.5", tiers=tiers).amount, Decimal("9.5"))


class TestFlatFeeAtZero(unittest.TestCase):
    FLAT = {"graduated": 5, "volume": 5, "stairstep": 5, "graduated_percentage": 5}

    def test_no_usage_owes_no_flat_fee_by_default(self):
        for model in self.FLAT:
            self.assertEqual(price(model, 0, tiers=TIERS).amount, 0)
        self.assertEqual(price("percentage", 0, rate=1, fixed_amount=3).amount, 0)

    def test_no_usage_owes_the_first_flat_fee_where_the_charge_says_so(self):
        for model, expected in self.FLAT.items():
            with self.subTest(model):
                priced = price(model, 0, tiers=TIERS, flat_fee_at_zero=True)
                self.assertEqual(priced.amount, expected)
        priced = price("percentage", 0, rate=1, fixed_amount=3, flat_fee_at_zero=True)
        self.assertEqual(priced.amount, 3)

    def test_usage_within_the_quota_counts_as_none(self):
        terms = {"tiers": TIERS, "included_quota": 50}
        self.assertEqual(price("volume", 50, **terms).amount, 0)
        self.assertEqual(price("volume", 50, flat_fee_at_zero=True, **terms).amount, 5)

    def test_it_changes_nothing_once_there_is_usage(self):
        for model in self.FLAT:
            for quantity in (1, 100, 150, 999):
                self.assertEqual(
                    price(model, quantity, tiers=TIERS, flat_fee_at_zero=True),
                    price(model, quantity, tiers=TIERS),
                )


class TestPercentage(unittest.TestCase):
    def test_the_rate_is_in_percent(self):
        self.assertEqual(price("percentage", 1000, rate="2.9").amount, 29)

    def test_the_fixed_fee_is_due_once(self):
        priced = price("percentage", 1000, rate="2.9", fixed_amount="0.30")
        self.assertEqual(priced.amount, Decimal("29.3"))
        self.assertEqual(priced.breakdown["lines"][1], {"kind": "fixed", "amount": "0.3"})


class TestMinimumAndMaximum(unittest.TestCase):
    def test_every_model_is_topped_up_to_the_minimum(self):
        for model in MODELS:
            for quantity in (0, 1):
                with self.subTest(model, quantity=quantity):
                    terms = {"price_per_unit": 1, "tiers": TIERS, "rate": 1}
                    priced = price(model, quantity, minimum=500, **terms)
                    self.assertEqual(priced.amount, 500)
                    last = priced.breakdown["lines"][-1]
                    self.assertEqual((last["kind"], last["minimum"]), ("true_up", "500"))

    def test_every_model_is_capped_at_the_maximum(self):
        for model in MODELS:
            with self.subTest(model):
                terms = {"price_per_unit": 1, "tiers": TIERS, "rate": 100}
                priced = price(model, 100, maximum="4.99", **terms)
                self.assertEqual(priced.amount, Decimal("4.99"))
                last = priced.breakdown["lines"][-1]
                self.assertEqual((last["kind"], last["maximum"]), ("cap", "4.99"))
                self.assertLess(Decimal(last["amount"]), 0)

    def test_an_amount_between_the_two_is_left_alone(self):
        for minimum, maximum in ((10, 10), (9, 11), (None, 10), (10, None)):
            priced = price("standard", 10, price_per_unit=1, minimum=minimum, maximum=maximum)
            self.assertEqual(len(priced.breakdown["lines"]), 1)

    def test_a_maximum_of_zero_makes_it_free(self):
        self.assertEqual(price("standard", 10, price_per_unit=1, maximum=0).amount, 0)


class TestBreakdown(unittest.TestCase):
    def test_it_is_the_receipt_that_the_documentation_shows(self):
        tiers = [
            {"up_to": 100, "unit_amount": "1.00"},
            {"up_to": None, "unit_amount": 10, "unit_batch": 100, "flat_amount": 10},
        ]
        priced = price("graduated", "350.0", included_quota=100, tiers=tiers)
        self.assertEqual(
            priced.breakdown,
            {
                "model": "graduated",
                "quantity": "350",
                "included_quota": "100",
                "billable": "250",
                "amount": "130",
                "lines": [
                    {
                        "kind": "usage",
                        "tier": 1,
                        "above": "0",
                        "up_to": "100",
                        "units": "100",
                        "unit_amount": "1",
                        "amount": "100",
                    },
                    {
                        "kind": "usage",
                        "tier": 2,
                        "above": "100",
                        "up_to": None,
                        "units": "150",
                        "unit_batch": "100",
                        "batches": "2",
                        "unit_amount": "10",
                        "amount": "20",
                    },
                    {"kind": "flat", "tier": 2, "above": "100", "up_to": None, "amount": "10"},
                ],
            },
        )

    def test_it_is_plain_json(self):
        for model in MODELS:
            breakdown = price(model, "12.5", tiers=TIERS, minimum=1).breakdown
            self.assertEqual(json.loads(json.dumps(breakdown)), breakdown)

    def test_the_same_numbers_written_otherwise_give_the_same_text(self):
        """R6: rating again must not change the ledger."""
        spellings = [
            price("standard", quantity, price_per_unit=unit_price).breakdown
            for quantity, unit_price in (
                ("1250", "0.5"),
                (Decimal("1.250E+3"), Decimal("0.5000")),
                (1250, "5e-1"),
            )
        ]
        self.assertEqual(spellings[0], spellings[1])
        self.assertEqual(spellings[0], spellings[2])

    def test_zero_has_neither_sign_nor_exponent(self):
        for zero in ("-0", "0E+500", "0E-500", "-0.000"):
            priced = price("standard", zero, price_per_unit=zero)
            self.assertEqual(str(priced.amount), "0")
            self.assertEqual(priced.breakdown["quantity"], "0")


class TestExactness(unittest.TestCase):
    """M1: decimals all the way, whatever the caller's decimal context."""

    def test_the_callers_decimal_context_is_neither_used_nor_touched(self):
        """M1."""
        terms = {
            "price_per_unit": "0.0000123456",
            "unit_batch": 7,
            "included_quota": "3.25",
            "tiers": TIERS,
            "rate": "2.875",
            "minimum": "1",
            "maximum": "99999999999",
        }
        quantity = "123456789012.345678"
        expected = {model: price(model, quantity, **terms) for model in MODELS}
        with localcontext() as hostile:
            hostile.prec = 3
            hostile.rounding = ROUND_UP
            hostile.traps[Inexact] = hostile.traps[Rounded] = True
            hostile.clear_flags()
            for model in MODELS:
                self.assertEqual(price(model, quantity, **terms), expected[model])
            self.assertEqual(round_amount("123456.785", "0.01"), Decimal("123456.79"))
            self.assertEqual(prorate("100", Fraction(1, 4)), 25)
            validate_tiers("volume", [{"up_to": 123456}, {"up_to": None}])
            self.assertFalse(any(hostile.flags.values()))
            self.assertEqual((hostile.prec, hostile.rounding), (3, ROUND_UP))

    def test_the_source_contains_no_binary_float(self):
        """M1."""
        for module in (exact, pricing):
            for node in ast.walk(ast.parse(inspect.getsource(module))):
                if isinstance(node, ast.Constant):
                    self.assertNotIsInstance(node.value, float)
                if isinstance(node, ast.Name):
                    self.assertNotEqual(node.id, "float")


class TestRoundAmount(unittest.TestCase):
    def test_halves_are_rounded_away_from_zero(self):
        """M2."""
        for amount, step, expected in (
            ("3.685", "0.01", "3.69"),
            ("3.684999", "0.01", "3.68"),
            ("0.005", "0.01", "0.01"),
            ("2.5", "1", "3"),
            ("1.0005", "0.001", "1.001"),
            ("0.025", "0.05", "0.05"),
            ("0.02499", "0.05", "0.00"),
            ("12.5", "5", "15"),
        ):
            with self.subTest(amount, step=step):
                self.assertEqual(round_amount(amount, step), Decimal(expected))
                self.assertEqual(round_amount("-" + amount, step), -Decimal(expected))

    def test_an_amount_in_another_currency_is_rounded_once_after_its_conversion(self):
        """M2."""
        self.assertEqual(round_amount("0.005", "0.01", "3"), Decimal("0.02"))
        self.assertEqual(round_amount("100", "1", "0.0085"), Decimal("1"))

    def test_a_result_of_zero_has_no_sign(self):
        """M2."""
        self.assertEqual(str(round_amount("-0.004", "0.01")), "0.00")

    def test_a_half_that_binary_floats_would_lose_is_kept(self):
        """M1, M2: as a binary float 1.005 lies below the half."""
        self.assertEqual(round_amount("1.005", "0.01"), Decimal("1.01"))

    def test_it_refuses_a_float_and_a_step_of_zero(self):
        with self.assertRaisesRegex(ValueError, "Amount must be a Decimal"):
            round_amount(1.5, "0.01")
        with self.assertRaisesRegex(ValueError, "Currency rounding must be greater"):
            round_amount("1.5", 0)
        with self.assertRaisesRegex(ValueError, "^Currency rate must be greater"):
            round_amount("1.5", "0.01", 0)


class TestProrate(unittest.TestCase):
    def test_shares_are_exact_where_they_end_and_long_where_they_do_not(self):
        self.assertEqual(prorate("100", Fraction(1, 2)), 50)
        self.assertEqual(prorate("31", Fraction(17, 31)), 17)
        self.assertEqual(prorate(1, Fraction(1, 3)), Decimal("0." + "3" * 40))

    def test_it_refuses_what_is_no_value(self):
        with self.assertRaisesRegex(ValueError, "^Value must not be negative"):
            prorate(-1, Fraction(1, 2))

    def test_a_prorated_quota_and_minimum_can_be_priced(self):
        share = Fraction(17, 31)
        priced = price(
            "standard",
            1000,
            price_per_unit="0.01",
            included_quota=prorate(1000, share),
            minimum=prorate("9.99", share),
        )
        self.assertEqual(round_amount(priced.amount, "0.01"), Decimal("5.48"))
