"""What is loud in Odoo's log fails a run, unless it repeats a failed test."""

import unittest

from devtools.odoo_log import Entry, entries, is_accepted

LOG = """\
Running as user 'root' is a security risk.
2026-11-22 04:05:47,473 3238 INFO some_db odoo.service.server: Initiating shutdown
2026-11-22 04:05:48,001 3238 WARNING some_db odoo.addons.fusion_billing.models.x: careful
2026-11-22 04:05:49,001 3238 ERROR ? odoo.sql_db: bad query: SELECT
ERROR: relation does not exist
LINE 1: SELECT
2026-11-22 04:05:50,000 3238 INFO some_db odoo.modules.loading: done
"""


class TestEntries(unittest.TestCase):
    def test_lines_become_entries_with_what_continues_them(self):
        found = list(entries(LOG.splitlines(keepends=True)))
        self.assertEqual([entry.level for entry in found], ["INFO", "WARNING", "ERROR", "INFO"])
        self.assertEqual(
            found[2],
            Entry(
                "ERROR",
                "odoo.sql_db",
                "bad query: SELECT\nERROR: relation does not exist\nLINE 1: SELECT",
            ),
        )

    def test_output_without_any_entry_has_none(self):
        self.assertEqual(list(entries(["Killed\n"])), [])


class TestAccepted(unittest.TestCase):
    def accepts(self, logger: str, text: str, level: str = "ERROR") -> bool:
        return is_accepted(Entry(level, logger, text))

    def test_a_failed_test_is_not_counted_a_second_time(self):
        tests = "odoo.addons.fusion_billing.tests.test_rating"
        self.assertTrue(self.accepts(tests, "FAIL: TestRating.test_x\nTraceback"))
        self.assertTrue(self.accepts("odoo.tests.suite", "ERROR: setUpClass (x)"))
        self.assertTrue(self.accepts("odoo.tests.result", "1 failed, 0 error(s) of 7 tests when"))

    def test_a_warning_of_the_addon_or_of_odoo_is_not_accepted(self):
        self.assertFalse(self.accepts("odoo.addons.fusion_billing.models.x", "careful", "WARNING"))
        self.assertFalse(self.accepts("odoo.sql_db", "bad query", "ERROR"))
        self.assertFalse(self.accepts("odoo.modules.loading", "Some modules are not loaded"))
        tests = "odoo.addons.fusion_billing.tests.test_rating"
        self.assertFalse(self.accepts(tests, "FAILED to tidy up", "WARNING"))
