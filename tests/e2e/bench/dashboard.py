"""The one call of the dashboard, of a company with a year of ledger and documents."""

from devtools.console import step
from devtools.databases import query, temporary_database
from e2e import in_odoo
from e2e.bench.report import Report

ROUNDS = 15
SUBSCRIPTIONS = 20_000
ALLOWED = 300  # ms
TABLES = ("fusion_billing_rating", "fusion_billing_revenue_movement", "account_move", "sale_order")


def measure(report: Report, subscriptions: int = SUBSCRIPTIONS, rounds: int = ROUNDS) -> None:
    with temporary_database("bench", fast=False) as database:
        with step(f"{subscriptions:,} subscriptions live a year"):
            written = in_odoo.call(database, "bench.dashboard.prepare", subscriptions=subscriptions)
        # As PostgreSQL does by itself, some minutes later.
        for table in TABLES:
            query(database, f"VACUUM ANALYZE {table}")
        report.figure("recurring revenue is logged for all of them", written, "s")
        seconds = in_odoo.call(database, "bench.dashboard.read", rounds=rounds)
    for what, name in (
        ("the dashboard", "call"),
        ("the log, nothing to write", "calendar"),
        ("totals of the list", "totals"),
    ):
        # The quickest round: nothing is measured beside it that else would be slowed as much.
        report.at_most(
            f"{what}, {subscriptions:,} subscriptions", [min(seconds[name]) * 1000], ALLOWED, "ms"
        )
