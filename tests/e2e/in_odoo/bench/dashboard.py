"""The one call of the dashboard, for a company that is a year old."""

import time

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tools import SQL

from e2e.in_odoo.bench import age, clones

MONTHS = 12


def prepare(env, subscriptions: int) -> float:
    """Make subscriptions with a year of ledger and documents, of which the last is not paid.

    :return: seconds in which the log of recurring revenue is written for all of them
    """
    began = env.company._fusion_today() - relativedelta(months=MONTHS, days=5)
    clones.prepare(env, 1, f"{began:%Y-%m-%d}", "full")
    first = env["sale.order"].search([("fusion_plan_id", "!=", False)])
    for month in range(1, MONTHS + 1):
        use(env, first, began + relativedelta(months=month, days=-3))
        first._fusion_bill_until(began + relativedelta(months=month))
    use(env, first, env.company._fusion_today())
    env["fusion.billing.rating"]._rate_requested(first)
    env.cr.commit()
    copy(env, first, subscriptions - 1)
    begun = time.perf_counter()
    env["fusion.billing.revenue.movement"]._cron_follow_calendar()
    env.cr.commit()
    return time.perf_counter() - begun


def use(env, order, day) -> None:
    """Give each metric a counter on a day."""
    start = fields.Datetime.to_datetime(day)
    env["fusion.billing.usage"].create(
        [
            {
                "subscription_id": order.id,
                "metric_id": metric.id,
                "quantity": 150.25,
                "period_start": start,
                "period_end": start + relativedelta(hours=1),
            }
            for metric in order.fusion_plan_id.charge_ids.metric_id
        ]
    )


def copy(env, first, count: int) -> None:
    """Copy a subscription with what it owes and its documents."""
    invoices, ratings = first.invoice_ids.sorted("id"), first.fusion_rating_ids
    env.cr.execute(
        SQL("UPDATE account_move SET payment_state = 'paid' WHERE id = ANY(%s)", invoices[:-1].ids)
    )
    order = SQL("%s + n", clones._next_id(env, "sale.order"))
    clones.copy(env, first, count)
    if count < 1:
        return
    env.cr.execute("SET LOCAL session_replication_role = replica")
    name = SQL("concat(source.name, '/', n)")
    for table, rows, values in (
        ("fusion_billing_rating", ratings, {"subscription_id": order}),
        ("account_move", invoices, {"name": name, "access_token": SQL("NULL")}),
    ):
        clones._copy_rows(env, table, rows.ids, count, values)
    env.invalidate_all()
    env.cr.commit()


def read(env, rounds: int) -> dict:
    """Read the dashboard as an administrator, after a first time that warms up.

    :return: `{"call": [seconds], "calendar": [seconds], "totals": [seconds]}`; the second of the
        scheduled action that finds nothing, the third of what a pivot of all subscriptions adds up
    """
    dashboard = env["fusion.billing.dashboard"].with_user(env.ref("base.user_admin"))
    answer, seconds = dashboard.read_dashboard(), {"call": [], "calendar": [], "totals": []}
    if not answer["revenue"][0]["amount"]:
        raise AssertionError("there is nothing to read")
    for _round in range(rounds):
        seconds["call"].append(timed(env, dashboard.read_dashboard))
        movements = env["fusion.billing.revenue.movement"]
        seconds["calendar"].append(timed(env, movements._cron_follow_calendar))
        seconds["totals"].append(timed(env, lambda: total(env)))
    return seconds


def total(env) -> None:
    """Add up the amounts of all subscriptions, by plan."""
    env["sale.order"]._read_group(
        [("fusion_plan_id", "!=", False)],
        ["fusion_plan_id"],
        ["fusion_monthly_amount:sum", "fusion_usage_to_bill:sum", "fusion_due_amount:sum"],
    )


def timed(env, step) -> float:
    return age.timed(env, lambda _orders: step(), env["sale.order"])[0]
