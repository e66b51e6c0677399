"""The set-up proves itself with an Odoo and a PostgreSQL of one's own, killed half-way as well."""

import tempfile
import time
import unittest
from pathlib import Path

from devtools.console import end_group
from devtools.odoo import free_port
from devtools.paths import ROOT
from e2e.long import own

TEST = ("test", "/fusion_billing:TestMetrics.test_m1_a_sum_keeps_every_decimal")
KILLED_IN = ("installing Odoo's Python packages", "installing Odoo's modules into a template")
AT_ONCE = 30  # seconds in which nothing can be fetched or installed


@unittest.skipUnless((ROOT / ".git").exists(), "there is no repository to clone")
class TestLongOwn(unittest.TestCase):
    def setUp(self):
        folder = Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        (folder / "odoo").mkdir()
        self.odoo = own.odoo_checkout(folder / "odoo")
        self.server = self.enterContext(own.Server())
        self.variables = {"ODOO_SRC": str(self.odoo), **self.server.user("mine")}
        self.clone = own.Clone(folder / "clone", self.variables)

    def test_it_takes_both_and_leaves_nothing_there(self):
        for words in KILLED_IN:
            self.clone.kill_when_it_says(words, "setup")
        self.succeed("setup")
        self.assertNotIn(KILLED_IN[0], self.clone.said)  # what was there was not done again
        self.do_nothing_the_second_time()
        self.succeed(*TEST)
        self.assertRegex(self.clone.said, r"\n[1-9]\d* passed, 0 failed, 0 skipped\n$")
        self.assertFalse((self.clone.folder / ".dev" / "debian").exists())
        self.assertFalse((self.clone.folder / ".dev" / "postgres").exists())
        self.drop_its_own_databases_alone()

    def do_nothing_the_second_time(self) -> None:
        before, began = self.server.databases(), time.monotonic()
        self.succeed("setup")
        self.assertEqual(self.clone.said, "ready\n")
        self.assertLess(time.monotonic() - began, AT_ONCE)
        self.assertEqual(self.server.databases(), before)

    def drop_its_own_databases_alone(self) -> None:
        """Those of somebody else stay, and those of the same user that another program made."""
        for name, owner in (("of_odoo", "odoo"), ("of_another_program", "mine")):
            self.server.ask(f"CREATE DATABASE {name} OWNER {owner}")
        others = {"postgres", "template0", "template1", "of_odoo", "of_another_program"}
        self.serve("served")
        self.assertIn("served", self.server.databases())
        self.succeed("db", "drop", "served")
        self.assertNotIn("served", self.server.databases())
        self.assertGreater(self.server.databases(), others)
        self.succeed("clean")
        self.assertEqual(self.server.databases(), others)
        self.assertFalse((self.clone.folder / ".dev").exists())

    def serve(self, name: str) -> None:
        process = self.clone.start("serve", "--db", name, f"--port={free_port()}")
        try:
            self.clone.wait_for(f"Serving {name} on", process)
            process.terminate()
            self.assertEqual(process.wait(60), 0, self.clone.said)
        finally:
            end_group(process)

    def succeed(self, *arguments: str) -> None:
        self.assertEqual(self.clone.run(*arguments), 0, self.clone.said[-3000:])

    def test_a_server_that_is_of_no_use_is_one_sentence(self):
        nobody = self.server.user("nobody_much", "NOCREATEDB")
        for told, variables in (
            ("nobody_much may not create databases: ", nobody),
            ("Odoo refuses the database user postgres: ", self.server.user("postgres")),
            ("cannot reach PostgreSQL .*password authentication failed", {"PGPASSWORD": "wrong"}),
            ("cannot reach PostgreSQL .*Connection refused", {"PGPORT": "9"}),
            ("cannot reach PostgreSQL .*translate host name", {"PGHOST": "no-such-host.invalid"}),
        ):
            with self.subTest(told):
                self.assertEqual(self.clone.run("setup", **variables), 1, self.clone.said)
                self.assertRegex(self.clone.said, rf"(^|\n)\./dev: {told}.*\n$")
                self.assertNotIn("Traceback", self.clone.said)
        self.assertEqual(self.server.databases(), {"postgres", "template0", "template1"})
