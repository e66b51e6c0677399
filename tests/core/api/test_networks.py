import unittest
from ipaddress import ip_network

from core.api.networks import is_within, read_networks


class TestNetworks(unittest.TestCase):
    def test_networks_and_addresses_are_read(self):
        self.assertEqual(
            read_networks(" 203.0.113.0/24,2001:db8::7 10.0.0.1 "),
            tuple(map(ip_network, ("203.0.113.0/24", "2001:db8::7/128", "10.0.0.1/32"))),
        )

    def test_what_is_no_network_is_named(self):
        for text in ("203.0.113.7/24", "here", "10.0.0.0/33", "1.2.3", "::g", "0x7f.1", "1.2.3.4/"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, f"^{text}$"):
                read_networks(f"10.0.0.0/8, {text}")

    def test_an_address_is_within_one_of_them_or_not(self):
        networks = read_networks("203.0.113.0/24, 2001:db8::/32")
        for address in ("203.0.113.0", "203.0.113.255", "2001:db8::1", "::ffff:203.0.113.9"):
            with self.subTest(address):
                self.assertTrue(is_within(address, networks))
        for address in ("203.0.114.0", "203.0.112.255", "2001:db9::", "::1", "::203.0.113.9"):
            with self.subTest(address):
                self.assertFalse(is_within(address, networks))

    def test_what_is_no_address_is_in_no_network(self):
        everywhere = read_networks("0.0.0.0/0, ::/0")
        for address in (None, "", "unknown", "203.0.113.9, 10.0.0.1", "203.0.113.9:80", "[::1]"):
            with self.subTest(address):
                self.assertFalse(is_within(address, everywhere))
