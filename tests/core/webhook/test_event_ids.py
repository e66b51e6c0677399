"""Event ids are unique and sort by time, in every thread and every forked worker."""

import re
import subprocess
import sys
import threading
import time
import unittest
import unittest.mock
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhook import signing

ROOT = Path(__file__).resolve().parents[3]
FORKS = """
import os, sys
from core.webhook import signing
signing.new_event_id()
signing.time.time_ns = lambda: 1
child = any(not os.fork() for _ in range(4))
ids = " ".join(signing.new_event_id() for _ in range(100 if child else 0))
os.write(1, (ids + " ").encode())  # short enough for a pipe to keep whole
if child:
    os._exit(0)
for _ in range(4):
    os.wait()
"""

quick = settings(max_examples=200, deadline=None, database=None)


class TestEventIds(unittest.TestCase):
    def test_an_id_is_evt_and_a_ulid_of_now(self):
        before = time.time_ns() // 1_000_000
        event_id = signing.new_event_id()
        after = time.time_ns() // 1_000_000
        self.assertTrue(re.fullmatch(r"evt_[0-7][0-9A-HJKMNP-TV-Z]{25}", event_id), event_id)
        value = 0
        for character in event_id[4:14]:
            value = value * 32 + signing._CROCKFORD.index(character)
        self.assertIn(value, range(before, after + 2))

    def test_ids_rise_as_text_within_a_process(self):
        """Events of one subscription reach a service in order."""
        ids = [signing.new_event_id() for _ in range(20_000)]
        self.assertTrue(all(one < next_one for one, next_one in pairwise(ids)))

    def test_ids_rise_and_stay_unique_when_the_clock_goes_back(self):
        moments = iter([5_000, 5_000, 4_000, 1, 5_000, 5_001, 9_000])
        new_id = signing._EventIds()
        with unittest.mock.patch.object(signing.time, "time_ns", lambda: next(moments) * 1_000_000):
            ids = [new_id() for _ in range(7)]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertEqual(len({one[:14] for one in ids[:5]}), 1, "the clock never rose")

    def test_ids_rise_in_each_thread_and_never_meet_even_if_the_clock_stands(self):
        found = [[] for _ in range(8)]

        def draw(ids):
            ids.extend(signing.new_event_id() for _ in range(2000))

        threads = [threading.Thread(target=draw, args=(ids,)) for ids in found]
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        with unittest.mock.patch.object(signing.time, "time_ns", lambda: 1):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(len({event_id for ids in found for event_id in ids}), 16_000)
        for ids in found:
            self.assertEqual(ids, sorted(ids))

    def test_forked_workers_never_get_the_same_id_even_if_the_clock_stands(self):
        """Odoo's workers are forks, and share what was drawn before."""
        run = subprocess.run(
            [sys.executable, "-c", FORKS], cwd=ROOT, capture_output=True, text=True, check=True
        )
        ids = run.stdout.split()
        self.assertEqual(len(ids), 4 * 100)
        self.assertEqual(len(set(ids)), len(ids))

    @quick
    @given(st.integers(0, 2**128 - 1), st.integers(0, 2**128 - 1))
    def test_the_alphabet_sorts_as_the_numbers_do(self, one, other):
        self.assertEqual(one < other, signing._crockford(one) < signing._crockford(other))
        self.assertEqual(len(signing._crockford(one)), 26)
