"""A TLS connection that ends at a deadline and after so many bytes, whatever the peer does.

A socket's own time-out starts anew with every byte, so that a peer who sends one now and
then holds it for ever. Here each read and write is given what is left of the whole.
"""

import ssl
import time


class Deadline:
    """So many seconds from now on, for everything together."""

    def __init__(self, seconds):
        self._start = time.monotonic()
        self._seconds = seconds

    def elapsed(self):
        """Return the seconds since the start."""
        return time.monotonic() - self._start

    def remaining(self, at_most=float("inf")):
        """Return the seconds that are left, more than 0.

        :raise TimeoutError: none are left
        """
        left = min(self._seconds - self.elapsed(), at_most)
        if left <= 0:
            raise TimeoutError
        return left


class LimitReached(Exception):
    """As much was read as is ever read."""


class BoundedSocket(ssl.SSLSocket):
    """What ``SSLContext.sslsocket_class`` makes; bounded once :meth:`bound` was called.

    As long as ``in_head`` is set, an end of the stream is an error: :mod:`http.client`
    takes a head that was cut off for a whole one.
    """

    def bound(self, deadline, max_read):
        self._deadline = deadline
        self._left = max_read
        self.in_head = True

    def recv_into(self, buffer, nbytes=None, flags=0):
        wanted = min(nbytes or len(buffer), self._left)
        if not wanted:
            raise LimitReached
        self.settimeout(self._deadline.remaining())
        count = super().recv_into(buffer, wanted, flags)
        if not count and self.in_head:
            raise ConnectionResetError("The stream ended within the head.")
        self._left -= count
        return count

    def send(self, data, flags=0):
        self.settimeout(self._deadline.remaining())
        return super().send(data, flags)
