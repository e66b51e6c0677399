"""The guide's nginx in front of a real server: who is slow, sends too much, or comes too often."""

import contextlib
import socket
import time
import unittest

import requests

from devtools.console import DevError
from e2e import in_odoo
from e2e.api_case import ApiServerCase
from e2e.peers import nginx
from e2e.peers.fusion_client import BASE


def setUpModule():
    ApiServerCase.start(options=["--proxy-mode"])


MIB = 1024 * 1024
SENDERS = 10
AT_ONCE = 32  # of one address, see docs/nginx.conf


class TestProxy(ApiServerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            nginx.ensure_program()
        except DevError as error:
            raise unittest.SkipTest(f"The proxy is not tried, because {error}") from None
        cls.port = cls.enterClassContext(nginx.started(cls.server.port))

    def ask(self, verb, path, key=None, **content):
        headers = {"Authorization": f"Bearer {key or self.key}", **content.pop("headers", {})}
        url = f"http://127.0.0.1:{self.port}{BASE}{path}"
        return requests.request(verb, url, headers=headers, timeout=60, **content)

    def assertJson(self, response, status, code):
        """A1."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/json")
        self.assertEqual(response.headers["X-Request-Id"], response.json()["request_id"])
        self.assertEqual((response.json()["status"], response.json()["code"]), ("error", code))

    def test_a_request_goes_through_as_it_is(self):
        body = {"events": [self.event(number) for number in range(1000)]}
        response = self.ask("POST", "/usage", json=body, headers={"X-Request-Id": "mine"})
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.headers["X-Request-Id"], "mine")
        self.assertEqual(len(self.stored()), 1000)
        self.assertJson(self.ask("GET", "/nothing"), 404, "not_found")
        self.assertJson(self.ask("GET", "/catalog?x=1"), 400, "unknown_field")

    def test_a_key_knows_the_client_behind_the_proxy_and_believes_no_header_of_theirs(self):
        """A2."""
        forged = {name: "198.51.100.7" for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded")}
        for networks, status in (("127.0.0.0/8", 200), ("198.51.100.7", 403)):
            key = in_odoo.call(self.database, "metered.make_key", allowed_networks=networks)
            for headers in ({}, forged):
                with self.subTest(networks=networks, headers=headers):
                    response = self.ask("GET", "/catalog", key, headers=headers)
                    self.assertEqual(response.status_code, status, response.text)

    def test_who_sends_a_byte_a_second_holds_no_worker(self):
        """More of them than there are workers; who says nothing is cut off."""
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(self._connected()) for _sender in range(SENDERS)]
            request = self.request_bytes([self.event("slow")], length=1000)
            for connection in slow:
                connection.sendall(request[:-100])
            for number in range(4):
                for connection in slow:
                    connection.sendall(b"x")
                began = time.monotonic()
                response = self.ask("POST", "/usage", json={"events": [self.event(number)]})
                self.assertEqual(response.status_code, 200, response.text)
                self.assertLess(time.monotonic() - began, 2)
                time.sleep(1)
            slow[0].settimeout(20)
            self.assertLess(len(slow[0].recv(65536)), 1000)
        self.assertEqual(len(self.stored()), 4)

    def _connected(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def test_too_large_a_body_is_refused_in_json_by_whoever_sees_it_first(self):
        for size in (5 * MIB + 100, 7 * MIB):
            headers = {"Content-Type": "application/json"}
            response = self.ask("POST", "/usage", data=b"x" * size, headers=headers)
            self.assertJson(response, 413, "payload_too_large")

    def test_too_large_a_head_is_refused_in_json(self):
        self.assertJson(
            self.ask("GET", "/catalog", headers={"X-Long": "x" * 20_000}), 400, "invalid_payload"
        )

    def test_who_has_too_much_under_way_is_told_to_wait(self):
        with contextlib.ExitStack() as stack:
            for _sender in range(AT_ONCE):
                connection = stack.enter_context(self._connected())
                connection.sendall(self.request_bytes([self.event("slow")], length=1000))
            self.wait_until(lambda: self.ask("GET", "/health").status_code == 429, "never limited")
            response = self.ask("GET", "/catalog")
        self.assertJson(response, 429, "rate_limited")
        self.assertEqual(response.headers["Retry-After"], "1")

    def test_while_odoo_is_away_an_app_is_told_to_come_again(self):
        with nginx.started(1) as self.port:
            response = self.ask("POST", "/usage", json={"events": [self.event(1)]})
        del self.port
        self.assertJson(response, 503, "unavailable")
        self.assertEqual(response.headers["Retry-After"], "5")
