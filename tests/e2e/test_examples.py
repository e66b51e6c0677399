"""The sample app runs against any server: all it needs is a URL and a key."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import requests

from devtools.console import end_group
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from devtools.paths import CLIENT, ROOT, VENV_PYTHON
from e2e import in_odoo
from e2e.demo.prices import METRICS, PRICES

USAGE = """
SELECT metric.code, sum(quantity)::int FROM fusion_billing_usage AS usage
  JOIN fusion_billing_metric AS metric ON metric.id = metric_id GROUP BY metric.code
"""
KNOWN = "map_requests"


class TestExamples(unittest.TestCase):
    def setUp(self):
        """A price list that is not the demo's: it knows one of the app's metrics."""
        self.database = self.enterContext(temporary_database("e2e_examples"))
        charges = {KNOWN: PRICES["starter"]["charges"][KNOWN]}
        made = in_odoo.call(
            self.database,
            "catalog.create",
            service="Elsewhere",
            metrics={KNOWN: METRICS[KNOWN]},
            prices={"pro": {**PRICES["starter"], "charges": charges}},
        )
        server = self.enterContext(OdooServer(self.database))
        self.variables = {"FUSION_URL": server.url, "FUSION_API_KEY": made["key"]}
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self) -> str:
        """Start the app as its guide says, with the client installed; return where it serves."""
        process = subprocess.Popen(
            [VENV_PYTHON, "-m", "examples.sample_app", "--log", self.folder / "requests.jsonl"],
            env={**os.environ, "PYTHONPATH": str(CLIENT), **self.variables},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(end_group, process)
        self.process = process
        return re.search(r"http\S+", process.stdout.readline())[0]

    def test_a_stranger_s_requests_are_billed_by_what_billing_knows_of_them(self):
        url = self.start()
        signed_up = requests.post(f"{url}/signup", json={"name": "Acme", "plan": "pro"}, timeout=60)
        self.assertEqual(signed_up.status_code, 201, signed_up.text)
        headers = {"Authorization": f"Bearer {signed_up.json()['token']}", "X-User": "u1"}
        for _call in range(3):
            answer = requests.get(f"{url}/v1/geocode?q=Oslo", headers=headers, timeout=60)
            self.assertEqual(answer.json()["q"], "Oslo")
        end_group(self.process)  # which pushes what was counted
        self.assertEqual(query(self.database, USAGE), [(KNOWN, 3)])

    def test_nobody_moves_its_clock_without_an_admin_token(self):
        url = self.start()
        answer = requests.post(f"{url}/admin/clock", json={}, timeout=60)
        self.assertEqual(answer.status_code, 401)
