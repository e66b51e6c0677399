"""App, staff and clock at once on one server, and the audit of what they left behind."""

import contextlib
import unittest
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from devtools import odoo_log
from devtools.clock import SharedClock
from devtools.console import say
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from e2e import audit, in_odoo
from e2e.staff import Staff
from e2e.walk.app import App
from e2e.walk.desk import Desk
from e2e.walk.time import Time

BEGAN, NOW = "2026-01-01", datetime(2026, 1, 20, 9, 30)
MEETING = "could not serialize access", "deadlock detected", "charge_version_valid_from_unique"
SUBSCRIPTIONS, APPS, DESKS = 8, 2, 2
COUNTERS = """
SELECT subscription.fusion_external_id, usage.idempotency_key, usage.quantity::text
  FROM fusion_billing_usage AS usage
  JOIN sale_order AS subscription ON subscription.id = usage.subscription_id
"""


class WalkCase(unittest.TestCase):
    def walk(self, seed: int, steps: int, workers: int) -> None:
        """Let everybody take so many steps at once, and look that all is well.

        :param steps: of each app; the others take as many as they can meanwhile
        """
        with contextlib.ExitStack() as stack:
            self.database = stack.enter_context(temporary_database("walk"))
            world = in_odoo.call(
                self.database, "walk.prepare", subscriptions=SUBSCRIPTIONS, began=BEGAN
            )
            self.clock = SharedClock(Path(stack.enter_context(TemporaryDirectory()), "clock"))
            self.clock.set(NOW)
            server = OdooServer(self.database, workers=workers, clock=self.clock)
            self.server = stack.enter_context(server)
            self.make_actors(seed, world)
            with ThreadPoolExecutor(len(self.actors)) as pool:
                list(pool.map(lambda actor: self.take(actor, steps), self.actors))
            self.time.settle_up()
            self.assert_well(seed)

    def make_actors(self, seed: int, world: dict) -> None:
        def chance(name):
            return Random(f"{seed}/{name}")

        def staff():
            return Staff(self.server.url, self.database)

        names = [f"app{number}" for number in range(APPS)]
        self.apps = [App(self.server.url, world, self.clock, chance(name), name) for name in names]
        names = [f"desk{number}" for number in range(DESKS)]
        self.desks = [Desk(staff(), world, self.clock, chance(name), name) for name in names]
        self.time = Time(staff(), world["crons"], self.clock, chance("time"))
        self.actors = [*self.apps, *self.desks, self.time]

    def take(self, actor, steps: int) -> None:
        for _step in range(steps // 3 if actor is self.time else steps):
            actor.act()

    # === AFTERWARDS === #

    def assert_well(self, seed: int) -> None:
        found = audit.audit(self.database, self.clock.now())
        refused = sum(actor.refused for actor in (*self.desks, self.time))
        say(f"walk: seed {seed}: {found.summary}; {refused} acts of staff refused")
        problems = [problem for actor in self.actors for problem in actor.problems]
        problems += [*self.lost(), *self.loud(), *found.differences]
        if problems:
            self.fail("\n".join([f"seed {seed}, {len(problems)} problems", *problems[:15]]))

    def lost(self) -> list[str]:
        """What an app pushed last and was told is accepted, and is not there (U3)."""
        stored = {(name, key): Decimal(text) for name, key, text in query(self.database, COUNTERS)}
        accepted = {key: quantity for app in self.apps for key, quantity in app.accepted.items()}
        return [
            f"the counter {key} is {stored.get(key)}, not {quantity}"
            for key, quantity in accepted.items()
            if stored.get(key) != quantity
        ]

    def loud(self) -> list[str]:
        """What the server complains of, but that it refuses staff something."""
        with self.server.log.open(errors="replace") as lines:
            loud = [entry for entry in odoo_log.entries(lines) if entry.level in odoo_log.LOUD]
        return [f"{entry.logger}: {entry.text[-1200:]}" for entry in loud if not is_of_odoo(entry)]


def is_of_odoo(entry: odoo_log.Entry) -> bool:
    """Whether Odoo tells of a refusal, or of two people at one record, whom it lets try again."""
    if entry.logger == "odoo.sql_db":
        return any(words in entry.text for words in MEETING)
    return (entry.logger, entry.level) == ("odoo.http", "WARNING")
