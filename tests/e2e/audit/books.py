"""Everything that an audit reads, from one snapshot of the database, in exact numbers."""

import contextlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import psycopg2

from e2e.audit.days import Clocks
from e2e.audit.prices import Terms, Tier


@dataclass
class Books:
    """The tables of one database."""

    now: datetime
    orders: dict
    plans: dict
    charges: list
    ratings: list
    lines: list
    moves: dict
    order_lines: list
    currencies: dict
    clocks: dict
    rates: list
    fees: dict  # of plans: the plan by the fee's id
    waiting: set = field(default_factory=set)  # subscriptions with changes that are not rated yet

    def today(self, company):
        return self.clocks[company].day_of(self.now)

    def step(self, currency):
        return Fraction(self.currencies[currency].rounding)


def read(database: str, now: datetime | None = None) -> Books:
    """Read the books of a database as they are at this moment.

    :param now: the moment to take for the present, naive in UTC
    """
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            return Reader(cursor).books(now or datetime.utcnow())  # noqa: DTZ003 naive in UTC


class Reader:
    def __init__(self, cursor):
        self.cursor = cursor

    def rows(self, statement):
        """Each row as a namespace; decimals as fractions."""
        self.cursor.execute(statement)
        names = [column.name for column in self.cursor.description]
        return [
            SimpleNamespace(**dict(zip(names, map(exact, row), strict=True)))
            for row in self.cursor.fetchall()
        ]

    def grouped(self, statement, name="subscription_id"):
        groups = defaultdict(list)
        for row in self.rows(statement):
            groups[getattr(row, name)].append(row)
        return groups

    def books(self, now):
        return Books(
            now=now,
            orders=self.orders(),
            plans={plan.id: plan for plan in self.rows(PLANS)},
            charges=self.charges(),
            ratings=self.rows(RATINGS),
            lines=self.rows(LINES),
            moves={move.id: move for move in self.rows(MOVES)},
            order_lines=self.rows(ORDER_LINES),
            currencies={currency.id: currency for currency in self.rows(CURRENCIES)},
            clocks=self.clocks(),
            rates=self.rows(RATES),
            fees={fee.id: fee.plan_id for fee in self.rows(FEES)},
            waiting={row.subscription_id for row in self.rows(WAITING)},
        )

    def clocks(self):
        steps = self.grouped(ZONES, "company_id")
        return {
            company.id: Clocks(
                [(step.since, step.name) for step in steps[company.id]]
                or [(None, company.zone or "UTC")]
            )
            for company in self.rows(COMPANIES)
        }

    def orders(self):
        phases, items = self.grouped(PHASES), self.grouped(ITEMS)
        usage = self.grouped(USAGE)
        orders = {order.id: order for order in self.rows(ORDERS)}
        for order in orders.values():
            order.phases = [(p.date_from, p.plan_id, p.state) for p in phases[order.id]]
            order.items, order.counters = items[order.id], usage[order.id]
        return orders

    def charges(self):
        tiers = self.grouped(TIERS, "version_id")
        versions, filters = self.grouped(VERSIONS, "charge_id"), self.grouped(FILTERS, "charge_id")
        charges = self.rows(CHARGES)
        for charge in charges:
            charge.versions = [
                (version.valid_from or date.min, version.id, terms(version, tiers[version.id]))
                for version in versions[charge.id]
            ]
            charge.usage_filter = {
                rule.dimension: {value.strip() for value in rule.dimension_values.split(",")} - {""}
                for rule in filters[charge.id]
            }
        return charges


def exact(value):
    if isinstance(value, float):
        value = Decimal(repr(value))
    return Fraction(value) if isinstance(value, Decimal) else value


def terms(version, tiers):
    return Terms(
        model=version.charge_model,
        quota=number(version.included_quota),
        price=number(version.price_per_unit),
        batch=number(version.unit_batch),
        rate=number(version.rate),
        fixed=number(version.fixed_amount),
        minimum=number(version.minimum_amount),
        maximum=number(version.maximum_amount),
        flat_at_zero=bool(version.flat_fee_at_zero),
        tiers=tuple(
            Tier(
                up_to=number(tier.up_to),
                unit=number(tier.unit_amount),
                flat=number(tier.flat_amount),
                rate=number(tier.rate),
                batch=number(tier.unit_batch),
            )
            for tier in tiers
        ),
    )


def number(value):
    return value if value is not None else Fraction(0)


COMPANIES = "SELECT id, fusion_billing_tz AS zone FROM res_company"
ZONES = "SELECT company_id, since, name FROM fusion_billing_time_zone"
CURRENCIES = "SELECT id, name, rounding FROM res_currency"
RATES = "SELECT currency_id, name AS day, rate, company_id, write_date FROM res_currency_rate"
WAITING = "SELECT DISTINCT subscription_id FROM fusion_billing_rating_request"
PLANS = """
SELECT id, billing_period_value AS every, billing_period_unit AS unit FROM fusion_billing_plan
"""
FEES = "SELECT id, plan_id FROM fusion_billing_plan_fee"
CHARGES = """
SELECT charge.id, plan_id, metric_id, metric.aggregation, currency_id, charge.active, valid_from,
       valid_until, split_at_version AS split, prorate
  FROM fusion_billing_charge AS charge
  JOIN fusion_billing_metric AS metric ON metric.id = metric_id
 WHERE plan_id IS NOT NULL
 ORDER BY plan_id, sequence, id
"""
VERSIONS = """
SELECT * FROM fusion_billing_charge_version WHERE charge_id IS NOT NULL
 ORDER BY valid_from NULLS FIRST, id
"""
TIERS = "SELECT * FROM fusion_billing_charge_tier ORDER BY sequence, id"
FILTERS = "SELECT * FROM fusion_billing_charge_filter"
ORDERS = """
SELECT id, name, company_id, currency_id, fiscal_position_id, fusion_anchor_date, fusion_end_date,
       fusion_last_invoice_date, fusion_next_invoice_date, fusion_error, fusion_usage_kept_from
  FROM sale_order AS subscription
 WHERE fusion_plan_id IS NOT NULL
    OR EXISTS (SELECT FROM fusion_billing_rating WHERE subscription_id = subscription.id)
 ORDER BY id
"""
PHASES = """
SELECT subscription_id, date_from, plan_id, state FROM fusion_billing_phase
 ORDER BY subscription_id, date_from
"""
ITEMS = "SELECT * FROM fusion_billing_item ORDER BY id"
USAGE = """
SELECT id, subscription_id, metric_id, period_start, quantity, value, dimensions, write_date
  FROM fusion_billing_usage ORDER BY id
"""
RATINGS = "SELECT * FROM fusion_billing_rating ORDER BY subscription_id, date_from, id"
# Documents that name the ledger, and those that bill lines of orders with a plan.
LINES = """
SELECT line.id, line.move_id, line.fusion_rating_id, line.fusion_settled,
       line.fusion_price_factor, line.quantity, line.price_unit, line.discount,
       line.price_subtotal, line.amount_currency, line.balance, line.display_type,
       line.create_date, line.write_date, line.fusion_conceded,
       EXISTS (
           SELECT FROM account_move_line_account_tax_rel AS link
             JOIN account_tax AS tax ON tax.id = link.account_tax_id
             JOIN res_company AS company ON company.id = tax.company_id
            WHERE link.account_move_line_id = line.id
              AND COALESCE(tax.price_include_override, company.account_price_include)
                  = 'tax_included') AS includes_tax,
       ARRAY(SELECT order_line_id FROM sale_order_line_invoice_rel
              WHERE invoice_line_id = line.id) AS order_line_ids
  FROM account_move_line AS line
 WHERE line.move_id IN (
       SELECT move_id FROM account_move_line WHERE fusion_rating_id IS NOT NULL
       UNION
       SELECT billed.move_id
         FROM account_move_line AS billed
         JOIN sale_order_line_invoice_rel AS link ON link.invoice_line_id = billed.id
         JOIN sale_order_line AS order_line ON order_line.id = link.order_line_id
         JOIN sale_order AS subscription ON subscription.id = order_line.order_id
        WHERE subscription.fusion_plan_id IS NOT NULL)
 ORDER BY line.id
"""
MOVES = """
SELECT id, name, move_type, state, currency_id, company_id, partner_id, amount_untaxed, amount_tax,
       amount_total, reversed_entry_id, fusion_bill_on, write_date, create_date
  FROM account_move WHERE move_type IN ('out_invoice', 'out_refund')
"""
ORDER_LINES = """
SELECT line.id, order_id, product_uom_qty, qty_delivered, price_unit, discount, display_type,
       is_downpayment, fusion_charge_id, template.invoice_policy, line.write_date,
       EXISTS (SELECT FROM fusion_billing_item WHERE order_line_id = line.id) AS has_items
  FROM sale_order_line AS line
  LEFT JOIN product_product AS product ON product.id = line.product_id
  LEFT JOIN product_template AS template ON template.id = product.product_tmpl_id
  JOIN sale_order AS subscription ON subscription.id = order_id
 WHERE subscription.fusion_plan_id IS NOT NULL
 ORDER BY line.id
"""
