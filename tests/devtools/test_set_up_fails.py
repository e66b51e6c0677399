"""What stops the set-up is told in one sentence that says what to do."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from devtools.console import failure
from devtools.paths import ROOT, VENV

NOWHERE = "http://127.0.0.1:9/simple"  # nobody listens on port 9
PYTHON = "/usr/bin/python3"


class TestSetUpFails(unittest.TestCase):
    """In a copy of what `./dev` is made of; Odoo is there already."""

    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.root.chmod(0o755)
        shutil.copytree(
            ROOT / "devtools", self.root / "devtools", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(ROOT / "dev", self.root)
        odoo = self.root / "source"
        (odoo / "odoo").mkdir(parents=True)
        (odoo / "odoo-bin").touch()
        (odoo / "odoo" / "release.py").write_text("version_info = (19, 0, 0, FINAL, 0, '')")

    def set_up(self, variables=None, python=sys.executable, **options) -> str:
        """Run the set-up, which fails; what it says last, whole, without the steps before."""
        done = subprocess.run(
            [python, self.root / "dev", "setup"],
            env={**os.environ, "ODOO_SRC": str(self.root / "source"), **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        self.assertEqual(done.returncode, 1, done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("· ")]
        self.assertEqual(len(lines), 1, done.stderr)
        return lines[0]

    def test_a_download_that_breaks_off_is_one_sentence(self):
        told = self.set_up({"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"})
        self.assertRegex(told, "^./dev: the registry of Python packages .* cannot be reached: look")

    @unittest.skipUnless(os.geteuid() == 0, "only root can make a small disk")
    def test_a_full_disk_is_one_sentence_and_nothing_is_half_done(self):
        (self.root / ".dev").mkdir()
        with small_disk(self.root / ".dev"):
            told = self.set_up()
            self.assertRegex(told, "^./dev: the disk is full: make room, then run the same command")
            self.assertFalse((self.root / ".dev" / "venv" / ".created").exists())

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    @unittest.skipUnless(Path(PYTHON).exists(), "there is no Python that all users may run")
    def test_a_checkout_of_somebody_else_is_one_sentence(self):
        who = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        told = self.set_up(python=PYTHON, **who)
        self.assertRegex(told, r"^./dev: \S+/.dev must be yours to write: use a checkout that")

    def test_another_odoo_is_one_sentence(self):
        release = self.root / "source" / "odoo" / "release.py"
        release.write_text("version_info = (18, 0, 0, FINAL, 0, '')")
        self.assertRegex(self.set_up(), "^./dev: .*/source is not Odoo 19.0: check out its branch")

    def test_a_server_that_is_not_there_is_one_sentence(self):
        (self.root / ".dev").mkdir()
        (self.root / ".dev" / "venv").symlink_to(VENV)
        told = self.set_up({"PGHOST": "127.0.0.1", "PGPORT": "9"})
        self.assertRegex(told, "^./dev: cannot reach PostgreSQL as PGHOST, .*: connection to")

    def test_a_path_that_is_no_odoo_is_one_sentence(self):
        (self.root / "source" / "odoo-bin").unlink()
        self.assertRegex(self.set_up(), "^./dev: ODOO_SRC=.* is no Odoo checkout")


class TestCauses(unittest.TestCase):
    def test_the_programs_that_fetch_say_it_in_their_own_words(self):
        for program, line in (
            ("apt-get", "E: Failed to fetch http://a.example/x.deb  Connection failed"),
            ("apt-get", "Temporary failure resolving 'a.example'"),
            ("pip", "WARNING: Retrying after connection broken by 'NewConnectionError'"),
            ("uv", "error: Failed to fetch: `https://a.example/simple/x/`"),
            ("uv", "  Caused by: error sending request for url (https://a.example/)"),
        ):
            self.assertIn("a download broke off", self.told(program, line))

    def test_a_full_disk_goes_before_what_it_breaks(self):
        text = "E: Failed to fetch x.deb\nE: Write error - write (28: No space left on device)"
        self.assertIn("the disk is full", self.told("apt-get", text))

    def test_what_is_not_known_is_shown(self):
        self.assertIn("ended with status 7", self.told("tool", "so it is"))
        self.assertIn("so it is", self.told("tool", "so it is"))

    def told(self, program: str, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log")
            log.write_text(text)
            return failure(program, 7, log)


@contextlib.contextmanager
def small_disk(folder: Path):
    """A file system of two megabytes there, for as long as the block lasts."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
