"""Where usage is heading, by hand and by properties."""

import unittest
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.money.projection import Part, project

JANUARY, SECOND = datetime(2026, 1, 1), timedelta(seconds=1)
GROWING = ("sum", "count")
STAYING = ("max", "last", "unique_count", "average")
ALL = (*GROWING, *STAYING, "weighted")


def part(first, last, quantity):
    """From the start of one day of January to the start of another."""
    return Part(
        JANUARY + timedelta(days=first - 1), JANUARY + timedelta(days=last - 1), Decimal(quantity)
    )


def day(number):
    return JANUARY + timedelta(days=number - 1)


@st.composite
def cut_periods(draw):
    """A period in a few parts, quantities only in those that have begun, and a moment."""
    spans = draw(st.lists(st.integers(3600, 10**6), min_size=1, max_size=4))
    now = JANUARY + draw(st.integers(0, sum(spans))) * SECOND
    parts, start = [], JANUARY
    for span in spans:
        quantity = draw(st.decimals(0, 10**9, places=6)) if start <= now else Decimal(0)
        parts.append(Part(start, start + span * SECOND, quantity))
        start = parts[-1].end
    return parts, now


class TestProjection(unittest.TestCase):
    def test_what_adds_up_goes_on_at_its_pace(self):
        for aggregation in GROWING:
            self.assertEqual(project(aggregation, [part(1, 32, 350)], day(11)), [1085])

    def test_what_is_measured_stays_as_it_is(self):
        for aggregation in (*STAYING, "weighted"):
            self.assertEqual(project(aggregation, [part(1, 32, 4)], day(11)), [4])

    def test_a_pace_goes_on_in_the_parts_that_are_to_come(self):
        parts = [part(1, 11, 100), part(11, 21, 50), part(21, 32, 0)]
        self.assertEqual(project("sum", parts, day(16)), [100, 100, 110])

    def test_a_level_goes_on_in_the_parts_that_are_to_come(self):
        parts = [part(1, 11, 5), part(11, 21, 0), part(21, 32, 0)]
        self.assertEqual(project("max", parts, day(9)), [5, 5, 5])
        self.assertEqual(project("max", parts, day(25)), [5, 0, 0])
        self.assertEqual(project("weighted", parts, day(9)), [5, 0, 0])

    def test_days_on_another_plan_do_not_slow_the_pace(self):
        parts = [part(1, 11, 100), part(21, 31, 0)]
        self.assertEqual(project("sum", parts, day(15)), [100, 100])

    def test_the_first_hour_does_not_promise_the_moon(self):
        for seconds in (0, 1, 3600):
            [projected] = project("sum", [part(1, 32, 1)], JANUARY + seconds * SECOND)
            self.assertEqual(projected, 744)

    def test_what_is_to_come_is_rounded_to_six_decimals(self):
        self.assertEqual(project("sum", [part(1, 4, 1)], day(1)), [72])
        self.assertEqual(project("sum", [part(1, 8, 1)], day(4)), [Decimal("2.333333")])

    def test_a_second_that_has_begun_counts_as_one_that_is_to_come(self):
        now = day(2) + timedelta(microseconds=999_999)
        self.assertEqual(project("sum", [part(1, 3, 86_400)], now), [172_799])

    def test_no_digit_of_a_large_quantity_is_lost(self):
        """M1."""
        used = Decimal("123456789012345678901234567.000001")
        twice = Decimal("246913578024691357802469134.000002")
        self.assertEqual(project("sum", [part(1, 31, used)], day(16)), [twice])

    @given(st.sampled_from(ALL), cut_periods())
    def test_nothing_used_becomes_less(self, aggregation, period):
        parts, now = period
        for before, after in zip(parts, project(aggregation, parts, now), strict=True):
            self.assertGreaterEqual(after, before.quantity)

    @given(st.sampled_from(ALL), cut_periods())
    def test_at_the_end_the_projection_is_what_was_used(self, aggregation, period):
        parts, _now = period
        projected = project(aggregation, parts, parts[-1].end)
        self.assertEqual(projected, [part.quantity for part in parts])

    @given(cut_periods())
    def test_a_period_in_parts_grows_as_much_as_a_whole_one(self, period):
        parts, now = period
        whole = Part(parts[0].start, parts[-1].end, sum(part.quantity for part in parts))
        [together] = project("sum", [whole], now)
        self.assertAlmostEqual(
            sum(project("sum", parts, now)), together, delta=len(parts) * Decimal("0.000001")
        )
