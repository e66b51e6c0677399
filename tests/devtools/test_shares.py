"""Tests that are shared out: each runs in one process, and none is forgotten."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from test_outcomes import run

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

    def test_a_module_is_taken_whole(self):
        tests = [type(name, (), {"__module__": "one"})() for name in "AB"]
        first = shares.untaken(tests, self.folder, shares.module_of)
        self.assertIs(next(first), tests[0])
        self.assertEqual([*shares.untaken(tests, self.folder, shares.module_of)], [])
        self.assertEqual([*first], tests[1:])

    def test_it_is_told_once_if_others_took_something(self):
        tests, told = [self, unittest.TestCase(), object()], []
        for known in range(3):
            left = shares.untaken(tests, self.folder, leave=lambda: told.append(known))  # noqa: B023
            self.assertEqual(len([*left]), 3 if known == 0 else 0)
        self.assertEqual(told, [1, 2])

    def test_classes_of_one_name_in_two_modules_are_two(self):
        tests = [type("Same", (), {"__module__": name})() for name in ("one", "two")]
        self.assertEqual([*shares.untaken(tests, self.folder)], tests)


class TestSharedRuns(unittest.TestCase):
    """Plain unittest, run by two processes."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.dict(os.environ, {shares.FOLDER: self.folder}))

    def test_what_one_ran_the_other_leaves_and_that_is_no_failure(self):
        source = """
            import unittest

            def setUpModule(): T.ready = True

            class T(unittest.TestCase):
                def test_a(self): self.assertTrue(T.ready)
                def test_b(self): self.fail()

            class U(unittest.TestCase):
                def test_c(self): self.assertTrue(T.ready)
        """
        self.assertEqual(str(run(source)), "2 passed, 1 failed, 0 skipped")
        self.assertEqual(str(run(source)), "0 passed, 0 failed, 0 skipped")

    def test_a_part_without_tests_is_still_a_failure_of_whoever_runs_it(self):
        self.assertEqual(str(run("")), "0 passed, 1 failed, 0 skipped")

    def test_a_file_that_cannot_be_imported_is_still_a_failure(self):
        self.assertEqual(str(run("import no_such_module")), "0 passed, 1 failed, 0 skipped")

    def test_a_process_that_dies_is_a_failure_whatever_others_do(self):
        source = """
            import os, unittest

            class T(unittest.TestCase):
                def test_a(self): os._exit(0)
        """
        self.assertEqual(str(run(source)), "0 passed, 2 failed, 0 skipped")
        self.assertEqual(str(run(source)), "0 passed, 0 failed, 0 skipped")
