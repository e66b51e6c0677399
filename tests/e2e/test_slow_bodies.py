"""Clients that send a byte a second, to a server of threads with few database connections."""

import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from e2e.api_case import ApiServerCase

CONNECTIONS = 8
SENDERS = 20
DEADLINE = 15  # seconds, see controllers/body.py


def setUpModule():
    ApiServerCase.start(workers=0, options=[f"--db_maxconn={CONNECTIONS}"])


class TestSlowBodies(ApiServerCase):
    def test_who_sends_a_byte_a_second_holds_nobody_up_and_is_cut_off(self):
        """A1: more of them than there are connections, with a key that is good."""
        began = time.monotonic()
        with ThreadPoolExecutor(SENDERS) as pool:
            slow = [pool.submit(self._send_slowly) for _sender in range(SENDERS)]
            time.sleep(2)
            for number in range(10):
                asked = time.monotonic()
                self.assertEqual(self.send("GET", "/catalog").status_code, 200)
                self.assertEqual(self.push([self.event(number)]).status_code, 200)
                self.assertLess(time.monotonic() - asked, 5)
            self.assertLess(time.monotonic() - began, DEADLINE, "they were still sending")
            answers = [one.result() for one in slow]
        self.assertLess(time.monotonic() - began, DEADLINE + 10)
        for answer in answers:
            # Cut off all at once, some find the connections taken by the others.
            self.assertRegex(answer.splitlines()[0], " 400 | 503 ")
            self.assertRegex(answer, '"invalid_payload"|"unavailable"')
        self.assertEqual(len(self.stored()), 10)

    def test_who_says_nothing_at_all_is_cut_off(self):
        """A1."""
        began = time.monotonic()
        with self.connect_socket() as connection:
            connection.sendall(self.request_bytes([self.event(1)], length=100_000))
            self.assertIn('"invalid_payload"', self.read_all(connection))
        self.assertLess(time.monotonic() - began, DEADLINE + 5)

    def _send_slowly(self):
        """Send a body byte by byte until the server has enough, and return its answer."""
        request = self.request_bytes([self.event("slow")], length=1000)
        with self.connect_socket() as connection:
            connection.sendall(request[:-100])
            connection.settimeout(1)
            for _second in range(4 * DEADLINE):
                with contextlib.suppress(socket.timeout):
                    return connection.recv(65536).decode() + self.read_all(connection)
                connection.sendall(b"x")
        return "it never had enough"
