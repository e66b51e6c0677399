"""What people install: built, put into an environment of its own, and used there."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import unittest
import venv
import zipfile
from pathlib import Path

from api_server import Api
from fusion_billing_client import __version__

PROJECT = Path(__file__).resolve().parents[1]
NEEDED = ("requests", "urllib3", "certifi", "idna", "charset_normalizer")

#: What `requests` brings is all that there is.
USE = """
import sys
from fusion_billing_client import Client, Meter, __version__
with Meter(Client(sys.argv[1], "fbk_test"), {"calls": "sum"}, spool=sys.argv[2]) as meter:
    meter.record("sub-1", "calls", 7, durable=True)
    assert meter.flush()
print(__version__)
"""


class TestPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.run_python(
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--outdir",
            cls.folder / "dist",
            PROJECT,
        )
        [cls.wheel] = (cls.folder / "dist").glob("*.whl")
        [cls.sdist] = (cls.folder / "dist").glob("*.tar.gz")

    @staticmethod
    def run_python(*command, **environment):
        done = subprocess.run(
            list(map(str, command)),
            env={**os.environ, "PYTHONPATH": "", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert not done.returncode, done.stdout + done.stderr
        return done.stdout

    def test_wheel_and_sdist_hold_what_they_should(self):
        with zipfile.ZipFile(self.wheel) as wheel:
            names = set(wheel.namelist())
        with tarfile.open(self.sdist) as sdist:
            packed = {name.partition("/")[2] for name in sdist.getnames()}
        sources = {path.name for path in (PROJECT / "src" / "fusion_billing_client").iterdir()}
        sources -= {"__pycache__"}
        self.assertIn("py.typed", sources)
        for name in sources:
            self.assertIn(f"fusion_billing_client/{name}", names)
            self.assertIn(f"src/fusion_billing_client/{name}", packed)
        self.assertTrue({"README.md", "LICENSE", "pyproject.toml"} <= packed)
        self.assertFalse([name for name in names | packed if "test" in name])
        self.assertEqual((PROJECT / "LICENSE").read_text(), (PROJECT / "../../LICENSE").read_text())

    def test_it_is_installed_into_a_clean_environment_and_works(self):
        """The wheel was built from the sdist: so this is what comes of either."""
        python = self.install(self.folder / "venv", self.wheel)
        with Api() as api:
            said = self.run_python(python, "-c", USE, api.url, self.folder / "spool")
            self.assertEqual((said.strip(), api.total()), (__version__, 7))
        said = self.run_python(python.with_name("fusion-usage"), "--version")
        self.assertEqual(said.strip(), __version__)

    def install(self, home, package):
        """Make an environment with nothing in it but the package and what it asks for."""
        venv.create(home, with_pip=False)
        python = home / "bin" / "python"
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-index"]
        self.run_python(*pip, "--no-deps", package)
        own = Path(sysconfig.get_path("purelib"))
        [target] = home.glob("lib/python*/site-packages")
        for name in NEEDED:
            (target / name).symlink_to(own / name)
        return python
