"""A database with data that is backed up, restored, copied for tests, and updated."""

import subprocess
import unittest

import requests

from devtools import odoo, odoo_log, postgres
from devtools.console import run
from devtools.databases import (
    copy_database,
    drop_database,
    install_modules,
    query,
    temporary_database,
)
from devtools.odoo import OdooServer
from devtools.paths import ADDON, DEV, LOGS
from e2e import audit, in_odoo
from e2e.in_odoo import crons
from e2e.peers.fusion_client import BASE

BEGAN, USED = "2026-01-01", ["2026-01-05", "2026-02-05"]

# All that is owed, settled, counted and on documents.
BOOKS = """
SELECT 'rating', to_jsonb(r) FROM fusion_billing_rating r
UNION ALL SELECT 'usage', to_jsonb(u) FROM fusion_billing_usage u
UNION ALL SELECT 'phase', to_jsonb(p) FROM fusion_billing_phase p
UNION ALL SELECT 'item', to_jsonb(i) FROM fusion_billing_item i
UNION ALL SELECT 'version', to_jsonb(v) FROM fusion_billing_charge_version v
UNION ALL SELECT 'line', to_jsonb(l) FROM account_move_line l
UNION ALL SELECT 'move', to_jsonb(m) FROM account_move m
UNION ALL SELECT 'order', to_jsonb(o) FROM sale_order o
UNION ALL SELECT 'key', to_jsonb(k) FROM fusion_billing_api_key k
"""


def pg(program, *arguments):
    """Run one of PostgreSQL's programs, of the server's version."""
    found = postgres.programs()
    path = found / program if found and (found / program).exists() else program
    subprocess.run([path, *map(str, arguments)], check=True, capture_output=True)


class TestCopies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(temporary_database("e2e_copies"))
        made = in_odoo.call(cls.database, "metered.prepare", subscriptions=3, began=BEGAN)
        cls.key, cls.names = made["key"], made["names"]
        in_odoo.call(cls.database, "metered.use", quantity="500.25", days=USED)
        in_odoo.call(cls.database, "crons.run", names=[crons.INVOICING])
        in_odoo.stop()

    def books(self, database):
        return sorted((name, str(row)) for name, row in query(database, BOOKS))

    def copy(self, name):
        self.addCleanup(drop_database, name)
        copy_database(self.database, name)
        return name

    def push(self, server, key):
        """Push one counter more; return the answer."""
        event = {
            "subscription_external_id": self.names[0],
            "metric_code": "api_calls",
            "quantity": "1",
            "period_start": f"{BEGAN}T00:00:00Z",
            "period_end": f"{BEGAN}T01:00:00Z",
            "idempotency_key": "after",
        }
        return requests.post(
            server.url + BASE + "/usage",
            headers={"Authorization": f"Bearer {key}"},
            json={"events": [event]},
            timeout=60,
        )

    def test_a_backup_is_restored_with_all_that_is_owed(self):
        """As docs/operations.md says it is done."""
        backup, restored = LOGS / "backup.dump", f"{self.database}_restored"
        self.addCleanup(backup.unlink, missing_ok=True)
        pg("pg_dump", "--format=custom", f"--file={backup}", self.database)
        self.addCleanup(drop_database, restored)
        pg("createdb", "--template=template0", restored)
        pg("pg_restore", "--no-owner", "--exit-on-error", f"--dbname={restored}", backup)
        self.assertGreater(len(self.books(restored)), 30)
        self.assertEqual(self.books(restored), self.books(self.database))
        with OdooServer(restored) as server:
            self.assertEqual(self.push(server, self.key).json()["inserted"], 1)
        in_odoo.call(restored, "crons.run", names=[crons.RATING])
        self.assertEqual(audit.audit(restored).differences, [])

    def test_a_neutralised_copy_lets_no_key_of_production_in_and_runs_nothing(self):
        """A2."""
        name = self.copy(f"{self.database}_neutral")
        command = odoo.command("neutralize", name)
        run(command, log="neutralize", env=odoo.environment(), cwd=DEV)
        key = in_odoo.call(name, "metered.make_key")
        with OdooServer(name) as server:
            self.assertEqual(self.push(server, self.key).status_code, 401)
            self.assertEqual(self.push(server, key).status_code, 200)
        active = "SELECT count(*) FROM ir_cron WHERE active AND cron_name LIKE 'Fusion Billing%%'"
        self.assertEqual(query(name, active, ()), [(0,)])

    def test_an_update_leaves_everything_as_it_was(self):
        name = self.copy(f"{self.database}_updated")
        install_modules(name, (ADDON,), update=True)
        with (LOGS / f"install-{name}.log").open() as log:
            loud = [entry for entry in odoo_log.entries(log) if entry.level in odoo_log.LOUD]
        self.assertEqual([entry for entry in loud if not odoo_log.is_accepted(entry)], [])
        self.assertEqual(self.books(name), self.books(self.database))
        self.assertEqual(audit.audit(name).differences, [])
