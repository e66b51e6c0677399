"""Of every counter, on which row of the ledger and which document it is, or why on none."""

import json

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged

from .document_case import DocumentCase

IN_JANUARY = "2026-01-15 12:00:00"
IN_FEBRUARY = "2026-02-01 12:00:00"


@tagged("post_install", "-at_install")
class TestUsageTrail(DocumentCase):
    def _says(self, counter, at=IN_JANUARY):
        """What is said of a counter at a moment, with ordinary spaces."""
        self.env.invalidate_all()
        with freeze_time(at):
            return counter.billing.replace("\u2009", " ")

    def _counter(self, **vals):
        subscription = self._start(products=self.setup_product)
        return self._use(subscription, vals.pop("quantity", 10), **vals)

    def assertSays(self, counter, sentence, at=IN_JANUARY):
        self.assertIn(sentence, self._says(counter, at))

    # === ON A ROW === #

    def test_a_counter_is_followed_from_the_push_to_the_invoice(self):
        counter = self._counter()
        self.assertSays(counter, "It waits to be rated, which is done every hour.")
        self.assertFalse(counter.rating_ids)
        self._rate_at(IN_JANUARY)
        self.assertEqual(
            self._says(counter),
            "It counts in API calls, Jan 1 – 31, 2026, which is billed when the period is over, on"
            " 02/01/2026.",
        )
        self.assertEqual(counter.rating_ids, self._rating(counter.subscription_id))
        self.assertFalse(counter.document_ids)
        self.assertSays(counter, "which is due: the next run bills it.", at=IN_FEBRUARY)
        self._bill_at(IN_FEBRUARY)
        says = self._says(counter, IN_FEBRUARY)
        move = self._moves(counter.subscription_id)[-1]
        self.assertEqual(counter.document_ids, move)
        self.assertEqual(
            says, f"It counts in API calls, Jan 1 – 31, 2026, which is on {move.display_name}."
        )

    def test_r9_a_correction_is_told_and_its_difference(self):
        counter = self._counter()
        self._bill_at(IN_FEBRUARY)
        counter.quantity = 12
        says = self._says(counter, IN_FEBRUARY)
        self.assertIn("What changed since waits to be rated", says)
        self.assertIn(f"{self.env.user.login} corrected it on ", says)
        self._rate_at(IN_FEBRUARY)
        says = self._says(counter, IN_FEBRUARY)
        self.assertIn("A difference is due, and comes on the next document.", says)
        self.assertNotIn("waits", says)

    def test_what_is_included_or_costs_nothing_is_told(self):
        for vals, sentence in (
            ({"included_quota": 100}, "which costs nothing: all of it is included."),
            ({"price_per_unit": 0}, "API calls, Jan 1 – 31, 2026, which costs nothing."),
        ):
            with self.subTest(sentence), freeze_time("2026-01-01"):
                plan = self._plan(f"free {len(vals)} {sentence[6:9]}".replace(" ", "-"))
                self._charge(plan=plan, **vals)
                subscription = self._subscribe(plan=plan)
                counter = self._use(subscription, 10)
                self._rate()
                self.assertSays(counter, sentence)

    def test_l5_a_waiver_is_told_with_its_reason(self):
        counter = self._counter()
        self._rate_at(IN_FEBRUARY)
        counter.rating_ids._waive("a gift")
        self.assertSays(counter, "which staff waived: a gift.", at=IN_FEBRUARY)

    def test_r10_a_level_stands_on_every_part_of_its_period(self):
        seats = self._metric("seats", aggregation="max")
        with freeze_time("2026-01-01"):
            self._charge(metric=seats)
            other = self._plan("other")
            self._charge(metric=seats, plan=other)
            subscription = self._subscribe()
            counter = self._use(subscription, 3, metric=seats)
            subscription._fusion_change_plan(other, fields.Date.to_date("2026-01-20"))
        self._rate_at("2026-01-25")
        self.assertEqual(len(counter.rating_ids), 2)
        self.assertEqual(self._says(counter, "2026-01-25").count("It counts in seats"), 2)

    def test_a_filter_decides_on_which_row_a_counter_is(self):
        with freeze_time("2026-01-01"):
            self._charge(filter_ids=self._filters(region="eu"))
        subscription = self._start()
        own = self._use(subscription, 1, dimensions={"region": "eu"})
        rest = self._use(subscription, 2, dimensions={"region": "us"})
        self._rate_at(IN_JANUARY)
        self.assertTrue(own.rating_ids.usage_filter)
        self.assertTrue(rest.rating_ids.other_filters)

    # === ON NONE === #

    def test_no_charge_and_no_filter_are_told(self):
        with freeze_time("2026-01-01"):
            plan = self._plan("eu-only")
            self._charge(plan=plan, filter_ids=self._filters(region="eu"))
            subscription = self._subscribe(plan=plan)
        seats = self._use(subscription, 1, metric=self._metric("seats"))
        elsewhere = self._use(subscription, 1, dimensions={"region": "us"})
        self._rate_at(IN_JANUARY)
        self.assertEqual(
            self._says(seats), "eu-only, the plan on 01/10/2026, has no charge for seats then."
        )
        self.assertSays(elsewhere, "takes usage with these dimensions.")

    def test_t5_what_was_given_up_by_a_pause_or_an_end_is_told(self):
        paused, closed = self._counter(), self._counter()
        day = fields.Date.to_date("2026-01-05")
        with freeze_time(IN_JANUARY):
            paused.subscription_id._fusion_pause(day, discard_usage=True)
            closed.subscription_id._fusion_close(day, discard_usage=True)
        self._rate_at(IN_JANUARY)
        self.assertSays(paused, "The subscription is paused on 01/10/2026.")
        self.assertSays(closed, "01/10/2026 is after the subscription ended.")

    def test_days_before_the_subscription_are_told(self):
        counter = self._counter()
        self.env.flush_all()
        for day, sentence in (
            ("2025-12-31", "12/31/2025 is before the subscription begins."),
            ("0001-01-01", "It is of a day that no billing period has."),
        ):
            self.env.cr.execute(
                "UPDATE fusion_billing_usage SET period_start = %s WHERE id = %s", [day, counter.id]
            )
            self.assertSays(counter, sentence)

    def test_days_that_are_settled_for_good_are_told(self):
        counter = self._counter()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET fusion_usage_kept_from = '2026-02-01' WHERE id = %s",
            [counter.subscription_id.id],
        )
        self.assertSays(counter, "settled for good", at="2026-03-01")

    def test_a_counter_of_zero_and_one_of_tomorrow_are_told(self):
        nothing = self._counter(quantity=0)
        tomorrow = self._counter(start="2026-01-16")
        self._rate_at(IN_JANUARY)
        self.assertSays(nothing, "Usage of these days comes to nothing")
        with freeze_time(IN_JANUARY):
            self.assertTrue(tomorrow.rating_ids or "day to come" in tomorrow.billing)

    def test_r7_a_rating_that_fails_is_told(self):
        foreign = self._foreign("CHF", {})
        with freeze_time("2026-01-01"):
            plan = self._plan("swiss")
            self._charge(plan=plan, currency_id=foreign.id)
            counter = self._use(self._subscribe(plan=plan), 1)
        self._rate_at(IN_JANUARY)
        self.assertSays(counter, "It cannot be rated: You cannot bill")

    # === MANY, AND WHO ASKS === #

    def test_a_page_of_counters_takes_as_many_queries_as_a_few(self):
        subscription = self._start()
        counters = self.env["fusion.billing.usage"].union(
            *(self._use(subscription, 1, f"2026-01-{day:02}") for day in range(1, 14))
        )
        self._rate_at(IN_JANUARY)

        def queries(some):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("rating_ids")
            return self.env.cr.sql_log_count - before

        self.assertEqual(queries(counters), queries(counters[:2]))

    def test_buttons_open_the_row_and_the_document(self):
        counter = self._counter()
        self._bill_at(IN_FEBRUARY)
        clerk = new_test_user(
            self.env, "trail_clerk", groups="base.group_user,fusion_billing.group_user"
        )
        own = counter.with_user(clerk)
        self.assertTrue(own.billing)
        action = own.action_view_ratings()
        self.assertEqual(
            (action["res_model"], action["res_id"]),
            ("fusion.billing.rating", counter.rating_ids.id),
        )
        action = own.action_view_documents()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("account.move", counter.document_ids.id)
        )
        seller = new_test_user(
            self.env, "trail_seller", groups="base.group_user,sales_team.group_sale_salesman"
        )
        with self.assertRaises(AccessError):
            counter.with_user(seller).action_view_ratings()


@tagged("post_install", "-at_install")
class TestKeySearch(DocumentCase):
    def _find(self, key, **vals):
        return self.env["fusion.billing.key.search"].create({"idempotency_key": key, **vals})

    def _reject(self, service, request):
        self.env["fusion.billing.rejection"]._keep(
            {
                "service_id": service.id,
                "verb": "POST",
                "path": "/fusion/api/v1/usage",
                "status": 400,
                "code": "unknown_metric",
                "error": "There is no such metric.",
                "request": request,
            }
        )
        return self.env["fusion.billing.rejection"].search([], limit=1)

    def test_a_key_is_found_on_counters_in_the_log_and_in_what_was_refused(self):
        service = self._service("maps")
        subscription = self._start(fusion_service_id=service.id)
        self._ingest(self._event(subscription, "5", idempotency_key="k/1"), source="maps")
        counter = subscription.fusion_usage_ids
        found = self._find("k/1")
        self.assertEqual((found.usage_ids, found.is_unknown), (counter, False))
        counter.unlink()
        rejected = self._reject(service, '{"idempotency_key": "k/1"}')
        self._reject(service, '{"idempotency_key": "k/12"}')
        for vals in ({}, {"service_id": service.id}):
            found = self._find(" k/1 ", **vals)
            self.assertFalse(found.usage_ids)
            self.assertEqual(found.correction_ids.quantity, 5)
            self.assertEqual(found.rejection_ids, rejected)
        other = self._find("k/1", service_id=self._service("desk").id)
        self.assertTrue(other.is_unknown)

    def test_a_key_that_nobody_knows_is_told_and_none_finds_nothing(self):
        self._start(used=1)
        self.assertTrue(self._find("k/1").is_unknown)
        for key in ("", " ", False):
            found = self._find(key)
            self.assertFalse(found.usage_ids or found.correction_ids or found.rejection_ids)
            self.assertFalse(found.is_unknown)

    def test_a_key_is_a_text_and_no_pattern(self):
        service = self._service("maps")
        self._reject(service, '{"idempotency_key": "abc"}')
        self.assertTrue(self._find("a%c").is_unknown)
        self.assertTrue(self._find("a_c").is_unknown)
        for key in ('a"c', "a\\c", "50%_"):
            rejected = self._reject(service, json.dumps({"idempotency_key": key}))
            self.assertEqual(self._find(key).rejection_ids, rejected)
