"""The hourly rating run, against a plain write of each order line and against itself."""

from statistics import median

from devtools.console import step
from devtools.databases import temporary_database
from e2e import in_odoo
from e2e.bench.ingest import RECENTLY
from e2e.bench.report import Report, ratios

ROUNDS = 5
SUBSCRIPTIONS = 2000
LOOPED = 200
SOME = 100
QUIET = 20_000


def measure(report: Report, subscriptions=SUBSCRIPTIONS, looped=LOOPED, quiet=QUIET) -> None:
    with temporary_database("bench", fast=False) as database:
        with step(f"creating {subscriptions:,} subscriptions"):
            in_odoo.call(
                database,
                "bench.clones.prepare",
                subscriptions=subscriptions,
                began=f"{RECENTLY:%Y-%m-%d}",
            )
        with step(f"{ROUNDS} × rating all, some and none of {subscriptions:,}"):
            seconds = in_odoo.call(
                database, "bench.rating.measure", rounds=ROUNDS, looped=looped, some=SOME
            )
        show(report, subscriptions, seconds)
        with step(f"growing to {quiet:,} subscriptions"):
            in_odoo.call(database, "bench.clones.grow", subscriptions=quiet)
        nothing = in_odoo.call(database, "bench.rating.repeat_nothing", rounds=ROUNDS)
        report.at_most(
            f"nothing changed, {quiet:,} subscriptions",
            [second * 1000 for second in nothing],
            200,
            "ms",
        )


def show(report: Report, subscriptions: int, seconds: dict) -> None:
    report.figure(
        "order lines, price and name written one after the other",
        subscriptions / median(seconds["loop"]),
        "/s",
    )
    report.figure(
        "subscriptions rated, all changed, one charge each",
        subscriptions / median(seconds["all"]),
        "/s",
    )
    report.at_least("times the loop", ratios(seconds["loop"], seconds["all"]), 4)
    report.at_most(
        "1 % changed, of that run's time",
        [100 * ratio for ratio in ratios(seconds["some"], seconds["all"])],
        3,
        "%",
    )
