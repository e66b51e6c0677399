"""Which refused requests are kept for people to look at, and what of them.

A flood of them must cost next to nothing: a process keeps a few of each kind an hour, and has
forgotten the others before it has looked at them.
"""

import json
from threading import Lock

from .answer import plain_json
from .errors import BatchError
from .log_line import redact

MOST = 20  # of a service and a code, in one process
WINDOW = 3600  # seconds
REMEMBERED_AT_MOST = 10_000
LENGTH = 4000  # characters of what was sent, and of what was answered
MEMBERS = 10  # of a batch: the first ones that are wrong
SECRET_LENGTH = 100  # none is longer: one that begins in what is kept is known for what it is


class Admission:
    """Counts what is kept in the memory of a process, and stays small."""

    def __init__(self):
        self._lock, self._counts = Lock(), {}

    def admits(self, kind, now):
        """Say whether one more is kept, and count it.

        :param kind: of which few are kept: a database, a service, a code
        :param float now: seconds of a clock that never goes back
        """
        with self._lock:
            began, count = self._counts.get(kind, (now, 0))
            if now - began >= WINDOW:
                began, count = now, 0
            if len(self._counts) >= REMEMBERED_AT_MOST:
                self._counts.clear()
            self._counts[kind] = began, min(count + 1, MOST + 1)
            return count < MOST


def tell_request(payload, body, error):
    """Return what was sent, as a text: of a batch the members that are wrong.

    :param dict payload: as it was read; None if it could not be
    :param bytes body: as it came
    """
    as_it_came = clean(body.decode(errors="replace"))
    if payload is None:
        return as_it_came
    try:
        return clean(_write(_told(payload, error)))
    except (RecursionError, TypeError):
        # From Python 3.12 on, JSON is read that is nested deeper than it can be written; and what
        # of a batch cannot be stored was not read.
        return as_it_came


def tell_answer(facts):
    """Return what was answered, as a text."""
    errors = {"errors": facts["errors"][:MEMBERS]} if "errors" in facts else {}
    return clean(_write({**facts, **errors}))


def clean(text, length=LENGTH):
    """Return what the database can hold of a text, without secrets, and cut."""
    text = text[: length + SECRET_LENGTH]
    text = redact(text.encode(errors="replace").decode().replace("\0", "�"))
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _told(payload, error):
    if isinstance(error, BatchError):
        return _wrong_members(payload, error)
    return {name: _first_members(value) for name, value in payload.items()}


def _wrong_members(payload, error):
    positions = list(dict.fromkeys(index for index, _error in error.errors))[:MEMBERS]
    lists = {name: value for name, value in payload.items() if isinstance(value, list)}
    return {
        name: [{"index": n, error.member: value[n]} for n in positions if n < len(value)]
        for name, value in lists.items()
    }


def _first_members(value):
    return value[:MEMBERS] if isinstance(value, list) else value


def _write(facts):
    return json.dumps(facts, default=plain_json, ensure_ascii=False, indent=2)
