"""What a subscription owes, in examples that a person can check."""

import unittest
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from core.money.owed import Charge, Item, Version, owe, stretches
from core.money.periods import Period
from core.money.pricing import round_amount
from core.money.timeline import ACTIVE, PAUSED, Phase, Plan, Timeline

A, B = Plan("a", 1, "month"), Plan("b", 1, "month")
YEARLY = Plan("y", 1, "year")
NEVER = None
D = Decimal


def day(text):
    return date.fromisoformat(f"2027-{text}")


def january(timeline, charges=(), items=()):
    """The stretches of the billing periods of January, in order."""
    charges = {"a": tuple(charges)} if not isinstance(charges, dict) else charges
    found = stretches(timeline, charges, items, day("01-01"), day("02-01"))
    return sorted(found, key=lambda stretch: stretch.days)


def on_a():
    return Timeline.of([Phase(day("01-01"), A)])


def charge(name="calls", aggregation="sum", versions=None, **others):
    terms = {"model": "standard", "price_per_unit": 1}
    return Charge(
        id=name,
        metric="calls",
        aggregation=aggregation,
        versions=versions or (Version(1, NEVER, terms),),
        **others,
    )


def priced(aggregation="sum", others=None, **terms):
    terms = {"model": "standard", "price_per_unit": 1, **terms}
    return charge(aggregation=aggregation, versions=(Version(1, NEVER, terms),), **(others or {}))


def prices(*since):
    """One version for each day: 1 each, then 2 each…"""
    return tuple(
        Version(price, start, {"model": "standard", "price_per_unit": price})
        for price, start in enumerate(since, start=1)
    )


def fee(name="fee", start="01-01", end=None, amount=31, **others):
    return Item(name, day(start), end and day(end), D(amount), **others)


def days_of(found):
    return [(s.source.id, s.days.start.day, s.days.end.day) for s in found]


def amounts(found, quantity=None):
    return [round_amount(owe(s, D(quantity) if s.is_usage else None).amount, "0.01") for s in found]


class TestFees(unittest.TestCase):
    """F2, R10."""

    def test_a_full_period_costs_the_fee(self):
        [stretch] = january(on_a(), items=[fee()])
        self.assertEqual((stretch.share, owe(stretch).amount), (1, 31))
        self.assertEqual(owe(stretch).breakdown["lines"], [{"kind": "fee", "amount": "31"}])
        self.assertEqual(stretch.days, Period(day("01-01"), day("02-01")))

    def test_seats_up_inside_a_period_are_owed_by_days(self):
        """F2."""
        found = january(
            on_a(),
            items=[
                fee("2 seats", end="01-11", amount=62),
                fee("3 seats", start="01-11", amount=93),
            ],
        )
        self.assertEqual(amounts(found), [20, 63])
        self.assertEqual([s.bill_on for s in found], [day("01-01"), day("02-01")])

    def test_a_fee_in_advance_is_billed_as_the_period_begins_and_else_at_its_end(self):
        found = january(on_a(), items=[fee(), fee("arrears", in_advance=False)])
        self.assertEqual([s.bill_on for s in found], [day("01-01"), day("02-01")])

    def test_a_pause_is_not_owed(self):
        """T1: whatever the pauses are."""
        timeline = on_a().with_pause(day("01-05"), day("01-10"))
        timeline = timeline.with_pause(day("01-15"), day("01-20"))
        found = january(timeline, items=[fee()])
        self.assertEqual(days_of(found), [("fee", 1, 5), ("fee", 10, 15), ("fee", 20, 1)])
        self.assertEqual(amounts(found), [4, 5, 12])

    def test_a_month_paused_throughout_owes_nothing(self):
        timeline = on_a().with_pause(day("01-01"), day("02-01"))
        self.assertEqual(january(timeline, [charge()], [fee(), fee("whole", prorate=False)]), [])

    def test_a_plan_change_does_not_cut_a_fee_of_the_subscriptions_own(self):
        """F1."""
        found = january(on_a().with_plan(day("01-11"), B), items=[fee()])
        self.assertEqual(days_of(found), [("fee", 1, 1)])

    def test_a_close_in_the_past_leaves_the_days_before_it(self):
        """T4."""
        found = january(on_a().closed_on(day("01-11")), items=[fee()])
        self.assertEqual((amounts(found), found[0].bill_on), ([10], day("01-01")))

    def test_a_rebate_is_below_zero(self):
        [stretch] = january(on_a().closed_on(day("01-11")), items=[fee(amount=-31)])
        self.assertEqual(owe(stretch).amount, -10)

    def test_a_fee_that_ends_as_it_begins_is_not_owed(self):
        self.assertEqual(january(on_a(), items=[fee(start="01-10", end="01-10")]), [])

    def test_the_breakdown_says_what_a_whole_period_costs_and_what_is_not_owed(self):
        """L1, M4: its lines sum to the amount."""
        [stretch] = january(on_a().closed_on(day("01-11")), items=[fee()])
        self.assertEqual(
            owe(stretch).breakdown,
            {
                "model": "fee",
                "amount": "10",
                "lines": [
                    {"kind": "fee", "amount": "31"},
                    {"kind": "share", "share": "10/31", "amount": "-21"},
                ],
            },
        )


class TestWholePeriods(unittest.TestCase):
    """R10: a charge or plan can say *whole*."""

    def test_a_period_that_is_begun_or_closed_inside_counts_as_a_whole_one(self):
        timeline = Timeline.of([Phase(day("01-11"), A)], day("01-01")).closed_on(day("01-21"))
        found = january(timeline, [charge(prorate=False)], [fee(prorate=False, start="01-11")])
        self.assertEqual([s.share for s in found], [1, 1])

    def test_a_pause_does_not_lessen_it_nor_double_it(self):
        timeline = on_a().with_pause(day("01-11"), day("01-21"))
        found = january(timeline, items=[fee(prorate=False)])
        self.assertEqual([s.share for s in found], [Fraction(10, 21), Fraction(11, 21)])

    def test_plans_share_it_by_their_days(self):
        timeline = on_a().with_plan(day("01-11"), B)
        both = {"a": (charge("one", prorate=False),), "b": (charge("two", prorate=False),)}
        self.assertEqual(
            [s.share for s in january(timeline, both)], [Fraction(10, 31), Fraction(21, 31)]
        )

    def test_who_closes_and_reopens_inside_a_period_owes_one_whole(self):
        """R10: not one before the close and one after it."""
        timeline = on_a().closed_on(day("01-11")).reopened_on(day("01-21"))
        found = january(timeline, items=[fee(prorate=False)])
        self.assertEqual([s.share for s in found], [Fraction(10, 21), Fraction(11, 21)])
        self.assertEqual(
            [s.period.lived for s in found],
            [Period(day("01-01"), day("01-11")), Period(day("01-21"), day("02-01"))],
        )

    def test_what_is_before_a_close_is_computed_with_what_is_after_it(self):
        """L1: each row is the same from whichever days it is computed."""
        timeline = on_a().closed_on(day("01-11")).reopened_on(day("01-21"))
        late = stretches(timeline, {}, [fee(prorate=False)], day("01-25"), day("01-26"))
        self.assertEqual(late, january(timeline, items=[fee(prorate=False)]))


class TestLevels(unittest.TestCase):
    """R10: priced as for the whole period, and the amount is shared out."""

    def test_seats_on_two_plans_are_not_billed_twice(self):
        """R10, field lesson 28: 31 seats at 1 each are 31, not 62."""
        timeline = on_a().with_plan(day("01-11"), B)
        both = {"a": (charge("one", "max"),), "b": (charge("two", "max"),)}
        found = january(timeline, both)
        self.assertEqual([s.scope for s in found], [Period(day("01-01"), day("02-01"))] * 2)
        self.assertEqual(amounts(found, 31), [10, 21])

    def test_the_quota_of_a_level_is_taken_off_in_full(self):
        timeline = on_a().closed_on(day("01-11"))
        [stretch] = january(timeline, [priced("last", included_quota=100, minimum=62)])
        self.assertEqual(amounts([stretch], 131), [20])
        self.assertEqual(amounts([stretch], 410), [100])

    def test_counters_that_were_given_up_in_a_pause_do_not_count(self):
        """T5: the days of a level are the active ones."""
        timeline = on_a().with_pause(day("01-11"), day("01-21"))
        active = (Period(day("01-01"), day("01-11")), Period(day("01-21"), day("02-01")))
        for stretch in january(timeline, [charge(aggregation="max")]):
            self.assertEqual(stretch.scopes, active)
        for stretch in january(timeline, [charge()]):
            self.assertEqual(stretch.scopes, (stretch.days,))

    def test_the_breakdown_sums_to_the_share(self):
        """M2."""
        [stretch] = january(on_a().closed_on(day("01-11")), [charge(aggregation="average")])
        breakdown = owe(stretch, D("0.1")).breakdown
        self.assertEqual(
            sum(Fraction(line["amount"]) for line in breakdown["lines"]),
            Fraction(breakdown["amount"]),
        )
        self.assertEqual(breakdown["lines"][-1]["share"], "10/31")


class TestSums(unittest.TestCase):
    """R10: quota, minimum, maximum and flat amounts are shared out by days."""

    def ten_days(self, **terms):
        [stretch] = january(on_a().closed_on(day("01-11")), [priced(**terms)])
        return stretch

    def test_the_quota_is_shared_out(self):
        self.assertEqual(amounts([self.ten_days(included_quota=31)], 15), [5])

    def test_the_minimum_is_shared_out(self):
        self.assertEqual(amounts([self.ten_days(minimum=62)], 3), [20])

    def test_the_maximum_is_shared_out(self):
        self.assertEqual(amounts([self.ten_days(maximum=62)], 300), [20])

    def test_the_flat_amount_of_a_tier_is_shared_out_and_its_bounds_are_not(self):
        tiers = [{"up_to": 10, "unit_amount": 1}, {"up_to": None, "flat_amount": 31}]
        stretch = self.ten_days(model="graduated", tiers=tiers)
        self.assertEqual(amounts([stretch], 10), [10])
        self.assertEqual(amounts([stretch], 11), [20])

    def test_a_fixed_amount_is_shared_out_and_a_rate_is_not(self):
        stretch = self.ten_days(model="percentage", rate=10, fixed_amount=31)
        self.assertEqual(amounts([stretch], 50), [15])

    def test_a_quota_does_not_begin_anew_with_each_plan(self):
        """R10, field lesson 28: two plans with 31 included come to 31."""
        timeline = on_a().with_plan(day("01-11"), B)
        found = january(
            timeline, {"a": (priced(included_quota=31),), "b": (priced(included_quota=31),)}
        )
        quotas = [D(owe(s, D(100)).breakdown["included_quota"]) for s in found]
        self.assertEqual(quotas, [10, 21])

    def test_what_is_weighted_by_time_counts_in_its_own_days(self):
        timeline = on_a().with_plan(day("01-11"), B)
        found = january(timeline, {"a": (charge(aggregation="weighted"),)})
        self.assertEqual(found[0].scope, Period(day("01-01"), day("01-11")))

    def test_terms_that_are_shared_out_do_not_change_those_of_the_version(self):
        stretch = self.ten_days(
            model="graduated", included_quota=31, tiers=[{"up_to": None, "flat_amount": 31}]
        )
        before = owe(stretch, D(100)).breakdown
        self.assertEqual(owe(stretch, D(100)).breakdown, before)
        self.assertEqual(stretch.version.terms["included_quota"], 31)


class TestPrices(unittest.TestCase):
    """T2: which prices hold for which days."""

    def versions_of(self, timeline, found_charge):
        return [(s.days.start.day, s.version.id) for s in january(timeline, [found_charge])]

    def test_new_prices_hold_from_the_next_period_on(self):
        found = charge(versions=prices(NEVER, day("01-11")))
        self.assertEqual(self.versions_of(on_a(), found), [(1, 1)])
        [february] = stretches(on_a(), {"a": (found,)}, (), day("02-01"), day("02-02"))
        self.assertEqual(february.version.id, 2)

    def test_prices_of_the_first_day_hold_in_its_period(self):
        found = charge(versions=prices(NEVER, day("01-01")))
        self.assertEqual(self.versions_of(on_a(), found), [(1, 2)])

    def test_a_charge_that_is_split_has_each_days_own_prices(self):
        found = charge(versions=prices(NEVER, day("01-11"), day("01-21")), split=True)
        self.assertEqual(self.versions_of(on_a(), found), [(1, 1), (11, 2), (21, 3)])

    def test_a_plan_begun_inside_a_period_has_the_prices_of_that_day(self):
        timeline = Timeline.of([Phase(day("01-01"), B)]).with_plan(day("01-15"), A)
        found = charge(versions=prices(NEVER, day("01-11"), day("01-21")))
        self.assertEqual(self.versions_of(timeline, found), [(15, 2)])

    def test_a_pause_brings_no_new_prices(self):
        """T2: the period has begun before them, also where it begins with the pause."""
        found = charge(versions=prices(NEVER, day("01-11")))
        inside = on_a().with_pause(day("01-05"), day("01-20"))
        ahead = on_a().with_pause(day("01-01"), day("01-20"))
        self.assertEqual(self.versions_of(inside, found), [(1, 1), (20, 1)])
        self.assertEqual(self.versions_of(ahead, found), [(20, 1)])

    def test_who_leaves_a_plan_and_comes_back_keeps_its_prices(self):
        timeline = on_a().with_plan(day("01-10"), B).with_plan(day("01-20"), A)
        found = charge(versions=prices(NEVER, day("01-15")))
        self.assertEqual(self.versions_of(timeline, found), [(1, 1), (20, 1)])

    def test_a_charge_is_in_force_between_its_days(self):
        """T2: archived, it rates until that day; new, from its day."""
        found = january(
            on_a(),
            [charge("old", valid_until=day("01-11")), charge("new", valid_from=day("01-11"))],
        )
        self.assertEqual(days_of(found), [("old", 1, 11), ("new", 11, 1)])
        self.assertEqual([s.share for s in found], [Fraction(10, 31), Fraction(21, 31)])

    def test_a_charge_without_prices_yet_rates_nothing(self):
        found = charge(versions=prices(day("01-11"), day("01-21")))
        self.assertEqual(self.versions_of(on_a(), found), [(11, 1)])
        self.assertEqual(days_of(january(on_a(), [found])), [("calls", 11, 1)])

    def test_a_charge_archived_on_its_first_day_rates_nothing(self):
        found = charge(valid_from=day("01-11"), valid_until=day("01-11"))
        self.assertEqual(january(on_a(), [found]), [])

    def test_a_charge_of_another_plan_rates_nothing(self):
        """R1."""
        self.assertEqual(january(on_a(), {"b": (charge(),), None: (charge(),)}), [])


class TestFilters(unittest.TestCase):
    """T2, R2: a charge without filter takes what no other one takes on that day."""

    def with_filter(self, **days):
        europe = charge("eu", usage_filter={"region": ["eu"]}, **days)
        return january(on_a(), [charge("all"), europe])

    def other_filters(self, found):
        return [(s.days.start.day, len(s.other_filters)) for s in found if s.source.id == "all"]

    def test_a_filter_that_is_always_there_cuts_nothing(self):
        found = self.with_filter()
        self.assertEqual(self.other_filters(found), [(1, 1)])
        self.assertEqual(found[0].other_filters, ({"region": ["eu"]},))

    def test_a_filter_added_inside_a_period_takes_from_its_day_on(self):
        found = self.with_filter(valid_from=day("01-11"))
        self.assertEqual(days_of(found), [("all", 1, 11), ("all", 11, 1), ("eu", 11, 1)])
        self.assertEqual(self.other_filters(found), [(1, 0), (11, 1)])

    def test_what_a_filter_took_falls_to_the_rest_when_it_is_archived(self):
        found = self.with_filter(valid_until=day("01-11"))
        self.assertEqual(self.other_filters(found), [(1, 1), (11, 0)])

    def test_a_filter_with_prices_only_from_a_day_on_takes_from_that_day(self):
        found = self.with_filter(versions=prices(day("01-11")))
        self.assertEqual(self.other_filters(found), [(1, 0), (11, 1)])

    def test_a_filter_that_never_was_cuts_nothing(self):
        """R10: an idle charge must not cost the customer a batch or a tier."""
        found = self.with_filter(valid_from=day("01-11"), valid_until=day("01-11"))
        self.assertEqual(self.other_filters(found), [(1, 0)])

    def test_a_filter_that_is_replaced_by_its_like_cuts_nothing(self):
        europe = {"usage_filter": {"region": ["eu"]}}
        found = january(
            on_a(),
            [
                charge("all"),
                charge("eu 1", valid_until=day("01-11"), **europe),
                charge("eu 2", valid_from=day("01-11"), **europe),
            ],
        )
        self.assertEqual(self.other_filters(found), [(1, 1)])

    def test_filters_of_other_metrics_and_plans_take_nothing(self):
        other = Charge("x", "storage", "sum", prices(NEVER), usage_filter={"region": ["eu"]})
        found = january(on_a(), {"a": (charge("all"), other), "b": (other,)})
        self.assertEqual(self.other_filters(found), [(1, 0)])


class TestRhythms(unittest.TestCase):
    """R4, R10."""

    def test_a_month_cut_by_a_yearly_plan_is_owed_by_days_and_billed_that_day(self):
        timeline = on_a().with_plan(day("01-11"), YEARLY)
        found = january(timeline, {"a": (charge("one"),), "y": (charge("two"),)})
        self.assertEqual(
            [(s.share, s.bill_on) for s in found],
            [(Fraction(10, 31), day("01-11")), (1, date(2028, 1, 11))],
        )

    def test_the_new_plans_fee_is_billed_as_its_first_period_begins(self):
        timeline = on_a().with_plan(day("01-11"), YEARLY)
        found = january(timeline, items=[fee(end="01-11"), fee("year", "01-11", amount=365)])
        self.assertEqual(
            [(s.source.id, s.bill_on) for s in found],
            [("fee", day("01-01")), ("year", day("01-11"))],
        )
        self.assertEqual(amounts(found), [10, 365])

    def test_february_of_a_subscription_from_the_31st_is_a_whole_period(self):
        """R4."""
        timeline = Timeline.of([Phase(day("01-31"), A)])
        found = stretches(timeline, {}, [fee(start="01-31")], day("02-28"), day("03-01"))
        self.assertEqual(
            [(s.days, s.share) for s in found], [(Period(day("02-28"), day("03-31")), 1)]
        )

    def test_nothing_is_owed_in_days_before_the_start_or_after_the_end(self):
        timeline = on_a().closed_on(day("01-11"))
        for since in (day("01-11"), day("02-01"), day("01-01") - timedelta(days=60)):
            until = since + timedelta(days=20)
            self.assertEqual(stretches(timeline, {"a": (charge(),)}, [fee()], since, until), [])

    def test_the_state_of_a_phase_is_what_counts_not_its_number(self):
        """T1: a plan changed in a pause owes from the day on which the pause is over."""
        timeline = Timeline.of(
            [
                Phase(day("01-01"), A),
                Phase(day("01-05"), A, PAUSED),
                Phase(day("01-10"), B, PAUSED),
                Phase(day("01-20"), B, ACTIVE),
            ]
        )
        found = january(timeline, {"a": (charge("one"),), "b": (charge("two"),)})
        self.assertEqual(days_of(found), [("one", 1, 5), ("two", 20, 1)])
