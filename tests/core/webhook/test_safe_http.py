"""Guarded HTTP against real endpoints: what is sent, and what is made of each answer."""

import gzip
import json

from https_endpoint import HOST, answer, send, send_then_reset
from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhook.safe_http import MAX_EXCERPT

from .safe_http_case import HELLO, Resolver, SafeHttpCase


class TestWhatIsSent(SafeHttpCase):
    def test_the_stored_bytes_arrive_untouched_under_our_headers(self):
        """W1: no byte is re-encoded on the way."""
        body = json.dumps({"name": "Zoë\n", "n": 1.10}, ensure_ascii=False).encode() + b" \x00\xff"
        endpoint = self.endpoint(answer())
        response = self.post(
            endpoint.port, body=body, path="/in/box?a=b%20c", headers={"webhook-id": "evt_1"}
        )
        self.assertTrue(response.ok, response.error)
        [[request_line, headers, received]] = endpoint.requests
        self.assertEqual(request_line, "POST /in/box?a=b%20c HTTP/1.1")
        self.assertEqual(received, body)
        self.assertEqual(headers["webhook-id"], "evt_1")
        self.assertEqual(headers["host"], f"{HOST}:{endpoint.port}")
        self.assertEqual(headers["accept-encoding"], "identity")

    def test_a_header_that_would_start_another_one_is_never_sent(self):
        endpoint = self.endpoint(answer())
        with self.assertRaises(ValueError):
            self.post(endpoint.port, headers={"X-Fusion-Event-Type": "a\r\nHost: other"})
        self.assertEqual(endpoint.requests, [])

    def test_a_big_body_arrives_whole(self):
        body = bytes(range(256)) * 4096
        endpoint = self.endpoint(answer())
        self.assertTrue(self.post(endpoint.port, body=body).ok)
        self.assertEqual(endpoint.requests[0][2], body)


class TestStatus(SafeHttpCase):
    def outcome(self, *said):
        return self.post(self.endpoint(answer(*said)).port)

    def test_2xx_is_success_with_its_facts(self):
        for status in (200, 201, 202, 204, 299):
            with self.subTest(status=status):
                response = self.outcome(status, b"" if status == 204 else b"thanks")
                self.assertTrue(response.ok, response.error)
                self.assertEqual(response.status, status)
                self.assertEqual(response.body_excerpt, "" if status == 204 else "thanks")
                self.assertGreater(response.duration, 0)
                self.assertLess(response.duration, 5)

    def test_every_other_status_is_a_failure_that_keeps_the_answer(self):
        for status in (101, 103, 400, 401, 404, 418, 500, 502, 503, 599):
            with self.subTest(status=status):
                response = self.outcome(status, b"" if status < 200 else b"why not")
                self.assertFailed(response, "bad_status", f"answered {status} ")
                self.assertEqual(response.status, status)
                self.assertEqual(response.body_excerpt, "" if status < 200 else "why not")

    def test_410_can_be_told_from_other_failures(self):
        response = self.outcome(410, b"gone for good")
        self.assertFailed(response, "bad_status", "410")
        self.assertEqual(response.status, 410)

    def test_429_hands_on_its_retry_after(self):
        response = self.outcome(429, b"", "Retry-After: 120")
        self.assertEqual((response.status, response.headers["retry-after"]), (429, "120"))

    def test_an_interim_100_is_passed_over(self):
        endpoint = self.endpoint(
            send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 C\r\nContent-Length: 2\r\n\r\nok")
        )
        response = self.post(endpoint.port)
        self.assertEqual((response.ok, response.status, response.body_excerpt), (True, 201, "ok"))


class TestRedirects(SafeHttpCase):
    def test_a_redirect_to_loopback_is_not_followed(self):
        """W2: the second address is never asked, whatever the status and the form."""
        inner = self.endpoint(answer(200, b"the secret"))
        places = (
            f"https://{HOST}:{inner.port}/",
            f"https://127.0.0.1:{inner.port}/",
            f"//127.0.0.1:{inner.port}/",
            "http://169.254.169.254/latest/meta-data/",
        )
        for status in (300, 301, 302, 303, 307, 308, 399):
            for place in places:
                with self.subTest(status=status, place=place):
                    outer = self.endpoint(answer(status, b"", f"Location: {place}"))
                    response = self.post(outer.port)
                    self.assertFailed(response, "redirect_not_followed", f"answered {status}:")
                    self.assertEqual(response.status, status)
                    self.assertEqual(outer.connections, 1)
        self.assertEqual(inner.connections, 0)

    def test_a_refresh_or_an_alternative_service_changes_nothing(self):
        """W2: headers of an answer never name the next target."""
        inner = self.endpoint(answer())
        outer = self.endpoint(
            answer(200, b"", f'Alt-Svc: h2="127.0.0.1:{inner.port}"', "Refresh: 0; url=/other")
        )
        self.assertTrue(self.post(outer.port).ok)
        self.assertTrue(self.post(outer.port).ok)
        self.assertEqual((outer.connections, inner.connections), (2, 0))


class TestBodies(SafeHttpCase):
    def excerpt(self, body, *headers):
        response = self.post(self.endpoint(answer(200, body, *headers)).port)
        self.assertTrue(response.ok, response.error)
        return response.body_excerpt

    def test_a_long_body_is_cut_at_2_kib(self):
        self.assertEqual(self.excerpt(b"x" * 60_000), "x" * MAX_EXCERPT)

    def test_a_cut_never_splits_a_character(self):
        for lead in range(4):
            with self.subTest(lead=lead):
                kept = self.excerpt(b"a" * lead + "€😀".encode() * 2000)
                self.assertRegex(kept, "^a*(€😀)*€?$")
                self.assertIn(len(kept.encode()), range(MAX_EXCERPT - 3, MAX_EXCERPT + 1))

    def test_what_is_not_text_is_kept_readable_and_fit_for_a_database(self):
        """PostgreSQL takes neither NUL nor broken UTF-8."""
        self.assertEqual(self.excerpt(b"ok\x00\xff\xfe\r\n"), "ok\\x00\\xff\\xfe\r\n")
        kept = self.excerpt(b"\x00\xff" * 5000)
        self.assertNotIn("\0", kept)
        self.assertEqual(len(kept.encode()), MAX_EXCERPT)

    def test_a_header_is_fit_for_a_database_too(self):
        response = self.post(self.endpoint(answer(200, b"", "X-Odd: a\x00b")).port)
        self.assertEqual(response.headers["x-odd"], "a\\x00b")

    def test_a_compressed_body_is_kept_as_it_came(self):
        bomb = gzip.compress(b"\0" * 50_000_000)
        kept = self.excerpt(bomb, "Content-Encoding: gzip")
        self.assertTrue(kept.startswith("\x1f\\x8b\x08"))
        self.assertLessEqual(len(kept.encode()), MAX_EXCERPT)

    def test_a_chunked_body_is_joined(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunks = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
        response = self.post(self.endpoint(send(head + chunks)).port)
        self.assertEqual((response.ok, response.body_excerpt), (True, "abcde"))

    def test_a_body_without_a_length_ends_with_the_connection(self):
        response = self.post(self.endpoint(send(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")).port)
        self.assertEqual((response.ok, response.body_excerpt), (True, "until the end"))


class TestBrokenAnswers(SafeHttpCase):
    def test_an_answer_cut_short_is_a_failure_whose_status_is_kept(self):
        """W3: at least once; half an answer proves nothing."""
        for head in (b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n64\r\n"):
            for end in (send, send_then_reset):
                with self.subTest(head=head, end=end.__name__):
                    endpoint = self.endpoint(end(b"HTTP/1.1 200 OK\r\n" + head + b"only this"))
                    response = self.post(endpoint.port)
                    self.assertFailed(response, "connection_lost", "before .* complete")
                    self.assertEqual(response.status, 200)

    def test_a_failure_cut_short_is_the_failure_it_says(self):
        for status in (302, 410, 500):
            said = b"HTTP/1.1 %d Said\r\nContent-Length: 100\r\n\r\nonly" % status
            for end in (send, send_then_reset):
                with self.subTest(status=status, end=end.__name__):
                    response = self.post(self.endpoint(end(said)).port)
                    code = "redirect_not_followed" if status == 302 else "bad_status"
                    self.assertFailed(response, code, str(status))
                    self.assertEqual(response.status, status)

    def test_a_head_cut_short_is_a_failure(self):
        for head in (b"", b"HTTP/1.1", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"):
            for end in (send, send_then_reset):
                with self.subTest(head=head, end=end.__name__):
                    response = self.post(self.endpoint(end(head)).port)
                    self.assertFailed(response, "connection_lost", "before .* complete")
                    self.assertIsNone(response.status)

    def test_what_is_not_http_is_a_failure(self):
        for said in (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            b"<html>hello</html>\n",
            b"HTTP/1.1 2xx OK\r\n\r\n",
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/1.1 99 Low\r\n\r\n",
        ):
            with self.subTest(said=said):
                response = self.post(self.endpoint(send(said)).port)
                self.assertFailed(response, "invalid_response", "not HTTP/1.1")

    def test_no_bytes_whatever_raise_an_exception(self):
        """A1 in spirit: an endpoint never breaks the run that delivers to it."""
        said = []
        endpoint = self.endpoint(lambda connection, _endpoint: connection.sendall(said[-1]))
        status = st.sampled_from(
            [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 F\r\nLocation: /\r\n"]
        )
        head = st.sampled_from(
            [
                b"",
                b"\r\n",
                b"Content-Length: -1\r\n\r\n",
                b"Content-Length: 9\r\n\r\n",
                b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
                b"Transfer-Encoding: chunked\r\n\r\n",
                b"Transfer-Encoding: chunked\r\n\r\n-5\r\n",
                b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
            ]
        )

        @settings(max_examples=100, deadline=None, database=None)
        @given(status, head, st.binary(max_size=300))
        def prove(status, head, body):
            said.append(status + head + body)
            response = self.post(endpoint.port, resolver=Resolver(["127.0.0.1"]))
            self.assertLessEqual(len(response.body_excerpt.encode()), MAX_EXCERPT)
            self.assertNotIn("\0", response.body_excerpt)
            self.assertEqual(response.ok, response.error is None)

        prove()
        self.assertEqual(endpoint.requests[-1][2], HELLO)
