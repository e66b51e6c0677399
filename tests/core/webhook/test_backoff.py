"""W3: when a failed delivery is tried again, and when no more."""

import os
import random
import time
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhook.backoff import (
    LONGEST_RETRY_AFTER,
    PERSISTENCE,
    delay,
    next_attempt,
    parse_retry_after,
)

quick = settings(max_examples=200, deadline=None, database=None)

NOW = datetime(2026, 11, 5, 12, 0, 0)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ATTEMPTS = st.integers(1, 10_000)
DRAWS = st.floats(0, 1, exclude_max=True)


def whole():
    """The draw that leaves a wait at its whole."""
    return 1


def half():
    """The draw that leaves a wait at its half."""
    return 0


class TestDelay(unittest.TestCase):
    def test_it_doubles_ten_times_from_two_minutes(self):
        """W3: 2**min(attempts, 10) minutes."""
        minutes = [delay(attempts, random=whole) / MINUTE for attempts in range(1, 13)]
        self.assertEqual(minutes, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024])
        self.assertEqual(delay(0, random=whole), MINUTE)
        self.assertEqual(delay(10**9, random=whole), 1024 * MINUTE)

    @quick
    @given(ATTEMPTS, DRAWS)
    def test_jitter_is_between_half_and_the_whole(self, attempts, draw):
        """W3"""
        waited = delay(attempts, random=lambda: draw)
        nominal = 2 ** min(attempts, 10) * MINUTE
        self.assertTrue(nominal / 2 <= waited <= nominal, waited)

    @quick
    @given(ATTEMPTS, DRAWS, DRAWS)
    def test_jitter_uses_the_whole_room_evenly(self, attempts, one, other):
        """A greater draw waits longer, in proportion."""
        first, second = (delay(attempts, random=lambda: draw) for draw in (one, other))  # noqa: B023
        expected = 2 ** min(attempts, 10) * MINUTE * (other - one) / 2
        self.assertAlmostEqual((second - first) / MINUTE, expected / MINUTE, places=5)

    def test_unless_told_otherwise_deliveries_that_failed_together_part(self):
        drawn = {delay(10) for _ in range(100)}
        self.assertGreater(len(drawn), 90)
        self.assertGreater(max(drawn) - min(drawn), 100 * MINUTE)

    @quick
    @given(ATTEMPTS, DRAWS)
    def test_another_attempt_never_waits_less_than_half_of_the_one_before(self, attempts, draw):
        self.assertGreaterEqual(
            2 * delay(attempts + 1, random=half), delay(attempts, random=lambda: draw)
        )


class TestRetryAfter(unittest.TestCase):
    def test_seconds(self):
        for text, seconds in (
            ("0", 0),
            ("1", 1),
            (" 120 ", 120),
            ("007", 7),
            ("0" * 20 + "7", 7),
            ("86400", 86400),
        ):
            with self.subTest(text=text):
                self.assertEqual(parse_retry_after(text, NOW), timedelta(seconds=seconds))

    def test_http_dates_in_all_three_forms_and_other_zones(self):
        """RFC 9110, 5.6.7."""
        for text in (
            "Thu, 05 Nov 2026 12:30:00 GMT",
            "Thursday, 05-Nov-26 12:30:00 GMT",
            "Thu Nov  5 12:30:00 2026",
            "Thu, 05 Nov 2026 12:30:00 -0000",
            "Thu, 05 Nov 2026 14:30:00 +0200",
        ):
            with self.subTest(text=text):
                self.assertEqual(parse_retry_after(text, NOW), 30 * MINUTE)

    def test_the_zone_of_the_machine_is_nothing(self):
        self.addCleanup(time.tzset)
        with patch.dict(os.environ, {"TZ": "Asia/Tokyo"}):
            time.tzset()
            wait = parse_retry_after("Thu, 05 Nov 2026 14:30:00 +0200", NOW)
        self.assertEqual(wait, 30 * MINUTE)

    def test_a_date_in_the_past_asks_for_nothing(self):
        for text in ("Thu, 05 Nov 2026 11:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"):
            self.assertEqual(parse_retry_after(text, NOW), timedelta(0))

    def test_nobody_can_ask_for_more_than_a_day(self):
        for text in ("86401", "9" * 10, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"):
            with self.subTest(text=text[:12]):
                self.assertEqual(parse_retry_after(text, NOW), LONGEST_RETRY_AFTER)
        self.assertEqual(LONGEST_RETRY_AFTER, DAY)

    def test_what_is_neither_is_as_if_it_were_not_there(self):
        dates = ("Thu, 99 Nov 2026 12:30:00 GMT", "Thu, 05 Nov 2026 99:30:00 GMT")
        numbers = ("-5", "+5", "1.5", "1e3", "0x10", "１２", "5, 10")
        for text in (None, "", " ", "soon", "\0", *numbers, *dates):
            with self.subTest(text=text):
                self.assertIsNone(parse_retry_after(text, NOW))

    @quick
    @given(
        st.text() | st.from_regex(r"\A[A-Z][a-z]{2}, [0-9]{1,9} (Nov|Feb) [0-9]{1,9} [0-9:]+ .*")
    )
    def test_no_text_whatever_raises_or_leaves_the_bounds(self, text):
        wait = parse_retry_after(text, NOW)
        self.assertTrue(wait is None or timedelta(0) <= wait <= DAY)

    @quick
    @given(st.integers(0, 86_400))
    def test_a_date_and_its_seconds_ask_for_the_same(self, seconds):
        moment = (NOW + timedelta(seconds=seconds)).replace(tzinfo=timezone.utc)
        date = format_datetime(moment, usegmt=True)
        self.assertEqual(parse_retry_after(date, NOW), parse_retry_after(str(seconds), NOW))


class TestNextAttempt(unittest.TestCase):
    def test_the_wait_counts_from_the_end_of_the_last_attempt(self):
        self.assertEqual(next_attempt(1, NOW, NOW, random=whole), NOW + 2 * MINUTE)
        later = NOW + 5 * MINUTE
        self.assertEqual(next_attempt(3, NOW, later, random=half), later + 4 * MINUTE)

    def test_the_endpoint_may_ask_for_later(self):
        self.assertEqual(
            next_attempt(1, NOW, NOW, retry_after="3600", random=whole), NOW + 60 * MINUTE
        )
        date = "Thu, 05 Nov 2026 15:00:00 GMT"
        self.assertEqual(
            next_attempt(1, NOW, NOW, retry_after=date, random=whole), NOW + timedelta(hours=3)
        )

    def test_the_endpoint_may_not_ask_for_sooner(self):
        """W3: `Retry-After: 0` does not turn the backoff off."""
        for value in ("0", "1", "Thu, 05 Nov 2020 15:00:00 GMT", "nonsense", None):
            with self.subTest(value=value):
                self.assertEqual(
                    next_attempt(10, NOW, NOW, retry_after=value, random=half), NOW + 512 * MINUTE
                )

    @quick
    @given(ATTEMPTS, st.none() | st.text() | st.integers(0, 10**12).map(str), DRAWS)
    def test_the_next_attempt_is_never_sooner_than_half_the_backoff_nor_later_than_a_day(
        self, attempts, value, draw
    ):
        found = next_attempt(attempts, NOW, NOW, retry_after=value, random=lambda: draw)
        self.assertTrue(2 ** min(attempts, 10) * MINUTE / 2 <= found - NOW <= DAY)

    def test_it_gives_up_from_three_days_on_and_not_a_moment_sooner(self):
        """W3: at least three days."""
        self.assertEqual(PERSISTENCE, 3 * DAY)
        almost = NOW + 3 * DAY - timedelta(microseconds=1)
        self.assertIsNotNone(next_attempt(14, NOW, almost))
        self.assertIsNone(next_attempt(14, NOW, NOW + 3 * DAY))
        self.assertIsNone(next_attempt(1, NOW, NOW + 30 * DAY))

    @quick
    @given(st.randoms(use_true_random=False), st.none() | st.integers(0, 10**6).map(str))
    def test_a_delivery_that_always_fails_is_tried_for_three_days_and_then_ends(
        self, rng, retry_after
    ):
        """W3: the last attempt is at least three days after the first, and less than five."""
        moment, attempts = NOW, 1
        while following := next_attempt(
            attempts, NOW, moment, retry_after=retry_after, random=rng.random
        ):
            self.assertGreater(following, moment)
            moment, attempts = following, attempts + 1
        self.assertGreaterEqual(moment - NOW, 3 * DAY)
        self.assertLess(moment - NOW, 4 * DAY)
        self.assertIn(attempts, range(4, 20))

    def test_the_same_draws_give_the_same_plan(self):
        plans = [
            [next_attempt(n, NOW, NOW, random=random.Random(7).random) for n in range(1, 9)]
            for _ in range(2)
        ]
        self.assertEqual(*plans)
