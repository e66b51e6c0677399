"""The hourly rating run, against a plain loop over the ORM."""

import time

from odoo.tools import SQL

from e2e.in_odoo.bench.names import METRIC


def measure(env, rounds: int, looped: int, some: int) -> dict:
    """Rate all subscriptions, some of them and none, and write order lines one after the other.

    :param looped: how many order lines the loop writes in a round
    :param some: one of so many subscriptions has changed
    :return: the seconds of each round; those of `loop` are for as many lines as there are
    """
    touch(env, 1)
    rate(env)  # makes the rows and the lines that later runs bring up to date
    lines = env["sale.order.line"].search([("fusion_charge_id", "!=", False)])
    seconds = {"loop": [], "all": [], "some": [], "nothing": []}
    for number in range(rounds):
        seconds["loop"].append(loop(env, lines[:looped], number) * len(lines) / looped)
        for what, every in (("all", 1), ("some", some), ("nothing", 0)):
            touch(env, every)
            seconds[what].append(rate(env))
    return seconds


def touch(env, every: int) -> None:
    """Give one of so many subscriptions a counter that is not rated yet; none if it is 0."""
    if every:
        env.cr.execute(SQL(TOUCH, METRIC, every))
        env.cr.commit()


def rate(env) -> float:
    """Run what the scheduled action runs, and commit.

    :return: seconds
    """
    env.invalidate_all()
    begun = time.perf_counter()
    env["fusion.billing.usage"]._cron_rate_open_periods()
    env.cr.commit()
    return time.perf_counter() - begun


def loop(env, lines, number: int) -> float:
    """Write price and name on each order line."""
    env.invalidate_all()
    begun = time.perf_counter()
    for line in lines:
        line.write({"price_unit": number + line.id % 97, "name": f"Usage of round {number}"})
    env.cr.commit()
    return time.perf_counter() - begun


def repeat_nothing(env, rounds: int) -> list[float]:
    """The seconds of runs that find nothing to do."""
    rate(env)
    return [rate(env) for _round in range(rounds)]


def repeat_some(env, rounds: int, some: int) -> list[float]:
    """The seconds of runs for one of so many subscriptions."""
    seconds = []
    for _round in range(rounds + 1):
        touch(env, some)
        seconds.append(rate(env))
    return seconds[1:]


TOUCH = """
WITH touched AS (
    SELECT subscription.id, metric.id AS metric_id,
           date_trunc('hour', now() AT TIME ZONE 'UTC') AS start
      FROM sale_order AS subscription, fusion_billing_metric AS metric
     WHERE metric.code = %s AND subscription.fusion_state = '3_progress'
       AND subscription.id %% %s = 0
), used AS (
    INSERT INTO fusion_billing_usage (
        subscription_id, metric_id, period_start, period_end, quantity, source,
        create_date, write_date)
    SELECT id, metric_id, start, start + interval '1 hour', 150.25 + id %% 97, 'bench', now(), now()
      FROM touched
)
INSERT INTO fusion_billing_rating_request (subscription_id, touched_from, touched_until)
SELECT id, start, start FROM touched
"""
