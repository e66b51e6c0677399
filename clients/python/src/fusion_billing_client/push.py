"""Back-fills: a file of usage, checked as a whole, sent in batches, resumed where it stopped."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .client import Client
from .errors import BadRequestError, EventError, PayloadTooLargeError
from .rows import FileError, Row, read_rows
from .sender import MOST_EVENTS
from .spool import BATCH_BYTES

SHOWN = 20  # problems


@dataclass
class Check:
    """What a look at a file found."""

    rows: int = 0
    wrong: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)  # the first ones: line, sentence
    digest: str = ""


def check(path: Path, metrics: Collection[str] | None = None) -> Check:
    """Look at every row of a file, and send nothing."""
    found = Check()
    for row in read_rows(path, metrics):
        found.rows += 1
        if row.problem:
            found.wrong += 1
            if len(found.problems) < SHOWN:
                found.problems.append((row.line, row.problem))
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    found.digest = digest.hexdigest()
    return found


class Push:
    """The sending of a file that was checked.

    What is done is noted beside the file, in `FILE.progress`, until all of it is; rows that
    billing refuses go to `FILE.refused.ndjson`, each with its line and the reason. A batch that was
    sent and not noted is sent again, and counts once.

    :param say: tells people how far it is
    """

    def __init__(self, client: Client, path: Path, found: Check, say: Callable[[str], None]):
        self._client, self._path, self._found, self._say = client, path, found, say
        self._progress = path.with_name(f"{path.name}.progress")
        self.refused_path = path.with_name(f"{path.name}.refused.ndjson")
        self._most, self._told = MOST_EVENTS, 0.0
        self.done = self.refused = self.inserted = self.updated = self.unchanged = 0

    def run(self) -> None:
        """Send all that is not done.

        :raise FusionError: billing does not take it; run it again
        """
        self._resume()
        for batch in batches(itertools.islice(self._rows(), self.done, None)):
            self._send(list(batch))
            self.done += len(batch)
            self._note()
            self._tell()
        self._progress.unlink(missing_ok=True)

    def _rows(self) -> Iterator[Row]:
        for row in read_rows(self._path):
            if row.problem:
                raise FileError(f"{self._path} was changed meanwhile: {row.problem}")
            yield row

    def _resume(self) -> None:
        """Go on where it stopped, if the file is still the same."""
        try:
            noted = json.loads(self._progress.read_text())
        except (FileNotFoundError, ValueError):
            noted = {}
        if noted.get("digest") == self._found.digest:
            self.done, self.refused = noted["done"], noted["refused"]
            self._say(f"{self.done:,} rows were sent before")
        else:
            self.refused_path.unlink(missing_ok=True)

    def _note(self) -> None:
        noted = {"digest": self._found.digest, "done": self.done, "refused": self.refused}
        new = self._progress.with_name(f"{self._progress.name}.new")
        new.write_text(json.dumps(noted))
        os.replace(new, self._progress)

    def _tell(self) -> None:
        """At most once in a second, and at the end."""
        if time.monotonic() - self._told > 1 or self.done == self._found.rows:
            self._told = time.monotonic()
            percent = 100 * self.done // (self._found.rows or 1)
            self._say(f"{self.done:,} of {self._found.rows:,} rows ({percent} %)")

    def _send(self, batch: list[Row]) -> None:
        """Send a batch, without what billing refuses, in as many parts as it needs; empties it."""
        while batch:
            some = batch[: self._most]
            try:
                answer = self._client.push_usage(row.event for row in some)
            except PayloadTooLargeError as error:
                if len(some) == 1:
                    self._set_aside(some, [EventError(0, error.code, error.message)])
                    del batch[0]
                else:
                    self._most = len(some) // 2
            except BadRequestError as error:
                if not error.events:
                    raise
                self._set_aside(some, error.events)
                wrong = {one.index for one in error.events}
                batch[: len(some)] = [row for at, row in enumerate(some) if at not in wrong]
            else:
                for name in ("inserted", "updated", "unchanged"):
                    setattr(self, name, getattr(self, name) + answer[name])
                del batch[: len(some)]

    def _set_aside(self, batch: list[Row], errors: Iterable[EventError]) -> None:
        with self.refused_path.open("a", encoding="utf-8") as file:
            for error in errors:
                row = batch[error.index]
                told = {"line": row.line, "code": error.code, "error": error.message}
                file.write(json.dumps({**told, "event": row.event}) + "\n")
                self.refused += 1


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Cut rows into batches that the API takes."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row.event)) + 2
        if batch and (len(batch) == MOST_EVENTS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
