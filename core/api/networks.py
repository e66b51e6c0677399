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
    """Say whether an address, as a server saw it, is in one of the networks."""
    client = read_address(address)
    return client is not None and any(client in network for network in networks)


def read_address(text):
    """Return the address of a client, as a server saw it; None if the text is none.

    A server that listens on IPv6 sees `::ffff:203.0.113.9` of a client on IPv4.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
