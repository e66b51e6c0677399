"""What a subscription is on, day by day (T1).

A timeline is a list of phases. A phase says which plan a subscription is on from a day on, and
whether it is active, paused or closed; it ends where the next one begins, the last one never. A
pause for non-payment has states of its own, which say what counts in it all the same. Changes are
functions from phases to phases, so that any number of them may be planned, taken back and put into
the past, in any order.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from .periods import Period, Recurrence

ACTIVE, PAUSED, CLOSED = "active", "paused", "closed"
# Paused for non-payment: nothing counts, or usage, or fees, or both do.
UNPAID, UNPAID_USAGE, UNPAID_FEES, UNPAID_BOTH = (
    "unpaid",
    "unpaid_usage",
    "unpaid_fees",
    "unpaid_both",
)
UNPAIDS = (UNPAID, UNPAID_USAGE, UNPAID_FEES, UNPAID_BOTH)
PAUSES = (PAUSED, *UNPAIDS)
LIVING = (ACTIVE, *PAUSES)
TAKES_USAGE = (ACTIVE, UNPAID_USAGE, UNPAID_BOTH)
OWES_FEES = (ACTIVE, UNPAID_FEES, UNPAID_BOTH)
FOREVER = date.max
DAY = timedelta(days=1)


class Plan(NamedTuple):
    """What the timeline must know of a plan: an identity, and how often it is billed."""

    id: Any
    value: int
    unit: str

    def recurs_like(self, other):
        return (self.value, self.unit) == (other.value, other.unit)


@dataclass(frozen=True)
class Phase:
    """From a day on: a plan, and active, paused or closed."""

    day: date
    plan: Plan
    state: str = ACTIVE


class BillingPeriod(NamedTuple):
    """A billing period as it was lived: cut where the subscription or its rhythm begins or ends.

    ``full`` is the whole period that the recurrence knows, of which a share is counted.
    """

    start: date
    end: date
    full: Period

    @property
    def lived(self):
        return Period(self.start, self.end)


@dataclass(frozen=True)
class Timeline:
    """The phases of one subscription, in order of their days; no two begin on the same day.

    :param date anchor: the day from which billing periods are counted (R4)
    """

    phases: tuple
    anchor: date

    @classmethod
    def of(cls, phases, anchor=None):
        """A timeline of phases in any order."""
        phases = tidy(phases)
        return cls(phases, anchor or phases[0].day)

    # === LOOKING === #

    @property
    def start(self):
        return self.phases[0].day

    @property
    def end(self):
        """The day from which the subscription is closed for good; None while it is not."""
        state, days = self.runs(lambda phase: phase.state)[-1]
        return days.start if state == CLOSED else None

    def on(self, day):
        """The phase in force on a day; the first one for days before it."""
        return [phase for phase in self.phases if phase.day <= day or phase is self.phases[0]][-1]

    def after(self, day):
        """The phases that are to come after a day."""
        return tuple(phase for phase in self.phases if phase.day > day)

    def runs(self, same, *states):
        """The longest runs of days over which ``same(phase)`` stays the same.

        :param states: those that count; all if none is given
        :return: ``[(value, Period)]``; the last one may end at :data:`FOREVER`
        """
        runs = []
        for phase, end in self._ends():
            if states and phase.state not in states:
                continue
            value = same(phase)
            if runs and runs[-1][0] == value and runs[-1][1].end == phase.day:
                runs[-1] = (value, Period(runs[-1][1].start, end))
            else:
                runs.append((value, Period(phase.day, end)))
        return runs

    def days_by_plan(self):
        """The runs of days on each plan, whatever its state: a dict by the plan's id."""
        days_by_plan = defaultdict(list)
        for plan, days in self.runs(lambda phase: phase.plan):
            days_by_plan[plan.id].append(days)
        return days_by_plan

    def usage_days(self):
        """The runs of days on which usage is taken, and owed."""
        return self._runs_in(TAKES_USAGE)

    def fee_days(self):
        """The runs of days on which fees are owed."""
        return self._runs_in(OWES_FEES)

    def billed_days(self):
        """The runs of days on which usage or fees are owed."""
        return self._runs_in({*TAKES_USAGE, *OWES_FEES})

    def _runs_in(self, states):
        return [days for _value, days in self.runs(lambda _phase: True, *states)]

    def _ends(self):
        days = [phase.day for phase in self.phases[1:]] + [FOREVER]
        return zip(self.phases, days, strict=True)

    # === BILLING PERIODS === #

    @cached_property
    def rhythms(self):
        """Runs of days with one recurrence: ``[(Recurrence, Period)]``.

        The anchor is kept where a new rhythm fits it; otherwise it counts from its first day. A
        subscription that is closed has no rhythm.
        """
        rhythms, recurrence = [], None
        for rhythm, days in self.runs(lambda phase: phase.plan[1:], *LIVING):
            if recurrence is None:
                recurrence = Recurrence(*rhythm, self.anchor)
            elif rhythm != (recurrence.value, recurrence.unit):
                recurrence = self._new_rhythm(days.start, rhythm, recurrence.anchor)
            rhythms.append((recurrence, days))
        return rhythms

    def _new_rhythm(self, day, rhythm, anchor):
        """Another recurrence, of which a period begins on a day.

        Its anchor has the day of the month that counted before, if that leads to the day: who is
        billed on the 31st stays so when billed quarterly from 28 February on (R4).
        """
        anchors = [anchor, *_later_anchors(anchor, day), *_later_anchors(self.anchor, day), day]
        recurrences = [Recurrence(*rhythm, anchor) for anchor in anchors]
        return next(found for found in recurrences if found.containing(day).start == day)

    def periods(self, since, until):
        """The billing periods that share a day with ``[since, until)``, in order."""
        return [
            BillingPeriod(max(full.start, days.start), min(full.end, days.end), full)
            for recurrence, days in self.rhythms
            for full in recurrence.between(max(since, days.start), min(until, days.end))
        ]

    def period_on(self, day):
        """The billing period that contains a day, or None while there is none."""
        return next(iter(self.periods(day, day + DAY)), None)

    def next_period(self, day):
        """The billing period that contains a day, or the first one after it; None at the end."""
        for recurrence, days in self.rhythms:
            if days.end > day:
                full = recurrence.containing(max(day, days.start))
                return BillingPeriod(max(full.start, days.start), min(full.end, days.end), full)
        return None

    def whole_until(self, day):
        """The latest day until this one that no full billing period reaches across.

        One that an end has cut reaches to its full length: what goes on in it is a part of it.
        """
        rhythms = [rhythm for rhythm in self.rhythms if rhythm[1].start <= day]
        if not rhythms:
            return day
        recurrence, days = rhythms[-1]
        full = recurrence.containing(min(day, days.last_day))
        return full.end if full.end <= day else full.start

    # === CHANGING === #

    def with_plan(self, day, plan):
        """Another plan from a day on, until the next change of plan that is planned."""
        return self._with(day, "plan", plan)

    def with_plan_for_good(self, day, plan):
        """One plan from a day on, whatever was planned for later."""
        phases = [
            replace(phase, plan=plan) if phase.day >= day else phase for phase in self._cut(day)
        ]
        return replace(self, phases=tidy(phases))

    def with_state(self, day, state):
        """Active or paused from a day on, until the next change of that which is planned."""
        return self._with(day, "state", state)

    def with_pause(self, day, until):
        """Paused between two days, and wherever it is paused already: pauses unite."""
        phases = [
            replace(phase, state=PAUSED)
            if day <= phase.day < until and phase.state == ACTIVE
            else phase
            for phase in replace(self, phases=self._cut(day))._cut(until)
        ]
        return replace(self, phases=tidy(phases))

    def unpaid_from(self, day, state):
        """Paused for non-payment from a day on, wherever it is active or so paused already; other
        pauses stay as they are.

        :param str state: one of :data:`UNPAIDS`
        """
        return self._replaced(day, (ACTIVE, *UNPAIDS), state)

    def paid_from(self, day):
        """Active from a day on, wherever it is paused for non-payment."""
        return self._replaced(day, UNPAIDS, ACTIVE)

    def _replaced(self, day, states, state):
        phases = [
            replace(phase, state=state) if phase.day >= day and phase.state in states else phase
            for phase in self._cut(max(day, self.start))
        ]
        return replace(self, phases=tidy(phases))

    def closed_on(self, day):
        """Closed from a day on, whatever was planned for later, an earlier end included."""
        phases = [phase for phase in self.kept_open()._cut(day) if phase.day <= day]
        phases[-1] = replace(phases[-1], state=CLOSED)
        return replace(self, phases=tidy(phases))

    def kept_open(self):
        """Take back the end: active or paused as before it, on the plan planned for its day."""
        if not self.end:
            return self
        before = self.on(self.end - DAY).state
        return self._with(self.end, "state", ACTIVE if before == CLOSED else before)

    def reopened_on(self, day):
        """Active again from a day on, which is not before the end."""
        return replace(self, phases=tidy((*self.phases, Phase(day, self.phases[-1].plan))))

    def without(self, day, *names):
        """Take back what begins on a day, not the first: what was in force before it goes on.

        :param names: ``"plan"``, ``"state"``; both if none is given
        """
        gone, before = self.on(day), self.on(day - DAY)
        timeline = self
        for name in names or ("plan", "state"):
            if getattr(gone, name) != getattr(before, name):
                timeline = timeline._with(day, name, getattr(before, name))
        return timeline

    def _with(self, day, name, value):
        phases, old, reaches = [], getattr(self.on(day), name), True
        for phase in self._cut(day):
            if phase.day >= day:
                reaches = reaches and getattr(phase, name) == old
                phase = replace(phase, **{name: value}) if reaches else phase
            phases.append(phase)
        return replace(self, phases=tidy(phases))

    def _cut(self, day):
        """The phases, one of which begins on the day."""
        if any(phase.day == day for phase in self.phases):
            return self.phases
        return tuple(
            sorted((*self.phases, replace(self.on(day), day=day)), key=lambda phase: phase.day)
        )


def tidy(phases):
    """Phases in order, one for each day (the last one given), without those that change nothing."""
    kept, by_day = [], {phase.day: phase for phase in phases}
    for phase in sorted(by_day.values(), key=lambda phase: phase.day):
        if not kept or (kept[-1].plan, kept[-1].state) != (phase.plan, phase.state):
            kept.append(phase)
    return tuple(kept)


def _later_anchors(anchor, day):
    """The days of the year from a day on that are the anchor's day of their month."""
    monthly = Recurrence(1, "month", anchor)
    number = monthly.number_of(day)
    days = [monthly.boundary(number + months) for months in range(13)]
    return [later for later in days if later.day == anchor.day]
