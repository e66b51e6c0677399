"""Bodies of the size that is allowed, made to take as much memory as they can."""

import json
import tracemalloc
import unittest
import unittest.mock
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api import strict_json
from core.api.errors import BatchError, BillingError, TooLarge
from core.api.strict_json import VALUES_LIMIT, read_object
from core.api.usage_event import DIMENSIONS, READERS, read_events

MIB = 1024 * 1024
SIZE = 5 * MIB
PEAK = 128 * MIB  # what no request may take, at about 25 times its size


def filled(unit, before=b'{"events":[', after=b"]}"):
    """A body of the allowed size that repeats a JSON value."""
    times = (SIZE - len(before) - len(after)) // (len(unit) + 1)
    return before + b",".join([unit] * times) + after


def members(count, first=0):
    """The members of an object, each of its own name."""
    return b",".join(b'"%x":1' % number for number in range(first, first + count))


HOSTILE = {
    "digits": filled(b"1"),
    "arrays": filled(b"[]"),
    "nested arrays": filled(b"[" * 300 + b"]" * 300),
    "objects": filled(b'{"":0}'),
    "texts": filled(b'"ab"'),
    "texts without end": filled(rb'"\""', after=b'"'),
    "names": b'{"events":[{' + members(500_000) + b"}]}",
    "events of many names": b'{"events":['
    + b",".join(b"{" + members(110) + b"}" for _event in range(5000))
    + b"]}",
    "names, and still few enough": b'{"events":['
    + b",".join(b"{" + members(30, 30 * event) + b"}" for event in range(5000))
    + b"]}",
    "names in less than is counted": b'{"events":[{' + members(110_000) + b"}]}",
    "a long number": filled(b"9" * (SIZE - 100), before=b'{"events":[{"quantity":', after=b"}]}"),
    "a long number inside": filled(
        b"9" * (SIZE - 100), before=b'{"events":[{"dimensions":{"a":', after=b"}}]}"
    ),
    "wrong events": b'{"events":['
    + b",".join([b"{" + b",".join(b'"%s":[]' % name.encode() for name in READERS) + b"}"] * 5000)
    + b"]}",
    "wide letters": filled("😀".encode() * 255 + b"x", before=b'{"events":["', after=b'"]}'),
}


class TestMemory(unittest.TestCase):
    def test_no_body_takes_much_more_memory_than_an_honest_one(self):
        """A1."""
        for name, body in HOSTILE.items():
            with self.subTest(name=name):
                self.assertLessEqual(len(body), SIZE)
                self.assertLess(self._peak(body), PEAK)

    def _peak(self, body):
        tracemalloc.start()
        try:
            self._read(body)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def _read(self, body):
        """Read a batch as the API does, up to its answer."""
        try:
            events = read_object(body)["events"]
            _events, _broken, wrong = read_events(events[:5000], datetime(2026, 1, 1))
            return BatchError(wrong).as_dict() if wrong else events
        except BillingError as error:
            return error.as_dict()


class TestHowManyValues(unittest.TestCase):
    def _body(self, values):
        """Many values, and commas, brackets, quotes and backslashes in a text that are none."""
        text = json.dumps(r"[{,\"\\" * 30_000)
        return f'{{"text": {text}, "values": [{",".join(["1"] * values)}]}}'.encode().ljust(2 * MIB)

    def test_the_largest_batch_has_fewer_than_are_refused(self):
        event = {name: "," * 255 for name in READERS}
        event["dimensions"] = {f"{number}": ",[{" * 85 for number in range(DIMENSIONS)}
        events = read_object(json.dumps({"events": [event] * 600}).encode())["events"]
        self.assertEqual(len(events), 600)
        self.assertLess(5000 * (len(READERS) + DIMENSIONS + 2), VALUES_LIMIT)

    def test_as_many_as_are_allowed_are_read(self):
        """Every value but the first follows a mark: two of them stand before the list's own."""
        self.assertEqual(len(read_object(self._body(VALUES_LIMIT - 2))["values"]), 159_998)

    def test_more_are_refused(self):
        with self.assertRaises(TooLarge) as refusal:
            read_object(self._body(VALUES_LIMIT - 1))
        self.assertEqual(
            refusal.exception.message,
            "The body has more than 160,000 values: send smaller batches.",
        )

    @quick
    @given(st.recursive(st.text('",[{\\é', max_size=9), lambda inner: st.lists(inner, max_size=5)))
    def test_marks_in_texts_do_not_count(self, value):
        def marks(value):
            """A list of n values has a bracket and n - 1 commas."""
            return max(len(value), 1) + sum(map(marks, value)) if isinstance(value, list) else 0

        body = json.dumps(value).encode()
        for piece in (1, 7, 64):
            with unittest.mock.patch.object(strict_json, "_PIECE", piece):
                counted = sum(map(strict_json._count_marks, strict_json._outside_texts(body)))
            self.assertEqual(counted, marks(value))
