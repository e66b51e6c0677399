"""A server under fire: each answer is judged, and in the end its database, its log and itself."""

import contextlib
import re
import threading
import unittest
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from devtools import odoo_log
from devtools.console import say
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from e2e import audit, in_odoo
from e2e.fuzz.effects import Watch, claimed
from e2e.fuzz.generator import Generator
from e2e.fuzz.oracle import Judge
from e2e.fuzz.wire import exchange
from e2e.in_odoo.crons import INVOICING, RATING

SUBSCRIPTIONS = 14
CLIENTS = 3
BUSY = "SELECT pid, state, query FROM pg_stat_activity WHERE datname = %s AND state != 'idle'"


class FuzzCase(unittest.TestCase):
    """A world, a server on it, and requests of a seed."""

    @classmethod
    def make_world(cls) -> None:
        """Have a database of one's own, with something to ask for."""
        cls.database = cls.enterClassContext(temporary_database("fuzz"))
        world = in_odoo.call(
            cls.database, "fuzz.prepare", subscriptions=SUBSCRIPTIONS, began="2026-01-01"
        )
        cls.world = {**world, "database": cls.database}

    @contextlib.contextmanager
    def serving(self, workers: int):
        """Serve the world during the block."""
        with OdooServer(self.database, workers=workers) as self.server:
            self.address = (urlsplit(self.server.url).hostname, self.server.port)
            yield

    def fuzz(self, seed: int, requests: int, watched: int) -> None:
        """Send the requests of a seed to the server, and look what became of it all.

        :param watched: so many are sent one by one, and what fails of them must change nothing
        """
        self.generator = Generator(seed, self.world)
        self.judge = Judge([*map(self.world.get, ("key", "pusher")), self.world["other"]["key"]])
        self.seen, self.made, self.problems = Counter(), Counter(), []
        self.lock = threading.Lock()
        log_start, processes = self.server.log.stat().st_size, set(self.server.pids)
        with Watch(self.database) as watch:
            before = watch.counts()
            self.send_watched(watch, range(watched))
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(self.send, range(watched, requests)))
            made = watch.counts() - before
        say(
            f"fuzz: seed {seed}, {self.server.url}: {dict(sorted(self.seen.items()))}, {dict(made)}"
        )
        self.problems += [] if made == +self.made else [f"answers tell of {+self.made}, not {made}"]
        if self.problems:
            self.fail(
                "\n".join([f"seed {seed}, {len(self.problems)} problems", *self.problems[:9]])
            )
        self.assert_well(processes, log_start)

    def send(self, number: int) -> bool:
        """Send one request and judge its answer; return whether it may have changed anything."""
        request = self.generator.request(number)
        data = exchange(self.address, request.data)
        verdict = self.judge.judge(request, data)
        with self.lock:
            self.seen[verdict.status or 0] += 1
            self.made += claimed(verdict.facts)
            self.problems += [
                f"{problem}: {request}\n  {data[:300]!r}" for problem in verdict.problems
            ]
        return verdict.is_success

    def send_watched(self, watch: Watch, numbers: range) -> None:
        digest = watch.digest()
        for number in numbers:
            succeeded, before, digest = self.send(number), digest, watch.digest()
            if not succeeded and digest != before:
                tables = [table for table in digest if digest[table] != before[table]]
                request = self.generator.request(number)
                self.problems.append(f"it failed and changed {tables}: {request}")

    # === AFTERWARDS === #

    def assert_well(self, processes: set, log_start: int) -> None:
        """The server is the one that it was, has said nothing and holds nothing."""
        self.assertTrue(self.server.answers())
        self.assertEqual(set(self.server.pids), processes, "a process ended")
        self.assertEqual(query("postgres", BUSY, (self.database,)), [])
        with self.server.log.open(errors="replace") as lines:
            lines.seek(log_start)
            loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
        ours = [entry for entry in loud if not is_of_the_server(entry)]
        self.assertEqual([entry.text[-1500:] for entry in ours], [])
        self.assertLessEqual(len(loud), 2 * self.seen[0], "of heads that cannot be read")

    def assert_books_are_right(self) -> None:
        """What was accepted is rated and invoiced, and the audit has nothing to say."""
        in_odoo.call(self.database, "crons.run", names=[RATING, INVOICING])
        found = audit.audit(self.database)
        say(f"fuzz: {found.summary}")
        self.assertEqual(found.differences, [])


def is_of_the_server(entry: odoo_log.Entry) -> bool:
    """Whether the HTTP server says that it cannot read a head, or falls over saying so."""
    if entry.logger == "werkzeug":
        return re.search(r"\] code (400|414|431|505), message ", entry.text) is not None
    return entry.logger == "odoo.service.server" and "in send_error" in entry.text
