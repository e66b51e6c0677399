"""What a caller is told of an error, and what the dispatcher must know of it."""

import unittest

from core.api.errors import (
    BatchError,
    Forbidden,
    InvalidInput,
    NotReady,
    RateLimited,
    UsageAfterEnd,
)
from core.api.rate import REQUESTS, Rate


class TestErrors(unittest.TestCase):
    def test_an_error_has_a_code_a_sentence_and_the_field_that_is_to_blame(self):
        self.assertEqual(
            InvalidInput("No.", "invalid_day", "day").as_dict(),
            {"code": "invalid_day", "error": "No.", "field": "day"},
        )
        self.assertEqual(InvalidInput("No.").as_dict(), {"code": "invalid_payload", "error": "No."})
        self.assertEqual(str(InvalidInput("No.")), "No.")

    def test_counters_that_would_be_lost_are_counted(self):
        """T5."""
        self.assertEqual(
            UsageAfterEnd("No.", 7).as_dict(),
            {"code": "usage_after_end", "error": "No.", "count": 7},
        )

    def test_a_server_that_is_late_says_how_late(self):
        self.assertEqual(
            NotReady("No.", {"rating": 60}).as_dict(),
            {"code": "not_ready", "error": "No.", "late_seconds": {"rating": 60}},
        )

    def test_a_key_that_lacks_a_scope_is_told_which(self):
        lacking = Forbidden("No.", "insufficient_scope", "usage:write")
        self.assertEqual(lacking.as_dict(), {"code": "insufficient_scope", "error": "No."})
        self.assertEqual(lacking.scope, "usage:write")
        self.assertIsNone(Forbidden("No.", "address_not_allowed").scope)

    def test_who_asks_too_often_is_told_when_to_come_back(self):
        rate = Rate(REQUESTS, 60, 0, 3)
        limited = RateLimited("No.", 3, rate)
        self.assertEqual(limited.as_dict(), {"code": "rate_limited", "error": "No."})
        self.assertEqual((limited.seconds, limited.rate), (3, rate))


class TestBatches(unittest.TestCase):
    """U2."""

    def test_the_first_member_that_is_wrong_is_told_and_how_many_more_are(self):
        wrong = [(7, InvalidInput("Bad.", "bad")), (3, InvalidInput("No.", "no"))]
        for errors, sentence in (
            (wrong[1:], "Nothing of the batch was stored because of event 3: No."),
            (wrong, "Nothing of the batch was stored because of event 3 (1 more): No."),
        ):
            error = BatchError(errors)
            self.assertEqual((error.message, error.code), (sentence, "no"))
            self.assertEqual(error.member, "event")

    def test_of_a_batch_that_was_stored_in_part_it_says_what_is_missing(self):
        error = BatchError([(3, InvalidInput("No.", "no"))], "line", is_whole=False)
        self.assertEqual(error.message, "Not stored: line 3: No.")
        self.assertEqual(error.member, "line")
