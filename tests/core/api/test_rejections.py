"""What is kept of refused requests: little, and nothing secret."""

import json
from decimal import Decimal
from unittest import TestCase

from core.api.errors import BatchError, InvalidInput
from core.api.rejections import (
    LENGTH,
    MEMBERS,
    MOST,
    REMEMBERED_AT_MOST,
    WINDOW,
    Admission,
    clean,
    tell_answer,
    tell_request,
)

SECRET = "fbk_" + "abcdefgh" + "x" * 35


class TestAdmission(TestCase):
    def test_few_of_a_kind_are_kept_in_an_hour(self):
        admission = Admission()
        start = 10 * WINDOW
        for began in (start, start + WINDOW):
            kept = [admission.admits(("db", 1, "code"), began + now) for now in range(1000)]
            self.assertEqual(kept, [True] * MOST + [False] * (1000 - MOST))
            self.assertTrue(admission.admits(("db", 1, "other"), began + 1000))
            self.assertTrue(admission.admits(("db", 2, "code"), began + 1000))

    def test_it_stays_small_whatever_comes(self):
        admission = Admission()
        for kind in range(REMEMBERED_AT_MOST + 5):
            admission.admits(kind, 0)
            self.assertLessEqual(len(admission._counts), REMEMBERED_AT_MOST)


class TestWords(TestCase):
    def test_of_a_batch_the_members_that_are_wrong_are_kept(self):
        events = [{"idempotency_key": f"k{n}", "quantity": Decimal("1.50")} for n in range(50)]
        error = BatchError([(n, InvalidInput("No.", "no")) for n in (7, 7, *range(20, 50))])
        text = tell_request({"events": events}, b"", error)
        self.assertIn('"k7"', text)
        self.assertIn('"1.5"', text)
        self.assertEqual(text.count('"index"'), MEMBERS)
        self.assertNotIn('"k8"', text)

    def test_of_another_list_only_what_stands_at_the_same_place_is_kept(self):
        error = BatchError([(1, InvalidInput("No.", "no"))])
        text = tell_request({"events": ["a", "b"], "tags": ["c"]}, b"", error)
        self.assertEqual(json.loads(text), {"events": [{"index": 1, "event": "b"}], "tags": []})

    def test_other_requests_are_kept_as_they_were_read_or_came(self):
        self.assertIn("Zoë", tell_request({"name": "Zoë"}, b"", None))
        self.assertEqual(tell_request(None, b'{"a": \xff', None), '{"a": �')

    def test_of_a_batch_that_was_not_looked_at_the_first_members_are_kept(self):
        text = tell_request({"events": [f"e{n}" for n in range(6000)]}, b"", None)
        self.assertEqual(text.count('"e'), MEMBERS + 1)

    def test_neither_secrets_nor_what_no_database_holds(self):
        text = tell_request({"key": SECRET, "other": "a\0b\ud800"}, b"", None)
        self.assertNotIn(SECRET, text)
        self.assertIn("fbk_abcdefgh…", text)
        self.assertEqual(clean("a\0b"), "a�b")
        clean("a\ud800").encode()

    def test_a1_what_is_nested_deeper_than_it_can_be_written_is_kept_as_it_came(self):
        deep = []
        for _level in range(5000):
            deep = [deep]
        for error in (None, BatchError([(0, InvalidInput("No.", "no"))])):
            self.assertEqual(tell_request({"events": [deep]}, b"[[", error), "[[")

    def test_texts_have_a_length(self):
        self.assertEqual(len(tell_request(None, b"x" * 5 * 2**20, None)), LENGTH)
        self.assertEqual(clean("x" * 300, 255), "x" * 254 + "…")
        self.assertEqual(clean("x" * 255, 255), "x" * 255)

    def test_a_secret_is_not_cut_into_something_that_looks_like_none(self):
        text = clean("x" * (LENGTH - 20) + SECRET)
        self.assertNotIn("x" * 9, text[-20:])

    def test_an_answer_has_its_first_errors(self):
        errors = [{"index": n, "error": "No."} for n in range(100)]
        text = tell_answer({"code": "no", "errors": errors})
        self.assertEqual(tell_answer({"code": "no"}), '{\n  "code": "no"\n}')
        self.assertEqual(text.count('"index"'), MEMBERS)
