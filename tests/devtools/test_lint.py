"""What lint finds in an addon that has it: a check that finds nothing anywhere checks nothing."""

import tempfile
import unittest
from pathlib import Path

from devtools import lint, runtime

VIEW = """<?xml version="1.0" encoding="utf-8"?>
<odoo>
    <record id="partner_view" model="ir.ui.view">
        <field name="arch" type="xml"><form><div class="oe_chatter"/></form></field>
    </record>
    <record id="partner_view" model="ir.ui.view"/>
</odoo>
"""


class TestLint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        runtime.ensure_tools()

    def test_oca_checks_look_into_the_files_of_the_manifest(self):
        addon = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (addon / ".git").mkdir()  # as here, the addon is the root of its repository
        (addon / "__init__.py").touch()
        (addon / "__manifest__.py").write_text(
            "{'name': 'X', 'version': '19.0.1.0.0', 'data': ['views.xml', 'broken.xml']}"
        )
        (addon / "views.xml").write_text(VIEW)
        (addon / "broken.xml").write_text("<odoo>")
        found = "\n".join(lint.oca_checks(addon))
        for code in ("xml-deprecated-oe-chatter", "xml-duplicate-record-id", "xml-syntax-error"):
            self.assertIn(code, found)
