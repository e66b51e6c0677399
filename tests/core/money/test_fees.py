"""Fees of plans follow the timeline, whatever changes are drawn (F1)."""

import unittest
from datetime import timedelta

from hypothesis import given
from hypothesis_settings import quick

from core.money.fees import begun, followed
from core.money.periods import Period
from core.money.timeline import FOREVER

from .timeline_strategies import (
    DAYS,
    START,
    A,
    B,
    apply,
    beginning,
    changes,
    days,
    same_rhythm,
    timelines,
)


def owed(fees):
    """How often each day is owed."""
    return [sum(start <= day < end for start, end in fees) for day in DAYS]


def swapped(fees, plan, before, after):
    """The days of a plan's fee on another timeline, when nothing but plans changed it so far."""
    was, now = before.days_by_plan()[plan.id], after.days_by_plan()[plan.id]
    following = [*sorted(start for start, _end in fees), FOREVER][1:]
    kept = [
        run
        for fee, day in zip(sorted(fees), following, strict=True)
        for run in followed(fee, was, now, day)
    ]
    return kept + [run for begins, run in begun(before, after) if begins == plan]


class TestFees(unittest.TestCase):
    @given(changes(same_rhythm))
    @quick
    def test_each_day_of_a_plan_is_owed_once_after_any_changes(self, drawn):
        before = beginning()
        fees = {plan: before.days_by_plan()[plan.id] for plan in (A, B)}
        for change in drawn:
            after = apply(before, [change])
            for plan in fees:
                fees[plan] = swapped(fees[plan], plan, before, after)
                self.assertEqual(owed(fees[plan]), owed(after.days_by_plan()[plan.id]))
            before = after

    @given(timelines(same_rhythm), timelines(same_rhythm), days, days)
    @quick
    def test_what_staff_began_and_ended_is_owed_on_days_that_stay_with_the_plan(
        self, before, after, first, last
    ):
        was, now = before.days_by_plan()["a"], after.days_by_plan()["a"]
        inner = [run for run in was if run.start < first < last < run.end]
        for _run in inner:
            runs = followed(Period(first, last), was, now, FOREVER)
            self.assertEqual(
                owed(runs),
                [int(first <= day < last and any(s <= day < e for s, e in now)) for day in DAYS],
            )

    def test_who_is_on_a_plan_keeps_what_was_agreed(self):
        closed = beginning().closed_on(START + timedelta(9))
        self.assertEqual(begun(beginning(), closed), [])
