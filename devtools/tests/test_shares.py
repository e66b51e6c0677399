"""Tests that are shared out: each runs in one process, and none is forgotten."""

import subprocess
import sys
import tempfile
import textwrap
import unittest

from devtools.paths import ROOT
from devtools.runners import shares

#: Takes what is left of a hundred classes of two tests, says what it takes, and takes its time.
TAKE = """
    import sys, time
    from devtools.runners import shares

    kinds = [type(f"Test{number:02}", (), {}) for number in range(100)]
    print("ready", flush=True)
    sys.stdin.readline()
    for test in shares.untaken([kind() for kind in kinds for _test in range(2)], sys.argv[1]):
        print(type(test).__name__, flush=True)
        time.sleep(0.001)
"""


class TestShares(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def start(self):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(TAKE), self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.enterContext(process)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def take(self, processes):
        """Let them begin; return what each took."""
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [process.communicate(timeout=60)[0].split() for process in processes]

    def test_processes_at_once_run_every_class_whole_and_in_one_of_them(self):
        taken = self.take([self.start() for _process in range(3)])
        everything = [f"Test{number:02}" for number in range(100) for _test in range(2)]
        self.assertEqual(sorted(name for ours in taken for name in ours), everything)
        for ours in taken:
            self.assertTrue(ours, "each takes a part")
            self.assertEqual({ours.count(name) for name in ours}, {2})

    def test_who_is_alone_runs_everything_in_the_order_given(self):
        tests = [self, TestShares(), unittest.TestCase()]
        self.assertEqual([*shares.untaken(tests, self.folder)], tests)

    def test_who_comes_last_runs_nothing_again(self):
        self.assertTrue([*shares.untaken([self], self.folder)])
        self.assertEqual([*shares.untaken([self], self.folder)], [])

    def test_classes_are_taken_one_by_one_and_not_before_their_turn(self):
        first = shares.untaken([self, unittest.TestCase()], self.folder)
        self.assertIs(next(first), self)
        [other] = shares.untaken([self, unittest.TestCase()], self.folder)
        self.assertIs(type(other), unittest.TestCase)
        self.assertEqual([*first], [])

    def test_classes_of_one_name_in_two_modules_are_two(self):
        tests = [type("Same", (), {"__module__": name})() for name in ("one", "two")]
        self.assertEqual([*shares.untaken(tests, self.folder)], tests)
