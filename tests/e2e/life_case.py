"""A random life in a database of its own, and the audit of what it left behind."""

import unittest
from datetime import datetime

from devtools.console import say
from devtools.databases import temporary_database
from e2e import audit, in_odoo


class LifeCase(unittest.TestCase):
    """Lives are told by their seed, their subscriptions and how often something happens."""

    def problems(self, seed: int, subscriptions: int, moments: int, defect: str | None = None):
        """Live, audit, and say what is wrong: sentences, none if all is well."""
        with temporary_database("life") as database:
            life = in_odoo.call(
                database,
                "life.world.live",
                seed=seed,
                subscriptions=subscriptions,
                moments=moments,
                defect=defect,
            )
            found = audit.audit(database, datetime.fromisoformat(life["now"]))
        say(
            f"seed {seed}{f', {defect}' if defect else ''}: {found.summary};"
            f" {sum(life['acts'].values())} acts, {sum(life['refused'].values())} refused,"
            f" {life['removed']} counters removed"
        )
        return [
            *found.differences,
            *lost(life),
            *waived(life),
            *concessions(found.conceded, life),
            *failed(life),
        ]

    def assert_all_is_well(self, seed: int, subscriptions: int, moments: int):
        problems = self.problems(seed, subscriptions, moments)
        where = f"seed {seed}, {subscriptions} subscriptions, {moments} moments"
        self.assertFalse(problems, "\n".join([where, *problems[:50]]))

    def assert_found(self, defect: str, seed: int, subscriptions: int, moments: int):
        problems = self.problems(seed, subscriptions, moments, defect)
        self.assertTrue(problems, f"{defect} is not found: seed {seed}")


def lost(life: dict):
    """What the app pushed and was told is accepted, is there as it was pushed last (U3)."""
    return [f"the counter {key} is not as it was pushed" for key in life["lost"]]


def waived(life: dict):
    """What is waived is not billed (L5)."""
    return [f"row {row} was waived and billed all the same" for row in life["billed"]]


def failed(life: dict):
    """The crons never fail, whatever single subscriptions do (R7)."""
    crons = ("rate", "bill", "remove")
    return [f"the cron {name} failed" for name in crons if name in life["refused"]]


def concessions(conceded: dict, life: dict):
    """Customers bear less than lines settle only where staff wanted it (L4)."""
    wanted = {*life["touched"], *life["credited"]}
    for line, amount in conceded.items():
        if line not in wanted:
            yield f"line {line} settles {float(amount):.2f} more than its customer bears"
    for line in life["settling"]:
        yield f"line {line} of a credit note that staff made settles something"
