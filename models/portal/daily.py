"""What was used on each day: for charts, and for customers who keep their own books."""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from ...core.money.periods import Period
from ...core.money.timeline import DAY
from ..ledger.target import SECOND

MOST_DAYS = 1000  # the latest ones, of a billing period of many years


class Days(NamedTuple):
    """A metric by day: pairs of a day and what was used on it, exactly."""

    charge: object
    used: list


def count_days(order, targets):
    """Combine the counters of each day as their metric says.

    Days to come are left out, and those whose counters were removed. A level that is weighted by
    time is that of its day.

    :param order: the subscription, in sudo
    :param list targets: the stretches of one billing period in which usage is charged
    :return: a list of `Days`, one for each charge
    """
    wanted = [
        _on(order, target, day)
        for target in sorted(targets, key=lambda target: target.stretch.days.start)
        for day in _days(order, target.stretch.days)
    ]
    quantities = order.env["fusion.billing.usage"]._aggregate(wanted)
    found = {target.source: [] for target in targets}
    for target, quantity in zip(wanted, quantities, strict=True):
        found[target.source].append((target.stretch.days.start, quantity))
    return [Days(charge, used[-MOST_DAYS:]) for charge, used in found.items()]


def _days(order, stretch):
    end = min(stretch.end, order._fusion_today() + DAY)
    start = max(stretch.start, end - MOST_DAYS * DAY, order.fusion_usage_kept_from or date.min)
    return [start + number * DAY for number in range(max(0, (end - start).days))]


def _on(order, target, day):
    """The same stretch, as if it were one day."""
    days = Period(day, day + DAY)
    start, end = order._fusion_zones().bounds(days)
    return replace(
        target,
        stretch=replace(target.stretch, days=days),
        spans=((start, end),),
        full_seconds=max(1, (end - start) // SECOND),
    )
