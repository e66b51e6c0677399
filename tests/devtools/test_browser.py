"""A browser is installed where it can be; elsewhere one sentence says what is left out."""

import contextlib
import io
import os
import shutil
import stat
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from devtools import browser


class TestBrowser(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = Path(folder.name)
        # A machine of which we know all programs: nobody is root, nobody may become root.
        patches = (
            mock.patch.dict(os.environ, {"PATH": folder.name}),
            mock.patch("os.geteuid", return_value=1000),
        )
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)

    def _program(self, name, source="exit 0"):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{source}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def _ensure(self):
        """Return what is said."""
        with contextlib.redirect_stderr(io.StringIO()) as said:
            browser.ensure_program()
        return said.getvalue()

    def test_a_browser_that_odoo_finds_is_enough(self):
        for name in browser.PROGRAMS:
            with self.subTest(name):
                self._program(name)
                self.assertEqual(self._ensure(), "")
                (self.bin / name).unlink()

    def test_where_there_is_no_apt_a_sentence_says_what_is_skipped_and_what_to_do(self):
        said = self._ensure()
        self.assertEqual(
            said,
            "The tours are skipped, because there is no browser: install chromium"
            " (as root: apt-get install chromium)\n",
        )

    def test_so_does_it_where_one_may_not_install(self):
        self._program("apt-get", "exit 1")
        self._program("sudo", "exit 1")
        self.assertIn("The tours are skipped", self._ensure())

    def test_a_missing_one_is_installed_from_debian(self):
        for name in ("env", "setpriv"):
            (self.bin / name).symlink_to(shutil.which(name, path=os.defpath))
        self._program(
            "apt-get",
            """
            for word; do
                [ "$word" != chromium ] || /bin/cp "$0" "${0%/*}/chromium"
            done
        """,
        )
        with mock.patch("os.geteuid", return_value=0):
            self.assertIn("installing chromium", self._ensure())
        self.assertTrue(browser.is_installed())
