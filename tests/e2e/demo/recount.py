"""What the demo's customers owe, worked out a second time and on its own.

Reads the sample app's request log and nothing else that the app or billing made of it, and prices
it with a few lines of `decimal`. It shares no code with the addon: when the two agree, it is not
because both made the same mistake in the same place.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

CENT = Decimal("0.01")


class Usage(NamedTuple):
    """One metric of one customer in the period."""

    used: Decimal
    included: Decimal
    billed: Decimal
    amount: Decimal


class Invoice(NamedTuple):
    """What an invoice comes to; `lines` are the amounts of its lines before tax, sorted."""

    lines: tuple[Decimal, ...]
    untaxed: Decimal
    tax: Decimal
    total: Decimal


@dataclass
class Bill:
    """Everything a customer is billed for one period."""

    usage: dict[str, Usage]
    invoices: list[Invoice]


@dataclass
class Traffic:
    """What a customer did in the period, straight from the log."""

    requests: int = 0
    bytes: int = 0
    users: set = field(default_factory=set)

    def quantities(self) -> dict[str, Decimal]:
        return {
            "map_requests": Decimal(self.requests),
            "data_mb": Decimal(self.bytes) / 1_000_000,
            "active_users": Decimal(len(self.users)),
        }


def recount(
    log: Path, customers: dict, prices: dict, tax_percent: str, start: datetime, end: datetime
) -> dict[str, Bill]:
    """Work out every customer's bill.

    :param customers: plan code by customer
    :param prices: the price list, see `e2e.demo.prices`
    :param datetime start, end: the billing period, half-open
    """
    traffic = read_log(log, start, end)
    return {
        customer: bill(traffic[customer], prices[plan], Decimal(tax_percent))
        for customer, plan in customers.items()
    }


def read_log(log: Path, start: datetime, end: datetime) -> dict[str, Traffic]:
    """Count the requests of the period that were served to a customer."""
    traffic = defaultdict(Traffic)
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        inside = start <= datetime.fromisoformat(entry["at"].replace("Z", "+00:00")) < end
        if inside and entry["customer"] and entry["status"] == 200:
            count(traffic[entry["customer"]], entry)
    return traffic


def count(traffic: Traffic, entry: dict) -> None:
    traffic.requests += 1
    traffic.bytes += entry["bytes"]
    if entry["user"]:
        traffic.users.add(entry["user"])


def bill(traffic: Traffic, plan: dict, tax_percent: Decimal) -> Bill:
    """Price a customer's traffic: fees in advance are billed at both ends of the first period."""
    quantities = traffic.quantities()
    usage = {metric: rate(quantities[metric], terms) for metric, terms in plan["charges"].items()}
    fee = Decimal(plan["fee"])
    closing = [fee, *(line.amount for line in usage.values() if line.amount)]
    opening = [[fee]] if plan["fee_timing"] == "advance" else []
    return Bill(usage, sorted(invoice(lines, tax_percent) for lines in [*opening, closing]))


def rate(used: Decimal, terms: dict) -> Usage:
    included, price, batch = (
        Decimal(terms[name]) for name in ("included_quota", "price_per_unit", "unit_batch")
    )
    billed = used - included if used > included else Decimal(0)
    batches = billed / batch
    if terms["charge_model"] == "package":
        batches = batches.to_integral_value(ROUND_CEILING)
    return Usage(used, min(used, included), billed, to_cents(batches * price))


def invoice(lines: list[Decimal], tax_percent: Decimal) -> Invoice:
    untaxed = sum(lines)
    tax = to_cents(untaxed * tax_percent / 100)
    return Invoice(tuple(sorted(lines)), untaxed, tax, untaxed + tax)


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)
