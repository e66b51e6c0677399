"""What a subscription is on, day by day: changes in any order, and billing periods."""

import unittest
from datetime import date, timedelta
from itertools import pairwise, permutations

from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.periods import Period, Recurrence
from core.money.timeline import ACTIVE, CLOSED, FOREVER, PAUSED, Phase, Plan, Timeline

from .timeline_strategies import (
    DAYS,
    QUARTERLY,
    START,
    WEEKLY,
    YEARLY,
    A,
    B,
    DayByDay,
    any_plan,
    apply,
    beginning,
    changes,
    days,
    makes_sense,
    timelines,
)

C = Plan("c", 1, "month")
ONE_DAY = timedelta(days=1)


def day(text):
    return date.fromisoformat(f"2027-{text}")


def phases(timeline):
    return [(p.day.strftime("%m-%d"), p.plan.id, p.state) for p in timeline.phases]


def starts(timeline, since, until):
    return [period.start.isoformat() for period in timeline.periods(since, until)]


def in_force(timeline):
    """The same as the slow model knows it."""
    return DayByDay(timeline).known


class TestPlans(unittest.TestCase):
    """T1: any number of plans, past and to come."""

    def test_a_ramp_is_the_same_in_whatever_order_it_is_planned(self):
        """T1."""
        steps = [(day("03-01"), B), (day("04-10"), C), (day("05-01"), A), (day("06-01"), YEARLY)]
        ramps = set()
        for order in permutations(steps):
            timeline = beginning(WEEKLY)
            for step in order:
                timeline = timeline.with_plan(*step)
            ramps.add(timeline)
        self.assertEqual(len(ramps), 1)
        self.assertEqual([phase.plan for phase in ramps.pop().phases], [WEEKLY, B, C, A, YEARLY])

    def test_a_change_before_a_planned_one_holds_until_that(self):
        """T1."""
        timeline = beginning().with_plan(day("05-01"), B).with_plan(day("03-01"), C)
        self.assertEqual(
            [timeline.on(day(d)).plan for d in ("02-28", "03-01", "04-30", "05-01")], [A, C, C, B]
        )

    def test_the_last_word_on_a_day_counts(self):
        timeline = beginning().with_plan(day("05-01"), B).with_plan(day("05-01"), C)
        self.assertEqual(timeline, beginning().with_plan(day("05-01"), C))
        self.assertEqual(timeline.with_plan(day("05-01"), A), beginning())

    def test_a_plan_taken_back_leaves_those_before_and_after_it(self):
        """T1."""
        ramp = beginning().with_plan(day("03-01"), B).with_plan(day("04-01"), C)
        self.assertEqual(ramp.without(day("03-01")), beginning().with_plan(day("04-01"), C))
        self.assertEqual(ramp.without(day("04-01")), beginning().with_plan(day("03-01"), B))

    def test_a_plan_is_taken_back_without_the_pause_of_the_same_day(self):
        paused = beginning().with_state(day("03-01"), PAUSED)
        both = paused.with_plan(day("03-01"), B)
        self.assertEqual(both.without(day("03-01"), "plan"), paused)
        self.assertEqual(both.without(day("03-01")), beginning())

    def test_one_plan_for_good_drops_a_ramp_and_keeps_the_pauses(self):
        ramp = beginning().with_plan(day("03-01"), B).with_plan(day("04-01"), C)
        paused = ramp.with_pause(day("04-05"), day("04-10"))
        self.assertEqual(
            paused.with_plan_for_good(START, A), beginning().with_pause(day("04-05"), day("04-10"))
        )

    def test_one_plan_for_good_from_a_day_on_leaves_those_before_it(self):
        ramp = beginning().with_plan(day("03-01"), B).with_plan(day("04-01"), C)
        self.assertEqual(
            ramp.with_plan_for_good(day("03-15"), A),
            beginning().with_plan(day("03-01"), B).with_plan(day("03-15"), A),
        )

    def test_a_plan_change_in_a_pause_holds_when_it_is_over(self):
        """T1."""
        timeline = beginning().with_pause(day("03-01"), day("04-01")).with_plan(day("03-10"), B)
        self.assertEqual(
            phases(timeline),
            [
                ("01-31", "a", ACTIVE),
                ("03-01", "a", PAUSED),
                ("03-10", "b", PAUSED),
                ("04-01", "b", ACTIVE),
            ],
        )

    def test_plans_recur_alike_that_are_billed_as_often(self):
        self.assertTrue(A.recurs_like(B))
        self.assertFalse(A.recurs_like(QUARTERLY))
        self.assertFalse(A.recurs_like(Plan("a", 1, "year")))

    def test_what_begins_on_a_day_is_not_to_come_after_it(self):
        timeline = beginning().with_plan(day("03-01"), B).with_plan(day("04-01"), C)
        self.assertEqual(timeline.after(day("03-01")), timeline.phases[2:])
        self.assertEqual(timeline.after(day("02-28")), timeline.phases[1:])

    def test_a_change_that_changes_nothing_leaves_no_trace(self):
        self.assertEqual(beginning().with_plan(day("03-01"), A), beginning())
        self.assertEqual(beginning().without(day("03-01")), beginning())
        self.assertEqual(beginning().without(START), beginning())


class TestPauses(unittest.TestCase):
    """T1: no slot for the latest pause."""

    def test_a_second_pause_does_not_forget_the_first(self):
        first, second = (day("03-01"), day("03-05")), (day("04-01"), day("04-05"))
        timeline = beginning().with_pause(*second).with_pause(*first)
        self.assertEqual(timeline, beginning().with_pause(*first).with_pause(*second))
        self.assertEqual([run.days for run in timeline.billed_days()[:2]], [29, 27])

    def test_a_pause_around_a_planned_one_does_not_end_with_it(self):
        """T1: until the 25th was asked for, so it is."""
        timeline = beginning().with_pause(day("03-10"), day("03-20"))
        self.assertEqual(
            timeline.with_pause(day("03-05"), day("03-25")),
            beginning().with_pause(day("03-05"), day("03-25")),
        )

    def test_a_pause_in_a_pause_changes_nothing(self):
        timeline = beginning().with_pause(day("03-05"), day("03-25"))
        self.assertEqual(timeline.with_pause(day("03-10"), day("03-20")), timeline)

    def test_pauses_that_overlap_become_one(self):
        one, two = (day("03-01"), day("03-15")), (day("03-10"), day("03-20"))
        both = beginning().with_pause(day("03-01"), day("03-20"))
        self.assertEqual(beginning().with_pause(*one).with_pause(*two), both)
        self.assertEqual(beginning().with_pause(*two).with_pause(*one), both)

    def test_a_pause_until_further_notice_ends_where_an_end_is_planned(self):
        timeline = beginning().with_pause(day("03-10"), day("03-20"))
        self.assertEqual(
            timeline.with_state(day("03-05"), PAUSED),
            beginning().with_pause(day("03-05"), day("03-20")),
        )

    def test_who_resumes_early_keeps_the_next_pause(self):
        timeline = beginning().with_pause(day("03-01"), day("03-20"))
        timeline = timeline.with_pause(day("04-01"), day("04-05")).with_state(day("03-08"), ACTIVE)
        self.assertEqual(
            timeline,
            beginning()
            .with_pause(day("03-01"), day("03-08"))
            .with_pause(day("04-01"), day("04-05")),
        )

    def test_a_pause_does_not_reopen_what_is_closed(self):
        closed = beginning().closed_on(day("03-10"))
        paused = closed.with_pause(day("03-05"), day("03-25"))
        self.assertEqual(
            (paused.end, paused.billed_days()), (day("03-10"), [Period(START, day("03-05"))])
        )


class TestEnds(unittest.TestCase):
    """T1, T4."""

    def test_an_end_drops_what_was_planned_for_later(self):
        timeline = beginning().with_plan(day("05-01"), B).closed_on(day("04-01"))
        self.assertEqual(timeline, beginning().closed_on(day("04-01")))
        self.assertEqual(timeline.end, day("04-01"))

    def test_an_end_can_be_moved_either_way(self):
        """T1: the last word counts, also on a later end."""
        timeline = beginning().closed_on(day("04-01"))
        self.assertEqual(timeline.closed_on(day("03-15")), beginning().closed_on(day("03-15")))
        self.assertEqual(timeline.closed_on(day("05-15")), beginning().closed_on(day("05-15")))

    def test_an_end_taken_back_leaves_a_pause_before_it(self):
        paused = beginning().with_state(day("03-01"), PAUSED)
        self.assertEqual(paused.closed_on(day("04-01")).kept_open(), paused)
        self.assertEqual(paused.closed_on(day("04-01")).without(day("04-01")), paused)
        self.assertEqual(beginning().kept_open(), beginning())

    def test_an_end_taken_back_leaves_the_plan_that_was_to_begin_that_day(self):
        timeline = beginning().with_plan(day("04-01"), B)
        self.assertEqual(timeline.closed_on(day("04-01")).kept_open(), timeline)

    def test_what_ended_as_it_began_can_go_on(self):
        closed = beginning().closed_on(START)
        self.assertEqual(
            (closed.end, closed.billed_days(), closed.periods(START, day("12-01"))), (START, [], [])
        )
        self.assertIsNone(closed.next_period(START))
        self.assertEqual(closed.kept_open(), beginning())
        self.assertEqual(closed.reopened_on(START), beginning())

    def test_the_end_is_the_first_closed_day_whatever_plans_follow(self):
        timeline = beginning().closed_on(day("04-01")).with_plan_for_good(day("05-01"), B)
        self.assertEqual(timeline.end, day("04-01"))

    def test_what_reopens_on_its_end_never_ended(self):
        """T1: one phase for each day."""
        timeline = beginning().closed_on(day("04-01")).reopened_on(day("04-01"))
        self.assertEqual(timeline, beginning())

    def test_what_reopens_later_was_closed_meanwhile(self):
        timeline = beginning(B).closed_on(day("03-10")).reopened_on(day("03-20"))
        self.assertIsNone(timeline.end)
        self.assertEqual(
            timeline.billed_days(), [Period(START, day("03-10")), Period(day("03-20"), FOREVER)]
        )
        self.assertIsNone(timeline.period_on(day("03-15")))
        for closed in ("03-10", "03-15"):
            self.assertEqual(
                timeline.next_period(day(closed)).lived, Period(day("03-20"), day("03-31"))
            )


class TestRhythms(unittest.TestCase):
    """R4, T1: monthly, yearly, weekly, in turn."""

    def test_a_yearly_plan_begins_its_year_on_the_day_of_the_change(self):
        timeline = beginning().with_plan(day("03-15"), YEARLY)
        before, after = timeline.periods(day("02-28"), day("04-01"))
        self.assertEqual(before, (day("02-28"), day("03-15"), Period(day("02-28"), day("03-31"))))
        self.assertEqual(after.lived, Period(day("03-15"), date(2028, 3, 15)))
        self.assertEqual(after.full, after.lived)

    def test_back_to_monthly_inside_a_year_begins_a_month_that_day(self):
        timeline = beginning().with_plan(day("03-15"), YEARLY).with_plan(day("05-20"), A)
        self.assertEqual(
            starts(timeline, day("03-15"), day("07-01")), ["2027-03-15", "2027-05-20", "2027-06-20"]
        )

    def test_the_31st_is_kept_when_quarters_begin_at_the_end_of_february(self):
        """R4: no drift to the 28th with the change of plan."""
        timeline = beginning().with_plan(day("02-28"), QUARTERLY)
        self.assertEqual(
            starts(timeline, START, day("12-01")),
            ["2027-01-31", "2027-02-28", "2027-05-31", "2027-08-31", "2027-11-30"],
        )

    def test_the_31st_is_kept_over_a_time_on_weeks(self):
        """R4: 30 April is where the months from 31 January begin."""
        timeline = beginning().with_plan(day("03-20"), WEEKLY).with_plan(day("04-30"), B)
        self.assertEqual(
            starts(timeline, day("04-30"), day("07-01")), ["2027-04-30", "2027-05-31", "2027-06-30"]
        )

    def test_a_year_from_the_end_of_a_short_month_has_that_day(self):
        """R4: there is no 31 April to keep."""
        timeline = beginning().with_plan(day("04-30"), YEARLY)
        self.assertEqual(
            starts(timeline, day("04-30"), date(2029, 5, 1)),
            ["2027-04-30", "2028-04-30", "2029-04-30"],
        )

    def test_a_year_from_28_february_of_who_is_billed_on_the_29th(self):
        """R4."""
        monthly = Timeline.of([Phase(day("01-29"), A)]).with_plan(day("02-28"), YEARLY)
        self.assertEqual(
            starts(monthly, day("02-28"), date(2029, 3, 1)),
            ["2027-02-28", "2028-02-29", "2029-02-28"],
        )

    def test_another_plan_with_the_same_rhythm_changes_no_boundary(self):
        timeline = beginning().with_plan(day("03-15"), B)
        self.assertEqual(timeline.rhythms, beginning().rhythms)

    def test_a_rhythm_goes_on_after_a_close(self):
        """R4: reopened in May, still billed on the 31st."""
        timeline = beginning().closed_on(day("03-10")).reopened_on(day("05-20"))
        self.assertEqual(
            starts(timeline, START, day("07-01")),
            ["2027-01-31", "2027-02-28", "2027-05-20", "2027-05-31", "2027-06-30"],
        )

    def test_no_full_period_reaches_across_the_day_until_which_all_are_whole(self):
        """R10: one that was cut by an end may go on; one that another rhythm cut does not."""
        closed = beginning().closed_on(day("03-10"))
        reopened = closed.reopened_on(day("03-20"))
        weekly = beginning().with_plan(day("03-10"), WEEKLY)
        for timeline, until, expected in (
            (beginning(), "03-30", "02-28"),
            (beginning(), "03-31", "03-31"),
            (closed, "03-09", "02-28"),
            (closed, "03-30", "02-28"),
            (closed, "06-15", "03-31"),
            (reopened, "03-25", "02-28"),
            (reopened, "03-31", "03-31"),
            (weekly, "03-09", "02-28"),
            (weekly, "03-10", "03-10"),
            (weekly, "03-18", "03-10"),
            (beginning().closed_on(day("03-31")), "03-31", "03-31"),
            (beginning().closed_on(START), "06-15", "06-15"),
        ):
            with self.subTest(phases(timeline), until=until):
                self.assertEqual(timeline.whole_until(day(until)), day(expected))

    def test_who_begins_inside_a_period_has_a_short_first_one(self):
        timeline = beginning(anchor=day("02-15"))
        first = timeline.period_on(START)
        self.assertEqual(first, (START, day("02-15"), Period(day("01-15"), day("02-15"))))


class TestAnyChanges(unittest.TestCase):
    @quick
    @given(any_plan, changes())
    def test_every_change_does_to_each_day_what_it_says(self, plan, drawn):
        """T1, by a slow second way: day by day."""
        timeline, slow = beginning(plan), DayByDay(beginning(plan))
        for name, *arguments in drawn:
            if makes_sense(timeline, name, *arguments):
                timeline = getattr(timeline, name)(*arguments)
                getattr(slow, name)(*arguments)
                self.assertEqual(in_force(timeline), slow.known, (name, arguments))

    @quick
    @given(timelines())
    def test_phases_are_in_order_one_a_day_and_each_changes_something(self, timeline):
        """T1."""
        for before, after in pairwise(timeline.phases):
            self.assertLess(before.day, after.day)
            self.assertNotEqual((before.plan, before.state), (after.plan, after.state))

    @quick
    @given(timelines(), days, any_plan, days, st.sampled_from((ACTIVE, PAUSED)))
    def test_plans_and_pauses_do_not_wait_for_each_other(self, timeline, one, plan, two, state):
        """T1: in either order."""
        assume(timeline.on(two).state != CLOSED)
        self.assertEqual(
            timeline.with_plan(one, plan).with_state(two, state),
            timeline.with_state(two, state).with_plan(one, plan),
        )

    @quick
    @given(timelines(), st.lists(st.tuples(days, days).map(sorted), max_size=4))
    def test_pauses_come_to_the_same_in_any_order(self, timeline, pauses):
        """T1."""
        outcomes = set()
        for order in list(permutations(pauses))[:6]:
            paused = timeline
            for start, end in order:
                paused = paused.with_pause(start, end)
            outcomes.add(paused)
        self.assertEqual(len(outcomes), 1)

    @quick
    @given(st.dictionaries(days, st.integers(0, 9), max_size=5))
    def test_plan_changes_on_different_days_come_to_the_same_in_any_order(self, ramp):
        """T1: each to a plan of its own; the later day decides, not the later click."""
        plans = {start: Plan((start, number), 1, "month") for start, number in ramp.items()}
        outcomes = set()
        for order in list(permutations(plans))[:24]:
            timeline = beginning()
            for start in order:
                timeline = timeline.with_plan(start, plans[start])
            outcomes.add(timeline)
        self.assertEqual(len(outcomes), 1)

    @quick
    @given(timelines(), days, any_plan)
    def test_a_plan_taken_back_gives_the_original(self, timeline, start, plan):
        """T1."""
        known = {p.day for p in timeline.phases} | {START}
        around = {p.plan for p in timeline.phases}
        assume(start not in known and plan not in around)
        self.assertEqual(timeline.with_plan(start, plan).without(start), timeline)

    @quick
    @given(timelines(), days, days)
    def test_a_pause_taken_back_gives_the_original(self, timeline, start, until):
        """T1: of days that were all active."""
        assume(any(run.start < start < until < run.end for run in timeline.billed_days()))
        assume(all(not start <= phase.day <= until for phase in timeline.phases))
        self.assertEqual(timeline.with_pause(start, until).without(start), timeline)

    @quick
    @given(timelines(), days)
    def test_an_end_taken_back_gives_the_original_of_its_day(self, timeline, end):
        """T1: what was planned for later is gone for good."""
        assume(end > START and timeline.on(end - ONE_DAY).state != CLOSED)
        assume(timeline.on(end).state == timeline.on(end - ONE_DAY).state)
        assume(not timeline.after(end))
        self.assertEqual(timeline.closed_on(end).kept_open(), timeline)

    @quick
    @given(timelines(), days, st.sampled_from((ACTIVE, PAUSED)))
    def test_what_is_changed_ahead_leaves_the_days_before_it(self, timeline, start, state):
        """T2."""
        assume(start <= (timeline.end or start))
        before = [known for d, known in in_force(timeline).items() if d < start]
        for changed in (
            timeline.with_plan(start, C),
            timeline.with_state(start, state),
            timeline.closed_on(start),
            timeline.with_pause(start, start + 9 * ONE_DAY),
            timeline.without(start),
        ):
            after = [known for d, known in in_force(changed).items() if d < start]
            self.assertEqual(after, before)


class TestAnyPeriods(unittest.TestCase):
    @quick
    @given(timelines())
    def test_periods_tile_the_life_without_holes(self, timeline):
        """R2: each day that is not closed is in exactly one."""
        periods = timeline.periods(DAYS[0], DAYS[-1])
        held = [
            START + n * ONE_DAY
            for period in periods
            for n in range((period.start - START).days, (period.end - START).days)
        ]
        alive = [d for d in DAYS if timeline.on(d).state != CLOSED]
        self.assertEqual(len(held), len(set(held)))
        self.assertLessEqual(set(alive[:-1]), set(held))
        self.assertFalse(set(held) & (set(DAYS) - set(alive)))

    @quick
    @given(timelines(), days)
    def test_the_period_of_a_day_is_the_same_from_wherever_one_looks(self, timeline, looked):
        """R2."""
        period = timeline.period_on(looked)
        self.assertEqual(period is None, timeline.on(looked).state == CLOSED)
        if period:
            self.assertTrue(period.full.start <= period.start <= looked < period.end)
            self.assertLessEqual(period.end, period.full.end)
            self.assertIn(period, timeline.periods(DAYS[0], DAYS[-1]))
            self.assertEqual(timeline.next_period(looked), period)

    @quick
    @given(timelines())
    def test_a_full_period_is_one_of_the_plans_recurrence(self, timeline):
        """R4: counted from one anchor."""
        for recurrence, run in timeline.rhythms:
            self.assertEqual(timeline.on(run.start).plan[1:], (recurrence.value, recurrence.unit))
            for period in timeline.periods(run.start, min(run.end, DAYS[-1])):
                self.assertEqual(recurrence.containing(period.start), period.full)

    @quick
    @given(timelines())
    def test_a_period_is_cut_only_where_life_or_rhythm_begins_or_ends(self, timeline):
        """R10: neither pauses nor plans of the same rhythm cut it."""
        ends = {end for _recurrence, run in timeline.rhythms for end in run}
        for period in timeline.periods(DAYS[0], DAYS[-1]):
            self.assertTrue(period.start == period.full.start or period.start in ends)
            self.assertTrue(period.end == period.full.end or period.end in ends)

    @quick
    @given(timelines(), days)
    def test_another_rhythm_begins_a_full_period_on_its_day(self, timeline, start):
        """R4: and keeps the day of the month of an anchor that leads to it."""
        assume(timeline.on(start).plan[1:] != QUARTERLY[1:] and start > START)
        assume(timeline.on(start).state != CLOSED and timeline.on(start - ONE_DAY).state != CLOSED)
        assume(timeline.on(start - ONE_DAY).plan[1:] != QUARTERLY[1:])
        period = timeline.with_plan(start, QUARTERLY).period_on(start)
        self.assertEqual((period.start, period.full.start), (start, start))

    @quick
    @given(days, st.sampled_from((A, QUARTERLY, YEARLY, WEEKLY)))
    def test_months_that_begin_where_the_31st_led_to_keep_it(self, start, plan):
        """R4."""
        timeline = beginning(WEEKLY, anchor=START).with_plan(start, plan)
        monthly = Recurrence(1, "month", START)
        if plan.unit == "month" and monthly.containing(start).start == start:
            second = timeline.period_on(start).end
            self.assertEqual(second, monthly.containing(second).start)

    def test_changes_that_make_no_sense_are_left_out_of_what_is_drawn(self):
        timeline = apply(beginning(), [("reopened_on", day("03-01")), ("kept_open",)])
        self.assertEqual(timeline, beginning())
