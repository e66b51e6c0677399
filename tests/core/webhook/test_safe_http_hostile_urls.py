"""W2: URLs made to get inside, each refused before any connection; and honest ones accepted."""

import socket
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhook import safe_http
from core.webhook.safe_target import SafeHttpError, check_url

from .hostile_urls import HONEST, hostile_urls, look_up
from .safe_http_case import network_events


class TestHostileUrls(unittest.TestCase):
    def test_each_is_refused_before_any_connection(self):
        """W2: the port is open, so that what gets through would connect."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            listener.setblocking(False)
            for code, url in hostile_urls(port):
                with self.subTest(url=url), network_events() as events:
                    response = safe_http.post(
                        url, b"{}", {}, allowed_ports=(port,), resolver=look_up, total_timeout=2
                    )
                    self.assertIsNotNone(response.error)
                    self.assertEqual(response.error.code, code)
                    self.assertRegex(response.error.message, r"^[A-Z].*[.]$")
                    self.assertIsNone(response.status)
                    self.assertEqual(events, [])
            with self.assertRaises(BlockingIOError):
                listener.accept()

    def test_the_table_is_long_and_has_no_url_twice(self):
        urls = [url for _code, url in hostile_urls(443)]
        self.assertEqual(len(urls), len(set(urls)))
        self.assertGreaterEqual(len(urls), 180)

    def test_an_open_port_would_have_been_reached(self):
        """What the table's test looks for does happen if the target is allowed."""
        with socket.create_server(("127.0.0.1", 0)) as listener, network_events() as events:
            port = listener.getsockname()[1]
            safe_http.post(
                f"https://127.0.0.1:{port}/",
                b"",
                {},
                development_hosts=["127.0.0.1"],
                total_timeout=0.2,
            )
            self.assertIn(("connect", ("127.0.0.1", port)), events)
            listener.accept()[0].close()

    def test_nothing_of_the_table_passes_for_development_but_what_is_named(self):
        """Naming one host opens no other."""
        for code, url in hostile_urls(8443):
            with self.subTest(url=url), network_events() as events:
                response = safe_http.post(
                    url,
                    b"",
                    {},
                    allowed_ports=(8443,),
                    resolver=look_up,
                    total_timeout=2,
                    development_hosts=["hooks.example.com", "hooks.example.com:22", "", "*"],
                )
                self.assertEqual((response.error.code, events), (code, []))


class TestHonestUrls(unittest.TestCase):
    def test_each_is_accepted_and_understood(self):
        for url, parts in HONEST.items():
            with self.subTest(url=url):
                target = check_url(url, allowed_ports=(443, 8443))
                self.assertEqual((target.host, target.port, target.path), parts)
                self.assertFalse(target.development)

    def test_what_was_understood_is_understood_the_same_again(self):
        for url in HONEST:
            target = check_url(url, allowed_ports=(443, 8443))
            host = f"[{target.host}]" if ":" in target.host else target.host
            again = check_url(f"https://{host}:{target.port}{target.path}", (443, 8443))
            self.assertEqual(again, target)

    def test_each_name_is_looked_up_as_understood(self):
        for url, (host, _port, _path) in HONEST.items():
            with self.subTest(url=url):
                target = check_url(url, allowed_ports=(443, 8443))
                asked = []
                found = safe_http.resolve(target, lambda name: asked.append(name) or ["8.8.8.8"])  # noqa: B023
                self.assertEqual(len(found), 1)
                self.assertEqual(asked, [] if target.address else [host])


class TestAnyUrl(unittest.TestCase):
    pieces = st.lists(
        st.sampled_from(
            [
                "https://",
                "http://",
                "127.0.0.1",
                "127.1",
                "0x7f",
                "[::1]",
                "[",
                "]",
                "@",
                ":",
                "/",
                "\\",
                "#",
                "?",
                ".",
                "%",
                "xn--",
                "localhost",
                "example.com",
                "443",
                " ",
                "\t",
                "\n",
                "１",
                "。",
                "ß",
                "℀",
                "\u00ad",
                "\u202e",
                "\0",
                "\ud800",
                "-",
                "::ffff:",
                "*",
            ]
        )
        | st.text(max_size=4),
        max_size=9,
    )

    @settings(max_examples=1000, deadline=None, database=None)
    @given(pieces)
    def test_no_text_whatever_raises_anything_but_a_refusal(self, pieces):
        try:
            target = check_url("https://" * (len(pieces) % 2) + "".join(pieces))
        except SafeHttpError as refusal:
            self.assertTrue(refusal.code)
        else:
            self.assertRegex(target.host, r"\A[a-z0-9_.:-]+\Z")
            self.assertRegex(target.path, r"\A/[\x21-\x7e]*\Z")
            self.assertEqual(target.port, 443)
