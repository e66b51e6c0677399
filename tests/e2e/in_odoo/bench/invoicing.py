"""Closing billing periods, against Odoo's own way from order to posted invoice."""

import time
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from e2e.in_odoo.bench import clones

CHUNK = 50


def measure(env, rounds: int, size: int, single: int) -> dict:
    """Bill sets of subscriptions and of equal plain orders, in turns.

    :param size: how many subscriptions and orders each round has
    :param single: how many orders are billed one per call
    :return: the seconds of each round for each document
    """
    began = env.company._fusion_today() - timedelta(35)
    clones.prepare(env, 1, str(began), "full")
    bill(env)
    plain = plain_order(env, env["sale.order"].search([("fusion_plan_id", "!=", False)]))
    seconds = {"ours": [], "chunks": [], "single": []}
    for number in range(1, rounds + 1):
        seconds["chunks"].append(core(env, plain_orders(env, plain, size), CHUNK) / size)
        seconds["single"].append(core(env, plain_orders(env, plain, single), 1) / single)
        first = clones.subscribe(env, -number, began, "full")
        clones.copy(env, first, size - 1)
        seconds["ours"].append(bill(env) / size)
    return seconds


def use(env) -> None:
    """Give whoever was never billed two counters above the quota."""
    env.cr.execute(SQL(USE))
    env.cr.commit()
    env.invalidate_all()


def bill(env) -> float:
    """Use, and run what the action runs.

    :return: seconds
    """
    use(env)
    [[due]] = env.execute_query(SQL(DUE))
    before = env["account.move"].search_count([("state", "=", "posted")])
    begun = time.perf_counter()
    env["sale.order"]._fusion_cron_create_invoices()
    env.cr.commit()
    seconds = time.perf_counter() - begun
    made = env["account.move"].search_count([("state", "=", "posted")]) - before
    if made != due:
        raise RuntimeError(f"{made} documents were posted instead of {due}")
    return seconds


def core(env, orders, chunk: int) -> float:
    """Bill orders as Odoo does, so many per call.

    :return: seconds
    """
    env.cr.commit()
    env.invalidate_all()
    begun = time.perf_counter()
    for offset in range(0, len(orders), chunk):
        orders[offset : offset + chunk]._create_invoices(grouped=False).action_post()
        env.cr.commit()
    return time.perf_counter() - begun


def plain_order(env, subscription):
    """A confirmed order with the same lines, and no subscription."""
    return env["sale.order"].create(
        {
            "partner_id": subscription.partner_id.id,
            "order_line": [
                fields.Command.create(
                    {
                        "product_id": line.product_id.id,
                        "name": line.name,
                        "product_uom_qty": 1,
                        "price_unit": line.price_unit or 1,
                    }
                )
                for line in subscription.order_line
            ],
        }
    )


def plain_orders(env, plain, count: int):
    """Copies of a quotation, confirmed."""
    orders = plain.browse().union(*(plain.copy() for _order in range(count)))
    orders.action_confirm()
    env.cr.commit()
    return orders


DUE = """
SELECT count(*) FROM sale_order
 WHERE fusion_plan_id IS NOT NULL AND fusion_last_invoice_date IS NULL
"""

USE = """
WITH used AS (
    INSERT INTO fusion_billing_usage (
        subscription_id, metric_id, period_start, period_end, quantity, source,
        create_date, write_date)
    SELECT subscription.id, metric.id, fusion_start_date + interval '1 day',
           fusion_start_date + interval '2 days', 150.25 + subscription.id %% 97, 'bench',
           now(), now()
      FROM sale_order AS subscription, fusion_billing_metric AS metric
     WHERE fusion_plan_id IS NOT NULL AND fusion_last_invoice_date IS NULL
    RETURNING subscription_id, period_start
)
INSERT INTO fusion_billing_rating_request (subscription_id, touched_from, touched_until)
SELECT subscription_id, period_start, period_start FROM used
"""
