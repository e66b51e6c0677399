import logging
from contextlib import contextmanager
from unittest.mock import patch

import psycopg2
from psycopg2.errors import (
    DeadlockDetected,
    LockNotAvailable,
    NumericValueOutOfRange,
    SerializationFailure,
)

from odoo import http
from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.service import model as service_model
from odoo.tests import tagged

from ..api_case import ApiCase

ANSWER = "odoo.addons.fusion_billing.controllers.answer"


@tagged("post_install", "-at_install")
class TestApiFailures(ApiCase):
    """A1: whatever fails, wherever, the answer is JSON and tells no secrets."""

    answers_as_declared = False

    @contextmanager
    def _failing(self, error, times=1000, model="fusion.billing.api.usage", method="_push"):
        """Let the endpoint raise, so many times."""
        original = getattr(self.env.registry[model], method)
        left = [times]

        def fail(records, *args, **kwargs):
            result = original(records, *args, **kwargs)
            if left[0]:
                left[0] -= 1
                raise error
            return result

        with patch.object(self.env.registry[model], method, fail):
            yield

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._own_subscription("sub-42")

    def setUp(self):
        super().setUp()
        # Odoo waits up to 30 seconds between its five tries.
        self.patch(service_model.time, "sleep", lambda _seconds: None)

    def assertFailure(self, error, status, code):
        with self.assertNothingWritten(), self._failing(error):
            return self.assertError(self.push(self._event()), status, code), None

    # === FAILURES === #

    def test_a_mistake_of_ours_is_told_nobody_but_the_log(self):
        for error in (ValueError("secret"), AccessError("secret"), KeyError("secret")):
            with self.assertLogs("odoo.http", logging.WARNING) as logs:
                answer, _ = self.assertFailure(error, 500, "internal_error")
            self.assertNotIn("secret", str(answer))
            self.assertIn("secret", "".join(logs.output))

    def test_contention_is_tried_again_and_then_told(self):
        for error in (SerializationFailure, DeadlockDetected, LockNotAvailable):
            with self._failing(self._database_error(error)), self.assertNothingWritten():
                response = self.push(self._event())
                self.assertError(response, 503, "unavailable")
                self.assertEqual(response.headers["Retry-After"], "5")

    def test_contention_that_passes_is_not_noticed(self):
        """U4, U6: what the first try did is undone, and done again."""
        with self._failing(self._database_error(SerializationFailure), times=3):
            answer = self.assertOk(self.push(self._event(idempotency_key="k")))
        self.assertEqual(answer["inserted"], 1)
        self.assertEqual(self.env["fusion.billing.usage"].search_count([]), 1)

    def test_a_database_that_goes_away_is_told(self):
        for error in (
            psycopg2.OperationalError("secret"),
            psycopg2.InterfaceError("secret"),
            psycopg2.DatabaseError("server closed the connection unexpectedly"),
            psycopg2.pool.PoolError("secret"),
        ):
            self.assertFailure(error, 503, "unavailable")

    def test_a_worker_that_has_no_memory_left_asks_to_try_again(self):
        self.assertFailure(MemoryError("secret"), 503, "unavailable")

    def test_a_statement_that_is_wrong_is_a_mistake_of_ours(self):
        with self.assertLogs("odoo.http", logging.WARNING):
            self.assertFailure(psycopg2.ProgrammingError("secret"), 500, "internal_error")

    def test_a_database_that_goes_away_while_the_key_is_checked_is_no_wrong_key(self):
        """An app must not be told to throw its key, and its usage, away: at whichever step."""
        for model, method in (
            ("fusion.billing.api.key", "_authenticate"),
            ("fusion.billing.api.key", "_look_up"),
            ("ir.model.data", "_xmlid_to_res_id"),
        ):
            for error in (
                psycopg2.OperationalError("secret"),
                psycopg2.InterfaceError("secret"),
                psycopg2.pool.PoolError("secret"),
            ):
                self.env.registry.clear_cache()
                with (
                    self.subTest(method=method, error=type(error)),
                    self._failing(error, model=model, method=method),
                ):
                    self.assertError(self.get("/catalog"), 503, "unavailable")

    def test_a_mistake_of_ours_while_the_key_is_checked_is_no_wrong_key(self):
        with (
            self._failing(
                KeyError("secret"), model="fusion.billing.api.key", method="_authenticate"
            ),
            self.assertLogs("odoo.http", logging.WARNING),
        ):
            self.assertError(self.get("/catalog"), 500, "internal_error")

    def test_a_value_that_slips_through_to_the_database_is_a_wrong_request(self):
        self.assertFailure(NumericValueOutOfRange("secret"), 400, "invalid_payload")

    def test_a_rule_of_odoo_is_told_in_its_own_words(self):
        for error in (UserError("The month is closed."), ValidationError("The month is closed.")):
            answer, _ = self.assertFailure(error, 400, "invalid_payload")
            self.assertEqual(answer["error"], "The month is closed.")

    def test_a_record_that_is_gone_is_not_found(self):
        self.assertFailure(MissingError("Gone."), 404, "not_found")

    def _database_error(self, cls):
        """psycopg2 alone can set the code that Odoo looks at."""
        return type(
            cls.__name__,
            (cls,),
            {
                "pgcode": {
                    SerializationFailure: "40001",
                    DeadlockDetected: "40P01",
                    LockNotAvailable: "55P03",
                }[cls]
            },
        )()

    # === AT THE END OF THE TRANSACTION === #

    def test_an_error_at_flush_after_the_endpoint_returned_is_json(self):
        """A1."""
        catalog = self.env.registry["fusion.billing.api.catalog"]
        original = catalog._read

        def write_nonsense(records, service, query):
            service.env["fusion.billing.charge"].sudo().search([]).write({"unit_batch": -1})
            return original(records, service, query)

        self._charge()
        self.env.flush_all()
        with (
            self.assertNothingWritten(),
            self._as_writer("/catalog"),
            patch.object(catalog, "_read", write_nonsense),
            self._quiet_sql(),
        ):
            self.assertError(self.get("/catalog"), 400, "invalid_payload")

    def test_an_error_at_commit_is_json(self):
        """A1."""

        def fail_at_commit(_records, service, _payload):
            service.env.cr.precommit.add(self._raise_serialization_failure)
            return {}

        with patch.object(self.env.registry["fusion.billing.api.usage"], "_push", fail_at_commit):
            self.assertError(self.push(self._event()), 503, "unavailable")

    def _raise_serialization_failure(self):
        raise self._database_error(SerializationFailure)

    @contextmanager
    def _as_writer(self, path):
        """Let a reading route write."""
        routing = next(
            rule.endpoint.routing
            for rule in self.env["ir.http"].routing_map().iter_rules()
            if rule.rule == f"/fusion/api/v1{path}"
        )
        with patch.dict(routing, readonly=False):
            yield

    @contextmanager
    def _quiet_sql(self):
        with self.assertLogs("odoo.sql_db", logging.ERROR):
            yield

    # === BEFORE THERE IS A ROUTE === #

    def test_a_request_without_a_database_is_json(self):
        """A1: on a server with several databases, or one whose database is away."""
        with patch("odoo.http.Request._get_session_and_dbname", self._without_database):
            response = self.get("/catalog")
        self.assertError(response, 503, "unavailable")
        self.assertTrue(response.headers["Retry-After"])

    def _without_database(self, *_args):
        session = http.root.session_store.new()
        session.update(db=None, context={})
        return session, None

    def test_what_fails_before_routing_is_json(self):
        """A1."""
        with (
            patch(
                "odoo.addons.fusion_billing.models.api.ir_http.is_api_path",
                side_effect=KeyError("secret"),
            ),
            self.assertLogs("odoo.http", logging.ERROR),
        ):
            self.assertError(self.get("/catalog"), 500, "internal_error")

    def test_other_paths_are_answered_as_ever(self):
        response = self.url_open("/fusion/nothing")
        self.assertEqual(response.status_code, 404)
        self.assertIn("text/html", response.headers["Content-Type"])

    # === REQUEST IDS === #

    def test_a_sane_request_id_is_kept(self):
        for request_id in ("abc", "A-1_2.3:4/5+6=", "x" * 128):
            for path in ("/health", "/nothing"):
                response = self.get(path, headers={"X-Request-Id": request_id})
                self.assertEqual(response.headers["X-Request-Id"], request_id)

    def test_another_request_id_is_replaced(self):
        for request_id in ("", "a b", "x" * 129, "é".encode(), "<script>", "a,b"):
            response = self.get("/health", headers={"X-Request-Id": request_id})
            self.assertRegex(response.headers["X-Request-Id"], r"^[0-9a-f]{32}$")

    def test_a_request_id_finds_the_request_in_the_log(self):
        for path, status in (("/health", 200), ("/nothing", 404), ("/usage?limit=0", 400)):
            with self.assertLogs(ANSWER, logging.INFO) as logs:
                self.get(path, headers={"X-Request-Id": "find-me"})
            [line] = logs.output
            self.assertIn("find-me", line)
            self.assertIn(str(status), line)

    def test_a_path_cannot_forge_a_line_of_the_log(self):
        with self.assertLogs(ANSWER, logging.INFO) as logs:
            self.get("/x%0a2026-01-01 forged")
        self.assertNotIn("\n", logs.output[0])

    def test_a_request_is_one_line_with_what_somebody_asks_later(self):
        with self.assertLogs(ANSWER, logging.INFO) as logs:
            self.push(self._event(idempotency_key="1"), self._event(idempotency_key="2"))
        [line] = logs.output
        for fact in ("service=nexacloud", "verb=POST", "path=/fusion/api/v1/usage", "events=2"):
            self.assertIn(fact, line)
        self.assertRegex(line, r" status=200 code=ok events=2 statements=[1-9]\d* ms=\d+$")

    def test_a_request_that_is_tried_again_is_one_line(self):
        with (
            self._failing(self._database_error(SerializationFailure), times=3),
            self.assertLogs(ANSWER, logging.INFO) as logs,
        ):
            self.assertOk(self.push(self._event()))
        self.assertEqual(len(logs.output), 1)

    def test_the_reason_of_a_503_is_in_the_log_and_not_in_the_answer(self):
        error = psycopg2.OperationalError("server closed the connection\nunexpectedly")
        with self._failing(error), self.assertLogs(ANSWER, logging.INFO) as logs:
            response = self.push(self._event())
        self.assertError(response, 503, "unavailable")
        self.assertNotIn("closed", response.text)
        self.assertIn('reason="OperationalError: server closed the connection"', logs.output[0])

    def test_requests_that_the_caller_got_wrong_raise_no_alarm(self):
        with self.assertNoLogs("odoo", logging.WARNING):
            self.get("/nothing")
            self.get("/catalog", key="wrong")
            self.post("/usage", b"{")
            self.send("PUT", "/usage")
            self.push(self._event(quantity=-1))
