"""The example of an endpoint takes what is genuine, once, and nothing else."""

import json
import tempfile
import threading
import unittest
from datetime import datetime, timezone
from pathlib import Path

import requests
from standardwebhooks import Webhook

from examples.webhook_receiver import EVENTS_PATH, Inbox, Server

OLD, NEW, FOREIGN = (f"whsec_{letter * 32}" for letter in "abc")
EVENT = {
    "id": "evt_1",
    "type": "invoice.posted",
    "data": {"external_customer_id": "acme", "amount_total": "9.90"},
}


class TestWebhookExample(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.inbox = Inbox([OLD, NEW], Path(folder, "events.sqlite"))
        server = self.enterContext(Server(self.inbox, None))
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"

    def send(self, secret, event=EVENT, path=EVENTS_PATH):
        """Send an event, signed by what others wrote."""
        now, body = datetime.now(timezone.utc), json.dumps(event)
        headers = {
            "webhook-id": event["id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(event["id"], now, body),
        }
        return requests.post(self.url + path, data=body, headers=headers, timeout=10).status_code

    def test_an_event_of_any_secret_in_force_is_taken_once(self):
        self.assertEqual([self.send(OLD), self.send(NEW)], [204, 204])
        self.assertEqual(self.inbox.events, [EVENT])
        told = {"told": [("invoice.posted", "acme", "9.90")], "duplicates": 1, "refused": []}
        self.assertEqual(self.inbox.status(), told)

    def test_what_is_not_genuine_is_refused_and_may_come_again(self):
        self.assertEqual([self.send(FOREIGN), self.send(NEW)], [401, 204])
        self.assertEqual(self.inbox.refused, ["evt_1"])
        self.assertEqual(self.inbox.events, [EVENT])

    def test_other_paths_take_nothing(self):
        self.assertEqual(self.send(NEW, path="/else"), 404)
        self.assertEqual(self.inbox.events, [])
