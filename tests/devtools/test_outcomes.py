"""Counting is honest: nothing counts as passed that did not demonstrably pass."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from devtools.outcomes import Tally, read_record, slowest
from devtools.runners import recorder
from devtools.testing import RUNNERS


def run(source: str, *patterns: str, folders: tuple = ("sample",)) -> Tally:
    """Run a test file's source, in each folder, through the plain unittest runner and count it."""
    with tempfile.TemporaryDirectory() as place:
        starts = [Path(place, name) for name in folders]
        for start in starts:
            start.mkdir()
            (start / f"test_{start.name}.py").write_text(textwrap.dedent(source))
        record = Path(place, "record")
        pairs = ",".join(f"{start}:{start}" for start in starts)
        subprocess.run(
            [sys.executable, RUNNERS / "run_unittest.py", pairs, *patterns],
            env={**os.environ, recorder.FILE: str(record)},
            capture_output=True,
            check=False,
        )
        tally = Tally()
        read_record(record, "part", tally)
        return tally


class TestTally(unittest.TestCase):
    def test_the_last_line_has_the_promised_words(self):
        tally = Tally({"a": "passed", "b": "failed", "c": "skipped", "d": "passed"})
        self.assertEqual(str(tally), "2 passed, 1 failed, 1 skipped")

    def test_of_several_outcomes_of_one_test_the_worst_counts(self):
        tally = Tally()
        for outcome in ("started", "failed", "passed"):
            tally.add("test", outcome)
        self.assertEqual(tally.failures, ["test"])


class TestSlowest(unittest.TestCase):
    def test_the_classes_that_took_longest_are_told(self):
        with tempfile.TemporaryDirectory() as folder:
            record = Path(folder, "record")
            starts = (("a.A.test_1", 1), ("a.A.test_2", 3), ("a.B.test_1", 8), ("a.A.test_3", 9))
            lines = [{"test": test, "outcome": "started", "at": at} for test, at in starts]
            lines.insert(1, {"test": "a.A.test_1", "outcome": "passed", "at": 2})
            record.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
            self.assertEqual(slowest(record), [(7, "A"), (1, "B")])
            self.assertEqual(slowest(Path(folder, "nothing")), [])


class TestUnittestRunner(unittest.TestCase):
    def test_the_tests_of_several_folders_all_count(self):
        source = """
            import unittest

            class T(unittest.TestCase):
                def test_pass(self): pass
                def test_fail(self): self.fail()
        """
        tally = run(source, folders=("one", "two"))
        self.assertEqual((tally.count("passed"), tally.count("failed")), (2, 2))
        self.assertEqual(run(source, "test_two.T.test_pass", folders=("one", "two")).failures, [])

    def test_every_test_counts_once_with_its_outcome(self):
        tally = run("""
            import unittest

            class T(unittest.TestCase):
                def test_pass(self): pass
                def test_fail(self): self.fail()
                def test_error(self): 1 / 0
                def test_skip(self): self.skipTest("why")
                @unittest.skip("why")
                def test_skipped(self): pass
                @unittest.expectedFailure
                def test_expected(self): self.fail()
                @unittest.expectedFailure
                def test_unexpected(self): pass
                def test_two_subtests_fail(self):
                    for number in range(3):
                        with self.subTest(number=number):
                            self.assertEqual(number, 1)
        """)
        self.assertEqual(str(tally), "2 passed, 4 failed, 2 skipped")

    def test_a_file_that_cannot_be_imported_is_a_failure(self):
        self.assertEqual(str(run("import no_such_module")), "0 passed, 1 failed, 0 skipped")

    def test_no_test_at_all_is_a_failure(self):
        self.assertEqual(str(run("")), "0 passed, 1 failed, 0 skipped")

    def test_a_class_that_cannot_be_set_up_is_a_failure(self):
        tally = run("""
            import unittest

            class T(unittest.TestCase):
                @classmethod
                def setUpClass(cls): raise ValueError
                def test_never(self): pass
        """)
        self.assertEqual(str(tally), "0 passed, 1 failed, 0 skipped")

    def test_a_crash_is_a_failure_of_the_running_test_and_of_the_run(self):
        tally = run("""
            import os, unittest

            class T(unittest.TestCase):
                def test_a(self): pass
                def test_b(self): os._exit(0)
                def test_c(self): pass
        """)
        self.assertEqual(str(tally), "1 passed, 2 failed, 0 skipped")

    def test_a_run_that_never_began_is_a_failure(self):
        tally = Tally()
        read_record(Path("/nonexistent"), "part", tally)
        self.assertEqual(str(tally), "0 passed, 1 failed, 0 skipped")

    def test_a_pattern_keeps_the_tests_whose_name_contains_it(self):
        source = """
            import unittest

            class T(unittest.TestCase):
                def test_one(self): pass
                def test_two(self): self.fail()
        """
        self.assertEqual(str(run(source, "one")), "1 passed, 0 failed, 0 skipped")
