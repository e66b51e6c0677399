"""A server in whose world the described examples mean something, and strangers that read of it."""

import unittest
from urllib.parse import quote

import requests

from core.api.endpoints import ALL
from core.api.examples import example_of
from core.api.scopes import KEYS_WRITE
from devtools import odoo_log
from devtools.databases import temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.contract import server as contract
from e2e.peers.fusion_client import BASE

WORKERS = 2


class ContractCase(unittest.TestCase):
    """A database of one's own with the world of the examples, and a server on it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.database = cls.enterClassContext(temporary_database("contract"))
        made = in_odoo.call(cls.database, "contract.prepare")
        cls.key, cls.made = made["key"], made
        cls.server = cls.enterClassContext(OdooServer(cls.database, workers=WORKERS))

    def hold(self, phases: str, *options: str) -> None:
        """Let schemathesis hold the server against its description, whole."""
        agree, told = contract.hold(self.server.url, self.key, phases, *options, workers=WORKERS)
        self.assertTrue(agree, told[-20_000:])
        others = len(ALL) - 1  # it leaves out the description itself
        self.assertIn(f"{others} selected / {others} total", told)
        self.assertEqual(self.loud(), [])

    def loud(self) -> list[str]:
        """What the server complained of."""
        with self.server.log.open(errors="replace") as lines:
            entries = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
        return [entry.text[:500] for entry in entries]

    def send_example(self, endpoint):
        """Send the request that is described as the endpoint's example."""
        path, named = endpoint.path, self.made["named"].get(endpoint.name, {})
        for name, one in endpoint.path_fields.items():
            path = path.replace(f"{{{name}}}", quote(named.get(name, one.example), safe=""))
        values = example_of(endpoint.fields)
        if endpoint.members:  # the body is the list, with nothing around it
            values = values[endpoint.members]
        return requests.request(
            endpoint.verb,
            self.server.url + BASE + path,
            headers={"Authorization": f"Bearer {self.key_for(endpoint)}"},
            timeout=60,
            **{"json" if endpoint.has_body else "params": values},
        )

    def key_for(self, endpoint) -> str:
        if endpoint.scope == KEYS_WRITE:
            return self.made["master"]
        return self.made["sandbox"] if "not_a_sandbox" in endpoint.errors else self.key
