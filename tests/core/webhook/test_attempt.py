import logging
import os
import time
import unittest
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

from https_endpoint import Authority, Endpoint, answer

from core.webhook import safe_http, signing
from core.webhook.attempt import FAILED_HERE, Attempt, Claim, attempt

START = datetime(2026, 3, 1, 12)
NOON = 1772366400  # the same, in seconds since 1970


def claim(**values):
    return Claim(
        **{
            "delivery_id": 1,
            "service_id": 2,
            "event_id": "evt_1",
            "event_type": "invoice.paid",
            "body": '{"name": "Zoë"}',
            "attempts": 0,
            "first_attempt_at": None,
            "claimed_at": START,
            "lease_until": START + timedelta(seconds=30),
            "url": "https://127.0.0.1/",
            "secrets": [signing.generate_secret()],
            **values,
        }
    )


def failed(claimed, ended_at, **headers):
    response = safe_http.Response(
        status=500, headers=headers, error=safe_http.Failure("bad_status", "no"), duration=1.9
    )
    return Attempt(replace(claimed, claimed_at=ended_at - timedelta(seconds=1)), response)


class TestNextState(unittest.TestCase):
    """W3: delivered, tried again later, or left to staff."""

    def test_a_success_is_delivered(self):
        over = Attempt(claim(), safe_http.Response(status=204))
        self.assertEqual(over.next_state(), ("delivered", None))

    def test_the_first_failure_waits_one_to_two_minutes(self):
        for _ in range(50):
            state, again = failed(claim(), START).next_state()
            self.assertEqual(state, "pending")
            self.assertTrue(timedelta(minutes=1) <= again - START <= timedelta(minutes=2))

    def test_waits_double_with_the_attempts_that_were_made(self):
        _state, again = failed(claim(attempts=4, first_attempt_at=START), START).next_state()
        self.assertTrue(timedelta(minutes=16) <= again - START <= timedelta(minutes=32))

    def test_retry_after_makes_the_wait_longer(self):
        over = failed(claim(), START, **{"retry-after": "7200"})
        self.assertEqual(over.next_state(), ("pending", START + timedelta(hours=2)))

    def test_the_first_failure_after_three_days_is_the_last(self):
        begun = claim(attempts=14, first_attempt_at=START)
        almost = START + timedelta(days=3, seconds=-1)
        self.assertEqual(failed(begun, almost).next_state()[0], "pending")
        self.assertEqual(failed(begun, START + timedelta(days=3)).next_state(), ("failed", None))


class TestAttempt(unittest.TestCase):
    """W1: what is signed is what is sent."""

    @classmethod
    def setUpClass(cls):
        authority = Authority()
        cls.addClassCleanup(authority.close)
        cls.transport = {"development_hosts": ("127.0.0.1",), "ca_file": authority.ca_file}
        cls.certificate = authority.certificate("127.0.0.1")

    def send(self, behave=None, **values):
        with Endpoint(behave or answer(), self.certificate) as endpoint:
            claimed = claim(url=f"https://127.0.0.1:{endpoint.port}/", **values)
            over = attempt(claimed, self.transport)
        return over, endpoint.requests

    def test_the_body_arrives_byte_by_byte_under_a_signature_of_this_moment(self):
        over, [(_line, headers, body)] = self.send()
        self.assertTrue(over.response.ok)
        self.assertEqual(body, '{"name": "Zoë"}'.encode())
        signing.verify(over.claim.secrets, headers, body, now=NOON)
        self.assertEqual(headers["x-fusion-attempt"], "1")

    def test_a_later_attempt_says_which_one_it_is(self):
        _over, [(_line, headers, _body)] = self.send(attempts=6)
        self.assertEqual(headers["x-fusion-attempt"], "7")

    def test_its_times_are_those_of_its_claim_whatever_this_machine_s_clock_says(self):
        self.addCleanup(time.tzset)
        with patch.dict(os.environ, {"TZ": "Asia/Tokyo"}):
            time.tzset()
            over, [(_line, headers, _body)] = self.send()
        self.assertEqual((over.started_at, over.ended_at), (START, START))
        self.assertEqual(headers["webhook-timestamp"], str(NOON))

    def test_it_ended_as_much_later_as_it_took(self):
        over = Attempt(claim(), safe_http.Response(status=204, duration=14.7))
        self.assertEqual(over.ended_at, START + timedelta(seconds=14))

    def test_what_goes_wrong_here_is_a_failure_and_not_an_exception(self):
        with self.assertLogs("core.webhook.attempt", logging.ERROR) as logged:
            over, requests = self.send(secrets=["whsec_broken"])
        self.assertEqual(over.response.error, FAILED_HERE)
        self.assertEqual(requests, [])
        self.assertEqual(logged.records[0].getMessage(), "Event evt_1 could not be sent")
        self.assertNotIn("whsec_broken", "\n".join(logged.output))

    def test_a_claim_does_not_print_its_secrets(self):
        claimed = claim()
        self.assertNotIn(claimed.secrets[0], repr(claimed))
        self.assertNotIn("whsec_", f"{Attempt(claimed, safe_http.Response())}")
