import json
import logging
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ...core.api.log_line import redact
from ...core.webhook.attempt import FAILED_HERE, Attempt
from ...core.webhook.safe_http import Response
from ..api_case import ApiCase

URL = "https://203.0.113.7/hook"
PUBLIC = "https://93.184.215.14/fusion"
HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestApiEndpoint(ApiCase):
    """An app looks at its endpoint, moves it, and makes the secret that signs its events."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._service("nexadesk", webhook_url="https://desk.example.com/hook")
        cls.service.webhook_url = "https://hooks.example.com/billing"
        cls.secret = cls.service._generate_webhook_secret()
        cls.env.cr.flush()

    def _change(self, **values):
        return self.send("PATCH", "/webhooks/endpoint", values)

    def _emit(self, service=None, **vals):
        delivery = self.env["fusion.billing.webhook.delivery"]._emit(
            "endpoint.test", service or self.service, lambda _service: {"number": 1}
        )
        delivery.write(vals)
        return delivery

    # === THE ENDPOINT === #

    def test_it_is_told_where_events_go_and_how_that_does(self):
        shown = self.assertOk(self.get("/webhooks/endpoint"))
        [secret] = shown.pop("secrets")
        self.assertEqual(
            shown,
            {
                "url": "https://hooks.example.com/billing",
                "enabled": True,
                "failing_since": None,
                "disabled_reason": None,
            },
        )
        self.assertEqual((secret["prefix"], secret["expires_at"]), (self.secret[:10], None))
        self.assertNotIn(self.secret[10:], str(shown) + str(secret))
        since = fields.Datetime.to_datetime("2026-01-05 09:00:00")
        self.service.webhook_failing_since = since
        self.service._disable_webhook("It is gone.")
        shown = self.assertOk(self.get("/webhooks/endpoint"))
        self.assertEqual(
            (shown["enabled"], shown["failing_since"], shown["disabled_reason"]),
            (False, "2026-01-05T09:00:00Z", "It is gone."),
        )

    def test_a_service_without_endpoint_says_so(self):
        key = self._service("empty")._generate_api_key()
        shown = self.assertOk(self.get("/webhooks/endpoint", key=key))
        self.assertEqual((shown["url"], shown["secrets"]), (None, []))

    def test_it_is_moved_and_what_is_not_given_stays(self):
        shown = self.assertOk(self._change(url=PUBLIC))
        self.assertEqual((shown["url"], shown["enabled"]), (PUBLIC, True))
        self.assertOk(self._change(enabled=False))
        shown = self.assertOk(self._change())
        self.assertEqual((shown["url"], shown["enabled"]), (PUBLIC, False))
        self.assertEqual(self.other.webhook_url, "https://desk.example.com/hook")

    def test_an_address_that_is_not_public_is_refused(self):
        """W2."""
        for url in (
            "http://hooks.example.com/",
            "https://127.0.0.1/hook",
            "https://localhost/hook",
            "https://10.0.0.7/hook",
            "https://[::1]/hook",
            "https://[::ffff:169.254.169.254]/latest",
            "https://user:password@93.184.215.14/",
            "https://93.184.215.14:22/",
            "https://",
            "ftp://x",
            "x" * 5,
            "https://93.184.215.14/" + "x" * 2000,
            "",
            5,
            True,
            [],
        ):
            with self.subTest(url=url):
                self.assertError(self._change(url=url), 400, "invalid_url", "url")
        self.env.invalidate_all()
        self.assertEqual(self.service.webhook_url, "https://hooks.example.com/billing")

    def test_nothing_of_a_request_with_a_bad_address_is_done(self):
        self.assertError(
            self._change(url="https://127.0.0.1/", enabled=False), 400, "invalid_url", "url"
        )
        self.env.invalidate_all()
        self.assertTrue(self.service.webhook_enabled)

    def test_what_is_no_word_of_yes_or_no_is_refused(self):
        for value in ("true", 1, [], {}):
            with self.subTest(value=value):
                self.assertError(self._change(enabled=value), 400, "invalid_enabled", "enabled")
        self.assertError(self._change(code="x"), 400, "unknown_field", "code")

    def test_an_endpoint_that_is_enabled_again_gets_what_waits_and_needs_nobody(self):
        waiting = self._emit(attempts=7, next_attempt_at="2099-01-01 00:00:00")
        self.service._disable_webhook("It is gone.")
        self.assertTrue(self.service.activity_ids)
        shown = self.assertOk(self._change(enabled=True))
        self.env.invalidate_all()
        self.assertEqual((shown["enabled"], shown["disabled_reason"]), (True, None))
        self.assertEqual(waiting.attempts, 0)
        self.assertLess(waiting.next_attempt_at, fields.Datetime.now() + HOUR)
        self.assertFalse(self.service.activity_ids)

    def test_the_same_again_changes_nothing(self):
        self.assertOk(self._change(url=PUBLIC, enabled=True))
        waiting = self._emit(attempts=7)
        self.service.webhook_failing_since = "2026-01-05 09:00:00"
        self.assertOk(self._change(url=PUBLIC, enabled=True))
        self.env.invalidate_all()
        self.assertEqual(waiting.attempts, 7)
        self.assertTrue(self.service.webhook_failing_since)

    def test_staff_see_in_the_chatter_that_the_app_moved_it(self):
        self.service = self.service.with_context(tracking_disable=False)
        before = self.service.message_ids
        self.assertOk(self._change(url=PUBLIC))
        self.env.cr.flush()
        self.env.invalidate_all()
        told = self.service.message_ids - before
        self.assertEqual(told.author_id, self.env.ref("fusion_billing.user_api").partner_id)
        self.assertIn(PUBLIC, told.tracking_value_ids.mapped("new_value_char"))

    # === SECRETS === #

    def _rotate(self, **values):
        return self.assertOk(self.post("/webhooks/secret", values), 201)

    def test_a_secret_is_told_once_and_the_older_one_signs_until_the_overlap_is_over(self):
        with self.assertLogs(level=logging.DEBUG) as logs:
            response = self.post("/webhooks/secret", {"overlap_hours": 2})
        answer = self.assertOk(response, 201)
        raw = answer["secret"]
        self.assertTrue(raw.startswith(answer["prefix"]))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        # What every handler of the process does with it.
        self.assertNotIn(raw[10:], redact("".join(logs.output)))
        endpoint = self.get("/webhooks/endpoint")
        self.assertNotIn(raw[10:], endpoint.text)
        new, old = endpoint.json()["secrets"]
        self.assertEqual((new["prefix"], new["expires_at"]), (raw[:10], None))
        self.assertEqual(old["prefix"], self.secret[:10])
        end = fields.Datetime.to_datetime(old["expires_at"].replace("T", " ").rstrip("Z"))
        self.assertAlmostEqual(end, fields.Datetime.now() + 2 * HOUR, delta=HOUR / 60)
        stored = self.service.webhook_secret_ids.sudo()
        self.assertIn(raw, stored.mapped("secret"))

    def test_without_overlap_the_older_one_signs_no_more(self):
        raw = self._rotate(overlap_hours=0)["secret"]
        [only] = self.assertOk(self.get("/webhooks/endpoint"))["secrets"]
        self.assertEqual(only["prefix"], raw[:10])

    def test_no_more_than_five_sign_at_once(self):
        """Each would be in every request, for a week."""
        for _number in range(4):
            self._rotate(overlap_hours=168)
        response = self.post("/webhooks/secret", {"overlap_hours": 1})
        self.assertError(response, 400, "invalid_state")
        self._rotate(overlap_hours=0)
        self._rotate(overlap_hours=1)

    def test_hours_are_a_number_from_0_to_168(self):
        for hours in (-1, 169, "soon", True):
            with self.subTest(hours=hours):
                response = self.post("/webhooks/secret", {"overlap_hours": hours})
                self.assertError(response, 400, "invalid_overlap_hours", "overlap_hours")

    def test_a_key_that_only_reads_changes_nothing(self):
        reader = self.service._generate_api_key(scope_webhooks_write=False)
        for verb, path in (("PATCH", "/webhooks/endpoint"), ("POST", "/webhooks/secret")):
            self.assertError(self.send(verb, path, {}, key=reader), 403, "insufficient_scope")
        self.assertOk(self.get("/webhooks/endpoint", key=reader))

    # === EVENTS === #

    def test_an_event_is_told_with_its_bytes_and_every_attempt(self):
        delivery = self._emit(state="failed", attempts=1)
        self.env["fusion.billing.webhook.attempt"].create(
            {
                "delivery_id": delivery.id,
                "service_id": self.service.id,
                "number": 1,
                "url": PUBLIC,
                "started_at": "2026-01-05 09:00:00",
                "duration_ms": 87,
                "outcome": "failure",
                "status": 500,
                "error_code": "status",
                "error": "It answered 500.",
                "response_excerpt": "Oops",
            }
        )
        shown = self.assertOk(self.get(f"/webhooks/deliveries/{delivery.event_id}"))
        self.assertEqual(shown["body"], delivery.body)
        self.assertEqual(json.loads(shown["body"])["data"], {"number": 1})
        self.assertEqual(
            shown["all_attempts"],
            [
                {
                    "number": 1,
                    "sent_at": "2026-01-05T09:00:00Z",
                    "url": PUBLIC,
                    "duration_ms": 87,
                    "outcome": "failure",
                    "http_status": 500,
                    "error": "It answered 500.",
                    "response": "Oops",
                }
            ],
        )
        [listed] = self.assertOk(self.get("/webhooks/deliveries"))["deliveries"]
        self.assertEqual(shown.keys() - listed.keys(), {"body", "all_attempts"})

    def test_an_event_of_another_service_is_not_there(self):
        """U1."""
        foreign = self._emit(self.other)
        for name in (foreign.event_id, "evt_0", "retry"):
            with self.subTest(name=name):
                self.assertError(self.get(f"/webhooks/deliveries/{name}"), 404, "not_found")

    def test_an_event_that_was_sent_has_changed(self):
        """What came of an attempt is written in SQL."""
        delivery = self._emit()
        self.env.flush_all()
        past = fields.Datetime.now() - timedelta(days=2)
        self.env.cr.execute("UPDATE fusion_billing_webhook_delivery SET write_date = %s", [past])
        self.env.invalidate_all()
        since = f"/webhooks/deliveries?changed_since={past + HOUR:%Y-%m-%dT%H:%M:%SZ}"
        self.assertEqual(self.assertOk(self.get(since))["deliveries"], [])
        self._record(delivery)
        [changed] = self.assertOk(self.get(since))["deliveries"]
        self.assertEqual((changed["event_id"], changed["attempts"]), (delivery.event_id, 1))

    def _record(self, delivery):
        """Keep a failed attempt as the sender does."""
        [claim] = delivery._claim(1)
        delivery._record(Attempt(claim, Response(status=500, error=FAILED_HERE)))
