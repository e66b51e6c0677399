"""One attempt at a webhook delivery: what is sent, what came of it, and what is next.

Nothing here knows a database, so that attempts can run in threads of their own.
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from . import backoff, safe_http, signing

_logger = logging.getLogger(__name__)

FAILED_HERE = safe_http.Failure(
    "not_sent", "The event could not be sent; the server log says what went wrong."
)


@dataclass(frozen=True)
class Claim:
    """A delivery that one worker holds until `lease_until`, and all that its attempt needs.

    Instants are naive, in UTC, and by the database's clock, which all workers share: nothing
    here asks a clock of its own for the time. `attempts` counts those made before;
    `first_attempt_at` is None before the first. The secrets, newest first, are kept out of
    whatever prints a claim.
    """

    delivery_id: int
    service_id: int
    event_id: str
    event_type: str
    body: str
    attempts: int
    first_attempt_at: datetime | None
    claimed_at: datetime
    lease_until: datetime
    url: str
    secrets: list[str] = field(repr=False)

    @property
    def number(self):
        """Which attempt this is, from 1."""
        return self.attempts + 1


@dataclass(frozen=True)
class Attempt:
    """An attempt that is over. It began when it was claimed: claims do not wait."""

    claim: Claim
    response: safe_http.Response

    @property
    def started_at(self):
        return self.claim.claimed_at

    @property
    def ended_at(self):
        """The second in which it ended."""
        return self.started_at + timedelta(seconds=int(self.response.duration))

    def next_state(self):
        """Return what becomes of the delivery: its state and, if it is tried again, when.

        :return: `("delivered", None)`, `("failed", None)` or `("pending", instant)`
        """
        if self.response.ok:
            return "delivered", None
        again = backoff.next_attempt(
            self.claim.number,
            self.claim.first_attempt_at or self.started_at,
            self.ended_at,
            retry_after=self.response.headers.get("retry-after"),
        )
        return ("pending", again) if again else ("failed", None)


def attempt(claim, transport):
    """Sign a delivery's body and send it, once (W1).

    :param dict transport: keyword arguments of :func:`.safe_http.post`
    :rtype: Attempt
    """
    return Attempt(claim, _send(claim, transport))


def _send(claim, transport):
    timestamp = int(claim.claimed_at.replace(tzinfo=timezone.utc).timestamp())
    body = claim.body.encode()
    try:
        headers = signing.headers(
            claim.secrets, claim.event_id, claim.event_type, timestamp, claim.number, body
        )
        return safe_http.post(claim.url, body, headers, **transport)
    except Exception:
        # A thread that dies would take the event with it.
        _logger.exception("Event %s could not be sent", claim.event_id)
        return safe_http.Response(error=FAILED_HERE)
