"""What may be recorded, and how recordings combine."""

import random
import unittest
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from fusion_billing_client.counters import (
    Counter,
    Reading,
    hour_of,
    read_dimensions,
    read_quantity,
    read_text,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def counter(**changes):
    base = {
        "subscription": "sub-1",
        "metric": "calls",
        "aggregation": "sum",
        "start": NOON,
        "end": NOON + HOUR,
        "value": None,
        "dimensions": None,
        "serial": 0,
    }
    return Counter(**base | changes)


class TestQuantities(unittest.TestCase):
    def test_they_are_kept_digit_by_digit(self):
        for given, kept in (
            (0, "0"),
            (1250, "1250"),
            ("1250.500000", "1250.5"),
            (Decimal("1E+3"), "1000"),
            (Decimal("0.10000000"), "0.1"),
            ("999999999999999999.999999", "999999999999999999.999999"),
        ):
            self.assertEqual(f"{read_quantity(given):f}", kept)

    def test_what_billing_refuses_is_refused_at_once(self):
        for given in (-1, "-0.5", "", "x", "NaN", "Infinity", 10**18, "0.0000001", "1e30"):
            with self.subTest(given=given), self.assertRaises(ValueError):
                read_quantity(given)
        for given in (0.1, True, None, b"1"):
            with self.subTest(given=given), self.assertRaises(TypeError):
                read_quantity(given)

    def test_a_sum_is_exact_in_any_order(self):
        drawn = random.Random(9)
        quantities = [Decimal(drawn.randrange(10**15)).scaleb(-6) for _ in range(1000)]
        for _ in range(3):
            total = Reading(Decimal(0), NOON)
            for quantity in quantities:
                total = total.combined(Reading(quantity, NOON), "sum")
            self.assertEqual(total.quantity, sum(quantities))
            drawn.shuffle(quantities)


class TestCombining(unittest.TestCase):
    def combine(self, aggregation, *readings):
        result, *others = [
            Reading(Decimal(quantity), NOON + at * HOUR) for quantity, at in readings
        ]
        for one in others:
            result = result.combined(one, aggregation)
        return int(result.quantity)

    def test_each_aggregation_keeps_what_its_metric_asks_for(self):
        readings = (3, 0.1), (7, 0.5), (5, 0.3)
        self.assertEqual(self.combine("sum", *readings), 15)
        self.assertEqual(self.combine("max", *readings), 7)
        self.assertEqual(self.combine("last", *readings), 7)
        self.assertEqual(self.combine("last", (3, 0.1), (7, 0.5), (5, 0.5)), 5)

    def test_an_hour_begins_where_it_does_in_utc(self):
        for at, length, start in (
            (NOON, HOUR, NOON),
            (NOON + 0.9 * HOUR, HOUR, NOON),
            (NOON + 0.6 * HOUR, HOUR / 2, NOON + HOUR / 2),
            (NOON, timedelta(days=1), NOON.replace(hour=0)),
        ):
            self.assertEqual(hour_of(at, length), start)


class TestKeys(unittest.TestCase):
    def test_whatever_differs_gives_another_key(self):
        one = counter()
        keys = {
            one.key("run", 1),
            one.key("other", 1),
            one.key("run", 2),
            counter(subscription="sub-2").key("run", 1),
            counter(subscription=1).key("run", 1),
            counter(subscription="1").key("run", 1),
            counter(metric="seats").key("run", 1),
            counter(start=NOON + HOUR).key("run", 1),
            counter(start=NOON + timedelta(seconds=1)).key("run", 1),
            counter(value="u").key("run", 1),
            counter(dimensions='{"a": "u"}').key("run", 1),
            counter(serial=1).key("run", 1),
        }
        self.assertEqual(len(keys), 12)
        self.assertTrue(all(len(key) <= 255 for key in keys))
        self.assertEqual(counter().key("run", 1), one.key("run", 1))

    def test_a_unique_value_has_one_key_whoever_tells_it(self):
        one = counter(aggregation="unique_count", value="user-7")
        self.assertEqual(one.key("run", 1), one.key("other", 2))
        self.assertNotEqual(one.key("run", 1), one._replace(value="user-8").key("run", 1))

    def test_a_level_has_its_own_instant_and_a_sum_its_hour(self):
        reading = Reading(Decimal(5), NOON + HOUR / 2)
        for aggregation, start in (
            ("sum", "12:00"),
            ("max", "12:00"),
            ("unique_count", "12:00"),
            ("last", "12:30"),
            ("count", "12:30"),
            ("average", "12:30"),
            ("weighted", "12:30"),
        ):
            event = counter(aggregation=aggregation).event(reading, "k")
            self.assertEqual(event["period_start"], f"2026-03-01T{start}:00Z", aggregation)
            self.assertEqual(event["period_end"], "2026-03-01T13:00:00Z")


class TestTexts(unittest.TestCase):
    def test_equal_dimensions_are_equal_texts(self):
        self.assertEqual(read_dimensions({"a": 1, "b": "x"}), read_dimensions({"b": "x", "a": 1}))
        self.assertIsNone(read_dimensions({}))

    def test_dimensions_that_billing_refuses_are_refused_at_once(self):
        for given in (
            {f"d{n}": 1 for n in range(21)},
            {"": 1},
            {"x" * 65: 1},
            {1: 1},
            {"a": "x" * 256},
            {"a": 0.5},
            {"a": None},
            {"a": ["x"]},
            {"a": "x\0"},
            {"a": "\ud83d"},
            {"a\0": "x"},
        ):
            with self.subTest(given=given), self.assertRaises(ValueError):
                read_dimensions(given)

    def test_a_text_is_not_blank_and_not_long(self):
        for given in ("", "  ", "x" * 256, None, b"x"):
            with self.subTest(given=given), self.assertRaises(ValueError):
                read_text(given, "value")

    def test_what_would_make_billing_refuse_all_that_is_sent_with_it_is_refused_at_once(self):
        """Such a text is no text for a database: a whole request is refused for it."""
        for given in ("user\0", "\ud83d", "a\udc00b"):
            with self.subTest(given=given), self.assertRaises(ValueError):
                read_text(given, "value")
        self.assertEqual(read_text("\U0001f600\t", "value"), "\U0001f600\t")
