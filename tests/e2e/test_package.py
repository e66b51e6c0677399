"""What people install: packed, unpacked where a real Odoo looks for addons, and installed there."""

import ast
import os
import re
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest.mock import patch

from devtools import odoo, odoo_log, package
from devtools.console import run
from devtools.databases import module_states, temporary_database
from devtools.paths import ADDON, DEV, LOGS, odoo_source

TOP = {"CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "__init__.py", "__manifest__.py"}
TOP |= {"controllers", "core", "data", "demo", "i18n", "models", "security", "static", "views"}
TOP |= {"wizards"}


class TestPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.archive, cls.wheel = package.pack(cls.folder / "dist")
        cls.addons = cls.folder / "addons"
        with zipfile.ZipFile(cls.archive) as archive:
            archive.extractall(cls.addons)
        cls.addon = cls.addons / ADDON
        cls.manifest = ast.literal_eval((cls.addon / "__manifest__.py").read_text())

    def test_they_are_named_after_the_version_of_the_manifest(self):
        version = self.manifest["version"]
        self.assertRegex(version, r"^19\.0\.\d+\.\d+\.\d+$")
        self.assertEqual(self.archive.name, f"{ADDON}-{version}.zip")
        self.assertEqual(self.wheel.name, f"odoo_addon_{ADDON}-{version}-py3-none-any.whl")

    def test_they_hold_the_addon_and_nothing_that_only_developers_need(self):
        files = {path.relative_to(self.addons).as_posix() for path in self.files()}
        self.assertEqual({path.name for path in self.addon.iterdir()}, TOP)
        with zipfile.ZipFile(self.wheel) as wheel:
            packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
        self.assertEqual(packed, {f"odoo/addons/{name}" for name in files})
        self.assertLess(self.archive.stat().st_size, 2_000_000)

    def files(self):
        return (path for path in self.addon.rglob("*") if path.is_file())

    def test_everything_that_the_manifest_names_is_there(self):
        bundles = self.manifest["assets"].values()
        assets = [path.removeprefix(f"{ADDON}/") for bundle in bundles for path in bundle]
        named = [*self.manifest["data"], *self.manifest["demo"], *self.manifest["images"], *assets]
        self.assertGreater(len(named), 60)
        self.assertEqual([name for name in named if not list(self.addon.glob(name))], [])

    def test_the_pictures_of_the_store_page_are_there_and_small(self):
        description = self.addon / "static" / "description"
        page = (description / "index.html").read_text()
        pictures = {"banner.png", "icon.png", *re.findall(r'src="([^"]+)"', page)}
        self.assertGreater(len(pictures), 4)
        for picture in pictures:
            self.assertLess((description / picture).stat().st_size, 120_000, picture)

    def test_the_same_commit_makes_the_same_bytes_for_everybody(self):
        self.addCleanup(os.umask, os.umask(0o077))
        with patch.dict(os.environ, {"TZ": "Asia/Tokyo"}):
            again = package.pack(self.folder / "again")
        for one, other in zip((self.archive, self.wheel), again, strict=True):
            self.assertEqual(one.read_bytes(), other.read_bytes(), one.name)

    def test_odoo_installs_the_zip_from_a_folder_of_addons(self):
        self.install("zip", [f"--addons-path={self.addons}"], [])

    def test_odoo_installs_the_wheel_that_pip_put_among_its_packages(self):
        """As `odoo.addons` is a namespace, Odoo finds it there without being told."""
        target = self.folder / "packages"
        pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
        subprocess.run([*pip, f"--target={target}", self.wheel], check=True, capture_output=True)
        self.install("wheel", [], [target])

    def install(self, name, options, packages):
        """Install into a database with Odoo's own modules; the log tells of nothing."""
        with temporary_database(f"e2e_{name}", install=()) as database:
            command = odoo.command("server", database, f"-i{ADDON}", *odoo.ONCE)
            command = [one for one in command if not one.startswith("--addons-path=")]
            env = odoo.environment() | {
                "PYTHONPATH": os.pathsep.join(map(str, [odoo_source(), *packages])),
                "PYTHONDONTWRITEBYTECODE": "1",  # what is read there once only
            }
            run([*command, *options], log=f"package-{name}", env=env, cwd=DEV)
            self.assertEqual(module_states(database)[ADDON], "installed")
        with (LOGS / f"package-{name}.log").open() as lines:
            loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
        self.assertEqual(loud, [])
