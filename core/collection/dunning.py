"""When the next step of dunning is due.

The steps of a policy are counted in days after the due date of the oldest unpaid invoice. Who was
told something gets the time that the policy gives them: a step never follows the one before it
sooner than the policy says, also where a run was late, the policy is new, or a promise has passed.
"""

from datetime import date, timedelta
from typing import NamedTuple

DAY = timedelta(days=1)


class Step(NamedTuple):
    """A step of a policy: its place is its days, and its order among those of the same day.

    :param int days: after the due date
    :param sequence: of those on the same day
    :param id: of those of the same sequence
    """

    days: int
    sequence: int = 0
    id: int = 0


class Taken(NamedTuple):
    """The last step that was taken, as it was then, and the day on which it was."""

    step: Step
    day: date


def next_step(steps, oldest_due, taken=None, promised_until=None):
    """Return the next step, and the first day on which it is due.

    A step is never taken once one that stands after it was: also not if it is new.

    :param steps: of the policy, in any order
    :param date oldest_due: the due date of the oldest unpaid invoice
    :param Taken taken: the last one; None if none was
    :param date promised_until: the last day on which the customer is left alone; None if none is
    :return: ``(Step, date)``; None after the last one
    """
    left = sorted(step for step in steps if taken is None or step > taken.step)
    if not left:
        return None
    day = oldest_due + left[0].days * DAY
    if taken:
        day = max(day, taken.day + (left[0].days - taken.step.days) * DAY)
    if promised_until:
        day = max(day, promised_until + DAY)
    return left[0], day
