"""The addon goes as cleanly as it came: what belongs to Odoo stays, and nothing else."""

import unittest

from devtools.databases import install_modules, module_states, query, temporary_database
from devtools.paths import ADDON
from e2e import in_odoo

LEFT_BEHIND = """
SELECT table_name || '.' || column_name FROM information_schema.columns
 WHERE table_schema = 'public' AND (table_name LIKE %s OR column_name LIKE %s)
UNION ALL SELECT 'parameter ' || key FROM ir_config_parameter WHERE key LIKE %s
UNION ALL SELECT 'cron ' || id FROM ir_act_server WHERE code LIKE %s
UNION ALL SELECT 'user ' || login FROM res_users WHERE login LIKE %s
UNION ALL SELECT 'record ' || name FROM ir_model_data WHERE module LIKE %s
UNION ALL SELECT 'relation ' || relname FROM pg_class WHERE relname LIKE %s
UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE conname LIKE %s
UNION ALL SELECT 'field ' || model || '.' || name FROM ir_model_fields
           WHERE name LIKE %s OR relation LIKE %s
"""
INVOICED = """
SELECT move.name, move.state, move.amount_total::text, sale.name
  FROM account_move AS move JOIN sale_order AS sale ON sale.name = move.invoice_origin
 ORDER BY move.id
"""


class TestUninstall(unittest.TestCase):
    def test_uninstalling_keeps_orders_and_invoices_and_nothing_of_the_addon(self):
        with temporary_database("e2e_uninstall") as database:
            in_odoo.call(database, "metered.prepare", subscriptions=2, began="2026-01-01")
            in_odoo.call(database, "metered.use", quantity="500", days=["2026-01-05"])
            in_odoo.call(database, "crons.run", names=["ir_cron_create_invoices"])
            before = query(database, INVOICED)
            self.assertTrue(before)
            in_odoo.call(database, "modules.uninstall", name=ADDON)
            self.assertEqual(module_states(database)[ADDON], "uninstalled")
            self.assertEqual(query(database, LEFT_BEHIND, ("%fusion%",) * 10), [])
            self.assertEqual(query(database, INVOICED), before)
            install_modules(database, (ADDON,))  # beside orders and invoices that are there already
            self.assertEqual(query(database, INVOICED), before)
