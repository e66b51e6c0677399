"""Ingest over HTTP: one by one against Odoo's own API, batches against the bare upsert.

Rounds of both sides take turns, and the median of the rounds' ratios counts.

Odoo's route that does nothing is shown beside, and nothing is required of it: it opens no
transaction to write. A route that stores one bare row and commits, and neither knows a key nor
reads JSON, came to 0.68 times its requests a second.
"""

import contextlib
from datetime import datetime, time, timedelta, timezone
from statistics import median

import psycopg2

from devtools.console import step
from devtools.databases import query, temporary_database
from devtools.odoo import OdooServer
from e2e import in_odoo
from e2e.bench import load
from e2e.bench.report import Report, ratios
from e2e.in_odoo.bench.names import METRIC, name_of
from examples.request_log import instant

ROUNDS = 5
WORKERS = 4
CLIENTS = 4
CONNECTIONS = 2  # of the bare upsert
SUBSCRIPTIONS = 1000
STORED = 5_000_000
NOOP = load.request("GET", "/web/health")
STORE = "/json/2/res.partner.category/create"  # Odoo's own API, and one of its lightest records
TODAY = datetime.combine(datetime.now(timezone.utc), time(), timezone.utc)
BEGAN, HOURS = TODAY - timedelta(40), 24 * 39  # there is usage of many hours
RECENTLY = TODAY - timedelta(10)  # the first period is open


class Ingest:
    """A database with subscriptions, its server, and events that it has not seen yet."""

    def __init__(self, database: str, server: OdooServer, made: dict, began=BEGAN, hours=HOURS):
        self.database, self.port, self.key = database, server.port, made["key"]
        self.store = load.request(
            "POST", STORE, made["odoo_key"], b'{"vals_list": [{"name": "A"}]}'
        )
        self.began, self.hours = began, hours
        self.ids = [row[0] for row in query(database, SUBSCRIPTION_IDS)]
        [[self.metric]] = query(database, "SELECT id FROM fusion_billing_metric")
        self.pushed = 0

    def events(self, count: int) -> list[tuple]:
        """The next events: number, subscription, start and key."""
        first, self.pushed = self.pushed, self.pushed + count
        return [
            (
                number,
                number % len(self.ids),
                self.began + timedelta(hours=number // len(self.ids) % self.hours),
                f"bench/{number}/{len(self.ids)}",
            )
            for number in range(first, first + count)
        ]

    def over_http(self, batches: int, size: int) -> float:
        """Events a second."""
        bodies = [
            load.usage(self.key, [event(*row) for row in self.events(size)])
            for _batch in range(batches)
        ]
        return size * load.rate(lambda body: load.ask(self.port, body), bodies, CLIENTS)

    def noop(self, requests: int) -> float:
        """Requests a second to a route of Odoo's that does nothing."""
        return load.rate(lambda body: load.ask(self.port, body), [NOOP] * requests, CLIENTS)

    def odoo(self, requests: int) -> float:
        """Requests a second to Odoo's own API, each of which creates a record."""
        return load.rate(lambda body: load.ask(self.port, body), [self.store] * requests, CLIENTS)

    def bare(self, batches: int, size: int) -> float:
        """Events a second that psycopg2 upserts, one commit for each batch."""
        work = [self.columns(self.events(size)) for _batch in range(batches)]
        with contextlib.ExitStack() as stack:
            free = [
                stack.enter_context(contextlib.closing(psycopg2.connect(dbname=self.database)))
                for _connection in range(CONNECTIONS)
            ]

            def upsert(columns: list) -> None:
                connection = free.pop()
                with connection, connection.cursor() as cursor:
                    cursor.execute(UPSERT, columns)
                free.append(connection)

            return size * load.rate(upsert, work, CONNECTIONS)

    def columns(self, events: list[tuple]) -> list[list]:
        return [
            [self.ids[subscription] for _number, subscription, *_rest in events],
            [self.metric] * len(events),
            [start.isoformat() for _number, _subscription, start, _key in events],
            [(start + timedelta(hours=1)).isoformat() for *_rest, start, _key in events],
            [quantity(number) for number, *_rest in events],
            [key for *_rest, key in events],
        ]


def event(number: int, subscription: int, start: datetime, key: str) -> dict:
    return {
        "subscription_external_id": name_of(subscription),
        "metric_code": METRIC,
        "quantity": quantity(number),
        "period_start": instant(start),
        "period_end": instant(start + timedelta(hours=1)),
        "idempotency_key": key,
    }


def quantity(number: int) -> str:
    return f"{1 + number % 97}.25"


@contextlib.contextmanager
def prepared(subscriptions: int = SUBSCRIPTIONS, workers: int = WORKERS):
    """An :class:`Ingest` whose server is warm."""
    with temporary_database("bench", fast=False) as database:
        with step(f"creating {subscriptions:,} subscriptions"):
            made = in_odoo.call(
                database,
                "bench.clones.prepare",
                subscriptions=subscriptions,
                began=f"{BEGAN:%Y-%m-%d}",
            )
        with OdooServer(database, workers=workers) as server:
            ingest = Ingest(database, server, made)
            ingest.noop(workers * 8)
            ingest.odoo(workers * 8)
            ingest.over_http(workers * 8, 1)
            yield ingest


# === WHAT IS MEASURED === #


def measure(report: Report, stored: int = STORED, scale: int = 1) -> None:
    """Everything about ingest.

    :param int scale: rounds are so many times smaller
    """
    with prepared() as ingest:
        one_by_one(report, ingest, 400 // scale)
        for size, batches, required in ((100, 40, 0.25), (1000, 10, 0.5)):
            in_batches(report, ingest, size, max(2, batches // scale), required)
        with prepared() as full:
            with step(f"storing {stored:,} counters"):
                fill(full.database, stored)
            on_full_table(report, ingest, full, max(2, 10 // scale))


def one_by_one(report: Report, ingest: Ingest, requests: int) -> None:
    with step(f"{ROUNDS} × {requests} requests of one event, and as many to Odoo"):
        rounds = [
            (ingest.noop(requests), ingest.odoo(requests), ingest.over_http(requests, 1))
            for _ in range(ROUNDS)
        ]
    noop, odoo, ours = zip(*rounds, strict=True)
    report.figure("Odoo's route that does nothing", median(noop), "requests/s")
    report.figure("Odoo's own API, one record per request", median(odoo), "requests/s")
    report.figure("one event per request", median(ours), "requests/s")
    report.figure("  of the route that does nothing", median(ratios(ours, noop)), "×")
    report.at_least("of Odoo's own API", ratios(ours, odoo), 1)


def in_batches(report, ingest: Ingest, size: int, batches: int, required: float) -> None:
    with step(f"{ROUNDS} × {batches} batches of {size:,}, and as many bare upserts"):
        rounds = [
            (ingest.bare(batches, size), ingest.over_http(batches, size)) for _ in range(ROUNDS)
        ]
    bare, ours = zip(*rounds, strict=True)
    report.figure(f"bare upsert, {CONNECTIONS} connections, {size:,} rows", median(bare), "rows/s")
    report.figure(f"batches of {size:,} over HTTP", median(ours), "events/s")
    report.at_least("of the bare upsert", ratios(ours, bare), required)


def on_full_table(report: Report, empty: Ingest, full: Ingest, batches: int) -> None:
    for size, count in ((1, batches * 40), (1000, batches)):
        with step(f"{ROUNDS} × {count} batches of {size:,}, beside many counters and few"):
            rounds = [
                (empty.over_http(count, size), full.over_http(count, size)) for _ in range(ROUNDS)
            ]
        few, many = zip(*rounds, strict=True)
        report.figure(f"batches of {size:,} with many counters stored", median(many), "events/s")
        report.at_least("of that with few", ratios(many, few), 0.85)


def fill(database: str, counters: int) -> None:
    """Store very many counters, evenly over subscriptions and hours."""
    with (
        contextlib.closing(psycopg2.connect(dbname=database)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET session_replication_role = replica")  # keys are right: no checks
        cursor.execute(
            FILL, {"counters": counters, "metric": METRIC, "began": BEGAN.replace(tzinfo=None)}
        )
        cursor.execute("ANALYZE fusion_billing_usage")


SUBSCRIPTION_IDS = "SELECT id FROM sale_order WHERE fusion_plan_id IS NOT NULL ORDER BY id"

UPSERT = """
INSERT INTO fusion_billing_usage (
    subscription_id, metric_id, period_start, period_end, quantity, idempotency_key, source)
SELECT *, 'bench' FROM unnest(
    %s::int[], %s::int[], %s::timestamp[], %s::timestamp[], %s::numeric[], %s::text[])
ON CONFLICT (subscription_id, metric_id, idempotency_key) WHERE idempotency_key IS NOT NULL
DO UPDATE SET quantity = EXCLUDED.quantity
"""

FILL = """
WITH subscription AS (
    SELECT id, row_number() OVER (ORDER BY id) - 1 AS position, count(*) OVER () AS total
      FROM sale_order WHERE fusion_plan_id IS NOT NULL
)
INSERT INTO fusion_billing_usage (
    subscription_id, metric_id, period_start, period_end, quantity, idempotency_key, source)
SELECT subscription.id, metric.id, start, start + interval '1 hour', 1.25, concat('full/', n),
       'bench'
  FROM generate_series(1, %(counters)s) AS n
  JOIN subscription ON position = n %% total
  JOIN fusion_billing_metric AS metric ON code = %(metric)s,
       LATERAL (SELECT %(began)s::timestamp + n / total %% 720 * interval '1 hour' AS start) AS hour
"""
