"""The networks from which a key may be used."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network


@lru_cache(maxsize=1024)
def read_networks(text):
    """Return the networks of a list such as `203.0.113.0/24, 2001:db8::7`.

    :raise ValueError: with the first part that names no network
    """
    return tuple(map(_read_network, text.replace(",", " ").split()))


def _read_network(part):
    try:
        return ip_network(part)
    except ValueError:
        raise ValueError(part) from None


def is_within(address, networks):
    """Say whether an address, as a server saw it, is in one of the networks.

    A server that listens on IPv6 sees `::ffff:203.0.113.9` of a client on IPv4.
    """
    try:
        client = ip_address(address)
    except ValueError:
        return False
    if isinstance(client, IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    return any(client in network for network in networks)
