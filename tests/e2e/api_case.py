"""A real server with two workers, a service with a key, and clients that send at the same time."""

import contextlib
import json
import os
import signal
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from devtools import odoo_log
from devtools.databases import connect, query, temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.peers.fusion_client import BASE

BEGAN = "2026-01-01"
METRIC = "api_calls"
PARTIES = 2  # as many as workers: more would only queue


class ApiServerCase(unittest.TestCase):
    """Two subscriptions, `sub-00000` and `sub-00001`, of an app that may call the API.

    The classes of a module share a server, which its `setUpModule` starts.
    """

    @classmethod
    def start(cls, workers=PARTIES, options=()):
        cls.database = unittest.enterModuleContext(temporary_database("e2e_api"))
        made = in_odoo.call(cls.database, "metered.prepare", subscriptions=2, began=BEGAN)
        cls.key, cls.names = made["key"], made["names"]
        cls.server = unittest.enterModuleContext(
            OdooServer(cls.database, workers=workers, options=options)
        )

    def setUp(self):
        query(self.database, "DELETE FROM fusion_billing_usage")
        query(self.database, "DELETE FROM fusion_billing_rating_request")
        self.log_start = self.server.log.stat().st_size

    # === REQUESTS === #

    def send(self, verb, path, key=None, extra=None, **content):
        headers = {"Authorization": f"Bearer {key or self.key}", **(extra or {})}
        return requests.request(
            verb, self.server.url + BASE + path, headers=headers, timeout=90, **content
        )

    def push(self, events):
        return self.send("POST", "/usage", json={"events": events})

    def event(self, number, quantity="1", name=None):
        """One of many events, each with a key of its own."""
        name = name or self.names[0]
        return {
            "subscription_external_id": name,
            "metric_code": METRIC,
            "quantity": quantity,
            "period_start": f"{BEGAN}T00:00:00Z",
            "period_end": f"{BEGAN}T01:00:00Z",
            "idempotency_key": f"{name}/{number}",
        }

    def at_once(self, *calls):
        """Make the calls at the same moment and return what they return."""
        barrier = threading.Barrier(len(calls))

        def make(call):
            barrier.wait()
            return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(make, calls))

    def request_bytes(self, events, length=None):
        """A push as it goes over the wire."""
        body = json.dumps({"events": events}).encode()
        return (
            f"POST {BASE}/usage HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
        ).encode() + body

    def connect_socket(self):
        url = urlsplit(self.server.url)
        return socket.create_connection((url.hostname, url.port), timeout=30)

    def read_all(self, connection):
        """Return everything that comes until the other side closes."""
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    # === THE DATABASE === #

    def stored(self):
        """The stored counters: idempotency key to quantity."""
        return dict(
            query(self.database, "SELECT idempotency_key, quantity::text FROM fusion_billing_usage")
        )

    def count(self, table):
        [[number]] = query(self.database, f"SELECT count(*) FROM {table}")
        return number

    @contextlib.contextmanager
    def holding(self, event):
        """Hold an event's key in a transaction, so that its batch waits in the database."""
        with contextlib.closing(connect(self.database)) as connection:
            connection.autocommit = False
            with connection.cursor() as cursor:
                cursor.execute(HOLD, (event["idempotency_key"], event["subscription_external_id"]))
                yield
            connection.rollback()

    def wait_until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"after {seconds} s: {what}")
            time.sleep(0.05)

    def waiting(self):
        """How many requests wait for a lock in the database."""
        [[number]] = query(self.database, WAITING, (self.database,))
        return number

    def kill_the_waiting_worker(self):
        """Kill the server's workers as soon as one of them waits in the database."""
        self.wait_until(self.waiting, "no batch waits")
        workers = self.server.worker_pids
        self.assertEqual(len(workers), PARTIES)
        for worker in workers:
            os.kill(worker, signal.SIGKILL)

    # === ASSERTIONS === #

    def assertAnswers(self, responses, statuses):
        for response in responses:
            self.assertIn(response.status_code, statuses, response.text)
            self.assertEqual(response.headers["Content-Type"], "application/json")

    def assertQuietLog(self):
        """The server has complained of nothing since the test began."""
        with self.server.log.open(errors="replace") as lines:
            lines.seek(self.log_start)
            loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
        self.assertEqual([entry.text[:300] for entry in loud], [])


HOLD = """
INSERT INTO fusion_billing_usage (
    subscription_id, metric_id, period_start, period_end, quantity, source, idempotency_key)
SELECT o.id, m.id, now(), now() + interval '1 hour', 0, 'e2e', %s
  FROM sale_order o, fusion_billing_metric m
 WHERE o.fusion_external_id = %s
"""

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = %s AND wait_event_type = 'Lock'
"""
