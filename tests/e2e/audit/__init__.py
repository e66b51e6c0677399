"""`./dev audit`: recount everything in a database, from SQL alone.

It shares no code with the addon and reads no field that says what an amount should be: what is
owed is worked out anew from phases, items, prices, counters and zones, day by day, and held
against the ledger; the ledger is held against the documents. Slow and obvious, on purpose.
"""

from datetime import datetime
from typing import NamedTuple

from devtools.console import say
from e2e.audit.books import read
from e2e.audit.documents import DocumentAudit
from e2e.audit.ledger import LedgerAudit


class Findings(NamedTuple):
    """What an audit found: differences in sentences, and what it saw."""

    differences: list[str]
    summary: str
    conceded: dict  # by document line: what customers bear less than it settles


def audit(database: str, now: datetime | None = None) -> Findings:
    """Recount a database.

    :param now: the moment to take for the present, naive in UTC
    """
    books = read(database, now)
    ledger, documents = LedgerAudit(books), DocumentAudit(books)
    differences = [*ledger.differences(), *documents.differences()]
    conceded = {line: amount for line, amount in documents.conceded.items() if amount}
    summary = (
        f"{len(books.orders)} subscriptions, {len(books.ratings)} ledger rows,"
        f" {len(documents.by_move)} documents, {count_counters(books)} counters"
        f" ({ledger.given_up} given up): {len(differences)} differences;"
        f" conceded {float(sum(conceded.values())):.2f},"
        f" held back {float(documents.held_back):.2f}"
    )
    if books.waiting:
        summary += f"; {len(books.waiting)} subscriptions wait to be rated and were left out"
    return Findings(differences, summary, conceded)


def count_counters(books) -> int:
    return sum(len(order.counters) for order in books.orders.values())


def main(database: str) -> int:
    """Print one line per difference and a summary; 1 if there is a difference."""
    found = audit(database)
    for difference in found.differences:
        say(difference)
    print(found.summary, flush=True)
    return 1 if found.differences else 0
