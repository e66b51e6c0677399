"""Counters on their way: kept in SQLite until billing has taken them.

A process has a file of its own, named after its run, in a folder that all processes of a machine
may share. A lock beside it, which ends with the process however that ends, says that it is in use;
what a process left behind is taken over by the next one that looks.

Turns make it safe to send again. A counter grows only in the turn in which it began; what is sent
belongs to a turn that is over, so that whatever was sent once under a key stays as it is, and the
order in which requests arrive does not matter.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from .counters import Counter, Reading
from .errors import EventError, SpoolFullError

_logger = logging.getLogger("fusion_billing_client")

Event = dict[str, Any]

BATCH_BYTES = 4 * 1024 * 1024  # the API takes 5 MiB
_PAGE = 4096
_SETTINGS = f"""
PRAGMA page_size = {_PAGE};
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 256;
"""
_TABLES = """
CREATE TABLE IF NOT EXISTS counter (
    key TEXT NOT NULL PRIMARY KEY, turn INTEGER NOT NULL, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS counter_turn ON counter (turn);
CREATE TABLE IF NOT EXISTS refused (
    key TEXT NOT NULL PRIMARY KEY, event TEXT NOT NULL, code TEXT NOT NULL, error TEXT NOT NULL);
"""
_PUT = """
INSERT INTO counter (key, turn, event) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET event = excluded.event
"""
_OLDEST = "SELECT event FROM counter WHERE turn < ? ORDER BY turn, rowid LIMIT ?"
_DROP = "DELETE FROM {0} WHERE rowid IN (SELECT rowid FROM {0} ORDER BY rowid LIMIT ?)"
_TAKE_COUNTERS = """
INSERT OR IGNORE INTO main.counter (key, turn, event) SELECT key, 0, event FROM other.counter
"""
_TAKE_REFUSED = "INSERT OR IGNORE INTO main.refused SELECT * FROM other.refused"

_open: weakref.WeakSet[Spool] = weakref.WeakSet()


class Spool:
    """The counters of one process that billing has not taken yet. Threads may share it.

    :param folder: where the file is; None keeps everything in memory
    :param max_bytes: how large the file may get
    """

    def __init__(self, folder: Path | None, max_bytes: int):
        self.run = secrets.token_hex(8)
        self._turn, self._lock = 1, threading.RLock()
        self._path = folder and folder / f"{self.run}.sqlite"
        self._held: int | None = None
        if folder and self._path:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            while self._held is None:  # somebody who tidies up may be there for a moment
                self._held = _hold(self._path)
        self._db = sqlite3.connect(
            self._path or ":memory:", timeout=30, isolation_level=None, check_same_thread=False
        )
        self._db.executescript(_SETTINGS + _TABLES)
        self._db.execute(f"PRAGMA max_page_count = {max(max_bytes // _PAGE, 16)}")
        _open.add(self)

    # === COUNTING === #

    def write(self, counted: Iterable[tuple[Counter, Reading]]) -> None:
        """Write what was counted, all or nothing; it is on the disk when this returns.

        :raise SpoolFullError: there is no room
        """
        counted = list(counted)
        try:
            self._write(counted)
        except sqlite3.OperationalError:
            # What was written lately may be moved to where there is room.
            with self._lock, contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            try:
                self._write(counted)
            except sqlite3.OperationalError as error:
                raise SpoolFullError(f"Usage cannot be stored: {error}") from error

    def _write(self, counted: Sequence[tuple[Counter, Reading]]) -> None:
        with self._transaction():
            for counter, reading in counted:
                key = counter.key(self.run, self._turn)
                known = self._db.execute("SELECT event FROM counter WHERE key = ?", (key,))
                for (event,) in known.fetchall():
                    before = Reading.of_event(json.loads(event))
                    reading = before.combined(reading, counter.aggregation)
                event = json.dumps(counter.event(reading, key))
                self._db.execute(_PUT, (key, self._turn, event))

    def drop_oldest(self, count: int) -> int:
        """Throw away the oldest, first what billing refused; return how many."""
        with self._transaction():
            gone = self._db.execute(_DROP.format("refused"), (count,)).rowcount
            return gone + self._db.execute(_DROP.format("counter"), (count - gone,)).rowcount

    # === SENDING === #

    def next_turn(self) -> int:
        """Let no counter grow any more that there is; return the turn that begins."""
        with self._lock:
            self._turn += 1
            return self._turn

    def batch(self, most: int) -> list[Event]:
        """The oldest events of turns that are over, no more than fit into a request."""
        events: list[Event] = []
        size = 0
        with self._lock:
            for (event,) in self._db.execute(_OLDEST, (self._turn, most)).fetchall():
                size += len(event) + 2
                if events and size > BATCH_BYTES:
                    break
                events.append(json.loads(event))
        return events

    def remove(self, events: Iterable[Event]) -> None:
        """Forget what billing has taken."""
        with self._transaction():
            self._delete(events)

    def set_aside(self, refused: Sequence[tuple[Event, EventError]]) -> None:
        """Keep what billing refused apart, with the reason."""
        rows = [
            (event["idempotency_key"], json.dumps(event), error.code, error.message)
            for event, error in refused
        ]
        with self._transaction():
            self._delete(event for event, _error in refused)
            self._db.executemany("INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?)", rows)

    def _delete(self, events: Iterable[Event]) -> None:
        keys = [(event["idempotency_key"],) for event in events]
        self._db.executemany("DELETE FROM counter WHERE key = ?", keys)

    # === WHAT IS THERE === #

    def count(self, before: int | None = None) -> int:
        """How many counters wait, of all turns or of those before one."""
        if before is None:
            return self._number("SELECT count(*) FROM counter")
        return self._number("SELECT count(*) FROM counter WHERE turn < ?", before)

    def count_refused(self) -> int:
        return self._number("SELECT count(*) FROM refused")

    def refused(self) -> list[tuple[Event, str, str]]:
        """What billing refused: the event, the code and the sentence."""
        with self._lock:
            rows = self._db.execute("SELECT event, code, error FROM refused ORDER BY rowid")
            return [(json.loads(event), code, error) for event, code, error in rows.fetchall()]

    def put_back(self) -> int:
        """Have everything sent again that billing refused; return how much."""
        with self._transaction():
            self._db.execute("INSERT OR IGNORE INTO counter SELECT key, 0, event FROM refused")
            return self._db.execute("DELETE FROM refused").rowcount

    def _number(self, query: str, *values: int) -> int:
        with self._lock:
            return int(self._db.execute(query, values).fetchone()[0])

    # === OTHER RUNS === #

    def take_over(self) -> int:
        """Take what runs left in the folder that have ended; return how many counters."""
        taken = 0
        if self._path:
            folder = self._path.parent
            locks = (path.with_suffix(".sqlite") for path in folder.glob("*.lock"))
            found = {*folder.glob("*.sqlite"), *locks}
            for path in sorted(found - {self._path}):
                taken += self._take_over(path)
        return taken

    def _take_over(self, path: Path) -> int:
        held = _hold(path)
        if held is None:
            return 0  # its process lives
        try:
            taken = self._copy(path) if path.exists() else 0
            _remove(path)
        except sqlite3.OperationalError as error:
            _logger.warning("What %s holds could not be taken over yet: %s", path, error)
        except sqlite3.DatabaseError as error:
            _logger.error("%s is damaged and put aside: %s", path, error)
            path.rename(path.with_suffix(".damaged"))
        else:
            return taken
        finally:
            os.close(held)
        return 0

    def _copy(self, path: Path) -> int:
        with self._lock:
            self._db.execute("ATTACH ? AS other", (str(path),))
            try:
                if not self._db.execute("SELECT * FROM other.sqlite_master LIMIT 2").fetchall():
                    return 0  # it was killed before it had a table
                with self._transaction():
                    taken = self._db.execute(_TAKE_COUNTERS).rowcount
                    self._db.execute(_TAKE_REFUSED)
                return taken
            finally:
                self._db.execute("DETACH other")

    # === ITS END === #

    def close(self) -> int:
        """Close the file, and remove it if nothing is in it; return how much is."""
        with self._lock:
            left = self.count() + self.count_refused()
            self._db.close()
            if self._path and not left:
                _remove(self._path)
            if self._held is not None:
                os.close(self._held)
                self._held = None
        return left

    def after_fork(self) -> None:
        """In a child: the file is the parent's, and free when the parent has ended."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _hold(path: Path) -> int | None:
    """Lock a file for this process; None if another one has it, or it was removed just now."""
    import fcntl  # only POSIX has it; the rest of this package works without

    lock = path.with_suffix(".lock")
    held = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(lock).st_ino == os.fstat(held).st_ino:
            return held
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(held)
    return None


def _remove(path: Path) -> None:
    """Remove a file that we hold; the lock last, so that nobody meets half of it."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.stem}.lock"):
        path.with_name(name).unlink(missing_ok=True)


def _after_fork() -> None:
    for spool in list(_open):
        spool.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
