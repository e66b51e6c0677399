"""Guarded HTTP connects to the address that was checked, under the host's name, and to no other."""

import os
import socket
import threading
from unittest import mock

from https_endpoint import HOST, Authority, answer

from core.webhook import safe_http
from core.webhook.safe_target import SafeHttpError, check_url

from .safe_http_case import HELLO, Resolver, SafeHttpCase, network_events


class TestLookUps(SafeHttpCase):
    def test_one_attempt_looks_up_once_and_connects_to_what_was_checked(self):
        """W2: the interpreter itself reports no other look-up and no other connection."""
        endpoint = self.endpoint(answer())
        resolver = Resolver(["127.0.0.1"])
        with network_events() as events:
            response = self.post(endpoint.port, resolver=resolver)
        self.assertTrue(response.ok, response.error)
        self.assertEqual(resolver.asked, [HOST])
        self.assertEqual(
            events, [("look up", "127.0.0.1"), ("connect", ("127.0.0.1", endpoint.port))]
        )

    def test_each_attempt_looks_up_anew_and_goes_where_that_answer_says(self):
        """W2: at every connect."""
        first = self.endpoint(answer(), address="127.0.0.1")
        second = self.endpoint(answer(), address="127.0.0.2", port=first.port)
        resolver = Resolver(["127.0.0.1"], ["127.0.0.2"], ["127.0.0.9"])
        self.assertTrue(self.post(first.port, resolver=resolver).ok)
        self.assertEqual((len(first.requests), len(second.requests)), (1, 0))
        self.assertTrue(self.post(first.port, resolver=resolver).ok)
        self.assertEqual((len(first.requests), len(second.requests)), (1, 1))
        self.assertEqual(resolver.asked, [HOST, HOST])

    def test_an_answer_that_changes_after_the_url_was_saved_is_refused(self):
        """W2: DNS rebinding, field lesson 20."""
        endpoint = self.endpoint(answer(200, b"the secret"))
        resolver = Resolver(["93.184.215.14"], ["127.0.0.1"])
        url, ports = f"https://rebind.example.com:{endpoint.port}/", (endpoint.port,)
        [address] = safe_http.resolve(check_url(url, ports), resolver)
        self.assertEqual(str(address), "93.184.215.14")
        with network_events() as events:
            response = safe_http.post(url, HELLO, {}, allowed_ports=ports, resolver=resolver)
        self.assertFailed(response, "address_not_public", "not on the public internet")
        self.assertEqual((events, endpoint.connections), ([], 0))

    def test_one_bad_address_among_good_ones_is_refused(self):
        """W2: every address, wherever it stands."""
        target = check_url("https://many.example.com/")
        good = ["93.184.215.14", "2606:2800:21f:cb07::1", "8.8.8.8"]
        for bad in (
            "127.0.0.1",
            "10.1.2.3",
            "169.254.169.254",
            "::1",
            "::ffff:10.0.0.1",
            "fd00:ec2::254",
            "fe80::1%eth0",
            "0.0.0.0",  # noqa: S104
        ):
            for position in range(4):
                with self.subTest(bad=bad, position=position):
                    found = [*good[:position], bad, *good[position:]]
                    with self.assertRaises(SafeHttpError) as refusal:
                        safe_http.resolve(target, Resolver(found))
                    self.assertEqual(refusal.exception.code, "address_not_public")

    def test_a_refusal_does_not_tell_what_the_inner_network_looks_like(self):
        """The text reaches the app through the API."""
        with self.assertRaises(SafeHttpError) as refusal:
            safe_http.resolve(check_url("https://wiki.example.com/"), Resolver(["10.20.30.40"]))
        self.assertNotIn("10.20", refusal.exception.message)

    def test_a_development_host_may_be_this_machine_and_nothing_else_inside(self):
        target = check_url(f"https://{HOST}:8443/", development_hosts=[HOST])
        for allowed in ("127.0.0.1", "127.9.9.9", "::1", "8.8.8.8"):
            self.assertEqual(len(safe_http.resolve(target, Resolver([allowed]))), 1)
        for refused in ("10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "fe80::1"):  # noqa: S104
            with self.subTest(refused=refused), self.assertRaises(SafeHttpError):
                safe_http.resolve(target, Resolver([refused]))

    def test_a_host_that_does_not_exist_is_a_failure_in_words(self):
        def unknown(_host):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        for resolver in (unknown, Resolver([])):
            response = self.post(443, resolver=resolver)
            self.assertFailed(response, "host_not_found", HOST)

    def test_the_machine_s_own_resolver_is_asked_unless_told_otherwise(self):
        found = safe_http.system_resolver("localhost")
        self.assertTrue({"127.0.0.1", "::1"}.issuperset(found))
        self.assertEqual(len(found), len(set(found)))
        endpoint = self.endpoint(answer(), certificate=self.authority.certificate("localhost"))
        response = safe_http.post(
            f"https://localhost:{endpoint.port}/",
            HELLO,
            {},
            development_hosts=["localhost"],
            ca_file=self.authority.ca_file,
        )
        self.assertTrue(response.ok, response.error)
        response = safe_http.post("https://no-such-host.invalid/", HELLO, {})
        self.assertFailed(response, "host_not_found", "no-such-host.invalid")

    def test_a_look_up_that_hangs_keeps_no_process_from_ending(self):
        asked = []

        def resolver(_host):
            asked.append(threading.current_thread())
            return ["93.184.215.14"]

        safe_http.resolve(check_url("https://example.com/"), resolver)
        self.assertEqual([(one.name, one.daemon) for one in asked], [("webhook-look-up", True)])

    def test_an_address_needs_no_look_up(self):
        certificate = self.authority.certificate("127.0.0.1", "::1")
        for host, address in (("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")):
            with self.subTest(host=host):
                endpoint = self.endpoint(answer(), certificate=certificate, address=address)
                resolver = Resolver(["127.0.0.9"])
                response = self.post(
                    endpoint.port, host=host, resolver=resolver, development_hosts=[host]
                )
                self.assertTrue(response.ok, response.error)
                self.assertEqual(resolver.asked, [])
                self.assertEqual(endpoint.requests[0][1]["host"], f"{host}:{endpoint.port}")


class TestConnections(SafeHttpCase):
    def test_a_port_where_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.assertFailed(self.post(port), "connection_failed", "refuses connections")

    def test_the_next_address_is_tried_if_one_refuses(self):
        endpoint = self.endpoint(answer(), address="127.0.0.2")
        response = self.post(endpoint.port, resolver=Resolver(["127.0.0.1", "127.0.0.2"]))
        self.assertTrue(response.ok, response.error)
        self.assertEqual(len(endpoint.requests), 1)

    def test_no_more_than_four_addresses_are_tried(self):
        with network_events() as events, socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            response = self.post(port, resolver=Resolver([f"127.1.1.{n}" for n in range(1, 99)]))
        self.assertFailed(response, "connection_failed", "unreachable")
        self.assertEqual([kind for kind, _what in events].count("connect"), 4)

    def test_what_time_is_left_is_shared_by_the_addresses_that_are_left(self):
        with (
            mock.patch("time.monotonic", return_value=0.0),
            mock.patch("socket.create_connection", side_effect=OSError) as connect,
            self.assertRaises(SafeHttpError),
        ):
            safe_http._connect(["127.1.1.1", "127.1.1.2", "127.1.1.3", "127.1.1.4"], 443, 12.0)
        self.assertEqual([call.args[1] for call in connect.call_args_list], [3, 4, 6, 12])

    def test_proxies_of_the_environment_are_not_used(self):
        """W2: a proxy would do the look-up for us."""
        proxy, endpoint = self.endpoint(answer(), certificate=None), self.endpoint(answer())
        address = f"http://127.0.0.1:{proxy.port}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
        with mock.patch.dict(os.environ, dict.fromkeys(names, address)):
            response = self.post(endpoint.port)
        self.assertTrue(response.ok, response.error)
        self.assertEqual((proxy.connections, endpoint.connections), (0, 1))


class TestCertificates(SafeHttpCase):
    def test_the_host_s_name_is_what_tls_asks_for(self):
        """W2: a connection to an address, with the name of the host."""
        endpoint = self.endpoint(answer())
        for spelling in (HOST, HOST.upper(), f"{HOST}."):
            self.assertTrue(self.post(endpoint.port, host=spelling).ok)
        self.assertEqual(endpoint.sni, [HOST] * 3)
        self.assertEqual(
            {headers["host"] for _line, headers, _body in endpoint.requests},
            {f"{HOST}:{endpoint.port}"},
        )

    def test_a_certificate_of_another_name_is_refused(self):
        certificate = self.authority.certificate("other.example.com", "127.0.0.1")
        endpoint = self.endpoint(answer(), certificate=certificate)
        self.assertFailed(
            self.post(endpoint.port), "certificate_invalid", f"not valid for '{HOST}'"
        )
        self.assertEqual(endpoint.requests, [], "nothing was sent")

    def test_an_expired_certificate_is_refused(self):
        endpoint = self.endpoint(answer(), certificate=self.authority.certificate(HOST, days=-1))
        self.assertFailed(self.post(endpoint.port), "certificate_invalid", "expired")
        self.assertEqual(endpoint.requests, [])

    def test_a_certificate_of_an_unknown_authority_is_refused(self):
        stranger = Authority()
        self.addCleanup(stranger.close)
        endpoint = self.endpoint(answer(), certificate=stranger.certificate(HOST))
        self.assertFailed(self.post(endpoint.port), "certificate_invalid", "not valid: ")
        self.assertFailed(self.post(endpoint.port, ca_file=None), "certificate_invalid", "issuer")
        self.assertEqual(endpoint.requests, [])

    def test_the_development_authority_is_trusted_for_development_hosts_only(self):
        """Otherwise whoever holds its key could stand between us and every customer."""
        endpoint = self.endpoint(answer())

        def secure(development_hosts):
            target = check_url(f"https://{HOST}/", development_hosts=development_hosts)
            plain = socket.create_connection(("127.0.0.1", endpoint.port))
            deadline = safe_http.Deadline(5)
            safe_http._secure(plain, target, deadline, self.authority.ca_file).close()

        secure([HOST])
        with self.assertRaises(SafeHttpError) as refusal:
            secure([])
        self.assertEqual(refusal.exception.code, "certificate_invalid")

    def test_an_endpoint_that_does_not_speak_tls_is_a_failure_in_words(self):
        def plain_http(connection, _endpoint):
            connection.recv(9)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        endpoint = self.endpoint(plain_http, certificate=None)
        self.assertFailed(self.post(endpoint.port), "tls_failed", "TLS handshake")

    def test_an_endpoint_that_closes_in_the_handshake_is_a_failure_in_words(self):
        endpoint = self.endpoint(lambda _connection, _endpoint: None, certificate=None)
        self.assertFailed(self.post(endpoint.port), "tls_failed", "TLS handshake")
