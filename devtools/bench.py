"""`./dev bench`: how fast it is, and how many times faster than a plain loop over the ORM.

Everything is measured in one run on one machine, so that the ratios mean something wherever they
were measured; the figures per second are this machine's. Ingest is measured in three rounds, and
the best one counts, for the baseline as well: what else the machine does should not decide.
Parts: ingest, resend, rating, invoicing.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta, timezone
from time import perf_counter

import requests

from devtools import bench_webhooks, in_odoo
from devtools.console import DevError, say, step
from devtools.databases import query, temporary_database
from devtools.fusion_client import BASE
from devtools.in_odoo.crons import INVOICING, RATING
from devtools.metering import instant
from devtools.odoo import OdooServer

BATCH = 1000
CLIENTS = 2
ROUNDS = 3
REQUIRED = 25  # times the loop over the ORM
BEGAN = datetime.combine(datetime.now(timezone.utc), time(), timezone.utc) - timedelta(60)
POSTED = "SELECT count(*) FROM account_move WHERE state = 'posted'"


class Bench:
    """A database with subscriptions, and the figures measured on it so far.

    :param int subscriptions: how many there are
    :param int batches: how many are pushed in a round, of 1,000 events each
    :param int looped: events that the loop over the ORM stores in a round
    """

    def __init__(self, database: str, subscriptions=100, batches=12, looped=400):
        self.database, self.batches, self.looped = database, batches, looped
        with step(f"creating {subscriptions} subscriptions"):
            made = in_odoo.call(
                database, "metered.prepare", subscriptions=subscriptions, began=f"{BEGAN:%Y-%m-%d}"
            )
        self.key, self.names = made["key"], made["names"]
        self.ratio = None

    # === PARTS === #

    def ingest(self) -> None:
        """New events over HTTP against the loop over the ORM."""
        with step(f"{ROUNDS} × {self.looped:,} events one by one through the ORM"):
            rounds = [self.events("loop", number, self.looped) for number in range(ROUNDS)]
            seconds = in_odoo.call(self.database, "bench.ingest_one_by_one", rounds=rounds)
        baseline = self.looped / min(seconds)
        show("one search and one create per event, in-process, one commit", baseline, "events/s")
        rates = self.push("inserted")
        self.ratio = max(rates) / baseline
        what = f"batches of {BATCH:,} over HTTP, 2 workers, {CLIENTS} clients"
        show(what, max(rates), "events/s")
        show("  times the baseline", self.ratio, f"× (required: {REQUIRED})")
        show("  the last round, on a fuller table, against the first", rates[-1] / rates[0], "×")

    def resend(self) -> None:
        """The same batches again."""
        if not self.ratio:
            self.push("inserted")
        rates = self.push("unchanged")
        show("the same batches sent again, nothing written", max(rates), "events/s")

    def rating(self) -> None:
        """The rating cron: new usage, changed usage, nothing to do."""
        for what, part in (("rated first", "a"), ("rated again after a change", "b")):
            self.touch_all(part)
            show(f"subscriptions {what}", len(self.names) / self.cron(RATING), "/s")
        show("rating cron with nothing to do", self.cron(RATING) * 1000, "ms")

    def invoicing(self) -> None:
        """The invoicing cron: rates, creates and posts an invoice for each period."""
        self.touch_all("c")
        seconds = self.cron(INVOICING)
        [[invoices]] = query(self.database, POSTED)
        show(f"invoices ({invoices}) rated, created and posted", invoices / seconds, "/s")

    # === HELPERS === #

    def events(self, kind: str, part: int, size: int) -> list[dict]:
        """The n-th `size` events of a kind."""
        return [self.event(number, kind) for number in range(part * size, (part + 1) * size)]

    def event(self, number: int, kind: str) -> dict:
        """The n-th event of a kind: spread over subscriptions first, then over hours."""
        hour, subscription = divmod(number, len(self.names))
        name = self.names[subscription]
        begun = BEGAN + timedelta(hours=hour)
        return {
            "subscription_external_id": name,
            "metric_code": "api_calls",
            "quantity": f"{1 + number % 97}.25",
            "period_start": instant(begun),
            "period_end": instant(begun + timedelta(hours=1)),
            "idempotency_key": f"{name}/api_calls/{begun:%Y-%m-%dT%H}/{kind}",
        }

    def push(self, outcome: str) -> list[float]:
        """Push all batches and make sure what became of them.

        :param str outcome: what every event is to be counted as
        :return: events per second of each round
        """
        bodies = [
            self.body(self.events("http", number, BATCH)) for number in range(ROUNDS * self.batches)
        ]
        with OdooServer(self.database, workers=2) as server, ThreadPoolExecutor(CLIENTS) as clients:

            def send(body: bytes) -> dict:
                return self.send(server.url, body)

            list(clients.map(send, [self.body(self.events("warm-up", 0, 1))] * 4 * CLIENTS))
            with step(f"{ROUNDS} × {self.batches} batches of {BATCH:,} over HTTP"):
                return [
                    self.rate(clients.map(send, bodies[first : first + self.batches]), outcome)
                    for first in range(0, len(bodies), self.batches)
                ]

    def rate(self, answers: Iterator[dict], outcome: str) -> float:
        """Events per second of a round that has just begun."""
        begun = perf_counter()
        counted = sum(answer[outcome] for answer in answers)
        seconds = perf_counter() - begun
        if counted != self.batches * BATCH:
            raise DevError(f"{counted:,} of {self.batches * BATCH:,} events were {outcome}")
        return counted / seconds

    def body(self, events: list[dict]) -> bytes:
        return json.dumps({"events": events}).encode()

    def send(self, url: str, body: bytes) -> dict:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        response = requests.post(f"{url}{BASE}/usage", body, headers=headers, timeout=120)
        if not response.ok:
            raise DevError(f"a batch was refused: {response.text[:500]}")
        return response.json()

    def touch_all(self, part: str) -> None:
        """Give every subscription a counter that is not rated yet."""
        with OdooServer(self.database, workers=2) as server:
            self.send(server.url, self.body(self.events(part, 0, len(self.names))))

    def cron(self, name: str) -> float:
        with step(f"running {name}"):
            return in_odoo.call(self.database, "bench.run_cron", name=name)


PARTS = ("ingest", "resend", "rating", "invoicing")


def main(part: str | None) -> int:
    """Measure one part, or all.

    :return: exit status, 1 if a required ratio is missed
    """
    if part == "webhooks":
        return bench_webhooks.main()
    if part not in (None, *PARTS):
        raise DevError(f"there is no part {part}: choose one of {', '.join(PARTS)}")
    with temporary_database("bench", fast=False) as database:
        bench = Bench(database)
        for name in [part] if part else PARTS:
            say(f"── {name}")
            getattr(bench, name)()
    return verdict(bench)


def verdict(bench: Bench) -> int:
    if bench.ratio and bench.ratio < REQUIRED:
        say(f"MISSED: {bench.ratio:.1f} × the baseline, {REQUIRED} × are required")
        return 1
    return 0


def show(what: str, figure: float, unit: str) -> None:
    print(f"{what:<62} {figure:>12,.1f} {unit}", flush=True)
