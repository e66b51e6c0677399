"""A company's days, whatever zones it moved to when."""

import unittest
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.periods import Period, local_date, local_midnight_utc
from core.money.zones import Zones

ONE_DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
NAMES = (
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "America/Havana",
    "Asia/Kathmandu",
)
# The clocks change twice in New York, Paris and Havana.
instants = st.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 15)).map(
    lambda instant: instant.replace(microsecond=0)
)
days = st.dates(date(2026, 2, 20), date(2026, 11, 25))
names = st.sampled_from(NAMES)


@st.composite
def histories(draw):
    """Up to 5 moves, some of them within hours, even within the same second."""
    first = draw(instants)
    moves = sorted(
        first + timedelta(hours=hours)
        for hours in draw(st.lists(st.integers(0, 100) | st.integers(0, 2000), max_size=5))
    )
    return Zones(((None, draw(names)), *((since, draw(names)) for since in moves)))


def moved(*steps):
    first, *others = steps
    return Zones(((None, first), *((datetime.fromisoformat(at), name) for at, name in others)))


class TestMoves(unittest.TestCase):
    """R2, T2: a day that has begun keeps its beginning; later ones begin in the new zone."""

    def test_a_company_that_never_moved_has_the_days_of_its_zone(self):
        """R3."""
        zones = Zones.always("Europe/Paris")
        self.assertEqual(zones.midnight(date(2026, 7, 1)), datetime(2026, 6, 30, 22))
        self.assertEqual(zones.date_of(datetime(2026, 6, 30, 22)), date(2026, 7, 1))
        self.assertEqual(zones.at(datetime(2026, 6, 30, 22)), "Europe/Paris")

    def test_the_instant_of_a_move_is_in_the_new_zone(self):
        """T2."""
        zones = moved("UTC", ("2026-01-31T20:00", "Asia/Tokyo"))
        self.assertEqual(zones.at(datetime(2026, 1, 31, 20) - TICK), "UTC")
        self.assertEqual(zones.at(datetime(2026, 1, 31, 20)), "Asia/Tokyo")

    def test_what_was_known_at_an_instant_has_no_later_moves(self):
        """T2."""
        zones = moved(
            "UTC", ("2026-01-31T20:00", "Asia/Tokyo"), ("2026-02-28T20:00", "Europe/Paris")
        )
        once = moved("UTC", ("2026-01-31T20:00", "Asia/Tokyo"))
        self.assertEqual(zones.until(datetime(2026, 1, 31, 20) - TICK), Zones.always("UTC"))
        self.assertEqual(zones.until(datetime(2026, 1, 31, 20)), once)
        self.assertEqual(zones.until(datetime(2026, 2, 28, 20)), zones)

    def test_a_move_to_the_east_shortens_the_day(self):
        """R2: the day that has begun in Tokyo already begins with the move."""
        zones = moved("UTC", ("2026-01-31T20:00", "Asia/Tokyo"))
        self.assertEqual(zones.midnight(date(2026, 1, 31)), datetime(2026, 1, 31))
        self.assertEqual(zones.midnight(date(2026, 2, 1)), datetime(2026, 1, 31, 20))
        self.assertEqual(zones.midnight(date(2026, 2, 2)), datetime(2026, 2, 1, 15))

    def test_a_move_to_the_west_lengthens_the_day(self):
        """R2: what has begun in Tokyo does not begin again in New York."""
        zones = moved("Asia/Tokyo", ("2026-01-31T20:00", "America/New_York"))
        self.assertEqual(zones.midnight(date(2026, 2, 1)), datetime(2026, 1, 31, 15))
        self.assertEqual(zones.midnight(date(2026, 2, 2)), datetime(2026, 2, 2, 5))
        self.assertEqual(zones.date_of(datetime(2026, 1, 31, 21)), date(2026, 2, 1))
        self.assertEqual(zones.date_of(datetime(2026, 2, 2, 4, 59)), date(2026, 2, 1))

    def test_a_move_over_the_date_line_leaves_a_day_empty(self):
        """R2: from the west of it, on the 30th, to the east, where the 1st has begun."""
        zones = moved("Etc/GMT+12", ("2026-01-31T11:00", "Pacific/Kiritimati"))
        start, end = zones.bounds(Period(date(2026, 1, 31), date(2026, 2, 1)))
        self.assertEqual(start, end)
        self.assertEqual(zones.date_of(start - TICK), date(2026, 1, 30))
        self.assertEqual(zones.date_of(start), date(2026, 2, 1))

    def test_a_move_back_within_the_hour_keeps_what_began_in_it(self):
        """R2, T2."""
        zones = moved(
            "UTC", ("2026-01-31T12:00", "Pacific/Kiritimati"), ("2026-01-31T13:00", "UTC")
        )
        self.assertEqual(zones.midnight(date(2026, 2, 1)), datetime(2026, 1, 31, 12))
        self.assertEqual(zones.midnight(date(2026, 2, 2)), datetime(2026, 2, 2))

    def test_of_two_moves_in_one_second_the_later_one_counts(self):
        zones = moved("UTC", ("2026-01-31T20:00", "Asia/Tokyo"), ("2026-01-31T20:00", "UTC"))
        for offset in range(5):
            day = date(2026, 1, 30) + offset * ONE_DAY
            self.assertEqual(zones.midnight(day), Zones.always("UTC").midnight(day))
        self.assertEqual(zones.at(datetime(2026, 1, 31, 20)), "UTC")

    def test_a_move_on_the_night_when_the_clocks_change(self):
        """R3: from Paris to New York between their two changes of clocks in March."""
        zones = moved("Europe/Paris", ("2026-03-29T00:30", "America/New_York"))
        self.assertEqual(zones.midnight(date(2026, 3, 29)), datetime(2026, 3, 28, 23))
        self.assertEqual(zones.midnight(date(2026, 3, 30)), datetime(2026, 3, 30, 4))

    def test_days_without_end_have_no_last_instant(self):
        zones = Zones.always("America/New_York")
        day = date(2026, 1, 1)
        self.assertEqual(zones.span(Period(day, date.max)), (datetime(2026, 1, 1, 5), None))
        self.assertEqual(
            zones.span(Period(day, day + ONE_DAY)), zones.bounds(Period(day, day + ONE_DAY))
        )


class TestEveryHistory(unittest.TestCase):
    @quick
    @given(histories(), instants)
    def test_an_instant_is_in_exactly_one_day(self, zones, instant):
        """R2."""
        day = zones.date_of(instant)
        holding = [
            near
            for near in (day + offset * ONE_DAY for offset in range(-3, 4))
            if zones.midnight(near) <= instant < zones.midnight(near + ONE_DAY)
        ]
        self.assertEqual(holding, [day])

    @quick
    @given(histories(), days)
    def test_no_day_begins_before_the_one_before_it(self, zones, day):
        """R2."""
        start, end = zones.midnight(day), zones.midnight(day + ONE_DAY)
        self.assertLessEqual(start, end)
        self.assertLess(zones.date_of(start - TICK), day)
        if start < end:
            self.assertEqual(zones.date_of(start), day)
            self.assertEqual(zones.date_of(end - TICK), day)

    @quick
    @given(histories(), st.integers(0, 60), names, days)
    def test_another_move_changes_no_day_that_has_begun(self, zones, hours, name, day):
        """T2."""
        last = zones.steps[-1][0] or datetime(2026, 5, 1)
        now = last + timedelta(hours=hours)
        later = Zones((*zones.steps, (now, name)))
        before = zones.midnight(day)
        if before < now:
            self.assertEqual(later.midnight(day), before)
        else:
            self.assertGreaterEqual(later.midnight(day), now)
            self.assertEqual(later.midnight(day), max(now, local_midnight_utc(day, name)))

    @quick
    @given(histories(), instants)
    def test_the_date_is_the_zones_own_unless_a_move_is_near(self, zones, instant):
        """R3."""
        near = [s for s, _name in zones.steps[1:] if abs(s - instant) < timedelta(hours=27)]
        if not near:
            self.assertEqual(zones.date_of(instant), local_date(instant, zones.at(instant)))

    def test_a_walk_through_the_year_meets_each_day_in_order(self):
        """R2, over a year with moves in it, by a slow second way: the latest day that has begun."""
        zones = moved(
            "Asia/Tokyo",
            ("2026-03-08T07:30", "America/New_York"),
            ("2026-03-29T01:00", "Europe/Paris"),
            ("2026-06-01T12:00", "Pacific/Kiritimati"),
            ("2026-11-01T06:00", "America/Havana"),
        )
        begins = {
            day: zones.midnight(day)
            for day in (date(2026, 1, 1) + offset * ONE_DAY for offset in range(365))
        }
        instant, previous = datetime(2026, 1, 2), date(2026, 1, 1)
        while instant < datetime(2026, 12, 30):
            day = zones.date_of(instant)
            self.assertEqual(day, max(d for d, begin in begins.items() if begin <= instant))
            self.assertIn((day - previous).days, (0, 1))
            instant, previous = instant + timedelta(hours=5), day
