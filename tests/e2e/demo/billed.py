"""What Odoo billed, read from its database as exact decimals."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from devtools.databases import query
from e2e.demo.recount import Invoice, Usage


class Posted(NamedTuple):
    """An invoice with its number."""

    number: str
    invoice: Invoice


LEDGER = """
SELECT subscription.fusion_external_id, metric.code, rating.quantity::text,
       rating.included_quantity::text, rating.billable_quantity::text, rating.amount::text
  FROM fusion_billing_rating AS rating
  JOIN fusion_billing_metric AS metric ON metric.id = rating.metric_id
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
 WHERE rating.date_from = %s
"""

INVOICES = """
SELECT subscription.fusion_external_id, move.name,
       array_agg(line.price_subtotal::text), move.amount_untaxed::text, move.amount_tax::text,
       move.amount_total::text
  FROM account_move AS move
  JOIN account_move_line AS line ON line.move_id = move.id AND line.display_type = 'product'
  LEFT JOIN sale_order_line_invoice_rel AS link ON link.invoice_line_id = line.id
  LEFT JOIN sale_order_line AS order_line ON order_line.id = link.order_line_id
  LEFT JOIN sale_order AS subscription ON subscription.id = order_line.order_id
 WHERE move.move_type = 'out_invoice' AND move.state = 'posted'
 GROUP BY subscription.fusion_external_id, move.id
 ORDER BY move.name
"""


def read_ledger(database: str, period_start: date) -> dict[str, dict[str, Usage]]:
    """The ledger of a period, by subscription and metric."""
    ledger = {}
    for subscription, metric, *numbers in query(database, LEDGER, (period_start,)):
        ledger.setdefault(subscription, {})[metric] = Usage(*map(Decimal, numbers))
    return ledger


def read_invoices(database: str) -> dict[str | None, list[Posted]]:
    """All posted invoices by subscription; None is none."""
    invoices = {}
    for subscription, number, amounts, *totals in query(database, INVOICES):
        lines = tuple(sorted(map(Decimal, amounts)))
        invoices.setdefault(subscription, []).append(
            Posted(number, Invoice(lines, *map(Decimal, totals)))
        )
    return invoices
