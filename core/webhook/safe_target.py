"""Which URLs and addresses a webhook may be sent to: https and public (W2).

There is one parser here and nobody after it sees the URL's text, only the parts that were
judged, so that no two parsers can disagree on what a URL means.
"""

import ipaddress
import re
from dataclasses import dataclass

import idna

LONGEST_URL = 2048
LONGEST_HOST = 253

_SCHEME = "https://"
_PRINTABLE = re.compile(r"[\x21-\x7e]*")
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# What inet_aton, and so every browser and C library, takes for a number of an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def _networks(text):
    return tuple(ipaddress.ip_network(network) for network in text.split())


# IANA's registries of special-purpose addresses, and the one metadata service (Azure's)
# that has a public address. All of them are refused, also where a registry calls a few
# of their addresses reachable: nobody receives webhooks there.
_NOT_PUBLIC_V4 = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12"
    " 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24"
    " 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
    " 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
)
# Only global unicast is public, which leaves out every form that carries an IPv4 address
# at its end; within it: protocol assignments with Teredo, documentation, 6to4, AS112.
_GLOBAL_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC_V6 = _networks("2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20")
# How an IPv6-only network reaches every IPv4 host (RFC 6052), so it is as public as that is.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class SafeHttpError(Exception):
    """A request that is not made, or was not answered as it should be.

    :param str code: stable, snake case
    :param str message: one sentence for a person, which tells nothing of our network
    """

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class ParsedTarget:
    """Where a URL leads, in parts that were judged.

    ``host`` is in lower case, in ASCII, without a last dot; ``address`` is set if the
    host is an address; ``path`` is what the request asks for, query included;
    ``development`` says that the target was named as one, and may be this machine.
    """

    host: str
    port: int
    path: str
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None
    development: bool


def check_url(url, allowed_ports=(443,), development_hosts=()):
    """Judge a webhook's URL by itself, without a look-up.

    :param development_hosts: ``host`` or ``host:port`` names of targets that may be this
        machine and may use any port; for development only
    :rtype: ParsedTarget
    :raise SafeHttpError: ``invalid_url``, ``not_https``, ``credentials_in_url``,
        ``invalid_host``, ``port_not_allowed``, ``address_not_public``
    """
    authority, path = _split(url)
    host_text, port = _host_and_port(authority)
    host, address = _parse_host(host_text)
    development = _is_named(host, port, development_hosts)
    if not development:
        _check_port(port, allowed_ports)
        _check_name(host, address)
    if address is not None:
        check_address(address, development)
    return ParsedTarget(host, port, path, address, development)


def check_address(address, development=False):
    """Refuse an address that is not public; one of this machine passes for development.

    :raise SafeHttpError: ``address_not_public``
    """
    if not is_public(address) and not (development and address.is_loopback):
        raise SafeHttpError(
            "address_not_public",
            "The webhook's host has an address that is not on the public internet.",
        )


def is_public(address):
    """Whether an ``IPv4Address`` or ``IPv6Address`` is one of the public internet."""
    if address.version == 4:
        return not any(address in network for network in _NOT_PUBLIC_V4)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _split(url):
    """Return the authority and the path of an https URL that has nothing odd in it."""
    if len(url) > LONGEST_URL:
        raise _invalid_url(f"A webhook URL has at most {LONGEST_URL} characters.")
    if not url.lower().startswith(_SCHEME):
        raise SafeHttpError("not_https", "A webhook URL begins with https://.")
    authority, rest = _cut_authority(url[len(_SCHEME) :])
    if "@" in authority:
        raise SafeHttpError(
            "credentials_in_url",
            "A webhook URL holds no user name and no password: the signature proves the sender.",
        )
    if not _PRINTABLE.fullmatch(rest) or "\\" in rest:
        raise _invalid_url("Write spaces, backslashes and letters beyond ASCII percent-encoded.")
    if "#" in rest:
        raise _invalid_url("A webhook URL has no fragment: what follows # is never sent.")
    return authority, rest if rest.startswith("/") else "/" + rest


def _cut_authority(text):
    end = next((at for at, character in enumerate(text) if character in "/?#\\"), len(text))
    return text[:end], text[end:]


def _host_and_port(authority):
    parts = _AUTHORITY.fullmatch(authority)
    if not parts:
        raise _invalid_url("A webhook URL reads https://host/path, with a port if it needs one.")
    return parts["host"], int(parts["port"] or 443)


def _parse_host(text):
    """Return the canonical host and, if it is an address, the address."""
    if text.startswith("["):
        return _parse_ipv6(text[1:-1])
    host = _ascii_name(text).removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _parse_ipv4(host)
    if len(host) > LONGEST_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid_host()
    return host, None


def _ascii_name(text):
    """Return a name as DNS knows it, in lower case; what only looks like ASCII becomes ASCII."""
    name = text.lower()
    if len(name) > LONGEST_HOST + 1:
        raise _invalid_host()
    if name.isascii() and "xn--" not in name:
        return name
    try:
        return idna.encode(name, uts46=True).decode().lower()
    except UnicodeError:
        raise _invalid_host() from None


def _parse_ipv4(text):
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise SafeHttpError(
            "invalid_host",
            "Write an address as four decimal numbers, such as 8.8.8.8, or use a name.",
        ) from None
    return str(address), address


def _parse_ipv6(text):
    try:
        if "%" in text:
            raise ValueError("a zone is of this machine only")
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise _invalid_host() from None
    return str(address), address


def _is_named(host, port, development_hosts):
    shown = f"[{host}]" if ":" in host else host
    named = {name.strip().lower() for name in development_hosts}
    return not named.isdisjoint((host, shown, f"{shown}:{port}"))


def _check_port(port, allowed_ports):
    if port not in allowed_ports:
        allowed = ", ".join(str(allowed) for allowed in allowed_ports)
        raise SafeHttpError("port_not_allowed", f"A webhook URL uses one of the ports {allowed}.")


def _check_name(host, address):
    # A name without a dot is one of somebody's own network.
    if address is None and "." not in host:
        raise _invalid_host()


def _invalid_url(message):
    return SafeHttpError("invalid_url", message)


def _invalid_host():
    return SafeHttpError("invalid_host", "The webhook URL's host is not a public host's name.")
