"""W2: which addresses are public, and what naming a development host allows."""

import ipaddress
import unittest

from hypothesis import given, settings
from hypothesis import strategies as st

from core.webhook.safe_target import SafeHttpError, check_address, check_url, is_public

address = ipaddress.ip_address
quick = settings(max_examples=300, deadline=None, database=None)

NOT_PUBLIC = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
    192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
    192.31.196.0/24 192.52.193.0/24 192.175.48.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
    ::/128 ::1/128 ::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b:1::/48 100::/64 2001::/23
    2001:4:112::/48 2620:4f:8000::/48 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7
    fe80::/10 fec0::/10 ff00::/8
"""
V4_NEIGHBOURS = """
    1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0
    192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0 192.88.98.255 192.88.100.0
    192.175.47.255 192.175.49.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
    198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15
"""
V6_NEIGHBOURS = """
    2000:: 2001:200:: 2001:db7:ffff::1 2001:db9:: 2003:: 2606:4700:4700::1111 2a00:1450::1
    2620:4f:7fff:: 2620:4f:8001:: 3ffe::1 3fff:1000:: 64:ff9b::808:808
"""


class TestAddresses(unittest.TestCase):
    def test_every_special_network_is_refused_to_its_first_and_last_address(self):
        for network in map(ipaddress.ip_network, NOT_PUBLIC.split()):
            for one in (network[0], network[network.num_addresses // 2], network[-1]):
                with self.subTest(network=network, address=one):
                    self.assertFalse(is_public(one))

    def test_the_addresses_beside_them_are_public(self):
        for text in (V4_NEIGHBOURS + V6_NEIGHBOURS).split():
            with self.subTest(address=text):
                self.assertTrue(is_public(address(text)))

    @quick
    @given(st.ip_addresses(v=4))
    def test_python_s_own_idea_of_a_private_address_is_never_wider_than_ours(self, one):
        if is_public(one):
            self.assertTrue(one.is_global)
            self.assertFalse(one.is_multicast or one.is_loopback or one.is_link_local)

    @quick
    @given(
        st.ip_addresses(v=6) | st.integers(0x2 << 124, (0x4 << 124) - 1).map(ipaddress.IPv6Address)
    )
    def test_nor_for_ipv6(self, one):
        if is_public(one):
            self.assertTrue(one.is_global)
            self.assertFalse(one.is_multicast or one.is_site_local)
            self.assertIsNone(one.ipv4_mapped or one.sixtofour or one.teredo)

    @quick
    @given(st.ip_addresses(v=4))
    def test_no_ipv6_form_makes_an_ipv4_address_more_public(self, one):
        """W2: mapped, compatible, translated, 6to4, Teredo, NAT64, local NAT64."""
        number = int(one)
        forms = {
            "compatible": number,
            "mapped": 0xFFFF << 32 | number,
            "translated": 0xFFFF << 48 | number,
            "6to4": 0x2002 << 112 | number << 80,
            "Teredo server": 0x2001 << 112 | number << 64,
            "Teredo client": 0x2001 << 112 | number ^ 0xFFFFFFFF,
            "local NAT64": 0x64FF9B0001 << 80 | number,
        }
        for name, form in forms.items():
            self.assertFalse(is_public(ipaddress.IPv6Address(form)), name)
        nat64 = ipaddress.IPv6Address(0x64FF9B << 96 | number)
        self.assertEqual(is_public(nat64), is_public(one))


class TestDevelopmentHosts(unittest.TestCase):
    def assertRefused(self, code, url, **options):
        with self.assertRaises(SafeHttpError) as refusal:
            check_url(url, **options)
        self.assertEqual(refusal.exception.code, code)

    def test_a_named_host_may_be_loopback_without_a_dot_and_on_any_port(self):
        for name, url in (
            ("localhost", "https://localhost:8443/"),
            ("localhost", "https://LOCALHOST.:1/"),
            (" LocalHost:8443 ", "https://localhost:8443/"),
            ("127.0.0.1", "https://127.0.0.1:8443/"),
            ("[::1]:8443", "https://[0:0::1]:8443/"),
            ("::1", "https://[::1]:8443/"),
            ("xn--bcher-kva.test", "https://bücher.test:9/"),
        ):
            with self.subTest(name=name, url=url):
                self.assertTrue(check_url(url, development_hosts=[name]).development)

    def test_it_is_https_without_credentials_all_the_same(self):
        allowed = {"development_hosts": ["localhost"]}
        self.assertRefused("not_https", "http://localhost:8443/", **allowed)
        self.assertRefused("credentials_in_url", "https://a:b@localhost:8443/", **allowed)
        self.assertRefused("invalid_url", "https://localhost:8443/#a", **allowed)

    def test_a_name_with_a_port_opens_only_that_port(self):
        allowed = {"development_hosts": ["localhost:8443", "127.0.0.1:8443"]}
        self.assertTrue(check_url("https://localhost:8443/", **allowed).development)
        self.assertRefused("port_not_allowed", "https://localhost:8444/", **allowed)
        self.assertRefused("invalid_host", "https://localhost/", **allowed)
        self.assertRefused("address_not_public", "https://127.0.0.1/", **allowed)

    def test_a_name_opens_neither_its_subdomains_nor_its_endings(self):
        allowed = {"development_hosts": ["test.example", "", ".", "*", ":443"]}
        for host in ("a.test.example", "mytest.example", "test.example.com"):
            self.assertFalse(check_url(f"https://{host}/", **allowed).development)

    def test_an_inner_address_stays_refused_even_if_it_is_named(self):
        for host in ("10.0.0.1", "169.254.169.254", "192.168.1.1", "[fe80::1]", "[::]"):
            with self.subTest(host=host):
                self.assertRefused(
                    "address_not_public", f"https://{host}/", development_hosts=[host]
                )

    def test_nothing_is_development_unless_it_is_named(self):
        for own in ("127.0.0.1", "::1"):
            check_address(address(own), development=True)
            with self.assertRaises(SafeHttpError):
                check_address(address(own))
        self.assertFalse(check_url("https://example.com/").development)
        self.assertRefused("invalid_host", "https://localhost/")


class TestPorts(unittest.TestCase):
    def test_only_443_unless_the_settings_say_more(self):
        self.assertEqual(check_url("https://example.com/").port, 443)
        for url, ports in (
            ("https://example.com:8443/", (443,)),
            ("https://example.com/", (8443,)),
        ):
            with self.subTest(url=url), self.assertRaises(SafeHttpError) as refusal:
                check_url(url, allowed_ports=ports)
            self.assertEqual(refusal.exception.code, "port_not_allowed")
            self.assertIn(str(ports[0]), refusal.exception.message)
        self.assertEqual(check_url("https://example.com:8443/", (443, 8443)).port, 8443)


class TestNames(unittest.TestCase):
    def test_a_name_has_at_most_253_characters_and_a_dot_at_its_end_is_none(self):
        longest = ".".join(("a" * 63, "b" * 63, "c" * 63, "d" * 61))
        self.assertEqual(len(longest), 253)
        for host in (longest, f"{longest}."):
            self.assertEqual(check_url(f"https://{host}/").host, longest)
        for host in (f"{longest}d", f"{longest}d."):
            with self.assertRaises(SafeHttpError) as refusal:
                check_url(f"https://{host}/")
            self.assertEqual(refusal.exception.code, "invalid_host")

    def test_a_url_has_at_most_2048_characters(self):
        longest = "https://example.com/".ljust(2048, "a")
        self.assertEqual(check_url(longest).path, longest.removeprefix("https://example.com"))
        with self.assertRaises(SafeHttpError):
            check_url(f"{longest}a")


class TestSentences(unittest.TestCase):
    def test_a_refusal_says_what_a_url_must_be(self):
        for url, sentence in (
            ("https://example.com:1/", "A webhook URL uses one of the ports 443, 8443."),
            ("https://localhost/", "The webhook URL's host is not a public host's name."),
            (
                "https://8.8.8/",
                "Write an address as four decimal numbers, such as 8.8.8.8, or use a name.",
            ),
            (
                "https://10.0.0.1/",
                "The webhook's host has an address that is not on the public internet.",
            ),
            ("http://example.com/", "A webhook URL begins with https://."),
            (
                "https://a@example.com/",
                "A webhook URL holds no user name and no password: the signature proves the"
                " sender.",
            ),
            (
                "https://example.com/ü",
                "Write spaces, backslashes and letters beyond ASCII percent-encoded.",
            ),
            (
                "https://example.com/#a",
                "A webhook URL has no fragment: what follows # is never sent.",
            ),
            ("https://", "A webhook URL reads https://host/path, with a port if it needs one."),
            ("https://example.com/" + "a" * 2048, "A webhook URL has at most 2048 characters."),
        ):
            with self.subTest(url=url[:40]), self.assertRaises(SafeHttpError) as refusal:
                check_url(url, (443, 8443))
            self.assertEqual(refusal.exception.message, sentence)
            self.assertEqual(str(refusal.exception), sentence)
