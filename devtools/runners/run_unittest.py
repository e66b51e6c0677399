"""Run plain unittest tests: `run_unittest.py START_FOLDER TOP_FOLDER [NAME_PATTERN…]`."""

import signal
import sys
import unittest
from pathlib import Path

import recorder

ROOT = Path(__file__).resolve().parents[2]


def main(start: str, top: str, *patterns: str) -> int:
    # The repository's root, so that tests import `core` or `devtools`; not this folder.
    sys.path[0] = str(ROOT)
    sys.path.insert(1, str(ROOT / "clients" / "python" / "src"))
    # Like Ctrl-C, so that servers are stopped and files removed on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{pattern}*" for pattern in patterns] or None
    suite = loader.discover(start, "test_*.py", top)
    result = recorder.recording(unittest.TextTestResult)
    outcome = unittest.TextTestRunner(verbosity=1, resultclass=result, warnings="default").run(
        suite
    )
    recorder.write(finished=True)
    return not outcome.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
