"""The fuzzer makes the same requests again, and its judge finds what is wrong with an answer."""

import json
import unittest

from e2e.fuzz.corpus import CORPUS
from e2e.fuzz.generator import Generator, Request
from e2e.fuzz.head import read_head
from e2e.fuzz.oracle import CODES, STATUSES, Judge

KEY = "fbk_secret"
NAMES = {
    "names": ["sub-1"],
    "subscription_ids": [1],
    "item_ids": {"sub-1": [1]},
    "event_ids": ["evt_1"],
    "reconciliation_ids": [1],
    "invoice_ids": [1],
    "key_ids": [1],
}
WORLD = {
    "key": KEY,
    "pusher": "fbk_pusher",
    "database": "db",
    "other": {"key": "fbk_other"},
    **NAMES,
}
ERROR = {"status": "error", "code": "not_found", "error": "None.", "request_id": "r-1"}


def answer(facts=ERROR, status="404 NOT FOUND", headers="", end=""):
    body = facts if isinstance(facts, str) else json.dumps(facts)
    lines = [
        f"HTTP/1.0 {status}",
        f"Content-Length: {len(body)}",
        *headers.splitlines(),
        "X-Request-Id: r-1",
    ]
    if "Content-Type" not in headers:
        lines.insert(1, "Content-Type: application/json")
    return ("\r\n".join([*lines, "", body]) + end).encode()


class TestGenerator(unittest.TestCase):
    def test_a_number_of_a_seed_is_always_the_same_request(self):
        first, second = Generator(7, WORLD), Generator(7, WORLD)
        alone = second.request(60).data
        self.assertEqual([first.request(number).data for number in range(61)][60], alone)
        self.assertNotEqual(Generator(8, WORLD).request(60).data, alone)

    def test_a_thousand_requests_ask_for_every_endpoint_and_some_are_good(self):
        requests = [Generator(7, WORLD).request(number) for number in range(1000)]
        self.assertEqual({request.endpoint for request in requests}, set(CORPUS))
        self.assertGreater(sum(request.call is not None for request in requests), 80)
        unreadable = [one for one in requests if read_head(one.data).unreadable]
        self.assertLess(len(unreadable), 80)


class TestJudge(unittest.TestCase):
    def judge(self, data, head=b"GET /fusion/api/v1/catalog HTTP/1.1\r\n\r\n", call=None):
        return Judge([KEY]).judge(Request("1/1", "GET /catalog", head, call), data)

    def test_the_guide_has_the_closed_lists(self):
        good, later = {200, 201, 304}, {429, 501, 503}
        wrong = {400, 401, 403, 404, 405, 409, 413, 415, 422}
        self.assertEqual(STATUSES, good | wrong | later)
        self.assertLessEqual({"unknown_subscription", "unauthorized", "not_ready"}, CODES)

    def test_good_answers_are_good(self):
        for data in (
            answer(),
            answer({"status": "ok"}, "200 OK"),
            answer({**ERROR, "code": "invalid_quantity"}, "400 BAD REQUEST"),
            b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
        ):
            with self.subTest(data):
                self.assertEqual(self.judge(data).problems, [])

    def test_what_is_no_facts_has_the_type_of_its_own(self):
        page = answer("<html>", "200 OK", "Content-Type: text/html; charset=utf-8")
        document = answer({"openapi": "3.1.0"}, "200 OK")
        for path, right, wrong in (("docs", page, document), ("openapi.json", document, page)):
            head = f"GET /fusion/api/v1/{path} HTTP/1.1\r\n\r\n".encode()
            self.assertEqual(self.judge(right, head).problems, [])
            self.assertTrue(self.judge(wrong, head).problems)
            self.assertEqual(self.judge(answer(), head).problems, [])
            self.assertTrue(self.judge(right).problems)

    def test_nothing_new_is_said_to_who_asked_for_it_alone(self):
        asked = b'GET /fusion/api/v1/catalog HTTP/1.1\r\nIf-None-Match: "x"\r\n\r\n'
        known = answer("", "304 NOT MODIFIED", 'ETag: "x"')
        self.assertEqual(self.judge(known, asked).problems, [])
        for data, head in (
            (known, asked.replace(b"If-None-Match", b"X")),
            (answer("", "304 NOT MODIFIED"), asked),
        ):
            self.assertTrue(self.judge(data, head).problems)

    def test_a_pdf_is_one(self):
        pdf = answer("%PDF-1.4", "200 OK", "Content-Type: application/pdf")
        invoice = b"GET /fusion/api/v1/invoices/1.pdf HTTP/1.1\r\n\r\n"
        self.assertEqual(self.judge(pdf, invoice).problems, [])
        self.assertTrue(self.judge(pdf).problems)
        self.assertTrue(self.judge(answer({"status": "ok"}, "200 OK"), invoice).problems)

    def test_what_the_guide_forbids_is_found(self):
        for data in (
            b"",
            answer()[:-5],
            answer(end="more"),
            answer("<html>"),
            answer([]),
            answer({"status": "ok"}),
            answer({**ERROR, "request_id": "r-2"}),
            answer({**ERROR, "code": "invalid_zebra"}),
            answer({**ERROR, "error": f"Your key {KEY} is wrong."}),
            answer({**ERROR, "error": "Traceback (most recent call last)"}),
            answer(status="500 INTERNAL SERVER ERROR"),
            answer(status="401 UNAUTHORIZED"),
            answer(status="302 FOUND"),
            answer(headers="Set-Cookie: session_id=1"),
            answer(headers="Location: /web"),
            answer(headers="Content-Type: text/html"),
            answer(headers="X-Request-Id: r-1"),
        ):
            with self.subTest(data):
                self.assertTrue(self.judge(data).problems)

    def test_a_good_request_is_understood(self):
        self.assertTrue(self.judge(answer(), call=CORPUS["GET /catalog"]).problems)

    def test_what_cannot_be_read_is_told_from_what_can(self):
        for line in ("GET /", "POST /x HTTP/1.1", "GET / HTTP/1.0", "get / HTTP/1.9"):
            self.assertFalse(read_head(f"{line}\r\n\r\n".encode()).unreadable, line)
        for line in ("", "GET", "POST /", "GET / HTTP/2.0", "GET / HTTP/x", "G x y HTTP/1.1"):
            self.assertTrue(read_head(f"{line}\r\n\r\n".encode()).unreadable, line)
        many = "GET / HTTP/1.1\r\n" + "X: y\r\n" * 101
        self.assertTrue(read_head(many.encode()).unreadable)
        self.assertTrue(read_head(b"GET http://[::1/ HTTP/1.1\r\n\r\n").unreadable)
