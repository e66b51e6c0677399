"""What every test did, written down as it happens, so that a crash cannot hide a test.

Used inside the process that runs the tests, whichever runner that is; imports nothing of ours.
Each line is one JSON object, `{"test": id, "outcome": "started"}`, then the same with "passed",
"failed" or "skipped"; the last line of a run that came to its end is `{"finished": true}`. Each
says `at` which second it was, of a clock that no test can freeze. `{"elsewhere": true}` says that
another process took some of the tests.
"""

import json
import os
import time

FILE = "FUSION_TEST_RECORD"  # environment variable: where to write


def write(**line) -> None:
    """Append a line; one write per line, so that lines of several processes do not mix."""
    with open(os.environ[FILE], "a", encoding="utf-8") as out:
        at = round(time.clock_gettime(time.CLOCK_MONOTONIC), 1)
        out.write(json.dumps({**line, "at": at}) + "\n")


def elsewhere() -> None:
    """Note that another process took some of the tests, see `shares`."""
    write(elsewhere=True)


def test_id(test) -> str:
    """The id of a test; a subtest is its test."""
    return (getattr(test, "test_case", None) and test.test_case.id()) or test.id()


class Recording:
    """Mixin for a `TestResult`: writes down what it is told."""

    def startTest(self, test):
        write(test=test_id(test), outcome="started")
        super().startTest(test)

    def addSuccess(self, test):
        write(test=test_id(test), outcome="passed")
        super().addSuccess(test)

    def addExpectedFailure(self, test, err):
        write(test=test_id(test), outcome="passed")
        super().addExpectedFailure(test, err)

    def addUnexpectedSuccess(self, test):
        write(test=test_id(test), outcome="failed")
        super().addUnexpectedSuccess(test)

    def addSkip(self, test, reason):
        write(test=test_id(test), outcome="skipped")
        super().addSkip(test, reason)

    def addFailure(self, test, err):
        self._record_failure(test)
        super().addFailure(test, err)

    def addError(self, test, err):
        self._record_failure(test)
        super().addError(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._record_failure(test)
        super().addSubTest(test, subtest, err)

    def _record_failure(self, test):
        if not getattr(self, "_soft_fail", False):  # Odoo's runner tries these again
            write(test=test_id(test), outcome="failed")


def recording(result_class: type) -> type:
    """The result class of a test runner, recording."""
    return type(result_class.__name__, (Recording, result_class), {})
