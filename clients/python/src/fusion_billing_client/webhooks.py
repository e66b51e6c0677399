"""Receiving webhooks: whether one is genuine, and whether it came before.

event = verify(body, headers, secret)       # WebhookError: answer 401
with seen.once(event["id"]) as is_new:      # answer 2xx after the block
    if is_new:
        ...
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import hmac
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import WebhookError

TOLERANCE = 300  # seconds between the sender's clock and ours
KEEP_DAYS = 90  # for as long events can be sent again


def verify(
    body: bytes,
    headers: Mapping[str, str],
    secrets: str | Iterable[str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """Return the event of a genuine request.

    The rules are those of https://www.standardwebhooks.com. Of several signatures, and of several
    secrets, one match is enough: that is how a secret is rotated.

    :param body: the raw bytes, as they came
    :param headers: names in any case
    :param secrets: `whsec_…`, one or several
    :param tolerance: seconds that the timestamp may be from now
    :raise WebhookError: it is not genuine, or of another time
    :raise ValueError: a secret is none
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message, timestamp, signatures = (
            given[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise WebhookError(f"The header {error} is missing.") from None
    _check_time(timestamp, time.time() if now is None else now, tolerance)
    signed = f"{message}.{timestamp}.".encode() + body
    keys = [_key(one) for one in ([secrets] if isinstance(secrets, str) else secrets)]
    if not any(_is_signed(signed, key, signatures) for key in keys):
        raise WebhookError("No signature matches.")
    return _event(body)


def _check_time(timestamp: str, now: float, tolerance: float) -> None:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise WebhookError("The timestamp is no number of seconds.")
    if abs(now - int(timestamp)) > tolerance:
        raise WebhookError("The timestamp is too far from now.")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("a secret is whsec_ and base64") from None


def _is_signed(signed: bytes, key: bytes, signatures: str) -> bool:
    """Whether one of the signatures is the key's; each is compared, in constant time."""
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    expected = b"v1," + digest
    matches = [
        hmac.compare_digest(one.encode("utf-8", "replace"), expected)
        for one in signatures.split(" ")
    ]
    return any(matches)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise WebhookError("The body is signed, and no event.")
    return event


class Deduplicator:
    """Remembers which events were dealt with, in a file of SQLite. Threads and processes share it.

    Events are dealt with one after the other, so keep the block short: store the event, and work
    later. What has a database of its own does better with a table there, in the same transaction.

    :param path: the file
    :param keep_days: for how long an event is remembered
    """

    def __init__(self, path: str | os.PathLike[str], *, keep_days: float = KEEP_DAYS):
        self._path, self._keep = path, keep_days * 86_400
        with contextlib.closing(self._connect()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, at REAL NOT NULL)")
            db.execute("CREATE INDEX IF NOT EXISTS event_at ON event (at)")

    @contextlib.contextmanager
    def once(self, event_id: str) -> Iterator[bool]:
        """Whether an event is new; remembered when the block ends, forgotten if it raises.

        A process that is killed in the block gets the event again.
        """
        with contextlib.closing(self._connect()) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                added = db.execute(
                    "INSERT OR IGNORE INTO event VALUES (?, ?)", (event_id, time.time())
                )
                yield bool(added.rowcount)
                db.execute("DELETE FROM event WHERE at < ?", (time.time() - self._keep,))
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    def __contains__(self, event_id: str) -> bool:
        with contextlib.closing(self._connect()) as db:
            found = db.execute("SELECT 1 FROM event WHERE id = ?", (event_id,)).fetchone()
        return found is not None

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=60, isolation_level=None)
