"""What each step costs a subscription in its 48th month, against one in its first."""

import time
from datetime import timedelta
from decimal import Decimal

from dateutil.relativedelta import relativedelta

from odoo import fields

from e2e.in_odoo.bench import clones
from e2e.in_odoo.bench.names import METRIC

MONTHS = 48


def measure(env, rounds: int, size: int) -> dict:
    """Take the steps of a month with old subscriptions and with new ones, in turns.

    :return: `{step: {"old": [(seconds, statements)], "new": […]}}`
    """
    measured = {}
    clones.prepare(env, 1, str(env.company._fusion_today()), "full")
    for _round in range(rounds):
        old, new = live(env, size), beginners(env, size)
        for age, orders in (("new", new), ("old", old)):
            for name, step in STEPS.items():
                measured.setdefault(name, {"old": [], "new": []})[age].append(
                    timed(env, step, orders)
                )
    return measured


def live(env, size: int):
    """Subscriptions that were billed for 47 months, and whose 48th is over."""
    began = env.company._fusion_today() - relativedelta(months=MONTHS, days=2)
    orders = subscribers(env, size, began)
    for month in range(1, MONTHS):
        orders._fusion_bill_until(began + relativedelta(months=month))
        env.cr.commit()
    return orders


def beginners(env, size: int):
    """Subscriptions whose first month is over."""
    return subscribers(env, size, env.company._fusion_today() - relativedelta(months=1, days=2))


def subscribers(env, size: int, began):
    """So many new subscriptions, from a day on."""
    number = -1 - env["sale.order"].search_count([])
    first = clones.subscribe(env, number, began, "full")
    latest = max(env["sale.order"].search([]).ids)
    clones.copy(env, first, size - 1)
    return first | env["sale.order"].search([("id", ">", latest)])


def timed(env, step, orders) -> tuple[float, int]:
    env.cr.commit()
    env.invalidate_all()
    statements, begun = env.cr.sql_log_count, time.perf_counter()
    step(orders.with_env(env))
    env.flush_all()
    figures = time.perf_counter() - begun, env.cr.sql_log_count - statements
    env.cr.commit()
    return figures


# === THE STEPS === #


def ingest(orders) -> None:
    metric = orders.env["fusion.billing.metric"].search([("code", "=", METRIC)])
    start = fields.Datetime.now() - timedelta(days=10)
    orders.env["fusion.billing.usage"]._ingest(
        [
            {
                "subscription_id": order.id,
                "metric_id": metric.id,
                "quantity": Decimal("150.25"),
                "period_start": start,
                "period_end": start + timedelta(hours=1),
                "value": None,
                "dimensions": None,
                "idempotency_key": f"age/{start}",
            }
            for order in orders
        ],
        "bench",
    )


def rate(orders) -> None:
    orders.env["fusion.billing.rating"]._rate_requested(orders)


def bill(orders) -> None:
    orders._fusion_bill_until(orders.company_id._fusion_today())


STEPS = {"ingest": ingest, "rating": rate, "invoicing": bill}
