"""Guarded HTTP against endpoints that take their time, or never end."""

import gzip
import os
import resource
import threading
import time
import unittest
from unittest import mock

from https_endpoint import (
    Endpoint,
    answer,
    deaf_listener,
    send,
    send_for_ever,
    shake_hands_only,
    silence,
)

from core.webhook.bounded_socket import Deadline
from core.webhook.safe_http import CONNECT_TIMEOUT, MAX_EXCERPT, TOTAL_TIMEOUT

from .safe_http_case import Resolver, SafeHttpCase

TOTAL = 1.2  # seconds: the bound of these tests, where 15 would only take longer
SLACK = 1.5  # seconds that a busy machine may add
HEAD = b"HTTP/1.1 200 OK\r\n"


class TestDeadline(unittest.TestCase):
    def test_it_has_come_as_soon_as_nothing_is_left(self):
        """A socket that is given no seconds would not wait at all, and not end either."""
        with mock.patch("time.monotonic", side_effect=[100.0, 101.5, 102.0, 103.0]):
            deadline = Deadline(2)
            self.assertEqual(deadline.remaining(), 0.5)
            for _second in range(2):
                with self.assertRaises(TimeoutError):
                    deadline.remaining()


class TestTime(SafeHttpCase):
    def assertTimesOut(self, port, sentence="within 1.2 seconds", **options):
        started = time.monotonic()
        response = self.post(port, total_timeout=TOTAL, **options)
        elapsed = time.monotonic() - started
        self.assertFailed(response, "timeout", sentence)
        self.assertLess(elapsed, TOTAL + SLACK)
        self.assertAlmostEqual(response.duration, elapsed, delta=0.5)
        return response

    def test_the_bounds_are_3_and_15_seconds_unless_told_otherwise(self):
        self.assertEqual((CONNECT_TIMEOUT, TOTAL_TIMEOUT), (3, 15))

    def test_an_endpoint_that_never_answers(self):
        self.assertTimesOut(self.endpoint(silence).port)

    def test_an_endpoint_that_never_speaks_tls(self):
        self.assertTimesOut(self.endpoint(silence, certificate=None).port)

    def test_a_tls_handshake_that_drips(self):
        """Each byte comes long before a time-out of its own would end."""
        record = b"\x16\x03\x03\x40\x00"  # announces 16 KiB of handshake
        endpoint = self.endpoint(send_for_ever(record, b"\0", pause=0.05), certificate=None)
        self.assertTimesOut(endpoint.port)

    def test_a_status_line_that_drips(self):
        self.assertTimesOut(self.endpoint(send_for_ever(b"HTTP/1.1 2", b"0", pause=0.05)).port)

    def test_headers_that_drip(self):
        self.assertTimesOut(self.endpoint(send_for_ever(HEAD, b"a: b\r\n", pause=0.05)).port)

    def test_a_body_that_drips(self):
        endpoint = self.endpoint(send_for_ever(HEAD + b"\r\n", b"a", pause=0.05))
        self.assertEqual(self.assertTimesOut(endpoint.port).status, 200)

    def test_a_failure_whose_body_drips_is_the_failure_it_says(self):
        endpoint = self.endpoint(send_for_ever(b"HTTP/1.1 410 Gone\r\n\r\n", b"a", pause=0.05))
        response = self.post(endpoint.port, total_timeout=TOTAL)
        self.assertFailed(response, "bad_status", "410")
        self.assertEqual(response.status, 410)

    def test_interim_answers_that_drip(self):
        interim = b"HTTP/1.1 100 Continue\r\n\r\n"
        self.assertTimesOut(self.endpoint(send_for_ever(b"", interim, pause=0.05)).port)

    def test_an_endpoint_that_never_reads_a_big_body(self):
        """A send waits too, once the buffers between the two are full."""
        deaf = self.endpoint(shake_hands_only(self.certificate), certificate=None)
        self.assertTimesOut(deaf.port, body=b"x" * 50_000_000)

    def test_a_slow_handshake_leaves_less_for_the_sending(self):
        deaf = self.endpoint(shake_hands_only(self.certificate, delay=1.8), certificate=None)
        response = self.post(deaf.port, body=b"x" * 50_000_000, total_timeout=2)
        self.assertFailed(response, "timeout", "within 2 seconds")
        self.assertLess(response.duration, 2 + SLACK)

    def test_a_look_up_that_hangs(self):
        free = threading.Event()
        self.addCleanup(free.set)

        def hanging(_host):
            free.wait(10)
            return ["127.0.0.1"]

        endpoint = self.endpoint(answer())
        self.assertTimesOut(endpoint.port, "not looked up within", resolver=hanging)
        self.assertTimesOut(
            endpoint.port, "not looked up within 0.1 s", resolver=hanging, connect_timeout=0.1
        )
        self.assertEqual(endpoint.connections, 0)

    def test_a_slow_look_up_leaves_less_for_the_rest(self):
        def slow(_host):
            time.sleep(TOTAL / 2)
            return ["127.0.0.1"]

        self.assertTimesOut(self.endpoint(silence).port, resolver=slow)

    def test_a_connection_that_is_not_taken(self):
        with deaf_listener() as port:
            response = self.post(port, connect_timeout=0.3)
        self.assertFailed(response, "timeout", "took no connection within 0.3 seconds")
        self.assertLess(response.duration, 0.3 + SLACK)

    def test_an_address_that_hangs_leaves_time_for_the_next(self):
        endpoint = self.endpoint(answer(), address="127.0.0.3")
        resolver = Resolver(["127.0.0.2", "127.0.0.3"])
        with deaf_listener("127.0.0.2", endpoint.port):
            response = self.post(endpoint.port, connect_timeout=0.6, resolver=resolver)
        self.assertTrue(response.ok, response.error)
        self.assertGreaterEqual(response.duration, 0.25)

    def test_slow_endpoints_do_not_delay_a_fast_one(self):
        """W3: nothing here is held while it waits."""
        slow, fast = self.endpoint(silence), self.endpoint(answer())
        threads = [threading.Thread(target=self.post, args=(slow.port,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        response = self.post(fast.port)
        self.assertTrue(response.ok, response.error)
        self.assertTrue(all(thread.is_alive() for thread in threads))
        slow.stopping.set()
        for thread in threads:
            thread.join()


class TestSize(SafeHttpCase):
    """Success or not, the reading ends; what counts is the status that came first."""

    def post_to(self, behave):
        return self.post(self.endpoint(behave).port, total_timeout=10)

    def test_an_endless_body_ends_at_64_kib(self):
        response = self.post_to(send_for_ever(HEAD + b"\r\n", b"x" * 10_000))
        self.assertTrue(response.ok, response.error)
        self.assertEqual(response.body_excerpt, "x" * MAX_EXCERPT)
        self.assertLess(response.duration, 5)

    def test_an_endless_chunked_body_ends_too(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for piece in (
            b"1\r\nx\r\n",
            b"2000\r\n" + b"x" * 0x2000 + b"\r\n",
            b"1;" + b"y" * 9000 + b"\r\nx\r\n",
        ):
            with self.subTest(piece=piece[:9]):
                response = self.post_to(send_for_ever(head, piece))
                self.assertTrue(response.ok, response.error)
                self.assertLess(response.duration, 5)

    def test_endless_trailers_end(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
        response = self.post_to(send_for_ever(head, b"a: b\r\n"))
        self.assertLess(response.duration, 5)
        self.assertEqual(response.status, 200)

    def test_an_endless_failure_is_a_failure(self):
        response = self.post_to(send_for_ever(b"HTTP/1.1 500 Oh\r\n\r\n", b"x" * 10_000))
        self.assertFailed(response, "bad_status", "500")

    def test_a_head_without_end_is_no_answer(self):
        for head, piece in (
            (b"HTTP/1.1 200 ", b"x" * 9999),
            (HEAD, b"a: " + b"b" * 9999 + b"\r\n"),
            (HEAD + b"a: ", b"x" * 9999),
            (HEAD, b"a: b\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ):
            with self.subTest(head=head, piece=piece[:9]):
                response = self.post_to(send_for_ever(head, piece))
                self.assertFailed(response, "invalid_response", "head .* is longer|not HTTP/1.1")
                self.assertLess(response.duration, 5)

    def test_a_gzip_bomb_stays_small(self):
        """50 GB of zeros, were they unpacked; memory does not grow with them."""
        bomb = gzip.compress(b"\0" * 50_000_000) * 1000
        head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
        endpoint = self.endpoint(send(head + bomb))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        response = self.post(endpoint.port)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertTrue(response.ok, response.error)
        self.assertLessEqual(len(response.body_excerpt.encode()), MAX_EXCERPT)
        self.assertLess(grown, 60 * 1024, "KiB")  # the endpoint's own buffers are in here

    def test_nothing_is_left_open(self):
        before = len(os.listdir("/proc/self/fd"))
        with Endpoint(send_for_ever(HEAD + b"\r\n", b"x" * 10_000), self.certificate) as endpoint:
            for _ in range(20):
                self.post(endpoint.port)
                self.post(endpoint.port, host="127.0.0.1", development_hosts=["127.0.0.1"])
        self.assertLessEqual(len(os.listdir("/proc/self/fd")), before)
