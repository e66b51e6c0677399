"""What pricing refuses, and with which sentence."""

import unittest
from decimal import Decimal

from core.money.pricing import MODELS, TIERED_MODELS, price, validate_tiers

TIERS = [{"up_to": 100, "unit_amount": "1"}, {"up_to": None, "unit_amount": "0.1"}]


class TestRefusals(unittest.TestCase):
    """Parameters that make no sense are refused with a sentence that says which."""

    def assert_refused(self, sentence, model="standard", quantity=1, **terms):
        with self.assertRaises(ValueError) as refusal:
            price(model, quantity, **terms)
        self.assertEqual(str(refusal.exception), sentence)

    def test_unknown_model(self):
        self.assert_refused(
            "There is no charge model 'flat'; choose one of standard, package, "
            "graduated, volume, stairstep, percentage, graduated_percentage.",
            model="flat",
        )
        for model in (None, 3, ["standard"], {}):
            with self.assertRaisesRegex(ValueError, "There is no charge model"):
                price(model, 1)

    def test_what_is_not_an_exact_number(self):
        """M1: a binary float never enters."""
        must_be = "Quantity must be a Decimal, an int or a decimal string, not {}."
        self.assert_refused(must_be.format("float"), quantity=1.5)
        self.assert_refused(must_be.format("bool"), quantity=True)
        self.assert_refused(must_be.format("NoneType"), quantity=None)
        self.assert_refused("Quantity is not a number: 'ten'.", quantity="ten")
        self.assert_refused("Quantity is not a number: ''.", quantity="")

    def test_what_is_not_finite(self):
        for value in ("NaN", "sNaN", "Infinity", "-Infinity"):
            sentence = f"Quantity must be a finite number, not {value}."
            self.assert_refused(sentence, quantity=value)
            self.assert_refused(sentence, quantity=Decimal(value))

    def test_negative_numbers(self):
        for key, label in (
            ("quantity", "Quantity"),
            ("price_per_unit", "Price per unit"),
            ("included_quota", "Included quota"),
            ("rate", "Rate"),
            ("fixed_amount", "Fixed amount"),
            ("minimum", "Minimum"),
            ("maximum", "Maximum"),
            ("unit_batch", "Unit batch"),
        ):
            for model in MODELS:
                self.assert_refused(
                    f"{label} must not be negative, but it is -0.01.",
                    **{"model": model, "tiers": TIERS, key: "-0.01"},
                )

    def test_numbers_too_long_to_be_exact(self):
        for value in ("1e400", "1e30", 10**30, 10**5000, Decimal("1e999999")):
            self.assert_refused(
                "Quantity has more than 30 digits before the point.", quantity=value
            )
        for value in ("1e-41", "1." + "0" * 160 + "1", "1e-999999"):
            self.assert_refused("Quantity has more than 40 digits after the point.", quantity=value)
        with self.assertRaises(ValueError):
            price("standard", -(10**5000))

    def test_a_batch_of_nothing(self):
        for model in MODELS:
            self.assert_refused(
                "Unit batch must be greater than zero.", model=model, tiers=TIERS, unit_batch=0
            )

    def test_a_minimum_above_the_maximum(self):
        self.assert_refused(
            "Minimum 10 must not be greater than maximum 9.5.", minimum=10, maximum="9.5"
        )


class TestTierRefusals(unittest.TestCase):
    """Each refusal of a tier says which row; price and validate_tiers agree."""

    def assert_refused(self, sentence, tiers):
        for model in TIERED_MODELS:
            for refuse in (
                lambda: validate_tiers(model, tiers),  # noqa: B023
                lambda: price(model, 1, tiers=tiers),  # noqa: B023
            ):
                with self.assertRaises(ValueError) as refusal:
                    refuse()
                self.assertEqual(str(refusal.exception), sentence)

    def test_no_tiers(self):
        self.assert_refused("There must be at least one tier.", [])
        self.assert_refused("There must be at least one tier.", None)

    def test_unordered_or_overlapping_tiers(self):
        for end, text in ((50, "50"), (100, "100"), ("100.0", "100")):
            self.assert_refused(
                f"Tier 2 must end above 100, but it ends at {text}.",
                [{"up_to": 100}, {"up_to": end}, {"up_to": None}],
            )

    def test_a_first_tier_without_room(self):
        self.assert_refused(
            "Tier 1 must end above 0, but it ends at 0.", [{"up_to": 0}, {"up_to": None}]
        )

    def test_a_bound_on_the_last_tier(self):
        self.assert_refused(
            "Tier 2 is the last one and must have no end, but it ends at 200.",
            [{"up_to": 100}, {"up_to": 200}],
        )

    def test_an_open_end_before_the_last_tier(self):
        for tier in ({"up_to": None}, {}):
            self.assert_refused(
                "Tier 1 has no end, but only the last tier may have none.", [tier, {"up_to": None}]
            )

    def test_negative_numbers_in_a_tier(self):
        for key, label in (
            ("up_to", "up to"),
            ("unit_amount", "unit amount"),
            ("flat_amount", "flat amount"),
            ("rate", "rate"),
            ("unit_batch", "unit batch"),
        ):
            self.assert_refused(
                f"Tier 2: {label} must not be negative, but it is -1.",
                [{"up_to": 5}, {"up_to": 10, key: -1}, {"up_to": None}],
            )

    def test_what_is_not_a_number_in_a_tier(self):
        self.assert_refused(
            "Tier 1: unit amount must be a Decimal, an int or a decimal string, not float.",
            [{"up_to": None, "unit_amount": 0.1}],
        )
        self.assert_refused(
            "Tier 1: up to is not a number: 'inf.'.", [{"up_to": "inf."}, {"up_to": None}]
        )

    def test_a_batch_of_nothing_in_a_tier(self):
        self.assert_refused(
            "Tier 1: unit batch must be greater than zero.", [{"up_to": None, "unit_batch": 0}]
        )

    def test_an_unknown_key(self):
        self.assert_refused(
            "Tier 2 has an unknown key 'price'; known keys are up_to, unit_amount, "
            "flat_amount, rate, unit_batch.",
            [{"up_to": 1}, {"up_to": None, "price": 1}],
        )

    def test_what_is_not_a_mapping(self):
        self.assert_refused("Tier 1 must be a mapping, not list.", [[100, "1"]])

    def test_models_without_tiers_do_not_read_them(self):
        for model in set(MODELS) - TIERED_MODELS:
            validate_tiers(model, [{"up_to": "nonsense"}])
            validate_tiers(model, [])

    def test_an_unknown_model_is_refused_too(self):
        with self.assertRaisesRegex(ValueError, "There is no charge model 'flat'"):
            validate_tiers("flat", TIERS)
