"""Databases are clones that carry their files, and temporary ones disappear."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from devtools import databases
from devtools.console import DevError


class TestTemporary(unittest.TestCase):
    def test_a_clone_has_the_modules_and_files_of_its_template_and_is_dropped(self):
        with databases.temporary_database("clone", install=()) as name:
            states = databases.module_states(name)
            self.assertEqual(states["sale_management"], "installed")
            stored = databases.query(
                name, "SELECT store_fname FROM ir_attachment WHERE store_fname IS NOT NULL"
            )
            files = [databases.filestore(name) / path for (path,) in stored]
            self.assertTrue(files)
            self.assertEqual([path for path in files if not path.exists()], [])
        self.assertFalse(databases.exists(name))
        self.assertFalse(databases.filestore(name).exists())

    def test_what_a_killed_command_left_is_dropped_by_the_next_one(self):
        owner = subprocess.Popen(["sleep", "600"])
        left = f"{databases.PREFIX}_test_{owner.pid}_abcdef"
        databases.create_database(left, install=())  # nobody takes it for left behind yet
        owner.kill()
        owner.wait()
        with databases.temporary_database("clone", install=()):
            self.assertFalse(databases.exists(left))

    def test_a_server_that_only_its_port_or_user_names_is_left_alone(self):
        """Processes of another machine may use it."""
        owner = subprocess.Popen(["true"])
        owner.wait()
        left = f"{databases.PREFIX}_test_{owner.pid}_abcdef"
        with (
            mock.patch.object(databases, "names", return_value=[left]),
            mock.patch.object(databases, "drop_database") as drop,
            mock.patch.dict("os.environ"),
        ):
            databases.drop_orphans()
            drop.assert_called_once_with(left)  # here nobody else can use it
            del os.environ["PGHOST"]
            databases.drop_orphans()
            drop.assert_called_once()

    def test_an_existing_database_is_never_replaced(self):
        with (
            databases.temporary_database("clone", install=()) as name,
            self.assertRaisesRegex(DevError, "there is a database"),
        ):
            databases.create_database(name, install=())


class TestInstallation(unittest.TestCase):
    def test_a_module_that_odoo_leaves_uninstalled_is_a_failure_whatever_its_exit_code(self):
        # Odoo knows sale_subscription by name only: it is to be bought. It ends with status 0.
        with (
            databases.temporary_database("stub", install=()) as name,
            self.assertRaisesRegex(DevError, "was not installed"),
        ):
            databases.install_modules(name, ("sale_subscription",))


class TestTemplateNames(unittest.TestCase):
    def test_what_goes_into_a_template_decides_its_name(self):
        base = databases.template_name((), demo=False)
        self.assertEqual(base, databases.template_name((), demo=False))
        others = {
            databases.template_name((), demo=True),
            databases.template_name(("fusion_billing",), demo=False),
            databases.template_name(("fusion_billing",), demo=True),
        }
        self.assertEqual(len({base, *others}), 4)

    def test_an_odoo_of_ones_own_needs_no_git(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "env").symlink_to(shutil.which("env"))
            with mock.patch.dict("os.environ", PATH=folder, ODOO_SRC=folder):
                self.assertEqual(databases.odoo_identity(), f"{folder} ")

    def test_what_tools_keep_and_tests_are_no_part_of_the_addon(self):
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.object(databases, "ROOT", Path(folder)),
        ):
            self.write("models/model.py")
            before = databases.addon_digest()
            for path in (".ruff_cache/kept", ".git/index", "tests/test_it.py", "docs/guide.txt"):
                self.write(path)
            self.assertEqual(databases.addon_digest(), before)
            self.write("data/new.xml")
            self.assertNotEqual(databases.addon_digest(), before)

    def write(self, path):
        path = databases.ROOT / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("something")
