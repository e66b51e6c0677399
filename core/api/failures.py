"""Who tries keys that are none: counted by address, in the memory of the process."""

from ipaddress import IPv6Address, ip_network

from .networks import read_address

MOST = 300  # a minute, of one address, in one process
WINDOW = 60  # seconds
REMEMBERED_AT_MOST = 10_000


class Failures:
    """Counts what failed, and stays small whoever tries.

    An address that has failed too often is not looked at any more for the rest of its minute,
    so that guessing costs no work of the database. Who was let in before is still let in: an app
    may share its address with somebody who guesses.
    """

    def __init__(self):
        self._counts, self._let_in = {}, set()

    def seconds_left(self, address, name, now):
        """Return for how long a request is refused unseen: 0 if it is not.

        :param str address: where it comes from
        :param name: what tells its key from others
        :param float now: seconds of a clock that never goes back
        """
        began, count = self._counts.get(_network(address), (now, 0))
        left = began + WINDOW - now
        return 0 if count < MOST or left <= 0 or name in self._let_in else max(1, round(left))

    def note(self, address, now):
        """Count a failure."""
        network = _network(address)
        began, count = self._counts.get(network, (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
        _bound(self._counts)
        self._counts[network] = began, count + 1

    def let_in(self, name):
        """Note that a key was good."""
        if name not in self._let_in:
            _bound(self._let_in)
            self._let_in.add(name)


def _bound(remembered):
    if len(remembered) >= REMEMBERED_AT_MOST:
        remembered.clear()


def _network(address):
    """Return what one client has: an address of IPv4, a /64 of IPv6; other texts are one client."""
    client = read_address(address)
    if isinstance(client, IPv6Address):
        return ip_network((client, 64), strict=False)
    return client
