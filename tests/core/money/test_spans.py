import unittest
from datetime import datetime

from core.money.spans import read_spans
from core.money.zones import Zones

UTC = Zones.always("UTC")


class TestSpans(unittest.TestCase):
    def days(self, text):
        return [(f"{start:%m-%d}", end and f"{end:%m-%d}") for start, end in read_spans(text, UTC)]

    def test_usage_is_taken_while_it_is_active(self):
        """U5."""
        phases = "2026-03-01 paused,2026-01-01 active,2026-04-01 active,2026-06-01 closed"
        self.assertEqual(self.days(phases), [("01-01", "03-01"), ("04-01", "06-01")])

    def test_usage_of_days_that_are_settled_for_good_is_not(self):
        """U5."""
        phases = "2026-01-01 active,2026-03-01 paused,2026-04-01 active"
        for kept_from, expected in (
            ("2025-06-01", [("01-01", "03-01"), ("04-01", None)]),
            ("2026-02-01", [("02-01", "03-01"), ("04-01", None)]),
            ("2026-03-01", [("04-01", None)]),
            ("2026-03-15", [("04-01", None)]),
            ("2026-05-01", [("05-01", None)]),
        ):
            with self.subTest(kept_from):
                self.assertEqual(self.days(f"{kept_from}|{phases}"), expected)

    def test_days_begin_at_local_midnights(self):
        """R3."""
        [(start, _end)] = read_spans("2026-02-01|2026-01-01 active", Zones.always("Asia/Tokyo"))
        self.assertEqual(start, datetime(2026, 1, 31, 15))

    def test_who_has_no_phase_takes_none(self):
        for text in (None, ""):
            self.assertEqual(read_spans(text, UTC), ())
