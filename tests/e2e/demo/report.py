"""What the demo says at its end: the table, the differences, where to look."""

from collections import Counter
from decimal import Decimal

from devtools.console import say
from e2e.demo.billed import Posted
from e2e.demo.prices import METRICS
from e2e.demo.recount import Bill, Usage

HEAD = ("customer", "metric", "used", "included", "billed", "amount", "invoice", "tax", "total")
MENUS = "Apps: Fusion Billing (subscriptions, usage, ratings) and Invoicing (the invoices)."
ZERO = Usage(*[Decimal(0)] * 4)


def print_table(subscriptions: dict, ledger: dict, invoices: dict) -> None:
    """Print what was billed: a row for each metric, then one for each invoice.

    :param dict subscriptions: external id by customer
    :param dict ledger, invoices: see `e2e.demo.billed`
    """
    rows = [HEAD]
    for customer, subscription in subscriptions.items():
        rated = ledger.get(subscription, {})
        rows += [usage_row(customer, metric, rated.get(metric, ZERO)) for metric in METRICS]
        rows += [invoice_row(customer, posted) for posted in invoices.get(subscription, [])]
    print("\n" + "\n".join(aligned(rows)) + "\n", flush=True)


def usage_row(customer: str, metric: str, usage: Usage) -> tuple:
    quantities = map(plain, usage[:3])
    return customer, METRICS[metric]["name"], *quantities, money(usage.amount), "", "", ""


def invoice_row(customer: str, posted: Posted) -> tuple:
    _lines, untaxed, tax, total = posted.invoice
    return customer, "", "", "", "", money(untaxed), posted.number, money(tax), money(total)


def money(amount: Decimal) -> str:
    return f"{amount:,.2f}"


def plain(number: Decimal) -> str:
    """Thousands apart, no zeros that say nothing."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def aligned(rows: list[tuple]) -> list[str]:
    """Words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    words = {HEAD.index(name) for name in ("customer", "metric", "invoice")}
    return [
        "  ".join(
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def compare(subscriptions: dict, bills: dict[str, Bill], ledger: dict, invoices: dict) -> list[str]:
    """Say in a sentence each where billing and the recount differ, and what else was billed."""
    found = []
    for customer, subscription in subscriptions.items():
        rated, posted = ledger.get(subscription, {}), invoices.get(subscription, [])
        found += compare_usage(customer, bills[customer].usage, rated)
        found += compare_invoices(customer, bills[customer].invoices, posted)
    strangers = (ledger.keys() | invoices.keys()) - set(subscriptions.values())
    return found + [f"{stranger} was billed and is no customer" for stranger in strangers]


def compare_usage(customer: str, expected: dict, rated: dict) -> list[str]:
    return [
        f"{customer}, {metric}: {name} {plain(is_)}, recounted {plain(should)}"
        for metric, usage in expected.items()
        for name, is_, should in zip(Usage._fields, rated.get(metric, ZERO), usage, strict=True)
        if is_ != should
    ]


def compare_invoices(customer: str, expected: list, posted: list[Posted]) -> list[str]:
    surplus = Counter(one.invoice for one in posted)
    surplus.subtract(Counter(expected))
    return [
        f"{customer}: {'an invoice too many' if count > 0 else 'no invoice'} of"
        f" {' + '.join(map(str, invoice.lines))} + tax {invoice.tax} = {invoice.total}"
        for invoice, count in surplus.items()
        if count
    ]


def say_traffic(calls: int, status: dict) -> None:
    pushed = status["pushed"]
    say(
        f"  {calls:,} calls; {pushed['accepted']:,} counters in {pushed['batches']} batches,"
        f" {pushed['resent']:,} of them sent twice"
    )


def say_how_to_return(database: str) -> None:
    say(f"To look at it: ./dev serve --db {database}, log in as admin with the password admin.")
    say(MENUS)


def say_where_to_look(odoo: str, app: str) -> None:
    """Say how to see in Odoo what the table shows."""
    say(f"Odoo:     {odoo}/odoo  (user admin, password admin)")
    say(f"NexaMaps: {app}/status")
    say(MENUS)
    say("Ctrl-C ends everything.")
