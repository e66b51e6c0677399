"""What the tests of timelines draw: plans, days, changes in any order, catalogues.

Beside them a slow model that knows each day by itself, for comparison.
"""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from core.money.owed import Charge, Item, Version
from core.money.timeline import ACTIVE, CLOSED, PAUSED, UNPAIDS, Phase, Plan, Timeline

START = date(2027, 1, 31)
HORIZON = 150
DAYS = tuple(START + timedelta(days=n) for n in range(HORIZON))

A, B = Plan("a", 1, "month"), Plan("b", 1, "month")
WEEKLY, QUARTERLY = Plan("w", 2, "week"), Plan("q", 3, "month")
YEARLY = Plan("y", 1, "year")

days = st.sampled_from(DAYS)
same_rhythm = st.sampled_from((A, B))
any_plan = st.sampled_from((A, B, WEEKLY, QUARTERLY, YEARLY))


def beginning(plan=A, anchor=None):
    return Timeline.of([Phase(START, plan)], anchor)


# === CHANGES, AND WHAT THEY DO TO EACH DAY === #


def changes(plans=any_plan, most=6):
    """Names of changes, with their arguments."""
    states = st.sampled_from((ACTIVE, PAUSED))
    return st.lists(
        st.one_of(
            st.tuples(st.just("with_plan"), days, plans),
            st.tuples(st.just("with_plan_for_good"), days, plans),
            st.tuples(st.just("with_state"), days, states),
            st.tuples(st.just("with_pause"), days, days),
            st.tuples(st.just("unpaid_from"), days, st.sampled_from(UNPAIDS)),
            st.tuples(st.just("paid_from"), days),
            st.tuples(st.just("closed_on"), days),
            st.tuples(st.just("reopened_on"), days),
            st.tuples(st.just("without"), days),
            st.tuples(st.just("kept_open")),
        ),
        max_size=most,
    )


def makes_sense(timeline, name, *arguments):
    """Whether the models let somebody make the change."""
    if name == "reopened_on":
        return timeline.end and arguments[0] >= timeline.end
    if name == "kept_open":
        return timeline.end
    if name in ("with_state", "with_plan"):
        return timeline.on(arguments[0]).state != CLOSED
    return name != "with_pause" or arguments[0] < arguments[1]


def apply(timeline, drawn):
    for name, *arguments in drawn:
        if makes_sense(timeline, name, *arguments):
            timeline = getattr(timeline, name)(*arguments)
    return timeline


def timelines(plans=any_plan, most=6):
    return st.builds(lambda plan, drawn: apply(beginning(plan), drawn), plans, changes(plans, most))


UNPAID = ("unpaid", "unpaid_usage", "unpaid_fees", "unpaid_both")


class DayByDay:
    """A subscription as a dict from days to plan and state."""

    def __init__(self, timeline):
        self.known = {
            day: next(
                (phase.plan, phase.state) for phase in reversed(timeline.phases) if phase.day <= day
            )
            for day in DAYS
        }

    def with_plan(self, day, plan):
        self._set(day, 0, plan)

    def with_plan_for_good(self, first, plan):
        for day in DAYS:
            if day >= first:
                self.known[day] = (plan, self.known[day][1])

    def with_state(self, day, state):
        self._set(day, 1, state)

    def with_pause(self, first, until):
        for day in DAYS:
            if first <= day < until and self.known[day][1] == ACTIVE:
                self.known[day] = (self.known[day][0], PAUSED)

    def unpaid_from(self, first, state):
        self._replace(first, (ACTIVE, *UNPAID), state)

    def paid_from(self, first):
        self._replace(first, UNPAID, ACTIVE)

    def _replace(self, first, states, state):
        for day in DAYS:
            if day >= first and self.known[day][1] in states:
                self.known[day] = (self.known[day][0], state)

    def closed_on(self, first):
        if self.end and self.end < first:
            self.kept_open()
        plan = self.known[first][0]
        self.known.update({day: (plan, CLOSED) for day in DAYS if day >= first})

    def reopened_on(self, first):
        plan = self.known[DAYS[-1]][0]
        self.known.update({day: (plan, ACTIVE) for day in DAYS if day >= first})

    def kept_open(self):
        before = self.known.get(self.end - timedelta(days=1), (None, ACTIVE))
        self._set(self.end, 1, before[1])

    def without(self, day):
        before = self.known.get(day - timedelta(days=1))
        for field in (0, 1):
            if before and before[field] != self.known[day][field]:
                self._set(day, field, before[field])

    @property
    def end(self):
        closed = [day for day in DAYS if self.known[day][1] == CLOSED]
        lasting = [
            day for day in closed if len(closed) - closed.index(day) == len(DAYS) - DAYS.index(day)
        ]
        return lasting[0] if lasting else None

    def _set(self, first, field, value):
        old = self.known[first][field]
        for day in DAYS[DAYS.index(first) :]:
            if self.known[day][field] != old:
                break
            plan, state = self.known[day]
            self.known[day] = (value, state) if field == 0 else (plan, value)


# === CATALOGUES === #


def terms(price=1, **others):
    return {"model": "standard", "price_per_unit": Decimal(price), **others}


@st.composite
def versions(draw, first=None):
    """1 to 3 prices; the first one holds from the beginning, or from a day on."""
    later = draw(st.lists(days, max_size=2, unique=True))
    return tuple(
        Version(number, day, terms(number))
        for number, day in enumerate([first, *sorted(d for d in later if d > (first or d.min))])
    )


@st.composite
def spans(draw):
    """A first day and a day after the last one; each may be missing, and it may be empty."""
    start, end = draw(st.none() | days), draw(st.none() | days)
    return (end, start) if start and end and end < start else (start, end)


@st.composite
def charges(draw, plan, aggregations=("sum", "max")):
    """One metric of a plan: a charge for what no filter takes, and filters that come and go."""
    aggregation = draw(st.sampled_from(aggregations))
    found = []
    for region in (None, "eu", "us"):
        if region and not draw(st.booleans()):
            continue
        start, end = draw(spans())
        found.append(
            Charge(
                id=f"{plan.id} {region}",
                metric="calls",
                aggregation=aggregation,
                versions=draw(versions()),
                valid_from=start,
                valid_until=end,
                prorate=draw(st.booleans()),
                split=draw(st.booleans()),
                usage_filter=region and {"region": [region]},
            )
        )
    return tuple(draw(st.permutations(found)))


def catalogues(**options):
    """Charges of some plans; the others have fees only."""
    return st.fixed_dictionaries({plan.id: charges(plan, **options) for plan in (A, YEARLY)})


@st.composite
def items(draw):
    found = []
    for number in range(draw(st.integers(0, 3))):
        start, end = draw(spans())
        found.append(
            Item(
                f"item {number}",
                start or START,
                end,
                Decimal(draw(st.integers(-50, 500))),
                in_advance=draw(st.booleans()),
                prorate=draw(st.booleans()),
            )
        )
    return found
