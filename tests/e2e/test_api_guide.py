"""The guide for app developers tells the truth: its commands are run, its answers compared."""

import json
import os
import re
import subprocess
import time
import unittest
from typing import NamedTuple

from core.api.endpoints import ALL
from devtools.databases import temporary_database
from devtools.odoo import OdooServer
from devtools.paths import ROOT
from e2e import in_odoo
from e2e.in_odoo import crons
from e2e.in_odoo.hooks import DELIVER
from e2e.peers.fusion_client import BASE
from e2e.peers.webhook_receiver import Receiver

# Its module lies beside the tests of core, where the receiver has looked already.
from guide_examples import masked  # isort: skip

GUIDE = ROOT / "docs" / "api.md"
RATED = "What usage comes to"  # the section before which the hour is over
FOLLOWED = "Following what changes"  # the section before which a moment passes
TOLD = "Webhooks"  # the section before which the events are sent
BILLED = "Invoices"  # the section before which it is billed, and sent

EXAMPLE = re.compile(
    r"""
    ^```sh\n ((?: (?!```) .*\n)+) ```\n
    \n
    ```(json|text)\n ((?: (?!```) .*\n)+) ```$
""",
    re.M | re.X,
)

# What differs from one database, or one moment, to the next.
VARYING = {
    "subscription_id",
    "partner_id",
    "plan_id",
    "product_id",
    "item_id",
    "change_id",
    "usage_id",
    "request_id",
    "rated_at",
    "reconciliation_id",
    "compared_at",
    "version",
    "next_cursor",
    "cursor",
    "changed_at",
    "event_id",
    "created_at",
    "invoice_date",
    "due_date",
    "delivered_at",
    "next_attempt_at",
    "body",
    "duration_ms",
    "expires_at",
    "invoice_id",
    "key",
    "key_id",
    "last_used_at",
    "line_id",
    "number",
    "prefix",
    "row_id",
    "secret",
    "sent_at",
    "url",
    "now",
}

#: What later commands name: by the field of an answer, the shell's variable.
NAMED = {"subscription_id": "SUB", "reconciliation_id": "RECONCILIATION", "key_id": "KEY_ID"}


class Example(NamedTuple):
    section: str
    command: str
    answer: object


def read_examples(text):
    """Yield each command of the guide that is followed by its answer."""
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        for command, kind, answer in EXAMPLE.findall(section):
            shown = json.loads(answer) if kind == "json" else answer
            yield Example(section.partition("\n")[0], command, shown)


def verb_of(command):
    """Return the HTTP verb that curl sends."""
    named = re.search(r"-X (\w+)", command)
    return named[1] if named else "POST" if " -d " in command else "GET"


class TestApiGuide(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(temporary_database("e2e_guide"))
        made = in_odoo.call(cls.database, "guide.prepare")
        key = made["key"]
        cls.receiver = cls.enterClassContext(Receiver())
        in_odoo.call(cls.database, "hooks.allow", ca_file=cls.receiver.ca_file)
        in_odoo.call(
            cls.database, "hooks.point_one", code="nexacloud", url=f"{cls.receiver.url}/hook"
        )
        server = cls.enterClassContext(OdooServer(cls.database))
        cls.environment = {
            **os.environ,
            "API": server.url + BASE,
            "KEY": key,
            "OPERATIONS_KEY": made["watch"],
            "MASTER_KEY": made["master"],
            "AUTH": f"Authorization: Bearer {key}",
            "TEST": f"Authorization: Bearer {made['sandbox']}",
            "HOOK": f"{cls.receiver.url}/hook",
            "JSON": "Content-Type: application/json",
        }

    def run_example(self, command):
        done = subprocess.run(
            ["bash", "-c", command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout

    def run_cron(self, name):
        in_odoo.call(self.database, "crons.run", names=[name])

    def bill(self):
        self.run_cron(crons.INVOICING)
        in_odoo.call(self.database, "guide.send_documents")

    def test_every_command_gets_the_answer_that_the_guide_shows(self):
        between = {
            RATED: lambda: self.run_cron(crons.RATING),
            FOLLOWED: lambda: time.sleep(2),
            TOLD: lambda: self.run_cron(DELIVER),
            BILLED: self.bill,
        }
        for example in read_examples(GUIDE.read_text()):
            if happens := between.pop(example.section, None):
                happens()
            with self.subTest(command=example.command):
                output = self.run_example(example.command)
                if isinstance(example.answer, str):
                    self.assertLessEqual(set(example.answer.splitlines()), set(output.splitlines()))
                    continue
                answer = json.loads(output)
                self.assertEqual(masked(answer, VARYING), masked(example.answer, VARYING))
                for name, variable in NAMED.items():
                    if name in answer:
                        self.environment[variable] = str(answer[name])
                for invoice in answer.get("invoices", [])[:1]:
                    self.environment["INVOICE"] = str(invoice["invoice_id"])
                for item in answer.get("items", [])[:1]:
                    self.environment["ITEM"] = str(item["item_id"])
                for change in answer.get("changes", [])[:1]:
                    self.environment["CHANGE"] = change["change_id"]
                for delivery in answer.get("deliveries", [])[:1]:
                    self.environment["EVENT"] = delivery["event_id"]
        self.assertFalse(between)

    def test_every_endpoint_is_in_the_guide(self):
        """Each with a command."""
        commands = [example.command for example in read_examples(GUIDE.read_text())]
        for endpoint in ALL:
            with self.subTest(endpoint=endpoint.name):
                pattern = re.sub(r"\{\w+\}", r"[^/\\s\"]+", endpoint.path)
                self.assertTrue(
                    any(
                        re.search(rf'\$API{pattern}["\s?]', command)
                        and verb_of(command) == endpoint.verb
                        for command in commands
                    )
                )
