"""Billing dates are local midnights (R3): days of 23 and 25 hours, and stranger ones."""

import os
import sys
import time
import unittest
import zoneinfo
from datetime import date, datetime, timedelta, timezone
from unittest.mock import patch
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money import periods
from core.money.periods import Recurrence, local_date, local_midnight_utc

try:
    import pytz
except ImportError:
    pytz = None

second = timedelta(seconds=1)

# Both directions of DST, half an hour of it, none, and every oddity at midnight.
ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Paris",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Beirut",
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Scoresbysund",
    "America/Nuuk",
    "Asia/Gaza",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Antarctica/Troll",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(1970, 1, 2), date(2060, 12, 31))
instants = st.datetimes(datetime(1970, 1, 2), datetime(2060, 12, 31))


def hours_of(day, tz):
    day = date.fromisoformat(day)
    length = local_midnight_utc(day + timedelta(days=1), tz) - local_midnight_utc(day, tz)
    return length / timedelta(hours=1)


def wall_clock(instant, tz):
    return instant.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(tz))


class TestDaylightSaving(unittest.TestCase):
    """R3: the offset is that of the day, not that of the sign-up (killbill#1934)."""

    def test_new_york(self):
        """R3."""
        tz = "America/New_York"
        self.assertEqual(hours_of("2026-03-08", tz), 23)
        self.assertEqual(hours_of("2026-11-01", tz), 25)
        self.assertEqual(hours_of("2026-07-01", tz), 24)
        self.assertEqual(local_midnight_utc(date(2026, 3, 8), tz), datetime(2026, 3, 8, 5))
        self.assertEqual(local_midnight_utc(date(2026, 3, 9), tz), datetime(2026, 3, 9, 4))
        self.assertEqual(local_midnight_utc(date(2026, 11, 1), tz), datetime(2026, 11, 1, 4))
        self.assertEqual(local_midnight_utc(date(2026, 11, 2), tz), datetime(2026, 11, 2, 5))

    def test_paris(self):
        """R3."""
        tz = "Europe/Paris"
        self.assertEqual(hours_of("2026-03-29", tz), 23)
        self.assertEqual(hours_of("2026-10-25", tz), 25)
        self.assertEqual(local_midnight_utc(date(2026, 3, 29), tz), datetime(2026, 3, 28, 23))
        self.assertEqual(local_midnight_utc(date(2026, 3, 30), tz), datetime(2026, 3, 29, 22))

    def test_lord_howe_where_dst_is_half_an_hour(self):
        """R3."""
        tz = "Australia/Lord_Howe"
        self.assertEqual(hours_of("2026-10-04", tz), 23.5)
        self.assertEqual(hours_of("2026-04-05", tz), 24.5)
        self.assertEqual(local_midnight_utc(date(2026, 10, 4), tz), datetime(2026, 10, 3, 13, 30))
        self.assertEqual(local_midnight_utc(date(2026, 10, 5), tz), datetime(2026, 10, 4, 13))

    def test_a_zone_without_dst_has_days_of_24_hours_only(self):
        """R3."""
        first = date(2026, 1, 1)
        for offset in range(366):
            day = first + timedelta(days=offset)
            expected = datetime(2025, 12, 31, 18, 30) + timedelta(days=offset)
            self.assertEqual(local_midnight_utc(day, "Asia/Kolkata"), expected)

    def test_the_default_zone_is_plain_utc(self):
        """R3."""
        day = date(2026, 10, 1)
        self.assertEqual(local_midnight_utc(day, "UTC"), datetime(2026, 10, 1))

    def test_a_month_over_a_change_of_clocks_is_an_hour_shorter_or_longer(self):
        """R3: the bounds of a period are its local midnights."""
        monthly = Recurrence(1, "month", date(2026, 1, 1))
        for tz, month, hours in (
            ("America/New_York", 3, 31 * 24 - 1),
            ("America/New_York", 11, 30 * 24 + 1),
            ("Europe/Paris", 3, 31 * 24 - 1),
            ("Europe/Paris", 10, 31 * 24 + 1),
            ("Australia/Lord_Howe", 4, 30 * 24 + 0.5),
            ("Australia/Lord_Howe", 10, 31 * 24 - 0.5),
            ("Asia/Kolkata", 3, 31 * 24),
        ):
            with self.subTest(tz, month=month):
                start, end = monthly.period(month - 1).utc_bounds(tz)
                self.assertEqual((end - start) / timedelta(hours=1), hours)


class TestMidnightsThatAreMissingOrDouble(unittest.TestCase):
    """R3: a day begins at its first instant, here found by walking every second."""

    def assert_first_instant(self, tz, day):
        day = date.fromisoformat(day)
        instant = local_midnight_utc(day, tz)
        walk = instant - timedelta(hours=3)
        while wall_clock(walk, tz).date() < day:
            walk += second
        self.assertEqual(instant, walk, (tz, day))
        return wall_clock(instant, tz).time().isoformat()

    def test_where_the_clocks_jump_from_midnight_to_one(self):
        """R3."""
        for tz, day in (
            ("America/Havana", "2024-03-10"),
            ("Asia/Beirut", "2024-03-31"),
            ("America/Santiago", "2024-09-08"),
            ("Africa/Cairo", "2024-04-26"),
            ("America/Sao_Paulo", "2018-11-04"),
        ):
            self.assertEqual(self.assert_first_instant(tz, day), "01:00:00")

    def test_where_the_clocks_jump_over_midnight(self):
        """R3: from 23:30 to 00:30."""
        local = self.assert_first_instant("America/Toronto", "1919-03-31")
        self.assertEqual(local, "00:30:00")

    def test_where_the_day_has_two_midnights(self):
        """R3: the first one counts."""
        for tz, day in (
            ("America/Havana", "2024-11-03"),
            ("Atlantic/Azores", "2024-10-27"),
            ("America/St_Johns", "2010-11-07"),
        ):
            self.assertEqual(self.assert_first_instant(tz, day), "00:00:00")
        self.assertEqual(hours_of("2024-11-03", "America/Havana"), 25)

    def test_where_the_clocks_go_back_just_before_midnight(self):
        """R3."""
        for tz, day in (
            ("Asia/Beirut", "2024-10-27"),
            ("America/Santiago", "2024-04-07"),
            ("America/Sao_Paulo", "2018-02-18"),
        ):
            self.assertEqual(self.assert_first_instant(tz, day), "00:00:00")

    def test_the_day_that_samoa_skipped_is_empty(self):
        """R3: 30 December 2011 did not exist in Apia; nothing can be billed twice."""
        self.assertEqual(hours_of("2011-12-30", "Pacific/Apia"), 0)
        self.assertEqual(hours_of("2011-12-29", "Pacific/Apia"), 24)
        self.assertEqual(hours_of("2011-12-31", "Pacific/Apia"), 24)
        last = local_midnight_utc(date(2011, 12, 31), "Pacific/Apia") - second
        self.assertEqual(local_date(last, "Pacific/Apia"), date(2011, 12, 29))

    def test_a_day_that_has_begun_does_not_end_before_the_next_begins(self):
        """R2, R3: in St John's it was 00:00:59 on the 7th, then 23:01 on the 6th."""
        tz = "America/St_Johns"
        begun = local_midnight_utc(date(2010, 11, 7), tz)
        self.assertEqual(wall_clock(begun + 60 * second, tz).day, 6)
        self.assertEqual(local_date(begun + 60 * second, tz), date(2010, 11, 7))
        self.assertEqual(local_date(begun - second, tz), date(2010, 11, 6))


class TestDaysPartitionTime(unittest.TestCase):
    """R2: every instant is in exactly one day, and in exactly one period."""

    @quick
    @given(instants, zones)
    def test_an_instant_lies_within_its_local_day(self, instant, tz):
        """R2, R3."""
        day = local_date(instant, tz)
        self.assertLessEqual(local_midnight_utc(day, tz), instant)
        self.assertLess(instant, local_midnight_utc(day + timedelta(days=1), tz))

    @quick
    @given(days, zones)
    def test_the_last_instant_before_a_day_is_not_in_it(self, day, tz):
        """R2, R3."""
        start = local_midnight_utc(day, tz)
        self.assertLess(local_date(start - second / 10**6, tz), day)
        self.assertGreaterEqual(local_date(start, tz), day)

    @quick
    @given(days, zones)
    def test_the_first_instant_is_the_first_with_that_date_on_the_clock(self, day, tz):
        """R3."""
        start = local_midnight_utc(day, tz)
        self.assertGreaterEqual(wall_clock(start, tz).date(), day)
        self.assertLess(wall_clock(start - second, tz).date(), day)

    @quick
    @given(
        instants,
        zones,
        st.builds(
            Recurrence,
            value=st.integers(1, 6),
            unit=st.sampled_from(["week", "month", "year"]),
            anchor=days,
        ),
    )
    def test_an_instant_lies_in_exactly_one_billing_period(self, instant, tz, recurrence):
        """R2."""
        number = recurrence.number_of(local_date(instant, tz))
        holding = []
        for near in range(number - 1, number + 2):
            start, end = recurrence.period(near).utc_bounds(tz)
            if start <= instant < end:
                holding.append(near)
            self.assertEqual(end, recurrence.period(near + 1).utc_bounds(tz)[0])
        self.assertEqual(holding, [number])

    def test_no_day_of_forty_years_begins_before_the_one_before_it(self):
        """R2, in every zone above."""
        for tz in ZONES:
            previous = local_midnight_utc(date(1990, 1, 1), tz)
            for offset in range(1, 40 * 365):
                day = date(1990, 1, 1) + timedelta(days=offset)
                start = local_midnight_utc(day, tz)
                self.assertLessEqual(previous, start, (tz, day))
                self.assertLessEqual(start - previous, timedelta(hours=26), (tz, day))
                previous = start


class TestInstantsAndZones(unittest.TestCase):
    def test_naive_instants_are_utc_and_aware_ones_are_converted(self):
        """R3."""
        tz = "America/New_York"
        naive = datetime(2026, 7, 1, 3, 59)
        aware = naive.replace(tzinfo=timezone.utc).astimezone(ZoneInfo("Asia/Tokyo"))
        self.assertEqual(local_date(naive, tz), date(2026, 6, 30))
        self.assertEqual(local_date(aware, tz), date(2026, 6, 30))
        self.assertEqual(local_date(naive + 60 * second, tz), date(2026, 7, 1))

    def test_the_zone_of_the_machine_is_nothing(self):
        """R3: also where the clocks jump over midnight."""
        self.addCleanup(time.tzset)
        local_midnight_utc.cache_clear()
        with patch.dict(os.environ, {"TZ": "Asia/Tokyo"}):
            time.tzset()
            midnight = local_midnight_utc(date(2026, 3, 8), "America/Havana")
            self.assertEqual(midnight, datetime(2026, 3, 8, 5))
            self.assertEqual(local_date(midnight, "America/Havana"), date(2026, 3, 8))

    def test_an_instant_comes_out_naive_as_odoo_stores_it(self):
        self.assertIsNone(local_midnight_utc(date(2026, 1, 1), "Asia/Tokyo").tzinfo)

    def test_a_zone_is_a_name_or_a_tzinfo(self):
        day, expected = date(2026, 7, 1), datetime(2026, 6, 30, 22)
        paris = ZoneInfo("Europe/Paris")
        fixed = timezone(timedelta(hours=2))
        for tz in ("Europe/Paris", paris, fixed):
            self.assertEqual(local_midnight_utc(day, tz), expected)
            self.assertEqual(local_date(expected, tz), day)

    @unittest.skipUnless(pytz, "pytz is not installed")
    def test_a_zone_of_pytz_is_understood_by_its_name(self):
        """R3: pytz's own tzinfo would give Paris its offset of 1891."""
        paris = pytz.timezone("Europe/Paris")
        day = date(2026, 7, 1)
        self.assertEqual(local_midnight_utc(day, paris), datetime(2026, 6, 30, 22))

    def test_an_unknown_zone_is_refused_with_a_sentence(self):
        for name in ("Europe/Atlantis", "", "../etc/passwd", "Europe", "zone.tab"):
            with self.assertRaises(ValueError) as refusal:
                local_midnight_utc(date(2026, 1, 1), name)
            self.assertEqual(str(refusal.exception), f"There is no time zone {name!r}.")
        for other in (None, 2, date(2026, 1, 1)):
            with self.assertRaisesRegex(ValueError, "A time zone is a name or a tzinfo"):
                local_midnight_utc(date(2026, 1, 1), other)

    @unittest.skipUnless(pytz, "pytz is not installed")
    def test_without_a_system_database_the_one_of_pytz_serves(self):
        """R3, on a machine without tzdata."""
        path = zoneinfo.TZPATH
        self.addCleanup(periods._load_zone.cache_clear)
        self.addCleanup(ZoneInfo.clear_cache)
        self.addCleanup(zoneinfo.reset_tzpath, path)
        zoneinfo.reset_tzpath(to=[])
        ZoneInfo.clear_cache()
        periods._load_zone.cache_clear()
        loaded = [name for name in sys.modules if name.split(".")[0] == "tzdata"]
        with patch.dict(sys.modules, dict.fromkeys([*loaded, "tzdata"])):
            with self.assertRaises(zoneinfo.ZoneInfoNotFoundError):
                ZoneInfo("America/New_York")
            self.assertEqual(hours_of("2026-03-08", "America/New_York"), 23)
            self.assertEqual(hours_of("2024-11-03", "America/Havana"), 25)
            self.assertEqual(str(periods._load_zone("America/Havana")), "America/Havana")
            with self.assertRaisesRegex(ValueError, "There is no time zone"):
                local_midnight_utc(date(2026, 1, 1), "Europe/Atlantis")
