"""What holds for everything owed, whatever timeline and catalogue are drawn."""

import unittest
from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.owed import LEVELS, Charge, Version, owe, stretches
from core.money.pricing import round_amount
from core.money.timeline import CLOSED

from .pricing_strategies import charges as any_terms
from .pricing_strategies import models, prices, quantities
from .timeline_strategies import (
    DAYS,
    START,
    A,
    B,
    beginning,
    catalogues,
    days,
    items,
    same_rhythm,
    spans,
    terms,
    timelines,
)

USED_IN = {"active", "unpaid_usage", "unpaid_both"}
OWED_IN = {"active", "unpaid_fees", "unpaid_both"}

few = settings(quick, max_examples=50)
ONE_DAY = timedelta(days=1)
SPAN = (DAYS[0], DAYS[-1])


def each_day(period):
    return [period.start + n * ONE_DAY for n in range(period.days)]


def is_in_force(source, day):
    """Of a charge or an item, as the catalogue's words have it."""
    if isinstance(source, Charge):
        begins = [d for d in (source.valid_from, source.versions[0].valid_from) if d]
        return all(d <= day for d in begins) and (
            source.valid_until is None or day < source.valid_until
        )
    return source.start <= day and (source.end is None or day < source.end)


class Slow:
    """What is owed for one day, looked up day by day (no runs, no cuts, no shares of runs)."""

    def __init__(self, timeline, catalogue, fees):
        self.catalogue, self.fees = catalogue, fees
        self.on, self.period_on = cache(timeline.on), cache(timeline.period_on)
        self.counted = cache(self.count_days)

    def of(self, day):
        """`{source: (version, other filters, share of the full period)}`."""
        phase = self.on(day)
        charges = self.catalogue.get(phase.plan.id, ()) if phase.state in USED_IN else ()
        fees = self.fees if phase.state in OWED_IN else ()
        found = {
            key(charge): (
                self.version(charge, day),
                self.other_filters(charge, charges, day),
                self.share(charge, day),
            )
            for charge in charges
            if is_in_force(charge, day)
        }
        found |= {
            key(fee): (None, (), self.share(fee, day)) for fee in fees if is_in_force(fee, day)
        }
        return found

    def share(self, source, day):
        full = self.period_on(day).full
        return Fraction(1, full.days if source.prorate else self.counted(full, type(source)))

    def count_days(self, full, kind):
        states = USED_IN if kind is Charge else OWED_IN
        periods = [(self.on(day).state, self.period_on(day)) for day in each_day(full)]
        return sum(
            1 for state, period in periods if state in states and period and period.full == full
        )

    def version(self, charge, day):
        known = [
            version
            for version in charge.versions
            if version.valid_from is None or version.valid_from <= self.decides(charge, day)
        ]
        return known[-1].id

    def decides(self, charge, day):
        """The day whose prices hold for a day."""
        if charge.split:
            return day
        plan, period = self.on(day).plan, self.period_on(day)
        return next(
            d for d in each_day(period.lived) if self.on(d).plan == plan and self.begins(charge, d)
        )

    def begins(self, charge, day):
        """Whether the charge's days have begun, in a pause or not."""
        begins = [d for d in (charge.valid_from, charge.versions[0].valid_from) if d]
        return all(d <= day for d in begins)

    def other_filters(self, charge, charges, day):
        return tuple(
            other.usage_filter
            for other in charges
            if not charge.usage_filter and other.usage_filter and is_in_force(other, day)
        )


def key(source):
    return type(source).__name__, source.id


def day_by_day(found):
    """`{day: {source: facts}}`; a source that is found twice for a day is an error."""
    known = defaultdict(dict)
    for stretch in found:
        for day in each_day(stretch.days):
            assert key(stretch.source) not in known[day], (stretch, day)
            known[day][key(stretch.source)] = (
                stretch.version and stretch.version.id,
                stretch.other_filters,
                stretch.share / stretch.days.days,
            )
    return known


class TestDayByDay(unittest.TestCase):
    @quick
    @given(timelines(), catalogues(), items())
    def test_every_day_owes_what_was_in_force_on_it(self, timeline, catalogue, fees):
        """T1, T2, R10, by a slow second way."""
        slow = Slow(timeline, catalogue, fees)
        found = day_by_day(stretches(timeline, catalogue, fees, *SPAN))
        for day in DAYS[:-1]:
            self.assertEqual(found[day], slow.of(day), day)

    @few
    @given(timelines(), catalogues(), items())
    def test_a_stretch_is_as_long_as_nothing_changes(self, timeline, catalogue, fees):
        """R10: no needless cut, which would begin a batch anew."""
        found = sorted(
            stretches(timeline, catalogue, fees, *SPAN), key=lambda s: (key(s.source), s.days)
        )
        for before, after in pairwise(found):
            if key(before.source) == key(after.source) and before.days.end == after.days.start:
                changed = (before.period, before.version, before.other_filters) != (
                    after.period,
                    after.version,
                    after.other_filters,
                )
                self.assertTrue(changed, (before, after))

    @few
    @given(timelines(), catalogues(), items(), days, days)
    def test_a_row_is_the_same_from_whichever_days_it_is_computed(
        self, timeline, catalogue, fees, one, other
    ):
        """L1, R6."""
        since, until = sorted((one, other))
        whole = stretches(timeline, catalogue, fees, *SPAN)
        for stretch in stretches(timeline, catalogue, fees, since, min(until, SPAN[1])):
            self.assertIn(stretch, whole)

    @few
    @given(timelines(), catalogues(), items())
    def test_a_stretch_lies_in_its_period_and_is_billed_at_one_of_its_ends(
        self, timeline, catalogue, fees
    ):
        """T3: the calendar says when, not the cron."""
        for stretch in stretches(timeline, catalogue, fees, *SPAN):
            start, end = stretch.period.lived
            self.assertTrue(start <= stretch.days.start < stretch.days.end <= end)
            advance = not stretch.is_usage and stretch.source.in_advance
            at_start = advance and stretch.days.start == start
            self.assertEqual(stretch.bill_on, start if at_start else end)
            self.assertTrue(0 < stretch.share <= 1)

    @few
    @given(timelines(), catalogues(), items())
    def test_a_row_of_the_ledger_has_a_key_of_its_own(self, timeline, catalogue, fees):
        """L1: source and first day."""
        keys = [(key(s.source), s.days.start) for s in stretches(timeline, catalogue, fees, *SPAN)]
        self.assertEqual(len(keys), len(set(keys)))


def unlimited(charge_or_item):
    """The same, but always in force."""
    names = (
        ("start", "end") if hasattr(charge_or_item, "in_advance") else ("valid_from", "valid_until")
    )
    values = dict(vars(charge_or_item))
    values.update({names[0]: None if names[0] != "start" else START, names[1]: None})
    return type(charge_or_item)(**values)


class TestTiles(unittest.TestCase):
    @few
    @given(timelines(), catalogues())
    def test_charges_that_are_always_there_tile_the_active_days_of_their_plan(
        self, timeline, catalogue
    ):
        """R1, R2: none twice, none left out."""
        always = {plan: tuple(map(unlimited, found)) for plan, found in catalogue.items()}
        tiled = defaultdict(Counter)
        for stretch in stretches(timeline, always, (), *SPAN):
            tiled[stretch.source.id].update(each_day(stretch.days))
        for plan, found in always.items():
            active = {
                d
                for d in DAYS[:-1]
                if timeline.on(d).plan.id == plan and timeline.on(d).state in USED_IN
            }
            for charge in found:
                counted = {d: n for d, n in tiled[charge.id].items() if d < DAYS[-1]}
                self.assertEqual(counted, dict.fromkeys(active, 1))

    @few
    @given(timelines(same_rhythm), items())
    def test_the_shares_of_a_full_period_that_was_active_throughout_sum_to_one(
        self, timeline, fees
    ):
        """R10: by days or whole."""
        shares = Counter()
        for stretch in stretches(timeline, {}, list(map(unlimited, fees)), *SPAN):
            shares[stretch.source.id, stretch.period.full] += stretch.share
        for (_fee, full), share in shares.items():
            active = full.start >= START and all(
                timeline.on(d).state in OWED_IN for d in each_day(full)
            )
            self.assertTrue(share == 1 if active else share <= 1)

    @few
    @given(timelines(), items())
    def test_what_counts_as_whole_is_exactly_one_whole_in_each_full_period(self, timeline, fees):
        """R10: however it is cut by plans, pauses, a close and what follows it."""
        shares = Counter()
        for stretch in stretches(timeline, {}, list(map(unlimited, fees)), *SPAN):
            if not stretch.source.prorate:
                shares[stretch.source.id, stretch.period.full] += stretch.share
        self.assertLessEqual(set(shares.values()), {1})

    @few
    @given(timelines(), catalogues(aggregations=("sum",)))
    def test_no_usage_is_priced_twice_nor_left_out(self, timeline, catalogue):
        """R2, T2: whatever filters come and go, each counter falls to one charge."""
        found = stretches(timeline, catalogue, (), *SPAN)
        for day in DAYS[:-1]:
            plan = timeline.on(day).plan.id
            in_force = [c for c in catalogue.get(plan, ()) if is_in_force(c, day)]
            for region in ("eu", "us", "elsewhere"):
                takers = [
                    s for s in found if s.days.start <= day < s.days.end and is_taken_by(s, region)
                ]
                wanted = timeline.on(day).state in USED_IN and any(
                    not c.usage_filter or region in c.usage_filter["region"] for c in in_force
                )
                self.assertEqual(len(takers), 1 if wanted else 0, (day, region, takers))

    @few
    @given(timelines(), catalogues())
    def test_a_closed_subscription_owes_nothing_more(self, timeline, catalogue):
        """T4."""
        for stretch in stretches(timeline, catalogue, (), *SPAN):
            for day in each_day(stretch.days):
                self.assertNotEqual(timeline.on(day).state, CLOSED)


def is_taken_by(stretch, region):
    if stretch.source.usage_filter:
        return region in stretch.source.usage_filter["region"]
    return all(region not in other["region"] for other in stretch.other_filters)


# === AMOUNTS === #


def cut_period(plan_days, pause, catalogue):
    """The first billing period, cut by plan changes to and fro, and its stretches."""
    timeline = beginning()
    for number, day in enumerate(sorted(plan_days)):
        timeline = timeline.with_plan(day, (B, A)[number % 2])
    if pause:
        timeline = timeline.with_pause(*pause)
    return stretches(timeline, catalogue, (), START, START + ONE_DAY)


first_month = st.sampled_from(DAYS[1:28])
cuts = st.lists(first_month, max_size=4, unique=True)
pauses = st.none() | st.tuples(first_month, first_month).map(sorted)
levels = st.sampled_from(sorted(LEVELS))


def on_both_plans(aggregation, wanted):
    version = (Version(1, None, wanted),)
    return {plan.id: (Charge(plan.id, "calls", aggregation, version),) for plan in (A, B)}


class TestAmounts(unittest.TestCase):
    @few
    @given(cuts, levels, models.flatmap(lambda model: any_terms(model=model)), quantities)
    def test_the_parts_of_a_level_sum_to_the_whole(self, plan_days, aggregation, wanted, quantity):
        """R10: to the last of the 40 decimals that a quotient has."""
        parts = cut_period(plan_days, None, on_both_plans(aggregation, wanted))
        [whole] = cut_period((), None, on_both_plans(aggregation, wanted))
        amount = Fraction(owe(whole, quantity).amount)
        found = [Fraction(owe(part, quantity).amount) for part in parts]
        self.assertEqual(sum(part.share for part in parts), 1)
        self.assertLessEqual(abs(sum(found) - amount), Fraction(len(found), 2 * 10**40))
        for part, exact in zip(parts, found, strict=True):
            self.assertLessEqual(abs(exact - amount * part.share), Fraction(1, 2 * 10**40))

    @few
    @given(cuts, pauses, st.lists(quantities, min_size=10, max_size=10), prices)
    def test_the_parts_of_a_sum_at_one_price_come_to_the_whole(self, plan_days, pause, used, each):
        """R10: a cut costs nothing where there is neither quota nor bound."""
        catalogue = on_both_plans("sum", {"model": "standard", "price_per_unit": each})
        parts = cut_period(plan_days, pause, catalogue)
        found = sum(
            Fraction(owe(part, quantity).amount)
            for part, quantity in zip(parts, used, strict=False)
        )
        self.assertLessEqual(len(parts), len(used))
        self.assertEqual(found, sum(Fraction(q) for q in used[: len(parts)]) * Fraction(each))

    @few
    @given(cuts, st.integers(0, 10**6), st.integers(0, 10**6))
    def test_quota_and_minimum_of_the_parts_sum_to_those_of_the_whole(
        self, plan_days, quota, minimum
    ):
        """R10, field lesson 28."""
        catalogue = on_both_plans("sum", terms(included_quota=quota, minimum=minimum))
        parts = cut_period(plan_days, None, catalogue)
        free = sum(Fraction(owe(part, Decimal(0)).breakdown["included_quota"]) for part in parts)
        least = sum(Fraction(owe(part, Decimal(0)).amount) for part in parts)
        self.assertLessEqual(abs(free - quota), Fraction(len(parts), 2 * 10**40))
        self.assertLessEqual(abs(least - minimum), Fraction(len(parts), 2 * 10**40))

    @few
    @given(
        cuts,
        pauses,
        st.sampled_from(["sum", "max"]),
        models.flatmap(lambda model: any_terms(model=model)),
        quantities,
    )
    def test_the_lines_of_a_part_sum_to_its_amount(
        self, plan_days, pause, aggregation, wanted, quantity
    ):
        """M1, M2, L1."""
        for part in cut_period(plan_days, pause, on_both_plans(aggregation, wanted)):
            priced = owe(part, quantity)
            total = sum(Fraction(line["amount"]) for line in priced.breakdown["lines"])
            self.assertEqual(total, Fraction(priced.amount))
            self.assertEqual(Fraction(priced.breakdown["amount"]), Fraction(priced.amount))
            self.assertGreaterEqual(priced.amount, 0)

    @few
    @given(timelines(), items())
    def test_fees_are_their_share_and_rounded_once(self, timeline, fees):
        """M2: a row is off by half a cent at most."""
        for stretch in stretches(timeline, {}, fees, *SPAN):
            exact = Fraction(stretch.source.amount) * stretch.share
            owed = owe(stretch).amount
            self.assertLessEqual(abs(Fraction(owed) - exact), Fraction(1, 2 * 10**40))
            rounded = Fraction(round_amount(owed, "0.01"))
            self.assertLessEqual(abs(rounded - exact), Fraction(1, 200))

    @few
    @given(cuts, spans(), levels)
    def test_a_level_counts_all_active_days_of_its_period(self, plan_days, pause, aggregation):
        """R10, T5: and none of a pause."""
        pause = pause if None not in pause and pause[0] < pause[1] else None
        for part in cut_period(plan_days, pause, on_both_plans(aggregation, terms())):
            counted = [d for run in part.scopes for d in each_day(run)]
            paused = each_day_between(pause)
            self.assertEqual(counted, [d for d in each_day(part.scope) if d not in paused])


def each_day_between(pause):
    return {pause[0] + n * ONE_DAY for n in range((pause[1] - pause[0]).days)} if pause else set()
