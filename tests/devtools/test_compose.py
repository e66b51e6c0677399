"""`compose.yaml`, as far as it can be tried without a container engine."""

import os
import subprocess
import unittest

import yaml

from devtools import odoo
from devtools.paths import ADDON, DEV, ROOT

DATA = (
    "/var/lib/odoo"  # where the official image of Odoo keeps files, and where it looks for addons
)
ADDONS = "/mnt/extra-addons"


class TestCompose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
        cls.odoo = cls.compose["services"]["odoo"]

    def test_the_addon_is_mounted_under_its_technical_name(self):
        mounts = dict(volume.split(":")[:2] for volume in self.odoo["volumes"])
        [source] = [one for one, path in mounts.items() if path == f"{ADDONS}/{ADDON}"]
        self.assertTrue((ROOT / source / "__manifest__.py").is_file())
        self.assertIn(DATA, mounts.values())

    def test_what_is_mounted_is_a_folder_or_a_volume_and_a_service_waits_for_one_that_is_there(
        self,
    ):
        services = self.compose["services"]
        for service in services.values():
            for volume in service["volumes"]:
                source = volume.split(":")[0]
                self.assertTrue(source in self.compose["volumes"] or (ROOT / source).is_dir())
            self.assertLessEqual(set(service.get("depends_on", ())), set(services))

    def test_both_know_the_same_user_and_password_of_the_database(self):
        given, asked = (self.compose["services"][name]["environment"] for name in ("db", "odoo"))
        self.assertEqual(asked["HOST"], "db")
        self.assertEqual(given["POSTGRES_USER"], asked["USER"])
        self.assertEqual(given["POSTGRES_PASSWORD"], asked["PASSWORD"])

    def test_odoo_knows_the_options(self):
        """It reads them in turn, and comes to the last one only if it knows those before it."""
        options = self.odoo["command"]
        self.assertEqual(self.asked(*options), 0)
        self.assertNotEqual(self.asked(*options, "--no-such-option"), 0)

    def asked(self, *options):
        command = odoo.command("server", None, *options, "--help")
        env = os.environ | odoo.environment()
        return subprocess.run(
            command, cwd=DEV, env=env, capture_output=True, check=False
        ).returncode

    def test_what_was_not_run_says_so(self):
        self.assertIn("# NOT RUN", (ROOT / "compose.yaml").read_text())
