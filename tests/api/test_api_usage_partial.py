"""Batches of which the good events are stored, and everything that is wrong with the others."""

from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ..api_usage_case import ApiUsageCase

WRONG = ("index", "code", "field")


@tagged("post_install", "-at_install")
@freeze_time("2026-01-31 12:00:00")
class TestApiUsagePartial(ApiUsageCase):
    def push_partly(self, *events, partial="true"):
        return self.post(f"/usage?partial={partial}", {"events": list(events)})

    def errors(self, answer):
        return [tuple(error.get(name) for name in WRONG) for error in answer["errors"]]

    def test_the_good_events_are_stored_and_the_bad_ones_told(self):
        answer = self.assertOk(
            self.push_partly(
                self._event(idempotency_key="a"),
                self._event(idempotency_key="b", quantity=-1),
                5,
                self._event(idempotency_key="c", metric_code="calls"),
                self._event(idempotency_key="d", quantity="2"),
            )
        )
        self.assertEqual(
            self.errors(answer),
            [
                (1, "invalid_quantity", "quantity"),
                (2, "invalid_event", None),
                (3, "unknown_metric", "metric_code"),
            ],
        )
        del answer["errors"]
        self.assertEqual(
            answer,
            {
                "accepted": 2,
                "inserted": 2,
                "updated": 0,
                "unchanged": 0,
                "rejected": 3,
                "rejected_indexes": [1, 2, 3],
            },
        )
        self.assertEqual(self._stored(), [("a", Decimal("1250.5")), ("d", Decimal(2))])

    def test_a_text_that_cannot_be_stored_holds_nobody_back(self):
        events = (
            self._event(idempotency_key="a"),
            self._event(idempotency_key="b", value="x\0"),
            self._event(idempotency_key="c", dimensions={"\ud800": "x"}),
            self._event(idempotency_key="d", quantity="2"),
        )
        answer = self.assertOk(self.push_partly(*events))
        self.assertEqual(
            self.errors(answer), [(1, "invalid_payload", None), (2, "invalid_payload", None)]
        )
        self.assertEqual(self._stored(), [("a", Decimal("1250.5")), ("d", Decimal(2))])
        refused = self.assertError(self.push(*events), 400, "invalid_payload")
        self.assertEqual([error["index"] for error in refused["errors"]], [1, 2])
        kept = self.env["fusion.billing.rejection"].search([])
        self.assertFalse(any("\0" in text for text in kept.mapped("request")))

    def test_a_batch_without_a_bad_event_is_stored_as_ever(self):
        answer = self.assertOk(self.push_partly(self._event(idempotency_key="a")))
        self.assertEqual(
            answer,
            {
                "accepted": 1,
                "inserted": 1,
                "updated": 0,
                "unchanged": 0,
                "rejected": 0,
                "rejected_indexes": [],
            },
        )

    def test_a_batch_of_bad_events_alone_is_carried_out_too(self):
        with self.assertNothingWritten():
            answer = self.assertOk(self.push_partly(self._event(quantity=-1)))
        self.assertEqual((answer["accepted"], answer["rejected"]), (0, 1))

    def test_the_same_batch_again_changes_nothing(self):
        """U3, U4: a key of a rejected event is not taken."""
        batch = [self._event(idempotency_key="a"), self._event(idempotency_key="b", quantity=-1)]
        self.push_partly(*batch)
        with self.assertNothingWritten():
            answer = self.assertOk(self.push_partly(*batch))
        self.assertEqual((answer["unchanged"], answer["rejected"]), (1, 1))
        self.assertPushed(self.push(self._event(idempotency_key="b")), inserted=1)

    def test_a_key_of_a_bad_event_may_stand_on_a_good_one(self):
        """U4: only what is stored claims a key of its batch."""
        answer = self.assertOk(
            self.push_partly(
                self._event(idempotency_key="a", quantity=-1),
                self._event(idempotency_key="a", quantity=1),
                self._event(idempotency_key="a", quantity=2),
            )
        )
        self.assertEqual(
            self.errors(answer),
            [(0, "invalid_quantity", "quantity"), (2, "duplicate_key_in_batch", "idempotency_key")],
        )
        self.assertEqual(self._stored(), [("a", Decimal(1))])

    def test_every_rejected_event_is_named_where_errors_are_cut(self):
        events = [self._event(metric_code="calls", quantity=-1)] * 150
        answer = self.assertOk(self.push_partly(*events, self._event()))
        self.assertEqual((len(answer["errors"]), answer["errors_total"]), (100, 300))
        self.assertEqual(answer["rejected_indexes"], list(range(150)))
        self.assertEqual((answer["rejected"], answer["accepted"]), (150, 1))

    def test_people_see_what_was_rejected(self):
        self.push_partly(self._event(), self._event(quantity=-1, idempotency_key="bad"))
        rejection = self.env["fusion.billing.rejection"].search([])
        self.assertEqual((rejection.status, rejection.code), (200, "invalid_quantity"))
        self.assertTrue(rejection.error.startswith("Not stored: event 1: "))
        self.assertIn('"idempotency_key": "bad"', rejection.request)

    def test_false_and_nothing_are_all_or_nothing(self):
        bad = self._event(idempotency_key="a"), self._event(quantity=-1)
        for response in (self.push_partly(*bad, partial="false"), self.push(*bad)):
            self.assertBatchRefused(response, (1, "invalid_quantity", "quantity"))

    def test_a_request_that_is_no_batch_is_refused_as_ever(self):
        for query, body, code, field in (
            ("partial=1", {"events": [self._event()]}, "invalid_partial", "partial"),
            ("partial=true&partial=true", {"events": []}, "invalid_partial", "partial"),
            ("partly=true", {"events": [self._event()]}, "unknown_field", "partly"),
            ("partial=true", {"events": []}, "invalid_events", "events"),
            (
                "partial=true",
                {"events": [self._event()], "partial": True},
                "unknown_field",
                "partial",
            ),
        ):
            with self.subTest(query=query), self.assertNothingWritten():
                self.assertError(self.post(f"/usage?{query}", body), 400, code, field)

    def test_a_request_that_is_done_once_is_another_one_with_another_query(self):
        headers = {"Idempotency-Key": "once"}
        batch = {"events": [self._event(quantity=-1), self._event(idempotency_key="a")]}
        first = self.post("/usage?partial=true", batch, headers=headers)
        again = self.post("/usage?partial=true", batch, headers=headers)
        self.assertEqual(self.assertOk(first), self.assertOk(again))
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertError(self.post("/usage", batch, headers=headers), 422, "idempotency_mismatch")

    # === ALL THAT IS WRONG WITH AN EVENT === #

    def test_a_bad_period_hides_no_unknown_name(self):
        """U2."""
        end = "2026-01-09T00:00:00Z"
        self.assertBatchRefused(
            self.push(self._event(period_end=end, metric_code="calls")),
            (0, "invalid_period_end", "period_end"),
            (0, "unknown_metric", "metric_code"),
        )
        self.assertBatchRefused(
            self.push(
                self._event(quantity=-1, subscription_external_id="sub-43", metric_code="calls")
            ),
            (0, "invalid_quantity", "quantity"),
            (0, "unknown_subscription", "subscription_external_id"),
            (0, "unknown_metric", "metric_code"),
        )
        before = {"period_start": "2025-01-01T00:00:00Z", "metric_code": "calls"}
        self.assertBatchRefused(
            self.push(self._event(**before)),
            (0, "unknown_metric", "metric_code"),
            (0, "period_outside_subscription", "period_start"),
        )

    def test_what_is_unknown_is_named_as_it_was_written(self):
        """U1: it tells nothing but what the caller wrote."""
        long = "x" * 200
        for fields, name in (
            ({"metric_code": "calls"}, "There is no metric 'calls'."),
            ({"metric_code": long}, f"There is no metric '{long[:59]}."),
            (
                {"subscription_external_id": "sub-43"},
                "There is no subscription 'sub-43' of a customer of this service.",
            ),
        ):
            answer = self.push(self._event(**fields)).json()
            self.assertEqual(answer["errors"][0]["error"], name)

    def test_what_is_wrong_with_many_events_takes_no_query_for_each(self):
        self.remember_keys()
        one = [self._event(metric_code="calls", quantity=-1)]
        self.push_partly(*one)
        counts = []
        for events in (one, one * 50):
            before = self.cr.sql_log_count
            self.push_partly(*events)
            counts.append(self.cr.sql_log_count - before)
        self.assertEqual(*counts)

    # === OTHER NAMES OF FIELDS === #

    def test_metric_is_read_wherever_metric_code_is(self):
        event = self._event(metric_code=None, metric="api_calls", idempotency_key="a")
        self.assertPushed(self.push(event), inserted=1)
        for path in ("/usage?metric=api_calls", "/usage?metric_code=api_calls"):
            [usage] = self.assertOk(self.get(path))["usage"]
            self.assertEqual(usage["metric_code"], "api_calls")
        self.assertError(self.get("/usage?metric=calls"), 400, "unknown_metric", "metric_code")
        row = {"subscription_external_id": "sub-42", "metric": "api_calls", "quantity": "1250.5"}
        answer = self.assertOk(
            self.post(
                "/reconciliation",
                {
                    "period_start": "2026-01-01T00:00:00Z",
                    "period_end": "2026-02-01T00:00:00Z",
                    "rows": [row],
                },
            ),
            201,
        )
        self.assertEqual(answer["matched"], 1)

    def test_both_names_at_once_are_refused(self):
        self.assertBatchRefused(
            self.push(self._event(metric="api_calls")), (0, "unknown_field", "metric")
        )

    # === FILTERS OF THE LIST === #

    def test_the_list_is_filtered_by_external_id_and_by_key(self):
        self._own_subscription("sub-43")
        self.push(
            self._event(idempotency_key="a"),
            self._event(idempotency_key="b"),
            self._event(idempotency_key="a", subscription_external_id="sub-43"),
        )
        for query, found in (
            ("subscription_external_id=sub-42", [("sub-42", "a"), ("sub-42", "b")]),
            ("subscription_external_id=sub-43", [("sub-43", "a")]),
            ("idempotency_key=a", [("sub-42", "a"), ("sub-43", "a")]),
            ("idempotency_key=a&subscription_external_id=sub-42", [("sub-42", "a")]),
            ("idempotency_key=c", []),
        ):
            with self.subTest(query=query):
                usages = self.assertOk(self.get(f"/usage?{query}"))["usage"]
                told = [(u["subscription_external_id"], u["idempotency_key"]) for u in usages]
                self.assertEqual(told, found)

    def test_a_list_is_of_one_subscription_that_is_there(self):
        number = self.subscription.id
        for query, code, field in (
            ("subscription_external_id=sub-43", "unknown_subscription", "subscription_external_id"),
            ("subscription_id=999999", "unknown_subscription", "subscription_id"),
            (
                f"subscription_external_id=sub-42&subscription_id={number}",
                "invalid_subscription_id",
                "subscription_id",
            ),
            ("idempotency_key=", "invalid_idempotency_key", "idempotency_key"),
        ):
            with self.subTest(query=query):
                self.assertError(self.get(f"/usage?{query}"), 400, code, field)
