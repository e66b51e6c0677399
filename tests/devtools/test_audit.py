"""The audit's own arithmetic, held against results that were worked out by hand."""

import unittest
from datetime import date, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace

from e2e.audit.days import Clocks, lived_days, runs
from e2e.audit.documents import due_of, is_excess, is_of_wrong_type, shows_what_is_booked
from e2e.audit.owed import combine, matches
from e2e.audit.prices import Terms, Tier, half_away

MONTH, WEEK = (1, "month"), (1, "week")


def terms(model="standard", **numbers):
    zero = Fraction(0)
    values = dict.fromkeys(("quota", "price", "rate", "fixed", "minimum", "maximum"), zero)
    values |= {"batch": Fraction(1), "flat_at_zero": False, "tiers": (), **numbers}
    return Terms(model=model, **values)


class TestDays(unittest.TestCase):
    def test_days_begin_as_the_clock_in_force_shows(self):
        clocks = Clocks([(None, "UTC"), (datetime(2026, 3, 10, 12), "Pacific/Auckland")])
        self.assertEqual(clocks.begins(date(2026, 3, 10)), datetime(2026, 3, 10))
        # In Auckland it is 01:00 on the 11th when it takes over.
        self.assertEqual(clocks.begins(date(2026, 3, 11)), datetime(2026, 3, 10, 12))
        self.assertEqual(clocks.begins(date(2026, 3, 12)), datetime(2026, 3, 11, 11))

    def test_a_day_that_has_begun_goes_on_in_a_zone_further_west(self):
        clocks = Clocks([(None, "Pacific/Auckland"), (datetime(2026, 3, 10, 12), "UTC")])
        self.assertEqual(clocks.day_of(datetime(2026, 3, 10, 11)), date(2026, 3, 11))
        self.assertEqual(clocks.day_of(datetime(2026, 3, 11, 23)), date(2026, 3, 11))
        self.assertEqual(clocks.day_of(datetime(2026, 3, 12)), date(2026, 3, 12))

    def test_periods_end_on_the_last_day_of_short_months_and_keep_their_anchor(self):
        days = lived_days([(date(2026, 1, 31), 1, "active")], None, {1: MONTH}, date(2026, 4, 1))
        self.assertEqual(
            sorted({day.start for day in days}),
            [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)],
        )

    def test_another_rhythm_begins_a_period_on_its_day(self):
        phases = [(date(2026, 1, 1), 1, "active"), (date(2026, 1, 10), 2, "active")]
        days = lived_days(phases, None, {1: MONTH, 2: WEEK}, date(2026, 1, 12))
        self.assertEqual(
            sorted({(day.start, day.end) for day in days}),
            [(date(2026, 1, 1), date(2026, 1, 10)), (date(2026, 1, 10), date(2026, 1, 17))],
        )

    def test_closed_days_are_no_days(self):
        phases = [
            (date(2026, 1, 1), 1, "active"),
            (date(2026, 1, 5), 1, "closed"),
            (date(2026, 1, 8), 1, "paused"),
        ]
        days = lived_days(phases, None, {1: MONTH}, date(2026, 1, 9))
        self.assertEqual([len(run) for run in runs(day.day for day in days)], [4, 24])
        self.assertFalse(any(day.owes_fees for day in days if day.day >= date(2026, 1, 8)))


class TestPrices(unittest.TestCase):
    def test_a_shared_quota_is_taken_off_first(self):
        shared = terms(quota=Fraction(310), price=Fraction(1)).shared(Fraction(10, 31))
        self.assertEqual(shared.cost(Fraction(200)), 100)

    def test_graduated_tiers(self):
        tiers = (
            Tier(Fraction(100), Fraction(1), Fraction(0), Fraction(0), Fraction(0)),
            Tier(Fraction(0), Fraction(10), Fraction(10), Fraction(0), Fraction(100)),
        )
        self.assertEqual(terms("graduated", tiers=tiers).cost(Fraction(250)), 130)
        self.assertEqual(terms("volume", tiers=tiers).cost(Fraction(250)), 40)
        self.assertEqual(terms("stairstep", tiers=tiers).cost(Fraction(100)), 0)

    def test_halves_go_away_from_zero(self):
        self.assertEqual(half_away(Fraction("2.675"), Fraction("0.01")), Fraction("2.68"))
        self.assertEqual(half_away(Fraction("-0.125"), Fraction("0.05")), Fraction("-0.15"))


class TestCounters(unittest.TestCase):
    def counter(self, quantity, hour=0, value=None, **dimensions):
        return SimpleNamespace(
            id=hour,
            quantity=Fraction(quantity),
            value=value,
            dimensions=dimensions,
            period_start=datetime(2026, 1, 1) + timedelta(hours=hour),
            write_date=datetime(2026, 1, 2),
        )

    def test_each_kind_combines_as_the_guide_says(self):
        counters = [self.counter(3, 1), self.counter(5, 2, "ann"), self.counter(4, 3, "ann")]
        expected = {"sum": 12, "count": 3, "max": 5, "last": 4, "average": 4, "unique_count": 2}
        for kind, quantity in expected.items():
            with self.subTest(kind):
                self.assertEqual(combine(kind, counters), quantity)

    def test_a_filter_matches_only_what_says_so(self):
        self.assertTrue(matches(self.counter(1, region="eu"), {"region": {"eu", "uk"}}))
        self.assertFalse(matches(self.counter(1), {"region": {"eu"}}))


class TestDue(unittest.TestCase):
    def test_a_waiver_holds_back_no_more_than_there_is(self):
        self.assertEqual(due_of(10, 4), 6)
        self.assertEqual(due_of(2, 4), 0)
        self.assertEqual(due_of(-3, 4), -3)
        self.assertEqual(due_of(-3, -2), -1)


class TestSigns(unittest.TestCase):
    def move(self, total, bill_on=date(2026, 2, 1), touched=0):
        made = datetime(2026, 2, 1, 12)
        return SimpleNamespace(
            amount_total=Fraction(total),
            fusion_bill_on=bill_on,
            create_date=made,
            write_date=made + timedelta(seconds=touched),
        )

    def test_what_billing_made_comes_to_zero_or_more(self):
        self.assertTrue(is_of_wrong_type(self.move(-5)))
        self.assertFalse(is_of_wrong_type(self.move(0)))

    def test_the_sign_of_what_people_made_or_touched_is_theirs(self):
        self.assertFalse(is_of_wrong_type(self.move(-5, touched=1)))
        # Staff may lower a line of their credit note in the transaction that makes it.
        self.assertFalse(is_of_wrong_type(self.move(-5, bill_on=None)))


class TestSums(unittest.TestCase):
    def test_fractions_of_a_cent_may_be_booked_on_another_line(self):
        cent, third = Fraction(1, 100), Fraction(100, 3)
        for price, discount, included, expected in (
            (third, None, False, False),
            (Fraction("9.99"), Fraction(10), False, False),
            (Fraction("9.99"), Fraction(0), False, True),
            (Fraction("9.99"), None, True, False),
        ):
            line = SimpleNamespace(
                quantity=Fraction(1), price_unit=price, discount=discount, includes_tax=included
            )
            self.assertEqual(shows_what_is_booked(line, cent), expected, (price, discount))


class TestOneOffs(unittest.TestCase):
    def test_what_staff_gave_back_is_not_credited_once_more(self):
        line = SimpleNamespace(
            invoice_policy="order",
            product_uom_qty=Fraction(1),
            price_unit=Fraction(200),
            discount=Fraction(10),
        )
        for billed, conceded, expected in (
            (1, 0, False),
            (2, 0, True),
            (2, 180, False),
            (2, 90, True),
            (3, 180, True),
            (2, -180, True),
            (2, Fraction("179.99"), False),
        ):
            found = is_excess(line, billed, Fraction(conceded))
            self.assertEqual(found, expected, (billed, conceded))
