"""What `./dev test --coverage` says is what the tests went through, in whatever process."""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from devtools import measured

SOURCE = """
    import os, sys

    def even(number):
        if number % 2:
            return False
        return True

    def never():
        return 1

    even(int(sys.argv[1]))
    if len(sys.argv) == 2:
        if os.fork():
            os.wait()
        else:
            even(1)
            os._exit(0)
"""


class TestMeasured(unittest.TestCase):
    def setUp(self):
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (root / "core").mkdir()
        (root / "link").symlink_to(root)
        (root / "core" / "program.py").write_text(textwrap.dedent(SOURCE))
        self.root, folder = root, root / "coverage"
        for name, value in {
            "ROOT": root,
            "WAYS": (root, root / "link"),
            "FOLDER": folder,
            "SETTINGS": folder / "settings",
        }.items():
            self.enterContext(mock.patch.object(measured, name, value))

    def said(self, *commands) -> list[str]:
        """What is said of programs that run one after the other."""
        with mock.patch.object(measured, "say") as say, measured.everything():
            for folder, *arguments in commands:
                program = [sys.executable, self.root / folder / "core" / "program.py"]
                subprocess.run([*program, *arguments], check=True)
        return [call.args[0] for call in say.call_args_list]

    def test_what_several_processes_went_through_by_whatever_way_is_one(self):
        said = self.said((".", "2", "alone"), ("link", "1", "alone"))
        self.assertIn("core        61.5 % of 13 lines, 50.0 % of 6 branches", said)

    def test_a_fork_that_ends_without_a_farewell_counts(self):
        """With what it calls; the function that forks is not looked at again."""
        said = self.said((".", "2"))
        self.assertIn("core        76.9 % of 13 lines, 66.6 % of 6 branches", said)

    def test_nothing_measured_is_a_sentence(self):
        with self.assertRaisesRegex(measured.DevError, "^nothing was measured: "):
            self.said()
        self.assertNotIn(measured.PROCESS_START, os.environ)

    def test_only_what_is_whole_is_a_hundred_percent(self):
        self.assertEqual(measured.percent(99_999, 100_000), "99.9 %")
        self.assertEqual(measured.percent(0, 0), "100.0 %")
