from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ..api_usage_case import ApiUsageCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiUsage(ApiUsageCase):
    # === STORING === #

    def test_an_event_is_stored_with_all_it_says(self):
        event = self._event(
            idempotency_key="k",
            value="user-7",
            dimensions={"region": "eu", "cores": 8},
            period_start="2026-01-10T02:00:00+02:00",
            quantity="123456789012345678.654321",
        )
        self.assertPushed(self.push(event), inserted=1)
        usage = self.env["fusion.billing.usage"].search([])
        self.assertEqual(self._stored(), [("k", Decimal("123456789012345678.654321"))])
        self.assertRecordValues(
            usage,
            [
                {
                    "subscription_id": self.subscription.id,
                    "metric_id": self.calls.id,
                    "company_id": self.company.id,
                    "source": "nexacloud",
                    "value": "user-7",
                    "dimensions": {"region": "eu", "cores": 8},
                }
            ],
        )
        self.assertEqual(str(usage.period_start), "2026-01-10 00:00:00")
        self.assertEqual(str(usage.period_end), "2026-01-10 01:00:00")

    def test_a_quantity_keeps_its_digits_as_number_and_as_text(self):
        """M1."""
        for quantity in (0.1, "0.1", 100000000000000.123456, "0.000001", 0):
            with self.subTest(quantity=quantity):
                key = repr(quantity)
                self.assertPushed(
                    self.push(self._event(quantity=quantity, idempotency_key=key)), inserted=1
                )
                self.assertEqual(self._stored()[-1], (key, Decimal(str(quantity))))

    def test_an_event_without_key_is_stored_every_time(self):
        self.assertPushed(self.push(self._event(), self._event()), inserted=2)
        self.assertPushed(self.push(self._event()), inserted=1)
        self.assertEqual(len(self._stored()), 3)

    def test_the_same_event_again_changes_nothing(self):
        """U3."""
        event = self._event(idempotency_key="k")
        self.assertPushed(self.push(event), inserted=1)
        with self.assertNothingWritten():
            self.assertPushed(self.push(event), unchanged=1)
            self.assertPushed(self.push({**event, "quantity": 1250.50}), unchanged=1)

    def test_another_quantity_replaces_the_counter_and_the_old_one_is_kept(self):
        """U3."""
        event = self._event(idempotency_key="k")
        self.push(event)
        self.assertPushed(self.push({**event, "quantity": "3"}), updated=1)
        self.assertEqual(self._stored(), [("k", Decimal(3))])
        correction = self.env["fusion.billing.usage.correction"].search([])
        self.assertEqual((correction.quantity, correction.new_quantity), (1250.5, 3))

    def test_a_batch_may_mix_what_is_new_changed_and_known(self):
        """U3."""
        first, second = (self._event(idempotency_key=key) for key in "ab")
        self.push(first, second)
        self.assertPushed(
            self.push(self._event(idempotency_key="c"), {**second, "quantity": 1}, first),
            inserted=1,
            updated=1,
            unchanged=1,
        )

    def test_the_scope_of_a_key_is_its_subscription_and_metric(self):
        """U3."""
        self._metric("gb")
        self._own_subscription("sub-43")
        self.assertPushed(
            self.push(
                self._event(idempotency_key="k"),
                self._event(idempotency_key="k", metric_code="gb"),
                self._event(idempotency_key="k", subscription_external_id="sub-43"),
            ),
            inserted=3,
        )

    def test_a_key_that_stands_twice_in_a_batch_is_refused(self):
        """U3."""
        event = self._event(idempotency_key="k")
        self.assertBatchRefused(
            self.push(event, self._event(), event), (2, "duplicate_key_in_batch", "idempotency_key")
        )

    def test_five_thousand_events_go_in_one_batch(self):
        events = [self._event(idempotency_key=str(number)) for number in range(5000)]
        self.assertPushed(self.push(*events), inserted=5000)
        self.assertPushed(self.push(*events), unchanged=5000)

    # === ALL OR NOTHING (U2, U4) === #

    def test_one_bad_event_and_nothing_is_stored(self):
        """U2."""
        self.assertBatchRefused(
            self.push(
                self._event(idempotency_key="a"),
                self._event(quantity=-1),
                self._event(metric_code="nothing"),
                5,
                self._event(idempotency_key="b"),
                self._event(subscription_external_id="nobody", value=""),
                self._event(period_start="2020-01-01T00:00:00Z"),
            ),
            (1, "invalid_quantity", "quantity"),
            (2, "unknown_metric", "metric_code"),
            (3, "invalid_event", None),
            (5, "invalid_value", "value"),
            (5, "unknown_subscription", "subscription_external_id"),
            (6, "period_outside_subscription", "period_start"),
        )

    def test_at_most_a_hundred_errors_are_told(self):
        """U2."""
        answer = self.assertError(
            self.push(*[self._event(metric_code="nothing")] * 150), 400, "unknown_metric"
        )
        self.assertEqual((len(answer["errors"]), answer["errors_total"]), (100, 150))

    def test_a_key_is_free_again_after_a_request_that_failed(self):
        """U4."""
        event = self._event(idempotency_key="k")
        self.assertBatchRefused(
            self.push(event, self._event(quantity=-1)), (1, "invalid_quantity", "quantity")
        )
        self.assertPushed(self.push(event), inserted=1)

    # === BILLABLE (U5) === #

    def test_usage_outside_of_the_life_of_its_subscription_is_refused(self):
        """U5."""
        self.subscription._fusion_close(date(2026, 1, 20))
        for time in ("2025-12-31T23:59:59Z", "2026-01-20T00:00:00Z", "2026-01-31T00:00:00Z"):
            with self.subTest(time=time):
                event = self._event(period_start=time, period_end="2026-02-28T00:00:00Z")
                self.assertBatchRefused(
                    self.push(event), (0, "period_outside_subscription", "period_start")
                )
        for time in ("2026-01-01T00:00:00Z", "2026-01-19T23:59:59Z"):
            event = self._event(period_start=time, period_end="2026-02-28T00:00:00Z")
            self.assertPushed(self.push(event), inserted=1)

    def test_the_life_of_a_subscription_begins_at_local_midnight(self):
        """U5, R3."""
        self.company.fusion_billing_tz = "America/Toronto"
        self._own_subscription("sub-43", start="2026-02-01")
        event = {"subscription_external_id": "sub-43", "period_end": "2026-02-01T06:00:00Z"}
        refused = self._event(**event, period_start="2026-02-01T04:59:59Z")
        self.assertBatchRefused(
            self.push(refused), (0, "period_outside_subscription", "period_start")
        )
        accepted = self._event(**event, period_start="2026-02-01T05:00:00Z")
        self.assertPushed(self.push(accepted), inserted=1)

    def test_another_time_zone_moves_no_day_that_has_begun(self):
        """U5, R2: the subscription took counters from its first midnight on."""
        self.company.fusion_billing_tz = "America/Toronto"
        event = self._event(period_start="2026-01-01T00:00:00Z")
        self.assertPushed(self.push(event), inserted=1)

    def test_usage_in_a_pause_is_refused_and_after_it_taken(self):
        """U5."""
        self.subscription._fusion_pause(date(2026, 1, 10), until=date(2026, 1, 20))
        for time, taken in (
            ("2026-01-10T00:00:00Z", False),
            ("2026-01-19T23:59:59Z", False),
            ("2026-01-09T23:59:59Z", True),
            ("2026-01-20T00:00:00Z", True),
        ):
            with self.subTest(time=time):
                event = self._event(period_start=time, period_end="2026-01-21T00:00:00Z")
                response = self.push(event)
                if taken:
                    self.assertPushed(response, inserted=1)
                else:
                    self.assertBatchRefused(
                        response, (0, "period_outside_subscription", "period_start")
                    )

    def test_a_batch_for_many_subscriptions_reads_their_lives_together(self):
        """Costs grow with the batch, not with a query for each subscription."""
        for number in range(12):
            self._own_subscription(f"many-{number}")
        usage = self.env["fusion.billing.api.usage"]

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found, _metrics = usage._look_up(
                self.service, {f"many-{number}" for number in range(count)}
            )
            self.assertEqual(len([name for name in found if isinstance(name, str)]), count)
            return self.env.cr.sql_log_count - before

        queries(12)
        self.assertLessEqual(queries(12), queries(2))

    def test_a_closed_subscription_still_takes_late_usage_of_its_life(self):
        """U5, R9."""
        self.subscription._fusion_close()
        self.assertEqual(self.subscription.fusion_state, "6_churn")
        self.assertPushed(self.push(self._event()), inserted=1)

    def test_a_closed_subscription_whose_order_staff_cancelled_takes_no_usage(self):
        """U5."""
        self.subscription._fusion_close()
        self.subscription._action_cancel()
        self.assertBatchRefused(
            self.push(self._event()), (0, "period_outside_subscription", "period_start")
        )

    # === READING === #

    def test_what_was_pushed_is_read_back(self):
        event = self._event(
            idempotency_key="k", value="user-7", dimensions={"region": "eu"}, quantity="0.10"
        )
        self.push(event, self._event())
        [first, second] = self.assertOk(self.get("/usage"))["usage"]
        usages = self.env["fusion.billing.usage"].search([], order="id")
        self.assertEqual(
            first,
            {
                **event,
                "quantity": "0.1",
                "usage_id": usages[0].id,
                "subscription_id": self.subscription.id,
                "subscription_external_id": "sub-42",
            },
        )
        self.assertEqual(
            (second["idempotency_key"], second["value"], second["dimensions"]), (None, None, {})
        )

    def test_usage_is_filtered(self):
        self._metric("gb")
        other = self._own_subscription("sub-43")
        self.push(
            self._event(idempotency_key="a"),
            self._event(idempotency_key="b", metric_code="gb"),
            self._event(idempotency_key="c", subscription_external_id="sub-43"),
            self._event(idempotency_key="d", period_start="2026-01-10T00:30:00Z"),
        )
        for query, keys in (
            ("", "abcd"),
            (f"subscription_id={other.id}", "c"),
            ("metric_code=gb", "b"),
            ("from=2026-01-10T00:30:00Z", "d"),
            ("to=2026-01-10T00:30:00Z", "abc"),
            ("from=2026-01-10T00:00:00Z&to=2026-01-10T00:00:01Z&metric_code=api_calls", "ac"),
        ):
            with self.subTest(query=query):
                answer = self.assertOk(self.get(f"/usage?{query}"))
                self.assertEqual(
                    sorted(usage["idempotency_key"] for usage in answer["usage"]), list(keys)
                )

    def test_the_usage_of_others_is_not_shown(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        theirs = self._subscribe(partner_id=stranger.id)
        self._use(theirs, 5)
        self.assertEqual(self.assertOk(self.get("/usage"))["usage"], [])
        self.assertError(
            self.get(f"/usage?subscription_id={theirs.id}"),
            400,
            "unknown_subscription",
            "subscription_id",
        )
