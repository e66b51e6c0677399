"""A subscription's 48th month against its first, and the memory of runs."""

from datetime import timedelta
from statistics import median

from devtools.console import step
from devtools.databases import temporary_database
from e2e import in_odoo
from e2e.bench.ingest import TODAY
from e2e.bench.report import Report, ratios

ROUNDS = 5
SIZE = 10
CROWD = 10_000
MEMORY = 400  # MiB
OVER = timedelta(35)  # the first period is over


def measure(report: Report, size: int = SIZE, rounds: int = ROUNDS, crowd: int = CROWD) -> None:
    with (
        temporary_database("bench", fast=True) as database,
        step(f"{size} subscriptions live 48 months, and as many one"),
    ):
        steps = in_odoo.call(database, "bench.age.measure", rounds=rounds, size=size)
    for name, figures in steps.items():
        show(report, name, figures["old"], figures["new"])
    memory(report, crowd)


def show(report: Report, name: str, old: list, new: list) -> None:
    (old_seconds, old_statements), (new_seconds, new_statements) = (
        zip(*figures, strict=True) for figures in (old, new)
    )
    report.at_most(
        f"{name} in the 48th month, of the first's time", ratios(old_seconds, new_seconds), 1.1
    )
    more = median(old_statements) - median(new_statements)
    report.figure(f"  {name}: statements in the first month", median(new_statements), "")
    report.at_most(f"{name}: statements more in the 48th", [more], 0, "")


def memory(report: Report, crowd: int) -> None:
    """What a process takes that rates a crowd, and then as many again."""
    with temporary_database("bench", fast=True) as database:
        in_odoo.call(
            database,
            "bench.clones.prepare",
            subscriptions=crowd,
            began=f"{TODAY - OVER:%Y-%m-%d}",
            plan="full",
        )
        with (
            step(f"rating and billing {crowd:,} subscriptions in one process"),
            in_odoo.started(database, "bench.memory.measure") as process,
        ):
            peaks = in_odoo.finish(process, 3600)
    for name, peak in peaks.items():
        report.at_most(f"memory of {name}", [peak], MEMORY, "MiB")
