"""Webhook signatures, held against the foreign library `standardwebhooks`."""

import base64
import time
import unittest
import unittest.mock
from datetime import datetime, timezone

from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from core.webhook import signing

quick = settings(max_examples=200, deadline=None, database=None)

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,80}", fullmatch=True)
BODY = '{"id": "evt_1", "type": "invoice.paid", "data": {"name": "Zoë"}}'.encode()
FAR = "The header webhook-timestamp is too far from the present."
NO_MATCH = "No signature in webhook-signature matches."


def secret_of(key):
    return "whsec_" + base64.b64encode(key).decode()


def signed(secrets, body=BODY, event_id="evt_1", timestamp=None, attempt=1):
    timestamp = int(time.time()) if timestamp is None else timestamp
    return signing.headers(secrets, event_id, "invoice.paid", timestamp, attempt, body)


class TestSecrets(unittest.TestCase):
    def test_a_new_secret_is_whsec_and_32_random_bytes(self):
        """A2: secrets are generated, never chosen."""
        secrets = {signing.generate_secret() for _ in range(1000)}
        self.assertEqual(len(secrets), 1000)
        for secret in secrets:
            self.assertRegex(secret, r"\Awhsec_[A-Za-z0-9+/]{43}=\Z")
            self.assertEqual(len(signing.decode_secret(secret)), 32)

    @quick
    @given(KEYS)
    def test_24_to_64_bytes_are_a_secret(self, key):
        self.assertEqual(signing.decode_secret(secret_of(key)), key)

    def test_nothing_else_is_a_secret(self):
        fine = base64.b64encode(bytes(range(32))).decode()
        for wrong in (
            "",
            "whsec_",
            fine,
            f"WHSEC_{fine}",
            f"whsk_{fine}",
            f"whsec_whsec_{fine}",
            f" whsec_{fine}",
            f"whsec_{fine}\n",
            f"whsec_{fine[:-1]}",
            f"whsec_{fine[:9]}é{fine[9:]}",
            f"whsec_{fine[:9]}-_{fine[11:]}",
            secret_of(b"x" * 23),
            secret_of(b"x" * 65),
        ):
            with self.subTest(secret=wrong), self.assertRaises(ValueError) as refusal:
                signing.decode_secret(wrong)
            self.assertEqual(
                str(refusal.exception), "A webhook secret is whsec_ and 24 to 64 bytes in base64."
            )

    def test_a_refusal_never_repeats_the_secret(self):
        with self.assertRaises(ValueError) as refusal:
            signing.decode_secret("whsec_hunter2")
        self.assertNotIn("hunter2", str(refusal.exception))
        self.assertTrue(refusal.exception.__suppress_context__ or not refusal.exception.__context__)


class TestSignatures(unittest.TestCase):
    def test_the_published_example_of_the_scheme(self):
        """From the reference libraries' own tests."""
        self.assertEqual(
            signing.sign(
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1614265330,
                b'{"test": 2432232314}',
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        )

    @quick
    @given(KEYS, IDS, st.text())
    def test_the_foreign_library_accepts_what_we_sign(self, key, event_id, text):
        headers = signed([secret_of(key)], text.encode(errors="ignore"), event_id)
        body = text.encode(errors="ignore")
        Webhook(secret_of(key)).verify(body, headers, json_parse=False)

    @quick
    @given(KEYS, IDS, st.text(st.characters(codec="utf-8")), st.integers(0, 4_000_000_000))
    def test_the_foreign_library_signs_the_same(self, key, event_id, text, timestamp):
        moment = datetime.fromtimestamp(timestamp, timezone.utc)
        foreign = Webhook(secret_of(key)).sign(event_id, moment, text)
        self.assertEqual(signing.sign(secret_of(key), event_id, timestamp, text.encode()), foreign)

    def test_bytes_that_are_not_text_are_signed_as_they_are(self):
        """W1: bytes, whatever they mean."""
        secret = signing.generate_secret()
        for body in (b"", b"\x00\xff\xfe", b"\xef\xbb\xbf{}"):
            signing.verify([secret], signed([secret], body), body)

    def test_the_foreign_library_refuses_whatever_was_changed(self):
        secret = signing.generate_secret()
        headers = signed([secret])
        later = str(int(headers["webhook-timestamp"]) + 1)
        for name, changed, body in (
            ("body", {}, BODY + b" "),
            ("id", {"webhook-id": "evt_2"}, BODY),
            ("timestamp", {"webhook-timestamp": later}, BODY),
            ("signature", {"webhook-signature": "v1," + "A" * 43 + "="}, BODY),
        ):
            with self.subTest(name), self.assertRaises(WebhookVerificationError):
                Webhook(secret).verify(body, {**headers, **changed})
            with self.subTest(name, ours=True), self.assertRaises(signing.InvalidSignature):
                signing.verify([secret], {**headers, **changed}, body)

    def test_during_a_rotation_the_old_and_the_new_secret_both_verify(self):
        """A2: rotation overlaps."""
        old, new, other = (signing.generate_secret() for _ in range(3))
        headers = signed([new, old])
        self.assertEqual(headers["webhook-signature"].count(" "), 1)
        for secret in (old, new):
            self.assertIsInstance(Webhook(secret).verify(BODY, headers), dict)
            signing.verify([secret], headers, BODY)
        with self.assertRaises(WebhookVerificationError):
            Webhook(other).verify(BODY, headers)
        with self.assertRaises(signing.InvalidSignature):
            signing.verify([other], headers, BODY)

    def test_what_cannot_be_signed_is_refused(self):
        """A full stop in the id would let one message be read as another."""
        secret = signing.generate_secret()
        for event_id in ("", "evt.1", "evt 1", "evt_1\n", "é", "a" * 256):
            with (
                self.subTest(event_id=event_id),
                self.assertRaisesRegex(
                    ValueError,
                    "^A message id is letters, digits, '_' and '-', at most 255 of them.$",
                ),
            ):
                signing.sign(secret, event_id, 1, b"")
        with self.assertRaisesRegex(ValueError, "^A timestamp counts seconds since 1970.$"):
            signing.sign(secret, "evt_1", -1, b"")
        signing.sign(secret, "evt_1", 0, b"")
        with self.assertRaisesRegex(ValueError, "^A message is signed with at least one secret.$"):
            signing.signature_header([], "evt_1", 1, b"")
        with self.assertRaises(TypeError):
            signing.sign(secret, "evt_1", 1, "text, not bytes")


class TestHeaders(unittest.TestCase):
    def test_all_headers_of_the_contract(self):
        secret = signing.generate_secret()
        headers = signing.headers([secret], "evt_7", "invoice.paid", 1_700_000_000, 3, BODY)
        signature = headers.pop("webhook-signature")
        self.assertEqual(signature, signing.sign(secret, "evt_7", 1_700_000_000, BODY))
        self.assertEqual(
            headers,
            {
                "Content-Type": "application/json",
                "webhook-id": "evt_7",
                "webhook-timestamp": "1700000000",
                "X-Fusion-Event-Id": "evt_7",
                "X-Fusion-Event-Type": "invoice.paid",
                "X-Fusion-Attempt": "3",
            },
        )

    def test_another_attempt_has_the_same_id_and_another_signature(self):
        """W3: a receiver deduplicates by the id."""
        secret = signing.generate_secret()
        first, second = signed([secret], timestamp=1), signed([secret], timestamp=2, attempt=2)
        self.assertEqual(first["webhook-id"], second["webhook-id"])
        self.assertNotEqual(first["webhook-signature"], second["webhook-signature"])


class TestVerification(unittest.TestCase):
    secret = signing.generate_secret()

    def assertInvalid(self, headers, sentence, **options):
        with self.assertRaises(signing.InvalidSignature) as refusal:
            signing.verify([self.secret], headers, BODY, **options)
        self.assertEqual(str(refusal.exception), sentence)

    def test_we_verify_what_the_foreign_library_signs(self):
        now = datetime.now(timezone.utc)
        headers = {
            "Webhook-Id": "msg_1",
            "WEBHOOK-TIMESTAMP": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign("msg_1", now, BODY.decode()),
        }
        signing.verify([self.secret], headers, BODY)

    def test_clocks_may_differ_by_five_minutes_both_ways(self):
        headers = signed([self.secret], timestamp=1_700_000_000)
        for skew in (-300, -299, 0, 299, 300):
            signing.verify([self.secret], headers, BODY, now=1_700_000_000 + skew)
        for skew in (-301, 301, 10**6, -(10**6)):
            self.assertInvalid(headers, FAR, now=1_700_000_000 + skew)
        signing.verify([self.secret], headers, BODY, now=1_700_000_900, tolerance=900)

    def test_an_old_message_is_refused_by_the_machine_s_own_clock(self):
        for timestamp in (1, int(time.time()) - 400, int(time.time()) + 400):
            headers = signed([self.secret], timestamp=timestamp)
            self.assertInvalid(headers, FAR)
            with self.assertRaises(WebhookVerificationError):
                Webhook(self.secret).verify(BODY, headers)

    def test_headers_that_are_missing_or_malformed_are_refused_in_words(self):
        headers = signed([self.secret])
        for name, values in (
            ("webhook-id", ("", "a.b", "é")),
            ("webhook-timestamp", ("", "now", "1.5", "-1", "１", "9" * 5000)),
            ("webhook-signature", ("", " ", "v1", "v1,", "v2,AAAA", ",", "é" * 9, "v1,=\0")),
        ):
            sentence = f"The header {name} is missing or malformed."
            if name == "webhook-signature":
                sentence = NO_MATCH
            self.assertInvalid({k: v for k, v in headers.items() if k != name}, sentence)
            for value in values:
                with self.subTest(name=name, value=value[:20]):
                    self.assertInvalid({**headers, name: value}, sentence)

    def test_only_v1_counts_and_foreign_versions_beside_it_do_no_harm(self):
        headers = signed([self.secret])
        given = headers["webhook-signature"]
        signing.verify(
            [self.secret], {**headers, "webhook-signature": f"v1a,abc {given} v9,x"}, BODY
        )
        renamed = {**headers, "webhook-signature": given.replace("v1,", "v1a,")}
        self.assertInvalid(renamed, NO_MATCH)

    def test_every_pair_is_compared_in_constant_time(self):
        """A2: the first match does not end the comparing."""
        calls = []
        genuine = signing.hmac.compare_digest
        with unittest.mock.patch.object(
            signing.hmac, "compare_digest", lambda *pair: calls.append(pair) or genuine(*pair)
        ):
            old, new = self.secret, signing.generate_secret()
            signing.verify([old, new], signed([old, new]), BODY)
        self.assertEqual(len(calls), 4)
