"""When a step of dunning is due, held against a second way that goes from day to day."""

import unittest
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.collection.dunning import Step, Taken, next_step

FIRST = date(2026, 1, 1)
DAYS = 120  # of a history
FAR = 400  # days in which whatever is due comes to its day


def day(number):
    return FIRST + timedelta(days=number)


steps = st.builds(Step, st.integers(1, 40), st.integers(0, 2), st.integers(1, 9))
policies = st.lists(steps, max_size=6, unique=True)
days = st.integers(-30, DAYS).map(day)
takens = st.none() | st.builds(Taken, steps, days)
promises = st.none() | days


def may_be_taken(step, today, oldest_due, taken, promised_until):
    """Whether a step stands before nothing that was taken, and everybody has had their time."""
    has_come = (today - oldest_due).days >= step.days
    is_alone = promised_until is None or today > promised_until
    if taken is None:
        return has_come and is_alone
    has_had_time = (today - taken.day).days >= step.days - taken.step.days
    return has_come and is_alone and has_had_time


def first_day(policy, oldest_due, taken, promised_until):
    """The next step and its day, by looking at each day; None if there is none."""
    left = [one for one in policy if taken is None or not place(one) <= place(taken.step)]
    for number in range(-60, FAR):
        for one in left:
            is_first = all(place(one) <= place(other) for other in left)
            if is_first and may_be_taken(one, day(number), oldest_due, taken, promised_until):
                return one, day(number)
    return None


def place(step):
    return step.days * 10_000 + step.sequence * 100 + step.id


class TestNextStep(unittest.TestCase):
    @quick
    @given(policies, days, takens, promises)
    def test_it_is_what_looking_at_each_day_finds(self, policy, oldest_due, taken, promised):
        found = next_step(policy, oldest_due, taken, promised)
        self.assertEqual(found, first_day(policy, oldest_due, taken, promised))

    @quick
    @given(policies, days, takens, promises, st.randoms(use_true_random=False))
    def test_the_order_in_which_steps_are_given_is_nothing(self, policy, due, taken, until, rng):
        mixed = rng.sample(policy, len(policy))
        self.assertEqual(next_step(mixed, due, taken, until), next_step(policy, due, taken, until))

    @quick
    @given(policies, days, st.builds(Taken, steps, days), promises, policies)
    def test_steps_that_stand_before_one_that_was_taken_change_nothing(
        self, policy, due, taken, until, more
    ):
        gone = [one for one in more if place(one) <= place(taken.step)]
        self.assertEqual(
            next_step([*policy, *gone], due, taken, until), next_step(policy, due, taken, until)
        )

    @quick
    @given(policies, days, takens, promises, st.integers(0, 60))
    def test_who_promises_longer_or_is_due_later_is_not_asked_earlier(
        self, policy, due, taken, until, more
    ):
        found = next_step(policy, due, taken, until)
        if found is None:
            return
        later = timedelta(days=more)
        for other in (
            next_step(policy, due, taken, max(until or due, due) + later),
            next_step(policy, due + later, taken, until),
        ):
            self.assertEqual(other[0], found[0])
            self.assertGreaterEqual(other[1], found[1])


class TestHistory(unittest.TestCase):
    """A customer who never pays, day by day."""

    def play(self, policy, runs, promises=(), changes=()):
        """Let dunning run on some days; return `[(step, day)]`, in the order in which they were."""
        taken, promises, changes = [], dict(promises), dict(changes)
        promised = None
        for number in range(DAYS):
            promised = promises.get(number, promised)
            policy = changes.get(number, policy)
            while number in runs:
                last = Taken(*taken[-1]) if taken else None
                found = next_step(policy, FIRST, last, promised)
                if not found or found[1] > day(number):
                    break
                taken.append((found[0], day(number)))
        return taken

    @quick
    @given(policies)
    def test_where_it_runs_each_day_each_step_is_taken_once_on_its_day(self, policy):
        expected = [(one, day(one.days)) for one in sorted(policy, key=place)]
        self.assertEqual(self.play(policy, range(DAYS)), expected)

    @quick
    @given(policies, st.sets(st.integers(0, DAYS - 1)))
    def test_the_time_between_two_steps_is_never_shorter_than_the_policy_says(self, policy, runs):
        """T3: also after late runs."""
        taken = self.play(policy, runs)
        self.assertEqual([one for one, _day in taken], sorted(policy, key=place)[: len(taken)])
        for (before, first), (after, second) in pairwise(taken):
            self.assertGreaterEqual((second - first).days, after.days - before.days)

    @quick
    @given(
        policies,
        st.sets(st.integers(0, DAYS - 1)),
        st.lists(st.tuples(st.integers(0, DAYS - 1), days), max_size=3),
        st.lists(st.tuples(st.integers(0, DAYS - 1), policies), max_size=3),
    )
    def test_whatever_happens_steps_go_forwards_and_none_is_taken_in_a_promise(
        self, policy, runs, promises, changes
    ):
        taken = self.play(policy, runs, promises, changes)
        places = [place(one) for one, _day in taken]
        self.assertEqual(places, sorted(set(places)))
        promises = sorted(dict(promises).items())
        for one, on in taken:
            self.assertGreaterEqual(on, day(one.days))
            promised = [until for number, until in promises if day(number) <= on]
            self.assertFalse(promised and on <= promised[-1], (one, on, promised))

    def test_a_late_run_gives_the_time_that_the_policy_gives(self):
        mail, pause = Step(3), Step(7)
        self.assertEqual(
            self.play([mail, pause], [50, 51, 53, 54, 60]), [(mail, day(50)), (pause, day(54))]
        )

    def test_steps_of_a_day_are_taken_together_in_their_order(self):
        one, two, three = Step(3, 1, 9), Step(3, 2, 1), Step(3, 2, 2)
        self.assertEqual(
            self.play([three, one, two], range(DAYS)),
            [(each, day(3)) for each in (one, two, three)],
        )
