import logging
import unittest
from io import StringIO
from unittest.mock import patch

from core.api.log_line import Redaction, redact, redact_logs, write_line

KEY = "fbk_" + "Ab-_" * 10 + "xyz"
SECRET = "whsec_" + "Ab+/" * 8


class TestLogLine(unittest.TestCase):
    def test_facts_are_written_one_after_the_other(self):
        self.assertEqual(
            write_line({"request": "a-1", "events": 0, "reason": None, "path": "/x/y"}),
            "request=a-1 events=0 path=/x/y",
        )

    def test_a_text_that_is_not_plain_stays_one_text_on_one_line(self):
        for text in ("a b", 'say "x"', "new\nline", "a=b", "", "é", "\x1b[31m", "\u2028", "\udc80"):
            with self.subTest(text):
                line = write_line({"path": text, "ms": 1})
                self.assertRegex(line, r'^path="[ -~]*" ms=1$')


class TestRedaction(unittest.TestCase):
    def setUp(self):
        self.written = StringIO()
        handler = logging.StreamHandler(self.written)
        handler.addFilter(Redaction())
        self.logger = logging.Logger("test")
        self.logger.addHandler(handler)

    def test_secrets_are_cut_to_what_people_know_them_by(self):
        self.assertEqual(redact(f"?key={KEY}&x"), f"?key={KEY[:12]}…&x")
        self.assertEqual(redact(f"<{SECRET}>"), f"<{SECRET[:10]}…>")
        self.assertEqual(redact("fbk_short and whsec_"), "fbk_short and whsec_")

    def test_no_secret_is_logged(self):
        self.logger.info("GET /usage?key=%s", KEY)
        self.logger.info("%(a)s", {"a": SECRET})
        try:
            raise ValueError(KEY)
        except ValueError:
            self.logger.exception("It failed.")
        written = self.written.getvalue()
        self.assertEqual(written.count("…"), 3)
        self.assertIn("Traceback", written)
        for secret in (KEY, SECRET):
            self.assertNotIn(secret[:20], written)

    def test_every_handler_of_the_process_redacts_once(self):
        handlers = [logging.StreamHandler(StringIO()) for _ in range(2)]
        with patch.object(logging.getLogger(), "handlers", handlers):
            redact_logs()
            redact_logs()
        for handler in handlers:
            self.assertEqual([type(one) for one in handler.filters], [Redaction])

    def test_who_logs_what_cannot_be_written_goes_on(self):
        with patch("sys.stderr", StringIO()) as told:
            self.logger.info("%d of %d", 1)
        self.assertEqual(self.written.getvalue(), "")
        self.assertIn("not enough arguments", told.getvalue())

    def test_what_holds_no_secret_is_logged_as_it_is(self):
        self.logger.info("%s of %d", "one", 2)
        self.logger.info("100 %")
        self.assertEqual(self.written.getvalue(), "one of 2\n100 %\n")
