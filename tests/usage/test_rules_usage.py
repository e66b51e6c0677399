"""The usage rules U3 to U6 at the model: what a batch stores, and what it leaves behind."""

from datetime import date, datetime
from decimal import Decimal

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..common import BillingCase


class UsageCase(BillingCase):
    def setUp(self):
        super().setUp()
        self.subscription = self._subscribe()

    def _push(self, quantity, key="k1", **vals):
        return self._ingest(self._event(self.subscription, quantity, idempotency_key=key, **vals))

    def _usage(self):
        return self.env["fusion.billing.usage"].search(
            [("subscription_id", "=", self.subscription.id)], order="id"
        )

    def _requests(self):
        return self.env["fusion.billing.rating.request"].search(
            [("subscription_id", "=", self.subscription.id)], order="id"
        )


@tagged("post_install", "-at_install")
class TestIdempotencyKey(UsageCase):
    """U3: what a key means."""

    def test_u3_the_same_key_and_content_change_nothing(self):
        self.assertEqual(self._push("5", dimensions={"region": "eu"}), (1, 0, 0))
        self._requests().unlink()
        self.env.cr.execute("UPDATE fusion_billing_usage SET write_date = '2026-01-01'")
        self.assertEqual(self._push("5.000", dimensions={"region": "eu"}), (0, 0, 1))
        usage = self._usage()
        self.assertEqual(len(usage), 1)
        self.assertEqual(usage.write_date, datetime(2026, 1, 1))
        self.assertFalse(usage.correction_ids)
        self.assertFalse(self._requests(), "nothing to rate")

    def test_u3_another_quantity_replaces_the_counter_and_the_log_keeps_the_old_one(self):
        self._push("5")
        usage = self._usage()
        self.assertEqual(self._push("7.25"), (0, 1, 0))
        self.assertEqual(self._usage(), usage)
        self.assertEqual(usage.quantity, 7.25)
        correction = usage.correction_ids
        self.assertEqual((correction.quantity, correction.new_quantity), (5, 7.25))
        self.assertEqual(correction.source, "app")

    def test_u3_every_replaced_content_is_kept_in_order(self):
        for quantity in ("1", "2", "2", "3"):
            self._push(quantity)
        self.assertEqual(self._usage().correction_ids.mapped("quantity"), [2, 1])

    def test_u3_any_other_content_under_a_key_is_a_correction(self):
        first = {"value": "ann", "dimensions": {"region": "eu"}}
        self._push("5", **first)
        for vals in (
            {**first, "value": "bob"},
            {**first, "dimensions": {"region": "us"}},
            {**first, "dimensions": None},
            {**first, "start": "2026-01-11"},
            {**first, "period_end": datetime(2026, 1, 12)},
        ):
            self.assertEqual(self._push("5", **vals), (0, 1, 0), vals)
        self.assertEqual(len(self._usage().correction_ids), 5)

    def test_u3_the_log_keeps_value_dimensions_and_dates_of_the_old_content(self):
        self._push("5", value="ann", dimensions={"region": "eu", "tier": 2})
        self._push("5", start="2026-01-20")
        correction = self._usage().correction_ids
        self.assertEqual(correction.value, "ann")
        self.assertEqual(correction.dimensions, {"region": "eu", "tier": 2})
        self.assertEqual(correction.period_start, datetime(2026, 1, 10))
        self.assertEqual(correction.period_end, datetime(2026, 1, 10, 1))

    def test_u3_the_log_keeps_every_digit_of_the_old_quantity(self):
        exact = "123456789012345678.123456"
        self._push(exact)
        self._push("1")
        self.assertEqual(self._numeric_text(self._usage().correction_ids, "quantity"), exact)

    def test_u3_a_key_is_scoped_to_the_subscription(self):
        self._push("5")
        other = self._subscribe()
        self.assertEqual(self._ingest(self._event(other, "9", idempotency_key="k1")), (1, 0, 0))
        self.assertEqual(self._usage().quantity, 5)

    def test_u3_a_key_is_scoped_to_the_metric(self):
        self._push("5")
        self.assertEqual(self._push("9", metric=self._metric("storage")), (1, 0, 0))
        self.assertEqual(self._usage().mapped("quantity"), [5, 9])

    def test_u3_events_without_key_are_counted_each_time(self):
        event = self._event(self.subscription, "5")
        self.assertEqual(self._ingest(event, event), (2, 0, 0))
        self.assertEqual(self._ingest(event), (1, 0, 0))
        self.assertEqual(sum(self._usage().mapped("quantity")), 15)

    def test_u3_one_batch_can_insert_update_and_repeat(self):
        self._push("1", "a")
        self._push("2", "b")
        events = [
            self._event(self.subscription, quantity, idempotency_key=key)
            for key, quantity in (("c", "30"), ("b", "20"), ("a", "1"), ("d", "40"))
        ]
        self.assertEqual(self._ingest(*events), (2, 1, 1))
        stored = {usage.idempotency_key: usage.quantity for usage in self._usage()}
        self.assertEqual(stored, {"a": 1, "b": 20, "c": 30, "d": 40})

    def test_u3_what_staff_change_is_kept_too(self):
        self._push("5", value="ann")
        usage = self._usage()
        usage.quantity = 6
        correction = usage.correction_ids
        self.assertEqual((correction.quantity, correction.new_quantity), (5, 6))
        self.assertEqual(correction.value, "ann")
        self.assertEqual(correction.source, self.env.user.login)

    def test_u3_staff_s_correction_keeps_every_digit_of_the_old_quantity(self):
        self._push("123456789012345678.123456")
        self._usage().quantity = 6
        self.assertEqual(
            self._numeric_text(self._usage().correction_ids, "quantity"),
            "123456789012345678.123456",
        )


@tagged("post_install", "-at_install")
class TestFailedRequest(UsageCase):
    """U2 and U4 at the table: a statement that fails stores nothing and claims no key."""

    def test_u4_a_key_is_not_consumed_by_a_batch_that_failed(self):
        good = self._event(self.subscription, "5", idempotency_key="k1")
        bad = {**good, "quantity": Decimal("1e18"), "idempotency_key": "k2"}
        self._requests().unlink()
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self._ingest(good, bad)
        self.assertFalse(self._usage())
        self.assertFalse(self._requests())
        self.assertEqual(self._ingest(good), (1, 0, 0))

    def test_u4_a_failed_correction_leaves_counter_and_log_as_they_were(self):
        self._push("5")
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self._push("NaN")
        self.assertEqual(self._usage().quantity, 5)
        self.assertFalse(self._usage().correction_ids)

    def test_an_empty_batch_stores_nothing(self):
        self.assertEqual(self._ingest(), (0, 0, 0))


@tagged("post_install", "-at_install")
class TestBillableUsage(BillingCase):
    """U5: what is accepted is billable."""

    def _covers(self, subscription, instant):
        return subscription._fusion_covers(datetime.fromisoformat(instant))

    def test_u5_usage_before_the_first_day_is_refused(self):
        subscription = self._subscribe("2026-01-10")
        with self.assertRaisesRegex(ValidationError, "could never be"):
            self._use(subscription, 1, "2026-01-09 23:59:59")
        self._use(subscription, 1, "2026-01-10 00:00:00")

    def test_u5_the_first_and_last_day_are_those_of_the_company_s_zone(self):
        self.company.fusion_billing_tz = "Asia/Tokyo"
        subscription = self._subscribe("2026-01-10", fusion_end_date="2026-02-10")
        self.assertFalse(self._covers(subscription, "2026-01-09 14:59:59"))
        self.assertTrue(self._covers(subscription, "2026-01-09 15:00:00"))
        self.assertTrue(self._covers(subscription, "2026-02-09 14:59:59"))
        self.assertFalse(self._covers(subscription, "2026-02-09 15:00:00"))

    def test_u5_usage_on_or_after_the_end_date_is_refused(self):
        subscription = self._subscribe(fusion_end_date="2026-01-20")
        self._use(subscription, 1, "2026-01-19 23:59:59")
        with self.assertRaises(ValidationError):
            self._use(subscription, 1, "2026-01-20")

    def test_u5_a_quotation_takes_no_usage(self):
        quotation = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": self.plan.id,
                "fusion_start_date": "2026-01-01",
            }
        )
        with self.assertRaises(ValidationError):
            self._use(quotation, 1)

    def test_u5_an_order_without_plan_takes_no_usage(self):
        order = self.env["sale.order"].create({"partner_id": self.partner.id})
        order.action_confirm()
        with self.assertRaises(ValidationError):
            self._use(order, 1)

    @freeze_time("2026-01-12")
    def test_u5_a_paused_day_takes_no_usage_and_the_days_around_it_do(self):
        subscription = self._subscribe()
        subscription._fusion_pause(date(2026, 1, 13), date(2026, 1, 20))
        self._use(subscription, 1, "2026-01-12 23:59:59")
        self._use(subscription, 1, "2026-01-20 00:00:00")
        for paused in ("2026-01-13", "2026-01-19 23:59:59"):
            with self.assertRaises(ValidationError):
                self._use(subscription, 1, paused)

    @freeze_time("2026-01-12")
    def test_u5_a_closed_subscription_takes_late_usage_of_its_life_only(self):
        subscription = self._subscribe()
        subscription._fusion_close()
        self._use(subscription, 1, "2026-01-12 23:59:59")
        with self.assertRaises(ValidationError):
            self._use(subscription, 1, "2026-01-13")

    @freeze_time("2026-01-12")
    def test_u5_a_cancelled_order_takes_no_usage(self):
        subscription = self._subscribe()
        subscription._fusion_close()
        subscription._action_cancel()
        with self.assertRaises(ValidationError):
            self._use(subscription, 1, "2026-01-05")

    def test_u5_staff_cannot_move_a_counter_out_of_the_subscription_s_life(self):
        usage = self._use(self._subscribe("2026-01-10"), 1, "2026-01-11")
        with self.assertRaises(ValidationError):
            usage.write(
                {"period_start": "2026-01-01 00:00:00", "period_end": "2026-01-01 01:00:00"}
            )


@tagged("post_install", "-at_install")
class TestStoredUsage(UsageCase):
    """U6 one after the other, and what a batch stores besides the quantity."""

    def test_u6_the_same_batch_again_and_again_ends_as_one_row_per_key(self):
        events = [
            self._event(self.subscription, str(number), idempotency_key=f"k{number}")
            for number in range(50)
        ]
        self.assertEqual(self._ingest(*events), (50, 0, 0))
        self.assertEqual(self._ingest(*events[::-1]), (0, 0, 50))
        self.assertEqual(len(self._usage()), 50)

    def test_an_event_is_stored_as_it_came(self):
        self._push("1250.5", value="ann", dimensions={"region": "eu", "spot": True, "gpus": 0.5})
        usage = self._usage()
        self.assertEqual(usage.period_start, datetime(2026, 1, 10))
        self.assertEqual(usage.period_end, datetime(2026, 1, 10, 1))
        self.assertEqual(usage.value, "ann")
        self.assertEqual(usage.dimensions, {"region": "eu", "spot": True, "gpus": 0.5})
        self.assertEqual(usage.source, "app")
        self.assertEqual(usage.company_id, self.subscription.company_id)
        self.assertTrue(usage.create_date)

    def test_events_without_dimensions_store_none(self):
        for dimensions in (None, {}):
            self._ingest(self._event(self.subscription, "1", dimensions=dimensions))
        self.env.cr.execute(
            "SELECT count(*) FROM fusion_billing_usage WHERE dimensions IS NULL"
            " AND subscription_id = %s",
            (self.subscription.id,),
        )
        self.assertEqual(self.env.cr.fetchone(), (2,))

    def test_text_that_looks_like_sql_or_json_is_text(self):
        odd = "'; DROP TABLE x; --{}\\\"%s NULL"
        self._push("1", key=odd, value=odd, dimensions={odd: odd})
        usage = self._usage()
        self.assertEqual((usage.idempotency_key, usage.value), (odd, odd))
        self.assertEqual(usage.dimensions, {odd: odd})
        self.assertEqual(self._push("1", key=odd, value=odd, dimensions={odd: odd}), (0, 0, 1))

    def test_a_later_event_of_a_batch_is_the_later_write(self):
        level = self._metric("level", aggregation="last")
        self._charge(level, valid_from="2026-01-01")
        self._ingest(
            *(
                self._event(self.subscription, quantity, metric=level, idempotency_key=key)
                for key, quantity in (("z", "3"), ("a", "8"), ("m", "5"))
            )
        )
        self._rate()
        self.assertEqual(self._rating(self.subscription, metric=level).quantity, 5)

    def test_screens_read_what_a_batch_stored_over_what_they_had_read(self):
        self._push("5")
        usage = self._usage()
        self.assertEqual(usage.quantity, 5)
        self._push("6")
        self.assertEqual(usage.quantity, 6)

    def test_a_counter_that_staff_have_just_changed_is_compared_as_changed(self):
        self._push("5")
        self._usage().quantity = 6
        self.assertEqual(self._push("6"), (0, 0, 1))

    def test_rating_is_asked_for_once_per_subscription_and_spans_what_was_touched(self):
        self._requests().unlink()
        self._ingest(
            *(
                self._event(self.subscription, "1", start)
                for start in ("2026-01-20", "2026-01-03", "2026-01-11")
            )
        )
        request = self._requests()
        self.assertEqual(len(request), 1)
        self.assertEqual(request.touched_from, datetime(2026, 1, 3))
        self.assertEqual(request.touched_until, datetime(2026, 1, 20))

    def test_a_counter_that_moves_asks_for_rating_where_it_was_and_where_it_is(self):
        self._push("5", start="2026-01-25")
        self._requests().unlink()
        self._push("5", start="2026-01-05")
        self.assertEqual(self._requests().touched_from, datetime(2026, 1, 5))
        self.assertEqual(self._requests().touched_until, datetime(2026, 1, 25))

    def test_a_counter_that_staff_move_to_another_metric_is_rated_there(self):
        seats = self._metric("seats")
        for metric in self.calls, seats:
            self._charge(metric=metric, valid_from="2026-01-01")
        usage = self._use(self.subscription, 5)
        self._rate()
        self.assertEqual(self._rating(self.subscription).quantity, 5)
        usage.metric_id = seats
        self._rate()
        self.assertFalse(self._rating(self.subscription).quantity)
        self.assertEqual(self._rating(self.subscription, metric=seats).quantity, 5)

    def test_a_counter_that_staff_delete_is_rated_away(self):
        self._charge(valid_from="2026-01-01")
        usage = self._use(self.subscription, 5)
        self._rate()
        self.assertEqual(self._rating(self.subscription).quantity, 5)
        usage.unlink()
        self._rate()
        self.assertFalse(self._rating(self.subscription))

    def test_a_batch_of_a_thousand_costs_one_query_more_than_one_event(self):
        for count, queries in ((1, 1), (1000, 2)):
            events = [
                self._event(self.subscription, "1", idempotency_key=f"{count}-{number}")
                for number in range(count)
            ]
            self.env.flush_all()
            with self.assertQueryCount(queries):
                self._ingest(*events)
