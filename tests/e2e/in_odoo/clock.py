"""Billing under a clock that does what it likes."""

from datetime import datetime, timedelta

from freezegun import freeze_time

from e2e.in_odoo import metered


def begin(env, began: str, zone: str, days: int) -> None:
    """Create subscriptions that begin on different days, and use them every day.

    One is paused for some weeks, one moves to another plan, one ends; all of that is planned ahead.

    :param days: for how many, from the first one on
    """
    first = datetime.fromisoformat(began)
    with freeze_time(first):
        env.company.fusion_billing_tz = zone
        names = metered.prepare(env, 4, f"{first:%Y-%m-%d}")["names"]
        for number in (9, 16, 30):
            names.append(f"later-{number}")
            metered.subscribe(env, names[-1], first.date() + timedelta(number))
        plan(env, names, first.date())
        for number in range(days):
            moment = first + timedelta(number, hours=number % 24)
            use(env, moment, f"{number}.5")


def plan(env, names, first) -> None:
    """Plan the future of three subscriptions."""
    paused, moved, ended = (
        env["sale.order"].search([("fusion_external_id", "=", name)]) for name in names[:3]
    )
    paused._fusion_pause(first + timedelta(40), first + timedelta(62), discard_usage=True)
    moved._fusion_change_plan(moved.fusion_plan_id.copy(), first + timedelta(70))
    ended._fusion_close(first + timedelta(100), discard_usage=True)


def use(env, moment, quantity) -> None:
    """Give a counter to every subscription that is billed at a moment."""
    metric = env["fusion.billing.metric"].search([("code", "=", metered.METRIC)])
    orders = env["sale.order"].search([("fusion_plan_id", "!=", False)])
    env["fusion.billing.usage"]._ingest(
        [
            {
                "subscription_id": order.id,
                "metric_id": metric.id,
                "period_start": moment,
                "period_end": moment + timedelta(hours=1),
                "quantity": quantity,
                "value": None,
                "dimensions": None,
                "idempotency_key": f"{moment}",
            }
            for order in orders
            if order._fusion_covers(moment)
        ],
        "bench",
    )


def run(env, moments: list[str]) -> None:
    """Run the billing crons at these moments, in this order."""
    for moment in moments:
        with freeze_time(moment):
            env["fusion.billing.usage"]._cron_rate_open_periods()
            env["sale.order"]._fusion_cron_create_invoices()
            env["account.move"]._fusion_cron_tell_overdue()
            env.cr.commit()
        env.invalidate_all()
