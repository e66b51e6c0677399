"""The arithmetic of billing runs on a bare interpreter from the repository root."""

import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
from datetime import date
from core.money.periods import Recurrence, local_midnight_utc
from core.money.pricing import price
assert price("package", 201, price_per_unit=5, unit_batch=100).amount == 15
assert Recurrence(1, "month", date(2026, 1, 31)).boundary(1) == date(2026, 2, 28)
assert "odoo" not in sys.modules and "pytz" not in sys.modules
"""


class TestPlainPython(unittest.TestCase):
    def test_pricing_and_periods_need_neither_odoo_nor_any_package(self):
        """-S leaves out every installed package."""
        run = subprocess.run(
            [sys.executable, "-S", "-W", "error", "-c", SCRIPT],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual((run.returncode, run.stderr), (0, ""))
