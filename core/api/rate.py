"""What a service may send in a minute, and what is left of it."""

from typing import NamedTuple

REQUESTS, EVENTS = "requests", "events"
WINDOW = 60  # seconds


class Rate(NamedTuple):
    """A quota, and how it stands.

    :param str kind: what is counted
    :param int quota: what may be sent in a minute
    :param int left: what may still be sent in this one
    :param int seconds: until the next one begins
    """

    kind: str
    quota: int
    left: int
    seconds: int


def rate_headers(rates):
    """Return the headers that tell a client of its rates: pairs of name and text.

    As draft-ietf-httpapi-ratelimit-headers-10 has them.
    """
    if not rates:
        return ()
    policies = (f'"{rate.kind}";q={rate.quota};w={WINDOW}' for rate in rates)
    states = (f'"{rate.kind}";r={rate.left};t={rate.seconds}' for rate in rates)
    return ("RateLimit-Policy", ", ".join(policies)), ("RateLimit", ", ".join(states))
