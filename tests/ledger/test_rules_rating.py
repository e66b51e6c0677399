"""The rating rules R1 to R8, each through the real engine, on the 20th of January."""

import random
from datetime import date, datetime

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRatingScope(BillingCase):
    """R1: what rates what."""

    def test_r1_a_charge_rates_only_subscriptions_on_its_own_plan(self):
        other_plan = self._plan("basic")
        self._charge()
        dear = self._charge(plan=other_plan, price_per_unit=3)
        mine, other = self._subscribe(), self._subscribe(plan=other_plan)
        self._use(mine, 5)
        self._use(other, 5)
        self._rate()
        self.assertEqual(self._amounts(mine), [5])
        self.assertEqual(self._amounts(other), [15])
        self.assertEqual(other.fusion_rating_ids.charge_id, dear)

    def test_r1_a_charge_without_plan_rates_nothing(self):
        charge = self._charge()
        charge.plan_id = False
        subscription = self._subscribe()
        self._use(subscription, 5)
        self._rate()
        self.assertFalse(subscription.fusion_rating_ids)

    def test_r1_a_charge_that_was_archived_before_the_plan_was_sold_rates_nothing(self):
        self._charge().active = False
        subscription = self._subscribe()
        self._use(subscription, 5)
        self._rate()
        self.assertFalse(subscription.fusion_rating_ids)

    def test_t2_a_charge_that_is_restored_on_its_last_day_rates_on(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, "2026-01-19")
        self._use(subscription, 7, "2026-01-20")
        charge.active = False
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-20", 5)])
        charge.active = True
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 12)])

    def test_t2_a_charge_that_ended_is_not_restored_for_the_days_since(self):
        charge = self._charge()
        self._subscribe()
        charge.active = False
        with freeze_time("2026-01-21"), self.assertRaisesRegex(UserError, "Add a new charge"):
            charge.active = True

    def test_r1_a_paused_subscription_is_rated_until_its_pause(self):
        self._charge(minimum_amount=31)
        subscription = self._subscribe()
        self._use(subscription, 25)
        subscription._fusion_pause()
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-21", 25)])
        self._rate_at("2026-03-05")
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-21", 25)])

    def test_r1_a_closed_subscription_is_rated_until_its_end(self):
        charge = self._charge(minimum_amount=31)
        subscription = self._subscribe()
        self._use(subscription, 25)
        self._rate()
        subscription._fusion_close()
        charge.price_per_unit = 9
        self._rate_at("2026-03-05")
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-01-21", 25)])

    def test_r1_a_metric_without_charge_costs_nothing(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5, metric=self._metric("free"))
        self._rate()
        self.assertFalse(subscription.fusion_rating_ids)

    def test_r1_the_charge_in_the_order_s_currency_wins_and_the_metric_is_billed_once(self):
        foreign = self.env.ref("base.EUR") - self.currency or self.env.ref("base.USD")
        foreign.active = True
        self._charge(currency_id=foreign.id, price_per_unit=7)
        own = self._charge(price_per_unit=2)
        subscription = self._subscribe()
        self._use(subscription, 5)
        self._rate()
        self.assertEqual(subscription.fusion_rating_ids.charge_id, own)
        self.assertEqual(self._amounts(subscription), [10])


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestRatingPeriod(BillingCase):
    """R2, R3: which counters a billing period holds."""

    def test_r2_a_billing_period_is_half_open(self):
        self._charge()
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 1, "2026-01-01 00:00:00")
        self._use(subscription, 2, "2026-01-31 23:59:58")
        self._use(subscription, 4, "2026-02-01 00:00:00")
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 3)])

    def test_r2_every_counter_is_owed_in_exactly_one_period(self):
        self._charge()
        subscription = self._subscribe("2026-01-01")
        for day in range(1, 32):
            self._use(subscription, 1, f"2026-01-{day:02} 12:00:00")
        for day in range(1, 29):
            self._use(subscription, 1, f"2026-02-{day:02} 00:00:00")
        self._use(subscription, 1, "2026-02-28 23:59:58")
        self._rate_at("2026-03-01 00:00:00")
        self.assertEqual(
            self._owed(subscription),
            [("2026-01-01", "2026-02-01", 31), ("2026-02-01", "2026-03-01", 29)],
        )

    def test_r2_all_periods_from_the_open_one_to_today_s_are_rated_at_once(self):
        self._charge()
        subscription = self._subscribe()
        for month in (1, 2, 3, 4):
            self._use(subscription, month, f"2026-{month:02}-15")
        self._rate_at("2026-03-01")
        self.assertEqual(self._amounts(subscription), [1, 2, 3])

    def test_l1_a_period_to_come_is_not_owed_whoever_counts_ahead(self):
        self._charge(minimum_amount=31)
        subscription = self._subscribe()
        self._use(subscription, 40, "2026-02-10")
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 31)])
        subscription._fusion_close(date(2026, 2, 1), discard_usage=True)
        self._rate_at("2026-03-05")
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 31)])

    def test_r3_a_day_of_the_company_s_zone_begins_at_its_own_midnight(self):
        self.company.fusion_billing_tz = "America/New_York"
        self._charge()
        subscription = self._subscribe("2026-01-01")
        self._use(subscription, 1, "2026-01-01 05:00:00")
        self._use(subscription, 2, "2026-02-01 04:59:58")
        self._use(subscription, 4, "2026-02-01 05:00:00")
        self._rate()
        self.assertEqual(self._rating(subscription).quantity, 3)

    def test_r3_march_in_paris_lacks_an_hour_and_october_has_one_more(self):
        self.company.fusion_billing_tz = "Europe/Paris"
        self._charge()
        spring, autumn = self._subscribe("2026-03-01"), self._subscribe("2026-10-01")
        for subscription, first, last, out in (
            (spring, "2026-02-28 23:00:00", "2026-03-31 21:59:58", "2026-03-31 22:00:00"),
            (autumn, "2026-09-30 22:00:00", "2026-10-31 22:59:58", "2026-10-31 23:00:00"),
        ):
            self._use(subscription, 1, first)
            self._use(subscription, 2, last)
            self._use(subscription, 4, out)
        self._rate()
        self.assertEqual(self._rating(spring, "2026-03-01").quantity, 3)
        self.assertEqual(self._rating(autumn, "2026-10-01").quantity, 3)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestLedgerRows(BillingCase):
    """L1: everything owed is a row, and no row says nothing."""

    def test_l1_an_amount_of_zero_is_a_row_that_says_what_was_used(self):
        self._charge(included_quota=100)
        subscription = self._subscribe()
        self._use(subscription, 100)
        self._rate()
        rating = self._rating(subscription)
        self.assertEqual((rating.quantity, rating.included_quantity, rating.amount), (100, 100, 0))

    def test_l1_without_usage_and_amount_there_is_no_row(self):
        self._charge()
        self._charge(self._metric("other"), minimum_amount=5)
        subscription = self._subscribe()
        self._rate()
        self.assertEqual(subscription.fusion_rating_ids.metric_id.code, "other")

    def test_m1_an_amount_below_half_a_cent_is_nothing_but_stands_in_the_ledger(self):
        self._charge(price_per_unit=0.0049)
        subscription = self._subscribe()
        self._use(subscription, 1)
        self._rate()
        self.assertEqual(subscription.fusion_rating_ids.amount, 0)
        self.assertEqual(
            self._numeric_text(subscription.fusion_rating_ids, "amount_exact"), "0.0049"
        )

    def test_l1_a_row_follows_its_counters_down_to_zero(self):
        self._charge(included_quota=10)
        subscription = self._subscribe()
        usage = self._use(subscription, 25)
        self._rate()
        rating = self._rating(subscription)
        self.assertEqual(rating.amount, 15)
        usage.quantity = 10
        self._rate()
        self.assertEqual(self._rating(subscription), rating)
        self.assertEqual((rating.quantity, rating.amount), (10, 0))

    def test_l1_a_row_whose_counters_are_gone_goes_with_them(self):
        self._charge()
        subscription = self._subscribe()
        usage = self._use(subscription, 25)
        self._rate()
        usage.unlink()
        self._rate()
        self.assertFalse(subscription.fusion_rating_ids)

    def test_r6_an_unchanged_row_is_not_written(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 25)
        self._rate()
        rating = subscription.fusion_rating_ids
        self.assertTrue(rating.rated_at)
        self.env.cr.execute("UPDATE fusion_billing_rating SET rated_at = '2026-01-01'")
        self.env.invalidate_all()
        subscription._fusion_request_rating(date(2026, 1, 1))
        self._rate()
        self.assertEqual(rating.rated_at, datetime(2026, 1, 1))

    def test_l1_a_row_bills_the_product_that_its_charge_has_now(self):
        charge = self._charge()
        subscription = self._subscribe()
        self._use(subscription, 4)
        self._rate()
        charge.product_id = self._product("Other usage")
        self._rate()
        self.assertEqual(self._rating(subscription).product_id, charge.product_id)

    def test_prices_and_quotas_reach_the_open_period_until_something_is_rated_at_them(self):
        charge = self._charge()
        subscription = self._subscribe()
        charge.write({"price_per_unit": 0.5, "included_quota": 50})
        self._use(subscription, 250)
        self._rate()
        self.assertEqual(self._amounts(subscription), [100])
        charge.write({"unit_batch": 100})
        self._rate()
        self.assertEqual(self._amounts(subscription), [100])
        charge.version_ids.filtered("valid_from").unlink()
        charge.version_id.unit_batch = 100
        self._rate()
        self.assertEqual(self._amounts(subscription), [1])

    def test_t1_another_plan_from_the_first_day_rates_the_period_with_its_charges(self):
        self._charge(price_per_unit=1)
        other_plan = self._plan("enterprise")
        self._charge(plan=other_plan, price_per_unit=3)
        subscription = self._subscribe()
        self._use(subscription, 10)
        self._rate()
        subscription._fusion_change_plan(other_plan, date(2026, 1, 1))
        self._rate()
        self.assertEqual(self._owed(subscription), [("2026-01-01", "2026-02-01", 30)])


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestAggregation(BillingCase):
    """How the counters of a period combine."""

    def _quantity(self, aggregation, *uses):
        metric = self._metric(aggregation, aggregation=aggregation)
        self._charge(metric)
        subscription = self._subscribe()
        for quantity, start, value in uses:
            self._use(subscription, quantity, start, metric, value=value)
        self._rate()
        return self._rating(subscription, metric=metric).quantity

    def test_sum_adds_counters(self):
        self.assertEqual(
            self._quantity("sum", (1.5, "2026-01-02", None), (2.25, "2026-01-02", None)), 3.75
        )

    def test_max_takes_the_highest_counter(self):
        self.assertEqual(
            self._quantity(
                "max", (3, "2026-01-02", None), (9, "2026-01-03", None), (4, "2026-01-04", None)
            ),
            9,
        )

    def test_last_takes_the_counter_with_the_latest_start_whenever_it_was_pushed(self):
        self.assertEqual(
            self._quantity("last", (3, "2026-01-09", None), (9, "2026-01-03", None)), 3
        )

    def test_last_takes_the_latest_write_among_equal_starts(self):
        self.assertEqual(
            self._quantity("last", (3, "2026-01-09", None), (9, "2026-01-09", None)), 9
        )

    def test_unique_count_counts_values_and_the_quantities_of_counters_without_value(self):
        self.assertEqual(
            self._quantity(
                "unique_count",
                (1, "2026-01-02", "ann"),
                (1, "2026-01-03", "bob"),
                (7, "2026-01-04", "ann"),
                (1, "2026-01-05", None),
                (1, "2026-01-06", None),
                (2, "2026-01-06", None),
            ),
            4,
        )

    def test_a_period_without_counters_comes_to_nothing(self):
        self.assertEqual(self._quantity("sum"), 0)


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestIdempotentRating(BillingCase):
    """R6: rating twice, after each event or once at the end comes to the same."""

    AGGREGATIONS = ("sum", "max", "last", "unique_count")

    def setUp(self):
        super().setUp()
        self.metrics = [self._metric(name, aggregation=name) for name in self.AGGREGATIONS]

    def _random_history(self, rng):
        """Terms of a charge per metric, and events; a key that comes again is a correction."""
        terms = [
            {
                "charge_model": rng.choice(("standard", "package")),
                "included_quota": rng.choice((0, 5, 12.5)),
                "price_per_unit": rng.choice((0, 0.000125, 0.067, 1, 12.34)),
                "unit_batch": rng.choice((1, 3, 1000)),
            }
            for _metric in self.metrics
        ]
        # Each instant is pushed under one key: who wins a tie of `last` would depend on the order.
        events = [
            {
                "metric": rng.choice(self.metrics),
                "quantity": f"{rng.randrange(10**6)}.{rng.randrange(10**6):06}",
                "start": f"2026-01-{rng.randrange(1, 29):02} {hour:02}:00:00",
                "value": rng.choice((None, "ann", "bob")),
                "idempotency_key": f"key-{hour}",
            }
            for hour in range(rng.randrange(1, 20))
        ]
        corrected = rng.choice(events)
        return terms, [*events, {**corrected, "quantity": "17.5"}]

    def _comes_to(self, terms, events, rate_after_each):
        """Play a history on a new plan and subscription and return all that rating wrote."""
        plan = self._plan(f"plan-{rate_after_each}")
        for metric, vals in zip(self.metrics, terms, strict=True):
            self._charge(metric, plan, **vals)
        subscription = self._subscribe(plan=plan)
        for event in events:
            self._ingest(self._event(subscription, **event))
            if rate_after_each:
                self._rate()
        self._rate()
        return subscription, self._state(subscription)

    def _state(self, subscription):
        exact = subscription.fusion_rating_ids._read_exact(
            ["quantity", "included_quantity", "billable_quantity", "amount_exact", "amount"]
        )
        ledger = {
            rating.metric_id.code: (exact[rating.id], rating.breakdown)
            for rating in subscription.fusion_rating_ids
        }
        return ledger, self._owed(subscription)

    def _play(self, seed):
        rng = random.Random(seed)
        terms, events = self._random_history(rng)
        subscription, once = self._comes_to(terms, events, rate_after_each=False)
        subscription._fusion_request_rating(date(2026, 1, 1))
        self._rate()
        self.assertEqual(self._state(subscription), once, f"rated twice, seed {seed}")
        _other, each = self._comes_to(terms, events, rate_after_each=True)
        self.assertEqual(each, once, f"rated after each event, seed {seed}")

    def test_r6_any_history_comes_to_the_same_cents_however_often_it_is_rated(self):
        for seed in range(25):
            savepoint = self.env.cr.savepoint()
            self._play(seed)
            savepoint.close(rollback=True)
            self.env.invalidate_all()

    def test_r6_the_order_of_events_changes_nothing(self):
        rng = random.Random(6)
        terms, events = self._random_history(rng)
        events = events[:-1]
        _first, expected = self._comes_to(terms, events, rate_after_each=False)
        _second, reverse = self._comes_to(terms, events[::-1], rate_after_each=True)
        self.assertEqual(reverse, expected)

    def test_r6_a_run_without_requests_reads_and_writes_nothing(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 5)
        self._rate()
        self.assertFalse(self.env["fusion.billing.rating.request"].search([]))
        self.patch(self.registry["fusion.billing.rating"], "_rate_windows", self.fail)
        self._rate()
        self.assertEqual(self._amounts(subscription), [5])


@tagged("post_install", "-at_install")
class TestRatingBeforeInvoice(BillingCase):
    """R8: the timing of crons decides nothing."""

    @freeze_time("2026-01-20")
    def test_r8_usage_that_no_cron_has_rated_is_on_the_invoice(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 12, "2026-01-10")
        with freeze_time("2026-02-01"):
            self._bill()
        self.assertEqual(self._invoiced(subscription), [12])

    @freeze_time("2026-01-20")
    def test_r8_usage_pushed_after_the_last_rating_is_on_the_invoice(self):
        self._charge()
        subscription = self._subscribe()
        self._use(subscription, 12, "2026-01-10")
        self._rate()
        self._ingest(self._event(subscription, "3.5", "2026-01-31 23:00:00"))
        with freeze_time("2026-02-01"):
            self._bill()
        self.assertEqual(self._invoiced(subscription), [15.5])
        self.assertEqual(self._rating(subscription).quantity, 15.5)

    @freeze_time("2026-01-20")
    def test_r8_usage_of_the_next_period_is_not_on_the_invoice_and_not_lost(self):
        self._charge()
        subscription = self._subscribe()
        self._ingest(
            self._event(subscription, "12", "2026-01-31 23:00:00"),
            self._event(subscription, "5", "2026-02-01 00:00:00"),
        )
        self._rate()
        with freeze_time("2026-02-01 06:00:00"):
            self._bill()
            self._rate()
        self.assertEqual(self._invoiced(subscription), [12])
        self.assertEqual(self._rating(subscription, "2026-02-01").amount, 5)
