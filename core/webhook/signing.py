"""Webhook ids and signatures, as Standard Webhooks 1.0.0 says them.

The signature covers ``<id>.<timestamp>.<body>``: HMAC-SHA256 under the secret's bytes,
written ``v1,<base64>``. The body is bytes, here and on the wire, and never parsed (W1).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
import threading
import time

SECRET_PREFIX = "whsec_"  # noqa: S105  (how secrets begin, not one)
SECRET_SIZES = range(24, 65)  # bytes
TOLERANCE = 300  # seconds, in what Standard Webhooks' own libraries tolerate

EVENT_PREFIX = "evt_"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # ULID's alphabet, in the order of ASCII
_RANDOM_BITS = 80

# A full stop separates what is signed, so neither the id nor the timestamp may hold one.
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class InvalidSignature(Exception):
    """The message is not proven to come from somebody who knows the secret, now."""


def generate_secret():
    """Return a new secret: ``whsec_`` and the base64 of 32 random bytes."""
    return SECRET_PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()


def decode_secret(secret):
    """Return the key that a secret's text stands for.

    :raise ValueError: it is not ``whsec_`` and the base64 of 24 to 64 bytes
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(SECRET_PREFIX) or len(key) not in SECRET_SIZES:
        raise ValueError("A webhook secret is whsec_ and 24 to 64 bytes in base64.")
    return key


def sign(secret, message_id, timestamp, body):
    """Return the signature of one message under one secret.

    :param int timestamp: seconds since 1970 at this attempt, not at the event
    :param bytes body: exactly what is sent
    :return: ``v1,<base64>``
    :raise ValueError: the secret or the id is not well formed, or the timestamp is negative
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A message id is letters, digits, '_' and '-', at most 255 of them.")
    if timestamp < 0:
        raise ValueError("A timestamp counts seconds since 1970.")
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    digest = hmac.new(decode_secret(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def signature_header(secrets, message_id, timestamp, body):
    """Return the signatures under every secret in force, separated by spaces (A2: rotation).

    :raise ValueError: there is no secret, or as in :func:`sign`
    """
    if not secrets:
        raise ValueError("A message is signed with at least one secret.")
    return " ".join(sign(secret, message_id, timestamp, body) for secret in secrets)


def headers(secrets, event_id, event_type, timestamp, attempt, body):
    """Return all headers of one attempt at one event, as the API's contract lists them.

    :param list[str] secrets: those in force, one or, during a rotation, several
    :param int attempt: counted from 1
    """
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature_header(secrets, event_id, timestamp, body),
        "X-Fusion-Event-Id": event_id,
        "X-Fusion-Event-Type": event_type,
        "X-Fusion-Attempt": str(attempt),
    }


def verify(secrets, received, body, *, now=None, tolerance=TOLERANCE):
    """Prove that a received message was signed with one of the secrets, not long ago.

    :param Mapping[str, str] received: the headers, under names of any case
    :param bytes body: as it was received
    :param float now: seconds since 1970, or None for the clock's
    :param int tolerance: seconds that the clocks may differ, both ways
    :raise InvalidSignature: with a sentence that says why not
    :raise ValueError: one of our own secrets is not well formed
    """
    given = {name.lower(): value for name, value in received.items()}
    message_id = given.get("webhook-id", "")
    timestamp = _timestamp(given.get("webhook-timestamp", ""))
    if not _MESSAGE_ID.fullmatch(message_id):
        raise InvalidSignature("The header webhook-id is missing or malformed.")
    if abs((time.time() if now is None else now) - timestamp) > tolerance:
        raise InvalidSignature("The header webhook-timestamp is too far from the present.")
    expected = [sign(secret, message_id, timestamp, body) for secret in secrets]
    if not _any_equal(expected, given.get("webhook-signature", "").split(" ")):
        raise InvalidSignature("No signature in webhook-signature matches.")


def _timestamp(text):
    if not _TIMESTAMP.fullmatch(text):
        raise InvalidSignature("The header webhook-timestamp is missing or malformed.")
    return int(text)


def _any_equal(expected, candidates):
    # Every pair is compared, each in constant time: how long it takes says nothing.
    return any(
        [
            hmac.compare_digest(own.encode(), candidate.encode())
            for own in expected
            for candidate in candidates
        ]
    )


class _EventIds:
    """ULIDs: 48 bits of milliseconds, then 80 random ones, each greater than the last.

    A clock that stands or goes back only makes the next id a random step greater than
    the last, so that processes forked with the same last id do not meet.
    """

    def __init__(self):
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self):
        moment = (time.time_ns() // 1_000_000) << _RANDOM_BITS
        with self._lock:
            fresh = moment | randomness.randbits(_RANDOM_BITS)
            self._last = max(fresh, self._last + 1 + randomness.randbits(_RANDOM_BITS - 16))
            return EVENT_PREFIX + _crockford(self._last)


def _crockford(number):
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


_event_ids = _EventIds()


def new_event_id():
    """Return a new event id: ``evt_`` and a ULID, which sorts by time as text.

    Within a process each is greater than those before it; between processes ids sort by
    the millisecond.
    """
    return _event_ids()
