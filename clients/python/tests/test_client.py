"""Calling the API, over real connections that do what they should not."""

import os
import re
import tempfile
import time
import unittest
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from email.utils import format_datetime
from unittest.mock import patch

import fusion_billing_client as fusion
from api_server import Answer, Api, Cut, Slow, refusal
from fusion_billing_client import pauses

from core.api.endpoints import ALL

VARYING = re.compile(r"\{\w+\}")
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
EVENT = {
    "subscription_external_id": "sub-1",
    "metric_code": "api_calls",
    "quantity": Decimal("1.50"),
    "period_start": NOON,
    "period_end": NOON + timedelta(hours=1),
    "idempotency_key": "k",
}

CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/app",
    "type": "api_calls",
    "subject": "sub-1",
    "time": NOON,
    "data": {"quantity": Decimal("1.50")},
}


class ClientCase(unittest.TestCase):
    def setUp(self):
        self.api = self.enterContext(Api())
        self.enterContext(patch.object(pauses, "SHORTEST", 0.01))
        self.client = self.client_with()

    def client_with(self, **options):
        return fusion.Client(self.api.url, "fbk_test", **{"attempts": 3, **options})

    def assertSent(self, times):
        self.assertEqual(len(self.api.requests), times)


class TestErrors(ClientCase):
    def test_each_code_and_status_is_its_own_exception_and_is_sent_once(self):
        for status, code, kind in (
            (400, "invalid_payload", fusion.BadRequestError),
            (400, "unknown_plan", fusion.UnknownRecordError),
            (400, "invalid_state", fusion.InvalidStateError),
            (401, "unauthorized", fusion.AuthenticationError),
            (403, "insufficient_scope", fusion.PermissionDeniedError),
            (404, "not_found", fusion.NotFoundError),
            (405, "method_not_allowed", fusion.ApiError),
            (409, "conflict", fusion.ConflictError),
            (413, "payload_too_large", fusion.PayloadTooLargeError),
            (500, "internal_error", fusion.ServerError),
            (503, "not_ready", fusion.NotReadyError),
        ):
            with self.subTest(code=code):
                self.api.requests.clear()
                self.api.next(refusal(status, code, field="plan_code"))
                with self.assertRaises(fusion.FusionError) as caught:
                    self.client.catalog()
                error = caught.exception
                self.assertIs(type(error), kind)
                self.assertEqual(
                    (error.status, error.code, error.field), (status, code, "plan_code")
                )
                self.assertEqual((error.message, error.request_id), ("No.", "r-1"))
                self.assertSent(1)

    def test_counters_that_would_be_lost_are_counted(self):
        self.api.next(refusal(409, "usage_after_end", count=2))
        with self.assertRaises(fusion.UsageAfterEndError) as caught:
            self.client.cancel_subscription(1, date(2026, 1, 9))
        self.assertEqual(caught.exception.count, 2)

    def test_each_bad_event_of_a_batch_is_told(self):
        wrong = {"index": 3, "field": "quantity", "code": "invalid_quantity", "error": "Below 0."}
        self.api.next(refusal(400, "invalid_quantity", errors=[wrong]))
        with self.assertRaises(fusion.BadRequestError) as caught:
            self.client.push_usage([EVENT] * 4)
        told = fusion.EventError(3, "invalid_quantity", "Below 0.", "quantity")
        self.assertEqual(caught.exception.events, [told])

    def test_what_is_no_answer_of_the_api_is_not_taken_for_one(self):
        for answer in (Answer(200, "<html>"), Answer(200, {"hello": 1}), Answer(200, [])):
            with self.subTest(answer=answer):
                self.api.next(answer)
                with self.assertRaises(fusion.FusionError):
                    self.client.push_usage([EVENT])

    def test_the_request_id_of_the_header_is_kept_where_the_body_has_none(self):
        self.api.next(Answer(400, "<html>", {"X-Request-Id": "proxy-7"}))
        with self.assertRaises(fusion.BadRequestError) as caught:
            self.client.catalog()
        self.assertEqual(
            (caught.exception.request_id, caught.exception.code), ("proxy-7", "no_json")
        )

    def test_the_key_is_taken_nowhere_else(self):
        with Api() as other:
            self.api.next(Answer(302, "", {"Location": other.url + "/fusion/api/v1/catalog"}))
            with self.assertRaises(fusion.ApiError):
                self.client.catalog()
            self.assertEqual(other.requests, [])

    def test_no_netrc_takes_the_place_of_the_key(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("machine 127.0.0.1 login somebody password else\n")
            file.flush()
            with patch.dict(os.environ, NETRC=file.name):
                self.client.catalog()
        [request] = self.api.requests
        self.assertEqual(request.headers["Authorization"], "Bearer fbk_test")


class TestRepeating(ClientCase):
    def test_what_a_busy_server_refuses_is_sent_again(self):
        for status in (429, 502, 503, 504):
            with self.subTest(status=status):
                self.api.requests.clear()
                self.api.next(Answer(status, "busy"), refusal(status, "unavailable"))
                self.assertEqual(self.client.push_usage([EVENT])["accepted"], 1)
                self.assertSent(3)

    def test_the_last_attempt_raises_what_the_server_said(self):
        self.api.next(*[refusal(503, "unavailable", {"Retry-After": "0"})] * 3)
        with self.assertRaises(fusion.UnavailableError) as caught:
            self.client.catalog()
        self.assertEqual(caught.exception.retry_after, 0)
        self.assertSent(3)

    def test_a_request_waits_as_long_as_the_server_asks(self):
        self.api.next(refusal(429, "rate_limited", {"Retry-After": "1"}))
        began = time.monotonic()
        self.client.catalog()
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_nobody_waits_for_longer_than_they_have_patience(self):
        self.api.next(refusal(429, "rate_limited", {"Retry-After": "3600"}))
        with self.assertRaises(fusion.RateLimitError) as caught:
            self.client.catalog()
        self.assertEqual(caught.exception.retry_after, 3600)
        self.assertSent(1)

    def test_a_batch_whose_answer_was_lost_is_sent_again_and_counts_once(self):
        self.api.next(Cut("before"), Cut("never"))
        answer = self.client.push_usage([EVENT])
        self.assertEqual((answer["unchanged"], self.api.total()), (1, Decimal("1.5")))
        first, *others = [request.payload for request in self.api.requests]
        self.assertEqual(others, [first] * 2)

    def test_a_server_that_is_silent_for_too_long_is_no_answer(self):
        self.api.next(Slow(2), Slow(2))
        client = self.client_with(timeout=0.2, attempts=2)
        with self.assertRaises(fusion.NoAnswerError):
            client.push_usage([EVENT])
        self.assertEqual(self.client.push_usage([EVENT])["unchanged"], 1)

    def test_a_server_that_is_not_there_is_no_answer(self):
        with Api() as gone:
            client = fusion.Client(gone.url, "fbk_test", attempts=2)
        with self.assertRaises(fusion.NoAnswerError):
            client.catalog()

    def test_what_would_be_done_twice_names_a_key_for_all_its_repetitions(self):
        create, keyless = self.client.create_subscription, {**EVENT, "idempotency_key": None}
        keys = set()
        for call in (
            lambda: create("c-1", "pro"),
            lambda: self.client.push_usage([EVENT, keyless]),
            self.client.send_test_event,
        ):
            for step in (Cut("before"), Answer(502, ""), refusal(503, "unavailable")):
                self.api.requests.clear()
                self.api.next(step)
                call()
                first, second = (request.headers for request in self.api.requests)
                self.assertEqual(first["Idempotency-Key"], second["Idempotency-Key"])
                keys.add(first["Idempotency-Key"])
        self.assertEqual(len(keys), 9)

    def test_what_is_found_again_anyway_needs_no_key(self):
        self.api.next(Cut("before"))
        self.client.create_subscription("c-1", "pro", external_id="s-1")
        self.client.push_usage([EVENT])
        self.assertSent(3)
        for request in self.api.requests:
            self.assertNotIn("Idempotency-Key", request.headers)

    def test_a_request_that_is_still_carried_out_is_waited_for(self):
        self.api.next(refusal(409, "idempotency_in_flight", {"Retry-After": "0"}))
        self.client.create_subscription("c-1", "pro")
        self.assertSent(2)

    def test_pauses_grow_and_are_never_shorter_than_asked(self):
        with patch.object(pauses, "SHORTEST", 1):
            for failures, least, most in ((1, 0.5, 1), (3, 2, 4), (7, 30, 60), (10**6, 30, 60)):
                found = [pauses.pause(failures) for _ in range(200)]
                self.assertTrue(all(least <= one <= most for one in found))
                self.assertGreater(len(set(found)), 100)
            self.assertEqual(pauses.pause(1, 90), 90)

    def test_retry_after_is_seconds_or_a_date(self):
        later = datetime.now(timezone.utc) + timedelta(seconds=100)
        self.assertAlmostEqual(pauses.seconds_of(format_datetime(later, usegmt=True)), 100, delta=5)
        past = format_datetime(datetime(2020, 1, 1, tzinfo=timezone.utc), usegmt=True)
        for header, seconds in (("7", 7), (past, 0), ("soon", None), ("-1", None), (None, None)):
            self.assertEqual(pauses.seconds_of(header), seconds, header)


class TestEndpoints(ClientCase):
    def test_pages_are_asked_for_as_they_are_needed(self):
        self.api.answers["GET", "/subscriptions"] = [
            Answer(200, {"status": "ok", "subscriptions": [1, 2], "next_cursor": "a+b="}),
            Answer(200, {"status": "ok", "subscriptions": [3], "next_cursor": None}),
        ]
        records = self.client.subscriptions()
        self.assertEqual([next(records), next(records)], [1, 2])
        self.assertSent(1)
        self.assertEqual(list(records), [3])
        self.assertIn("cursor=a%2Bb%3D", self.api.requests[1].query)

    def test_decimals_and_times_are_written_exactly(self):
        self.client.push_usage([EVENT])
        [event] = self.api.requests[0].payload["events"]
        self.assertEqual(
            (event["quantity"], event["period_start"]), ("1.50", "2026-03-01T12:30:00Z")
        )
        with self.assertRaises(ValueError):
            self.client.usage(since=datetime(2026, 1, 1)).__next__()

    def test_the_good_events_of_a_batch_are_stored_if_somebody_says_so(self):
        bad = {**EVENT, "subscription_external_id": "unknown-1"}
        answer = self.client.push_usage([EVENT, bad], partial=True)
        self.assertEqual((answer["accepted"], answer["rejected_indexes"]), (1, [1]))
        self.assertEqual(self.api.requests[0].query, "partial=true")

    def test_cloudevents_go_out_as_a_list(self):
        self.client.push_events([CLOUD_EVENT], partial=True)
        [request] = self.api.requests
        self.assertEqual((request.path, request.query), ("/events", "partial=true"))
        self.assertEqual(
            request.payload,
            [{**CLOUD_EVENT, "time": "2026-03-01T12:30:00Z", "data": {"quantity": "1.50"}}],
        )

    def test_who_deletes_a_counter_learns_if_there_was_one(self):
        told = [Answer(200, {"status": "ok", "deleted": number}) for number in (1, 0)]
        self.api.answers["DELETE", "/usage"] = told
        named = {"subscription_external_id": "s", "metric_code": "m", "idempotency_key": "k"}
        self.assertIs(self.client.delete_usage(**named), True)
        self.assertIs(self.client.delete_usage(7), False)
        self.assertEqual([one.payload for one in self.api.requests], [named, {"usage_id": 7}])

    def test_an_export_goes_on_after_the_last_line_until_there_is_none(self):
        pages = [["a", "b"], ["c"], []]
        self.api.answers["GET", "/usage/export"] = [
            Answer(200, "".join(f'{{"cursor": "{name}"}}\n' for name in page)) for page in pages
        ]
        lines = self.client.export_usage("0", changed_since=NOON)
        self.assertEqual([line["cursor"] for line in lines], ["a", "b", "c"])
        since = "&changed_since=2026-03-01T12%3A30%3A00Z"
        self.assertEqual(
            [request.query for request in self.api.requests],
            [f"cursor={cursor}{since}" for cursor in "0bc"],
        )

    def test_a_customer_of_any_name_is_found(self):
        self.client.customer("a/b ?#%é")
        self.assertEqual(self.api.requests[0].path, "/customers/a%2Fb%20%3F%23%25%C3%A9")

    def test_a_text_is_your_own_id_of_a_subscription_and_an_int_its_number(self):
        self.client.subscription("org/7 é?")
        self.client.cancel_subscription(42, refund="none")
        self.client.change_item("42", 5, Decimal("2.50"), preview=True)
        [first, second, third] = self.api.requests
        self.assertEqual(first.path, "/subscriptions/external:org%2F7%20%C3%A9%3F")
        self.assertEqual(second.path, "/subscriptions/42/cancel")
        self.assertEqual(second.payload, {"refund": "none"})
        self.assertEqual((third.verb, third.path), ("PATCH", "/subscriptions/external:42/items/5"))
        self.assertEqual(third.payload, {"quantity": "2.50", "preview": True})

    def test_codes_of_any_letters_are_named(self):
        self.client.plan("50%/a+b")
        self.client.metric("é")
        paths = [request.path for request in self.api.requests]
        self.assertEqual(paths, ["/plans/50%25%2Fa%2Bb", "/metrics/%C3%A9"])

    def test_a_pdf_is_bytes(self):
        self.api.next(Answer(200, "%PDF-1.4", {"Content-Type": "application/pdf"}))
        self.assertEqual(self.client.invoice_pdf(7), b"%PDF-1.4")
        self.api.next(refusal(400, "invalid_state"))
        with self.assertRaises(fusion.InvalidStateError):
            self.client.invoice_pdf(7)
        self.api.next(refusal(501, "pdf_unavailable"))
        with self.assertRaises(fusion.ServerError):
            self.client.invoice_pdf(7)
        self.assertSent(3)

    def test_lists_are_limited_by_days_and_by_the_name_of_a_subscription(self):
        page = {"status": "ok", "rows": [], "next_cursor": None}
        self.api.answers["GET", "/ledger"] = [Answer(200, page), Answer(200, page)]
        list(self.client.ledger(subscription="7", since=date(2026, 1, 5), due=True))
        list(self.client.ledger(subscription=7))
        named, numbered = (request.query for request in self.api.requests)
        for part in ("subscription_external_id=7", "from=2026-01-05", "due=true"):
            self.assertIn(part, named)
        self.assertIn("subscription_id=7", numbered)
        self.assertNotIn("due", numbered)

    def test_a_secret_is_made_once_and_a_lost_key_is_asked_for_again(self):
        for call, is_named in ((self.client.rotate_secret, True), (self.client.rotate_key, False)):
            self.api.requests.clear()
            self.api.next(Cut("before"))
            call(2)
            self.assertSent(2)
            names = {request.headers.get("Idempotency-Key") for request in self.api.requests}
            self.assertEqual((len(names), None not in names), (1, is_named))

    def test_a_clock_is_advanced_until_it_is_there(self):
        step = {"status": "ok", "now": "2026-06-01T00:00:00Z", "documents": 2, "events": 3}
        self.api.next(
            Answer(200, {**step, "reached": False}), Answer(200, {**step, "reached": True})
        )
        answer = self.client.advance_clock(NOON)
        self.assertEqual((answer["documents"], answer["events"]), (4, 6))
        self.assertEqual(
            [request.payload for request in self.api.requests],
            [{"now": "2026-03-01T12:30:00Z"}] * 2,
        )

    def test_there_is_a_method_for_every_endpoint(self):
        """The addon's endpoints, each called by one."""
        empty = {"status": "ok", "next_cursor": None, "queued": 0, "metrics": [], "deleted": 0}
        empty |= {"reached": True, "documents": 0, "events": 0}
        lists = ("customers", "subscriptions", "usage", "rows", "reconciliations", "deliveries")
        lists += ("items", "changes")
        lists += ("invoices", "plans", "keys")
        with patch.object(
            Api, "carry_out", return_value=Answer(200, {name: [] for name in lists} | empty)
        ):
            self.call_everything()
        called = {f"{request.verb} {request.path}" for request in self.api.requests}
        routes = {
            one.name: re.compile(f"{one.verb} {VARYING.sub('[^/]+', one.path)}")
            for one in ALL
            if not one.is_page
        }
        missing = [name for name, one in routes.items() if not any(map(one.fullmatch, called))]
        self.assertEqual(missing, [])

    def call_everything(self):
        client = self.client
        client.index()
        client.health()
        client.description()
        client.ready()
        client.metrics_text()
        client.register_customer("c-1", name="Acme")
        client.customer("c-1")
        client.customer_collection("c-1")
        client.create_subscription("c-1", "pro", external_id="s-1", start_date=date(2026, 1, 5))
        client.update_customer("c-1", email="a@acme.example")
        client.subscription(1)
        client.items("s-1")
        client.add_item("s-1", "seat", 2)
        client.change_item("s-1", 5, 3, date(2026, 1, 10), preview=True)
        client.changes("s-1")
        client.take_back_change("s-1", "plan-7")
        client.pause_subscription(1)
        client.resume_subscription(1)
        client.cancel_subscription(1)
        client.change_plan(1, 2)
        client.period_usage(1, date(2026, 1, 10))
        client.upcoming_invoice(1)
        client.push_usage([EVENT])
        client.push_events([CLOUD_EVENT])
        client.delete_usage(1)
        next(client.export_usage())
        client.aggregations()
        client.estimate("pro", {"api_calls": 1})
        client.reconcile(NOON, NOON + timedelta(1), [{"metric_code": "api_calls", "quantity": 1}])
        client.resend("evt_1")
        client.resend_failed(NOON)
        client.resend_between(NOON)
        client.send_test_event()
        client.invoice(1)
        client.invoice_pdf(1)
        client.plan("pro")
        client.metric("api_calls")
        client.rotate_key()
        client.revoke_key(2)
        client.endpoint()
        client.change_endpoint(enabled=True)
        client.rotate_secret()
        client.delivery("evt_1")
        client.sandbox_clock()
        client.advance_clock(NOON)
        client.reset_sandbox()
        for records in (
            client.customers(),
            client.subscriptions(),
            client.usage(since=NOON),
            client.reconciliations(),
            client.reconciliation_rows(1, "mismatch"),
            client.deliveries(state="failed"),
            client.invoices(subscription="sub-1", since=date(2026, 1, 5)),
            client.ledger(subscription=1, due=True),
            client.plans(),
            client.keys(),
        ):
            list(records)
