"""What holds for every price, whatever is drawn."""

import unittest
from decimal import Decimal
from fractions import Fraction
from math import ceil

from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.pricing import MODELS, TIERED_MODELS, price, round_amount

from .pricing_strategies import batches, charges, models, plain, prices, quantities, tier_tables


def amount(model, quantity, **terms):
    """As a fraction, so that the tests' own arithmetic is exact as well."""
    return Fraction(price(model, quantity, **terms).amount)


def line_amount(line):
    """A line's amount from its own factors, as the breakdown documents them."""
    number = {
        key: Fraction(value) for key, value in line.items() if key not in ("kind", "tier", "up_to")
    }
    if line["kind"] != "usage":
        return number["amount"]
    if "rate" in line:
        return number["units"] * number["rate"] / 100
    if "batches" in line:
        return number["batches"] * number["unit_amount"]
    return number["units"] * number["unit_amount"] / number.get("unit_batch", 1)


class TestBreakdownProperties(unittest.TestCase):
    @quick
    @given(models, quantities, charges())
    def test_the_lines_sum_exactly_to_the_amount(self, model, quantity, terms):
        """M1, M2."""
        priced = price(model, quantity, **terms)
        lines = priced.breakdown["lines"]
        total = sum((Fraction(line["amount"]) for line in lines), Fraction(0))
        self.assertEqual(total, Fraction(priced.amount))
        self.assertEqual(priced.breakdown["amount"], f"{priced.amount:f}")

    @quick
    @given(models, quantities, charges())
    def test_every_line_is_what_its_factors_give(self, model, quantity, terms):
        """M1."""
        for line in price(model, quantity, **terms).breakdown["lines"]:
            error = abs(line_amount(line) - Fraction(line["amount"]))
            self.assertLessEqual(error, Fraction(1, 10**40) / 2)
            if "rate" in line or "batches" in line or "tier" in line:
                self.assertEqual(error, 0)

    @quick
    @given(models, quantities, charges())
    def test_no_binary_float_and_no_exponent_comes_out(self, model, quantity, terms):
        """M1."""
        priced = price(model, quantity, **terms)
        self.assertIs(type(priced.amount), Decimal)
        for facts in (priced.breakdown, *priced.breakdown["lines"]):
            for key, value in facts.items():
                if key == "lines":
                    continue
                self.assertIn(type(value), (str, int, type(None)), key)
                if key not in ("kind", "model", "tier", "up_to"):
                    self.assertRegex(value, r"^-?(0|[1-9]\d*)(\.\d*[1-9])?$")

    @quick
    @given(models, quantities, charges(minimum=None, maximum=None))
    def test_the_units_of_the_tiers_are_the_billable_units(self, model, quantity, terms):
        breakdown = price(model, quantity, **terms).breakdown
        usage = [line for line in breakdown["lines"] if line["kind"] == "usage"]
        if model != "stairstep":
            units = sum(Decimal(line["units"]) for line in usage)
            self.assertEqual(units, Decimal(breakdown["billable"]))


class TestMonotony(unittest.TestCase):
    """A greater quantity never costs less, where that holds.

    It holds for every model but volume, and for stairstep where the flat amounts
    do not fall from one tier to the next.
    """

    @quick
    @given(
        st.sampled_from([m for m in MODELS if m not in ("volume", "stairstep")]),
        quantities,
        quantities,
        charges(),
    )
    def test_amounts_do_not_decrease(self, model, one, other, terms):
        less, more = sorted((one, other))
        self.assertLessEqual(amount(model, less, **terms), amount(model, more, **terms))

    @quick
    @given(quantities, quantities, charges())
    def test_rising_steps_do_not_decrease(self, one, other, terms):
        flats = sorted(tier["flat_amount"] for tier in terms["tiers"])
        terms["tiers"] = [
            {**tier, "flat_amount": flat} for tier, flat in zip(terms["tiers"], flats, strict=True)
        ]
        less, more = sorted((one, other))
        self.assertLessEqual(amount("stairstep", less, **terms), amount("stairstep", more, **terms))

    @quick
    @given(quantities, quantities, charges(**plain))
    def test_volume_does_not_decrease_within_a_tier(self, one, other, terms):
        less, more = sorted((one, other))
        assume(tier_reached(less, terms["tiers"]) == tier_reached(more, terms["tiers"]))
        self.assertLessEqual(amount("volume", less, **terms), amount("volume", more, **terms))

    @quick
    @given(models, quantities, st.integers(0, 10**6), st.integers(0, 10**6), charges())
    def test_a_greater_quota_never_costs_more(self, model, quantity, one, other, terms):
        assume(model not in ("volume", "stairstep"))
        less, more = sorted((one, other))
        self.assertGreaterEqual(
            amount(model, quantity, **{**terms, "included_quota": less}),
            amount(model, quantity, **{**terms, "included_quota": more}),
        )


class TestQuotaAndBounds(unittest.TestCase):
    @quick
    @given(models, quantities, quantities, charges())
    def test_a_quota_is_the_same_as_that_much_less_usage(self, model, billable, quota, terms):
        terms.pop("included_quota")
        self.assertEqual(
            amount(model, billable + quota, included_quota=quota, **terms),
            amount(model, billable, **terms),
        )

    @quick
    @given(models, quantities, charges())
    def test_minimum_and_maximum_only_clamp_the_amount(self, model, quantity, terms):
        minimum, maximum = terms["minimum"], terms["maximum"]
        bare = amount(model, quantity, **{**terms, "minimum": None, "maximum": None})
        clamped = max(bare, Fraction(minimum or 0))
        clamped = clamped if maximum is None else min(clamped, Fraction(maximum))
        self.assertEqual(amount(model, quantity, **terms), clamped)

    @quick
    @given(quantities, st.integers(1, 10**6), prices)
    def test_a_quota_is_a_free_first_tier(self, quantity, quota, unit_price):
        tiers = [{"up_to": quota}, {"up_to": None, "unit_amount": unit_price}]
        self.assertEqual(
            amount("graduated", quantity, tiers=tiers),
            amount("standard", quantity, price_per_unit=unit_price, included_quota=quota),
        )


class TestModelProperties(unittest.TestCase):
    @quick
    @given(quantities, quantities, prices)
    def test_standard_is_additive(self, one, other, unit_price):
        """M1: exactly so wherever the division ends."""
        terms = {"price_per_unit": unit_price, "unit_batch": 1000}
        self.assertEqual(
            amount("standard", one, **terms) + amount("standard", other, **terms),
            amount("standard", one + other, **terms),
        )

    @quick
    @given(quantities, prices, batches)
    def test_a_package_costs_the_standard_price_or_up_to_one_batch_more(
        self, quantity, unit_price, batch
    ):
        terms = {"price_per_unit": unit_price, "unit_batch": batch}
        excess = amount("package", quantity, **terms) - amount("standard", quantity, **terms)
        tolerance = Fraction(1, 10**40)
        self.assertGreaterEqual(excess, -tolerance)
        self.assertLessEqual(excess, Fraction(unit_price) + tolerance)

    @quick
    @given(quantities, tier_tables())
    def test_graduated_is_the_sum_over_its_tiers(self, quantity, tiers):
        """Each tier priced alone, on the part of the quantity in it."""
        expected, above = Fraction(0), Decimal(0)
        for tier in tiers:
            top = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
            if quantity > above:
                units, batch = Fraction(top - above), tier["unit_batch"]
                count = units if batch is None else ceil(units / Fraction(batch))
                expected += count * Fraction(tier["unit_amount"])
                expected += Fraction(tier["flat_amount"])
            above = tier["up_to"]
            if above is None:
                break
        self.assertEqual(amount("graduated", quantity, tiers=tiers), expected)

    @quick
    @given(st.integers(0, 300), tier_tables(batched=False))
    def test_graduated_is_the_sum_over_single_units(self, quantity, tiers):
        expected, entered = Fraction(0), set()
        for unit in range(1, quantity + 1):
            row = tier_reached(unit, tiers)
            expected += Fraction(tiers[row]["unit_amount"])
            if row not in entered:
                expected += Fraction(tiers[row]["flat_amount"])
            entered.add(row)
        self.assertEqual(amount("graduated", quantity, tiers=tiers), expected)

    @quick
    @given(quantities, tier_tables(batched=False))
    def test_graduated_percentage_is_graduated_at_a_hundredth(self, quantity, tiers):
        percent = [{**tier, "rate": tier["unit_amount"] * 100} for tier in tiers]
        self.assertEqual(
            amount("graduated_percentage", quantity, tiers=percent),
            amount("graduated", quantity, tiers=tiers),
        )

    @quick
    @given(quantities, tier_tables(batched=False))
    def test_volume_is_the_standard_price_of_the_tier_reached(self, quantity, tiers):
        assume(quantity)
        tier = tiers[tier_reached(quantity, tiers)]
        self.assertEqual(
            amount("volume", quantity, tiers=tiers),
            amount("standard", quantity, price_per_unit=tier["unit_amount"])
            + Fraction(tier["flat_amount"]),
        )

    @quick
    @given(quantities, st.decimals(0, 1000, places=6), tier_tables(batched=False))
    def test_volume_jumps_only_at_bounds(self, quantity, step, tiers):
        """Between two bounds it is a straight line with the slope of the tier."""
        row = tier_reached(quantity, tiers)
        assume(quantity and row == tier_reached(quantity + step, tiers))
        self.assertEqual(
            amount("volume", quantity + step, tiers=tiers)
            - amount("volume", quantity, tiers=tiers),
            Fraction(step) * Fraction(tiers[row]["unit_amount"]),
        )

    @quick
    @given(st.sampled_from(sorted(TIERED_MODELS)), quantities, tier_tables())
    def test_with_one_tier_the_models_agree(self, model, quantity, tiers):
        (tier,) = one = [{**tiers[-1], "up_to": None}]
        assume(quantity)
        expected = {
            "graduated": amount("volume", quantity, tiers=one),
            "volume": amount("graduated", quantity, tiers=one),
            "stairstep": Fraction(tier["flat_amount"]),
            "graduated_percentage": amount(
                "percentage", quantity, rate=tier["rate"], fixed_amount=tier["flat_amount"]
            ),
        }
        self.assertEqual(amount(model, quantity, tiers=one), expected[model])

    @quick
    @given(models, quantities, charges())
    def test_nothing_costs_less_than_nothing(self, model, quantity, terms):
        self.assertGreaterEqual(amount(model, quantity, **terms), 0)

    @quick
    @given(models, quantities, charges())
    def test_pricing_twice_gives_the_same(self, model, quantity, terms):
        """R6."""
        self.assertEqual(price(model, quantity, **terms), price(model, quantity, **terms))


class TestRoundingProperties(unittest.TestCase):
    steps = st.sampled_from(["0.01", "1", "0.001", "0.05", "0.5", "10"]).map(Decimal)
    amounts = st.decimals(-(10**12), 10**12, places=8)

    @quick
    @given(amounts, steps)
    def test_the_result_is_the_nearest_multiple_of_the_step(self, value, step):
        """M2."""
        rounded = round_amount(value, step)
        self.assertEqual(Fraction(rounded) / Fraction(step) % 1, 0)
        self.assertLessEqual(abs(rounded - value) * 2, step)

    @quick
    @given(amounts, steps)
    def test_it_is_symmetric_and_idempotent(self, value, step):
        """M2."""
        rounded = round_amount(value, step)
        self.assertEqual(round_amount(-value, step), -rounded)
        self.assertEqual(round_amount(rounded, step), rounded)

    @quick
    @given(st.integers(-(10**12), 10**12), steps)
    def test_a_half_goes_away_from_zero(self, count, step):
        """M2."""
        assume(count >= 0)
        half = (count + Decimal("0.5")) * step
        self.assertEqual(round_amount(half, step), (count + 1) * step)
        self.assertEqual(round_amount(-half, step), -(count + 1) * step)


def tier_reached(quantity, tiers):
    """The row (from 0) of the tier in which the quantity ends."""
    return next(
        row for row, tier in enumerate(tiers) if tier["up_to"] is None or quantity <= tier["up_to"]
    )
