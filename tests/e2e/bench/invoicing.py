"""Closing billing periods, against Odoo's own way from order to posted invoice."""

from statistics import median

from devtools.console import step
from devtools.databases import temporary_database
from e2e import in_odoo
from e2e.bench.report import Report, ratios

ROUNDS = 5
SIZE = 200  # 1,000 in all
SINGLE = 20


def measure(report: Report, size: int = SIZE, single: int = SINGLE) -> None:
    with (
        temporary_database("bench", fast=False) as database,
        step(f"{ROUNDS} × billing {size} subscriptions and as many orders"),
    ):
        seconds = in_odoo.call(
            database, "bench.invoicing.measure", rounds=ROUNDS, size=size, single=single
        )
    for what, name in (
        ("core, orders billed and posted one per call", "single"),
        ("core, in chunks of 50", "chunks"),
        ("subscriptions rated, billed, posted and moved on", "ours"),
    ):
        report.figure(what, 1 / median(seconds[name]), "documents/s")
    report.at_least("times core in chunks", ratios(seconds["chunks"], seconds["ours"]), 2)
    report.at_least("times core one per call", ratios(seconds["single"], seconds["ours"]), 8)
