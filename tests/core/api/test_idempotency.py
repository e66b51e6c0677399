"""The key of a request, and what tells one request from another."""

import unittest

from core.api.errors import InvalidInput
from core.api.idempotency import fingerprint, read_key


class TestKeys(unittest.TestCase):
    def test_a_key_is_the_same_with_and_without_quotes(self):
        self.assertEqual(read_key("a-1"), "a-1")
        self.assertEqual(read_key('"a-1"'), "a-1")
        self.assertEqual(read_key('"a 1"'), "a 1")
        self.assertEqual(read_key("x" * 255), "x" * 255)

    def test_no_header_names_no_key(self):
        self.assertIsNone(read_key(None))

    def test_what_is_no_key_is_refused(self):
        for header in ("", '""', "a b", "é", '"a', "x" * 256, "a\n"):
            with self.subTest(header), self.assertRaises(InvalidInput) as refusal:
                read_key(header)
            self.assertEqual(
                refusal.exception.as_dict(),
                {
                    "code": "invalid_idempotency_key",
                    "error": "idempotency_key in the header must be 1 to 255 ASCII characters.",
                    "field": "idempotency_key",
                },
            )


class TestFingerprints(unittest.TestCase):
    REQUEST = ("add_item", {"subscription_id": "1", "item_id": "2"}, b"{}")

    def test_the_same_request_has_the_same_one_in_every_version(self):
        """What was kept before an update of the addon is known after it."""
        self.assertEqual(
            fingerprint(*self.REQUEST),
            "a679a1a81b99653190797d857c26fd88b218db26056807e6756a1161a1f681ba",
        )

    def test_the_order_of_what_varies_in_the_path_is_nothing(self):
        name, path, body = self.REQUEST
        self.assertEqual(
            fingerprint(name, dict(reversed(path.items())), body), fingerprint(*self.REQUEST)
        )

    def test_another_name_path_or_body_is_another_request(self):
        name, path, body = self.REQUEST
        others = {
            fingerprint(*self.REQUEST),
            fingerprint("drop_item", path, body),
            fingerprint(name, {**path, "item_id": "3"}, body),
            fingerprint(name, path, b"{ }"),
        }
        self.assertEqual(len(others), 4)
