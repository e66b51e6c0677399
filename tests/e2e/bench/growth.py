"""How costs grow with the number of subscriptions, drawn into `docs/`."""

from statistics import median

from devtools.console import say, step
from devtools.databases import temporary_database
from devtools.odoo import OdooServer
from devtools.paths import ROOT
from e2e import in_odoo
from e2e.bench import load, svg
from e2e.bench.ingest import CLIENTS, RECENTLY, WORKERS, Ingest
from e2e.bench.report import Report
from e2e.peers.fusion_client import BASE

ROUNDS = 3
SIZES = [1000, 10_000, 100_000]
TOUCHED = 100  # one of so many


def measure(report: Report, sizes: list[int] = SIZES, folder=ROOT / "docs") -> None:
    with temporary_database("bench", fast=False) as database:
        made = in_odoo.call(
            database, "bench.clones.prepare", subscriptions=1, began=f"{RECENTLY:%Y-%m-%d}"
        )
        rows = [at_size(report, database, made, size) for size in sizes]
    ingested, rated, read = zip(*rows, strict=True)
    drawings = {
        "growth-ingest": svg.draw(
            "Ingest in batches of 1,000", "events/s", sizes, {"ingest": list(ingested)}
        ),
        "growth-rating": svg.draw(
            "Hourly rating, 1 % of the subscriptions touched",
            "ms for each of them",
            sizes,
            {"rating": list(rated)},
        ),
        "growth-usage": svg.draw(
            "Current usage of a subscription over the API", "ms", sizes, {"answer": list(read)}
        ),
    }
    for name, drawing in drawings.items():
        (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")
    say(f"drawn: {', '.join(drawings)} in {folder.name}/")


def at_size(report: Report, database: str, made: dict, size: int) -> tuple[float, float, float]:
    with step(f"growing to {size:,} subscriptions"):
        in_odoo.call(database, "bench.clones.grow", subscriptions=size)
    with step("rating"):
        seconds = in_odoo.call(database, "bench.rating.repeat_some", rounds=ROUNDS, some=TOUCHED)
    with OdooServer(database, workers=WORKERS) as server, step("ingest and current usage"):
        ingest = Ingest(database, server, made, RECENTLY, hours=200)
        ingest.over_http(WORKERS * 4, 100)
        events = median(ingest.over_http(10, 1000) for _round in range(ROUNDS))
        answers = median(read(ingest, 100) for _round in range(ROUNDS))
    figures = events, median(seconds) * 1000 / (size / TOUCHED), answers * 1000
    for what, figure, unit in zip(
        ("ingest in batches of 1,000", "rating, for each subscription touched", "current usage"),
        figures,
        ("events/s", "ms", "ms"),
        strict=True,
    ):
        report.figure(f"{size:,} subscriptions: {what}", figure, unit)
    return figures


def read(ingest: Ingest, requests: int) -> float:
    """Seconds of a request for the current usage of a subscription."""
    asked = [
        load.request(
            "GET", f"{BASE}/subscriptions/{ingest.ids[number % len(ingest.ids)]}/usage", ingest.key
        )
        for number in range(0, requests * 37, 37)
    ]
    return CLIENTS / load.rate(lambda body: load.ask(ingest.port, body), asked, CLIENTS)
