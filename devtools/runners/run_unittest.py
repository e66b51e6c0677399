"""Run plain unittest tests of folders: `run_unittest.py START:TOP[,START:TOP…] [PATTERN…]`."""

import os
import signal
import sys
import unittest
from collections.abc import Iterator
from pathlib import Path

import recorder
import shares

ROOT = Path(__file__).resolve().parents[2]


def main(folders: str, *patterns: str) -> int:
    # The repository's root, so that tests import `core`, `devtools` or `e2e`; not this folder.
    sys.path[0] = str(ROOT)
    sys.path[1:1] = [str(ROOT / "clients" / "python" / "src"), str(ROOT / "tests")]
    # Like Ctrl-C, so that servers are stopped and files removed on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*" for pattern in patterns] or None
    pairs = [pair.split(":") for pair in folders.split(",")]
    suite = unittest.TestSuite(loader.discover(start, "test_*.py", top) for start, top in pairs)
    if folder := os.environ.get(shares.FOLDER):
        # By module, as a module's classes may share a server.
        mine = shares.untaken(each(suite), folder, shares.module_of, recorder.elsewhere)
        suite = unittest.TestSuite()
        suite._tests = mine  # which addTests would go through, and so take all, now
    result = recorder.recording(unittest.TextTestResult)
    outcome = unittest.TextTestRunner(verbosity=1, resultclass=result, warnings="default").run(
        suite
    )
    recorder.write(finished=True)
    return not outcome.wasSuccessful()


def each(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    """The tests of a suite and of the suites in it, in their order."""
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from each(test)
        else:
            yield test


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
