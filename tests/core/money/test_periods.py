"""Billing periods in local days: anchors, leap years, numbering, proration."""

import unittest
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.periods import UNITS, Period, Recurrence, prorata

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
recurrences = st.builds(
    Recurrence,
    value=st.integers(1, 12),
    unit=st.sampled_from(UNITS),
    anchor=st.dates(date(1990, 1, 1), date(2060, 12, 31)),
)


def boundaries(value, unit, anchor, count):
    recurrence = Recurrence(value, unit, date.fromisoformat(anchor))
    return [recurrence.boundary(number).isoformat() for number in range(count)]


class TestAnchors(unittest.TestCase):
    """R4: the anchor day is kept."""

    def test_the_31st_comes_back_after_every_short_month(self):
        """R4: no drift to the 28th (autumn#2115, openmeter#3225)."""
        self.assertEqual(
            boundaries(1, "month", "2026-01-31", 8),
            [
                "2026-01-31",
                "2026-02-28",
                "2026-03-31",
                "2026-04-30",
                "2026-05-31",
                "2026-06-30",
                "2026-07-31",
                "2026-08-31",
            ],
        )

    def test_each_late_anchor_day_ends_february_as_late_as_it_can(self):
        """R4, in a common year and in a leap year."""
        for day, common, leap in ((28, 28, 28), (29, 28, 29), (30, 28, 29), (31, 28, 29)):
            for year, expected in ((2027, common), (2028, leap)):
                with self.subTest(day=day, year=year):
                    monthly = Recurrence(1, "month", date(year, 1, day))
                    self.assertEqual(monthly.boundary(1), date(year, 2, expected))
                    self.assertEqual(monthly.boundary(2), date(year, 3, day))

    def test_an_anchor_in_a_short_month_keeps_its_own_day(self):
        """R4: 28 Feb is the 28th, not the last of the month."""
        self.assertEqual(
            boundaries(1, "month", "2027-02-28", 3), ["2027-02-28", "2027-03-28", "2027-04-28"]
        )

    def test_a_year_from_29_february_comes_back_to_it_in_leap_years(self):
        """R4."""
        self.assertEqual(
            boundaries(1, "year", "2024-02-29", 5),
            ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"],
        )

    def test_the_year_2100_has_no_29_february(self):
        self.assertEqual(
            boundaries(4, "year", "2096-02-29", 3), ["2096-02-29", "2100-02-28", "2104-02-29"]
        )

    def test_quarters_keep_the_day(self):
        """R4."""
        self.assertEqual(
            boundaries(3, "month", "2025-11-30", 5),
            ["2025-11-30", "2026-02-28", "2026-05-30", "2026-08-30", "2026-11-30"],
        )

    def test_weeks_keep_the_weekday(self):
        self.assertEqual(
            boundaries(2, "week", "2026-12-24", 3), ["2026-12-24", "2027-01-07", "2027-01-21"]
        )

    @quick
    @given(recurrences, st.integers(-100, 400))
    def test_every_boundary_has_the_anchors_day_or_ends_a_shorter_month(self, recurrence, number):
        """R4."""
        boundary = recurrence.boundary(number)
        if recurrence.unit == "week":
            self.assertEqual(boundary.weekday(), recurrence.anchor.weekday())
        elif boundary.day != recurrence.anchor.day:
            self.assertLess(boundary.day, recurrence.anchor.day)
            self.assertEqual((boundary + timedelta(days=1)).day, 1)

    @quick
    @given(recurrences, st.integers(-100, 400))
    def test_months_and_years_are_counted_exactly(self, recurrence, number):
        boundary = recurrence.boundary(number)
        if recurrence.unit != "week":
            months = (boundary.year - recurrence.anchor.year) * 12
            months += boundary.month - recurrence.anchor.month
            size = recurrence.value * (12 if recurrence.unit == "year" else 1)
            self.assertEqual(months, number * size)


class TestPartition(unittest.TestCase):
    """R2: no day belongs to two periods, none falls between two."""

    @quick
    @given(recurrences, days)
    def test_a_day_lies_in_the_period_that_contains_it_and_in_no_neighbour(self, recurrence, day):
        """R2."""
        number = recurrence.number_of(day)
        holding = [
            near
            for near in range(number - 2, number + 3)
            if recurrence.period(near).start <= day < recurrence.period(near).end
        ]
        self.assertEqual(holding, [number])
        self.assertEqual(recurrence.containing(day), recurrence.period(number))

    @quick
    @given(recurrences, st.integers(-100, 400))
    def test_a_period_ends_where_the_next_one_starts(self, recurrence, number):
        """R2."""
        period, following = recurrence.period(number), recurrence.period(number + 1)
        self.assertEqual(period.end, following.start)
        self.assertLess(period.start, period.end)
        self.assertEqual(recurrence.number_of(period.start), number)
        self.assertEqual(recurrence.number_of(period.end - timedelta(days=1)), number)

    @quick
    @given(recurrences, days)
    def test_the_next_boundary_is_the_end_of_the_containing_period(self, recurrence, day):
        following = recurrence.next_after(day)
        self.assertGreater(following, day)
        self.assertEqual(following, recurrence.containing(day).end)

    @quick
    @given(recurrences, days, st.integers(0, 400))
    def test_catching_up_visits_every_period_once_and_in_order(self, recurrence, start, length):
        """R2."""
        end = start + timedelta(days=length)
        periods = list(recurrence.between(start, end))
        if not length:
            self.assertEqual(periods, [])
            return
        self.assertEqual(periods[0], recurrence.containing(start))
        self.assertEqual(periods[-1], recurrence.containing(end - timedelta(days=1)))
        for earlier, later in pairwise(periods):
            self.assertEqual(earlier.end, later.start)

    def test_the_boundary_day_opens_the_new_period(self):
        """R2: half-open."""
        monthly = Recurrence(1, "month", date(2026, 1, 15))
        self.assertEqual(monthly.containing(date(2026, 2, 14)).start, date(2026, 1, 15))
        self.assertEqual(monthly.containing(date(2026, 2, 15)).start, date(2026, 2, 15))

    def test_days_before_the_anchor_are_in_periods_with_negative_numbers(self):
        monthly = Recurrence(1, "month", date(2026, 3, 31))
        self.assertEqual(monthly.number_of(date(2026, 3, 30)), -1)
        self.assertEqual(monthly.period(-1), Period(date(2026, 2, 28), date(2026, 3, 31)))

    def test_a_month_has_its_own_number_of_days(self):
        monthly = Recurrence(1, "month", date(2028, 1, 31))
        self.assertEqual([monthly.period(n).days for n in range(4)], [29, 31, 30, 31])


class TestProrata(unittest.TestCase):
    def test_seventeen_days_of_october(self):
        share = prorata(date(2026, 10, 15), date(2026, 11, 1), date(2026, 10, 1), date(2026, 11, 1))
        self.assertEqual(share, Fraction(17, 31))

    def test_the_whole_period_is_one_and_nothing_is_zero(self):
        start, end = date(2028, 2, 1), date(2028, 3, 1)
        self.assertEqual(prorata(start, end, start, end), 1)
        self.assertEqual(prorata(end, end, start, end), 0)

    @quick
    @given(recurrences, days, st.integers(0, 5000))
    def test_the_parts_of_a_split_period_make_one(self, recurrence, day, offset):
        start, end = recurrence.containing(day)
        cut = start + timedelta(days=offset % ((end - start).days + 1))
        self.assertEqual(prorata(start, cut, start, end) + prorata(cut, end, start, end), 1)

    def test_a_part_outside_the_period_is_refused(self):
        first, second, third = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
        for part in ((first, third), (third, second), (second, first)):
            with self.assertRaisesRegex(ValueError, "must lie in the period from"):
                prorata(*part, first, second)
        with self.assertRaisesRegex(ValueError, "The period must end after 2026-02-01"):
            prorata(first, second, second, second)


class TestRefusals(unittest.TestCase):
    def test_a_recurrence_that_makes_no_sense_is_refused_with_a_sentence(self):
        anchor = date(2026, 1, 1)
        for value in (0, -1, 1.5, "1", True, None):
            with self.assertRaisesRegex(ValueError, "A period lasts 1 or more months"):
                Recurrence(value, "month", anchor)
        for unit in ("day", "months", "", None):
            with self.assertRaisesRegex(ValueError, "counted in week, month, year, not"):
                Recurrence(1, unit, anchor)
        for moment in (datetime(2026, 1, 1), "2026-01-01", None):
            with self.assertRaisesRegex(ValueError, "The anchor is a date, not"):
                Recurrence(1, "month", moment)

    def test_a_boundary_beyond_the_calendar_is_refused(self):
        for unit in ("month", "year"):
            with self.assertRaises(ValueError):
                Recurrence(1, unit, date(9999, 12, 31)).boundary(1)
        with self.assertRaises(OverflowError):
            Recurrence(1, "week", date(9999, 12, 31)).boundary(1)
