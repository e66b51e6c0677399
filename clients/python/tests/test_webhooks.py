"""Webhooks: what is genuine by the judgement of others too, and what came before."""

import base64
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from datetime import datetime, timezone
from pathlib import Path

from fusion_billing_client import Deduplicator, WebhookError, verify
from standardwebhooks import Webhook

BODY = json.dumps({"id": "evt_1", "type": "invoice.paid", "data": {"name": "Zoë 😀"}}).encode()


def secret_of(number):
    return "whsec_" + base64.b64encode(random.Random(number).randbytes(32)).decode()


ONE, TWO = secret_of(1), secret_of(2)


def headers_of(*secrets, body=BODY, at=None, message="evt_1"):
    """The headers as the foreign package writes them; one signature for each secret."""
    at = time.time() if at is None else at
    moment = datetime.fromtimestamp(at, timezone.utc)
    signatures = [Webhook(one).sign(message, moment, body.decode()) for one in secrets]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": " ".join(signatures),
    }


class TestVerify(unittest.TestCase):
    def assertRefused(self, body, headers, secrets=ONE, **options):
        with self.assertRaises(WebhookError):
            verify(body, headers, secrets, **options)

    def test_what_a_foreign_package_signs_is_genuine(self):
        self.assertEqual(verify(BODY, headers_of(ONE), ONE)["type"], "invoice.paid")
        shouted = {name.upper(): value for name, value in headers_of(ONE).items()}
        self.assertEqual(verify(BODY, shouted, ONE)["id"], "evt_1")

    def test_one_match_is_enough_while_a_secret_is_rotated(self):
        verify(BODY, headers_of(TWO, ONE), ONE)
        verify(BODY, headers_of(ONE), [TWO, ONE])
        self.assertRefused(BODY, headers_of(TWO), ONE)
        self.assertRefused(BODY, headers_of(ONE), [])

    def test_any_changed_byte_is_noticed(self):
        drawn = random.Random(7)
        headers = headers_of(ONE)
        for _ in range(300):
            place = drawn.randrange(len(BODY))
            changed = bytes([BODY[place] ^ (1 << drawn.randrange(8))])
            self.assertRefused(BODY[:place] + changed + BODY[place + 1 :], headers)
        for name, value in headers.items():
            place = drawn.randrange(3, len(value))
            changed = "1" if value[place] == "0" else "0"
            self.assertRefused(
                BODY, {**headers, name: value[:place] + changed + value[place + 1 :]}
            )

    def test_another_time_is_refused(self):
        now = 1_800_000_000
        for age, genuine in ((-301, False), (-300, True), (300, True), (301, False)):
            headers = headers_of(ONE, at=now - age)
            if genuine:
                verify(BODY, headers, ONE, now=now)
            else:
                self.assertRefused(BODY, headers, now=now)
        verify(BODY, headers_of(ONE, at=now - 301), ONE, now=now, tolerance=400)

    def test_nonsense_is_refused_and_raises_nothing_else(self):
        good = headers_of(ONE)
        for name in good:
            self.assertRefused(BODY, {key: value for key, value in good.items() if key != name})
            for nonsense in ("", "x", "v1,", "v1", "é😀", "v1," + "A" * 44, "9" * 400, "-1", "²"):
                self.assertRefused(BODY, {**good, name: nonsense})
        v2 = good["webhook-signature"].replace("v1,", "v2,")
        self.assertRefused(BODY, {**good, "webhook-signature": v2})

    def test_what_is_signed_and_no_event_is_refused(self):
        for body in (b"", b"[]", b"no json"):
            self.assertRefused(body, headers_of(ONE, body=body))

    def test_a_secret_that_is_none_is_a_mistake_of_ours(self):
        for secret in ("whsec_!", "whsec_a", "fbk_x"):
            with self.assertRaises(ValueError):
                verify(BODY, headers_of(ONE), secret)


class TestDeduplicator(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.path = Path(folder, "events.sqlite")
        self.seen = Deduplicator(self.path)

    def deal_with(self, event_id):
        with self.seen.once(event_id) as is_new:
            return is_new

    def test_an_event_is_new_once(self):
        self.assertTrue(self.deal_with("evt_1"))
        self.assertFalse(self.deal_with("evt_1"))
        self.assertTrue(self.deal_with("evt_2"))
        self.assertIn("evt_1", self.seen)
        self.assertNotIn("evt_3", self.seen)
        with Deduplicator(self.path).once("evt_1") as is_new:
            self.assertFalse(is_new, "a restart forgets nothing")

    def test_an_event_that_failed_comes_again(self):
        with self.assertRaises(ZeroDivisionError), self.seen.once("evt_1"):
            raise ZeroDivisionError
        self.assertTrue(self.deal_with("evt_1"))

    def test_of_many_at_once_one_deals_with_it(self):
        found, barrier = [], threading.Barrier(8)

        def receive():
            barrier.wait()
            found.append(self.deal_with("evt_1"))

        threads = [threading.Thread(target=receive) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(found), [False] * 7 + [True])

    def test_a_process_that_is_killed_in_the_middle_gets_it_again(self):
        code = (
            "import os, sys; from fusion_billing_client import Deduplicator\n"
            "with Deduplicator(sys.argv[1]).once('evt_1'): os.kill(os.getpid(), 9)"
        )
        source = Path(__file__).resolve().parents[1] / "src"
        killed = subprocess.run(
            [sys.executable, "-c", code, self.path], env={"PYTHONPATH": str(source)}, check=False
        )
        self.assertEqual(killed.returncode, -9)
        self.assertTrue(self.deal_with("evt_1"))

    def test_events_are_forgotten_when_they_cannot_come_again(self):
        short = Deduplicator(self.path, keep_days=0.000001)
        with short.once("evt_1"):
            pass
        time.sleep(0.2)
        with short.once("evt_2"):
            pass
        self.assertNotIn("evt_1", self.seen)
