"""The price curve says what pricing says, and shows where something begins."""

import unittest
from decimal import Decimal

from hypothesis import given, settings
from hypothesis_settings import quick

from core.money.curve import curve
from core.money.pricing import price

from .pricing_strategies import charges, models

TIERS = [{"up_to": 100, "unit_amount": 1}, {"up_to": None, "flat_amount": 5, "unit_amount": 2}]


class TestCurve(unittest.TestCase):
    @settings(quick, max_examples=25)
    @given(models, charges())
    def test_every_point_is_the_price_of_its_quantity(self, model, terms):
        for shown in curve(model, **terms):
            quantities = [quantity for quantity, _amount in shown]
            self.assertEqual(quantities, sorted(set(quantities)))
            self.assertEqual(quantities[0], 0)
            for quantity, amount in shown:
                self.assertEqual(amount, price(model, quantity, **terms).amount)

    def test_it_reaches_beyond_the_quota_and_the_last_tier(self):
        points, marks = curve("graduated", included_quota=Decimal(1000), tiers=TIERS)
        self.assertEqual([int(quantity) for quantity, _ in marks], [0, 850, 1000, 1100, 1700])
        self.assertGreater(points[-1][0], 1100)

    def test_it_reaches_beyond_the_minimum_and_the_maximum(self):
        points, _marks = curve(
            "standard", price_per_unit=1, minimum=Decimal(500), maximum=Decimal(9000)
        )
        self.assertEqual(points[0][1], 500)
        self.assertEqual(points[-1], (11_000, 9000))
        points, _marks = curve("standard", price_per_unit=1, minimum=Decimal(500))
        self.assertGreater(points[-1][1], 500)

    def test_it_goes_in_sixty_even_steps_where_nothing_begins(self):
        for batch, last in ((None, 10), (Decimal(30), 300)):
            points, _marks = curve("standard", price_per_unit=1, unit_batch=batch or 1)
            steps = [round(quantity * 60 / last, 20) for quantity, _amount in points]
            self.assertEqual(steps, list(range(61)))

    def test_without_a_batch_it_reaches_to_ten(self):
        points, _marks = curve("percentage", rate=1)
        self.assertEqual(points[-1][0], 10)

    def test_tiers_that_the_model_does_not_read_show_nothing(self):
        self.assertEqual(
            curve("standard", price_per_unit=1, tiers=TIERS), curve("standard", price_per_unit=1)
        )

    def test_a_step_is_drawn_as_one(self):
        points, _marks = curve("package", unit_batch=Decimal(100), price_per_unit=3)
        amounts = dict(points)
        for batches in range(1, 10):
            self.assertEqual(amounts[Decimal(100 * batches)], 3 * batches)
            after = min(quantity for quantity in amounts if quantity > 100 * batches)
            self.assertEqual(after, 100 * batches + Decimal("0.1"))
            self.assertEqual(amounts[after], 3 * batches + 3)
        self.assertEqual(points[-1][0], 1000)

    def test_steps_are_counted_from_the_quota(self):
        points, _marks = curve(
            "package", unit_batch=Decimal(50), price_per_unit=3, included_quota=Decimal(1010)
        )
        amounts = dict(points)
        self.assertEqual(amounts[Decimal("1060")], 3)
        self.assertEqual(amounts[Decimal("1060.16")], 6)

    def test_forty_steps_are_drawn_and_more_are_a_line(self):
        terms = {"price_per_unit": 1, "unit_batch": Decimal(100)}
        points, _marks = curve("package", maximum=Decimal(30), **terms)
        self.assertIn((Decimal("100.4"), 2), points)
        points, _marks = curve("package", maximum=Decimal(60), **terms)
        self.assertEqual(len(points), 61)

    def test_terms_that_make_no_sense_are_refused_with_the_sentence_of_pricing(self):
        for terms, sentence in (
            ({"included_quota": Decimal(-5)}, "Included quota must not be negative"),
            ({"unit_batch": Decimal(0)}, "Unit batch must be greater than zero"),
            ({"minimum": Decimal(2), "maximum": Decimal(1)}, "Minimum 2 must not be greater"),
        ):
            with self.subTest(terms=terms), self.assertRaisesRegex(ValueError, sentence):
                curve("standard", **terms)
        with self.assertRaisesRegex(ValueError, "Tier 1 has no end"):
            curve("volume", tiers=[{"up_to": None}, {"up_to": None}])
