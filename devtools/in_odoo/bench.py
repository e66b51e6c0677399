"""What `./dev bench` measures inside Odoo's own process."""

import time

from odoo import fields

from devtools.in_odoo import crons
from devtools.in_odoo.metered import METRIC


def ingest_one_by_one(env, rounds: list[list[dict]]) -> list[float]:
    """Store usage as a loop over the ORM does: one search by key and one create per event.

    Subscriptions and metric are looked up before, there is no HTTP, no JSON and one commit for
    all: everything but the loop itself is made cheap.

    :param rounds: the events of each round
    :return: seconds of each round
    """
    metric = env["fusion.billing.metric"].search([("code", "=", METRIC)])
    ids = {order.fusion_external_id: order.id for order in env["sale.order"].search([])}
    seconds = []
    for events in rounds:
        begun = time.perf_counter()
        for event in events:
            ingest_one(env, event, ids[event["subscription_external_id"]], metric.id)
        env.cr.commit()
        seconds.append(time.perf_counter() - begun)
    return seconds


def ingest_one(env, event: dict, subscription_id: int, metric_id: int) -> None:
    identity = {
        "subscription_id": subscription_id,
        "metric_id": metric_id,
        "idempotency_key": event["idempotency_key"],
    }
    known = [(name, "=", value) for name, value in identity.items()]
    if not env["fusion.billing.usage"].search(known):
        env["fusion.billing.usage"].create({
            **identity,
            "period_start": to_datetime(event["period_start"]),
            "period_end": to_datetime(event["period_end"]),
            "quantity": float(event["quantity"]),
            "source": "bench",
        })


def to_datetime(text: str):
    return fields.Datetime.to_datetime(text.replace("T", " ").replace("Z", ""))


def run_cron(env, name: str) -> float:
    """Run one of the billing crons.

    :return: seconds
    """
    begun = time.perf_counter()
    crons.run(env, [name])
    return time.perf_counter() - begun
