"""How the counters of a billing period combine, metric by metric."""

from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


class MetricCase(BillingCase):
    def _start(self, aggregation, start="2026-01-01", **plan):
        """A subscription whose charge costs 1 per unit of a metric of its own."""
        code = f"{aggregation}-{start}-{self.company.fusion_billing_tz}"
        self.metric = self._metric(code, aggregation=aggregation)
        self.charge = self._charge(self.metric, self._plan(code, **plan))
        self.subscription = self._subscribe(start, plan=self.charge.plan_id)
        return self.subscription

    def _push(self, quantity, start, **vals):
        self._ingest(self._event(self.subscription, quantity, start, self.metric, **vals))

    def _counts(self, start="2026-01-01", until=None):
        """What the ledger says was used in the part that starts on a day, to the last decimal.

        :param until: the moment at which it is rated; now if empty
        """
        with freeze_time(until) if until else nullcontext():
            self._rate()
        rating = self._rating(self.subscription, start, self.metric)
        return Decimal(self._numeric_text(rating, "quantity")) if rating else 0


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestMetrics(MetricCase):
    def test_m1_a_sum_keeps_every_decimal(self):
        self._start("sum")
        for quantity in ("0.1", "0.2", "999999999999.000001"):
            self._push(quantity, "2026-01-05")
        self.assertEqual(self._counts(), Decimal("999999999999.300001"))

    def test_an_average_is_the_mean_of_the_counters_to_twelve_decimals(self):
        self._start("average")
        for quantity in ("1", "2", "4"):
            self._push(quantity, "2026-01-05")
        self.assertEqual(self._counts(), Decimal("2.333333333333"))

    def test_an_average_rounds_half_away_from_zero(self):
        self._start("average")
        for quantity in ("0.000001", "0"):
            self._push(quantity, "2026-01-05")
        self.assertEqual(self._counts(), Decimal("0.0000005"))

    def test_a_count_counts_counters_and_a_corrected_one_once(self):
        self._start("count")
        for quantity, key in (("5", "a"), ("7", "b"), ("0", "c"), ("6", "a")):
            self._push(quantity, "2026-01-05", idempotency_key=key)
        self.assertEqual(self._counts(), 3)

    def test_a_maximum_that_is_corrected_down_gives_way_to_the_next_highest(self):
        """Lesson 5: no running maximum is kept."""
        self._start("max")
        for quantity, key in (("9", "a"), ("7", "b"), ("3", "a")):
            self._push(quantity, "2026-01-05", idempotency_key=key)
            self._rate()
        self.assertEqual(self._counts(), 7)

    def test_u3_the_last_value_of_equal_starts_is_the_one_written_last_even_by_a_correction(self):
        self._start("last")
        for quantity, key in (("9", "a"), ("7", "b")):
            self._push(quantity, "2026-01-05", idempotency_key=key)
            self._pass_time()
        self.assertEqual(self._counts(), 7)
        self._push("8", "2026-01-05", idempotency_key="a")
        self.assertEqual(self._counts(), 8)

    def test_u3_the_last_value_is_not_decided_by_a_counter_that_is_sent_again(self):
        self._start("last")
        for quantity, key in (("9", "a"), ("7", "b"), ("9", "a")):
            self._push(quantity, "2026-01-05", idempotency_key=key)
            self._pass_time()
        self.assertEqual(self._counts(), 7)

    def test_unique_values_are_counted_once_in_each_period_and_written_as_they_are(self):
        self._start("unique_count")
        for value in ("ann", "Ann", "ann ", "ann"):
            self._push("1", "2026-01-05", value=value)
        self._push("1", "2026-02-05", value="ann")
        self.assertEqual(self._counts(), 3)

    def test_equal_quantities_without_value_are_one_however_they_are_written(self):
        self._start("unique_count")
        for quantity in ("1", "1.0", "1.000000", "2"):
            self._push(quantity, "2026-01-05")
        self.assertEqual(self._counts(), 2)

    def test_r2_no_metric_but_a_level_looks_into_another_period(self):
        for aggregation in ("sum", "max", "last", "unique_count", "count", "average"):
            self._start(aggregation)
            for start in ("2026-02-01 00:00:00", "2026-02-05"):
                self._push("5", start)
            self.assertEqual(self._counts(), 0, aggregation)

    def _pass_time(self):
        """The next batch is a transaction of its own, later than the ones before."""
        self.env.cr.execute(
            "UPDATE fusion_billing_usage SET write_date = write_date - interval '1 hour'"
        )


@tagged("post_install", "-at_install")
@freeze_time("2026-01-20")
class TestLevels(MetricCase):
    """The weighted metric: a level holds until the next one, and counts for its seconds."""

    def test_a_level_counts_for_the_share_of_the_seconds_in_which_it_holds(self):
        self._start("weighted")
        self._push("31", "2026-01-01")
        self._push("62", "2026-01-31 23:59:59")
        expected = 31 + Decimal(31) / (31 * 86400)
        self.assertEqual(self._counts(), expected.quantize(Decimal("1e-12")))

    def test_before_the_first_level_there_is_none(self):
        self._start("weighted")
        self._push("31", "2026-01-31")
        self.assertEqual(self._counts(), 1)

    def test_a_level_of_zero_ends_the_one_before(self):
        self._start("weighted")
        self._push("31", "2026-01-01")
        self._push("0", "2026-01-11")
        self.assertEqual(self._counts(), 10)

    def test_a_level_is_carried_over_from_any_period_before(self):
        self._start("weighted")
        self._push("7", "2026-01-31")
        self.assertEqual(self._counts("2026-03-01", until="2026-03-05"), 7)

    def test_a_level_that_begins_with_the_period_replaces_the_carried_one(self):
        self._start("weighted")
        self._push("7", "2026-01-31")
        self._push("9", "2026-02-01 00:00:00")
        self.assertEqual(self._counts("2026-02-01", until="2026-02-05"), 9)

    def test_of_two_levels_at_once_the_later_write_holds(self):
        self._start("weighted")
        self._ingest(
            *(
                self._event(self.subscription, quantity, "2026-01-01", self.metric)
                for quantity in ("5", "8")
            )
        )
        self.assertEqual(self._counts(), 8)

    def test_r9_a_late_level_corrects_its_own_period_and_every_later_one_that_it_reaches(self):
        self._start("weighted")
        self._push("31", "2026-01-01")
        self._bill_at("2026-02-01")
        self._bill_at("2026-03-01")
        self.assertEqual(self._invoiced(self.subscription), [31, 31])
        self._push("62", "2026-01-31")
        self.assertEqual(self._counts("2026-01-01", until="2026-03-05"), 32)
        self.assertEqual(self._counts("2026-02-01", until="2026-03-05"), 62)
        self.assertEqual(self._counts("2026-03-01", until="2026-03-05"), 62)
        self._bill_at("2026-04-01")
        self.assertEqual(self._invoiced(self.subscription), [31, 31, 1 + 31 + 62])

    def test_r9_a_level_that_was_replaced_before_a_period_does_not_reach_it(self):
        self._start("weighted")
        self._push("31", "2026-01-01")
        self._push("28", "2026-02-01")
        self.assertEqual(self._counts("2026-02-01", until="2026-03-01"), 28)
        self._push("62", "2026-01-31")
        self.assertEqual(self._counts("2026-02-01", until="2026-03-01"), 28)

    def test_r10_a_level_is_weighted_with_the_seconds_of_the_full_period_in_each_part(self):
        self._start("weighted")
        other = self._plan("other")
        self._charge(self.metric, other, price_per_unit=2)
        self._push("31", "2026-01-01")
        self.subscription._fusion_change_plan(other, date(2026, 1, 11))
        self._rate()
        self.assertEqual(
            self._owed(self.subscription),
            [("2026-01-01", "2026-01-11", 10), ("2026-01-11", "2026-02-01", 42)],
        )

    def test_r6_a_level_counts_the_same_whether_its_period_is_cut_or_whole(self):
        self._start("weighted")
        self.charge.write(
            {
                "split_at_version": True,
                "version_ids": [
                    (0, 0, {"valid_from": day, "price_per_unit": 1})
                    for day in ("2026-01-08", "2026-01-16")
                ],
            }
        )
        self._push("31", "2026-01-01")
        parts = [self._counts(day) for day in ("2026-01-01", "2026-01-08", "2026-01-16")]
        self.assertEqual(parts, [7, 8, 16])

    def test_a_level_of_a_subscription_that_ends_counts_for_the_days_until_then(self):
        self._start("weighted")
        self._push("31", "2026-01-01")
        with freeze_time("2026-01-19 12:00:00"):
            self.subscription._fusion_close()
        self.assertEqual(self._counts(), 19)

    def test_r3_a_level_held_for_a_day_of_23_24_or_25_hours_counts_for_as_many(self):
        for zone, start, midnight, week, day in (
            ("Europe/Paris", "2026-03-23", "2026-03-28 23:00:00", 167, "23"),
            ("Europe/Paris", "2026-10-19", "2026-10-24 22:00:00", 169, "25"),
            ("America/New_York", "2026-03-02", "2026-03-08 05:00:00", 167, "23"),
            ("America/New_York", "2026-10-26", "2026-11-01 04:00:00", 169, "25"),
            ("Australia/Lord_Howe", "2026-09-28", "2026-10-03 13:30:00", "167.5", "23.5"),
            ("Australia/Lord_Howe", "2026-03-30", "2026-04-04 13:00:00", "168.5", "24.5"),
            ("America/Phoenix", "2026-03-02", "2026-03-08 07:00:00", 168, "24"),
        ):
            with self.subTest(zone=zone, start=start):
                self.company.fusion_billing_tz = zone
                self._start("weighted", start, billing_period_unit="week")
                self._push(week, midnight)
                self.assertEqual(self._counts(start), Decimal(day), "the day is the week's last")

    def test_levels_of_other_dimensions_leave_a_filtered_level_as_it_is(self):
        self._start("weighted")
        self._charge(
            self.metric,
            self.charge.plan_id,
            filter_ids=self._filters(region="eu"),
            valid_from="2026-01-01",
        )
        self._push("31", "2026-01-01", dimensions={"region": "eu"})
        self._push("62", "2026-01-02", dimensions={"region": "us"})
        self._rate()
        quantities = self.subscription.fusion_rating_ids.sorted("charge_id").mapped("quantity")
        self.assertEqual(sorted(quantities), [31, 60])

    def test_seconds_are_counted_over_a_year(self):
        self._start("weighted", "2024-01-01", billing_period_unit="year")
        self._push("366", "2024-12-31")
        self.assertEqual(self._counts("2024-01-01"), 1)
        self.assertEqual(
            self._rating(self.subscription, "2024-01-01", self.metric).full_seconds,
            timedelta(days=366).total_seconds(),
        )
