"""Files of usage: each row is a counter, checked as far as it can be without billing."""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from .calls import instant
from .counters import read_dimensions, read_quantity, read_text

Event = dict[str, Any]

FIELDS = (
    *("subscription_external_id", "subscription_id", "metric_code", "quantity"),
    *("period_start", "period_end", "idempotency_key", "value", "dimensions"),
)
#: What a row of a file of refused rows has: such a file can be sent again as it is.
REFUSED = {"line", "code", "error", "event"}
DIMENSION = "dimensions."  # before the name of a dimension, in the head of a CSV file
_AHEAD = timedelta(days=1)


class FileError(Exception):
    """The file as a whole cannot be read."""


class Row(NamedTuple):
    """A row of a file: its event, or what is wrong with it."""

    line: int
    event: Event
    problem: str | None = None


def read_rows(path: Path, metrics: Collection[str] | None = None) -> Iterator[Row]:
    """Read the rows of a CSV or NDJSON file.

    A row is the counter of its subscription, metric, period, value and dimensions. Its key follows
    from these, unless it has one of its own: so a file can be sent again, also in part, and with
    corrected quantities. The same counter twice in one file is a problem.

    :param metrics: codes of all metrics that there are, if they are known
    :raise FileError: it is none of these
    """
    raw_rows = _csv_rows(path) if path.suffix == ".csv" else _json_rows(path)
    with _Seen() as seen:
        for line, raw in raw_rows:
            try:
                if isinstance(raw, Exception):
                    raise raw
                event = read_event(raw, metrics)
                seen.add(line, event)
            except (ValueError, TypeError) as error:
                yield Row(line, {}, str(error))
            else:
                yield Row(line, event)


def _csv_rows(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            reader = csv.DictReader(file, strict=True)
            names = reader.fieldnames or []
            unknown = [n for n in names if n not in FIELDS and not n.startswith(DIMENSION)]
            if unknown or len(set(names)) < len(names):
                raise FileError(
                    f"The first line must name columns, once each: {', '.join(FIELDS)} or "
                    f"{DIMENSION}NAME. It has {', '.join(unknown) or 'one twice'}."
                )
            for row in reader:
                yield reader.line_num, _from_csv(row)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileError(f"This is no CSV file in UTF-8: {error}") from error


def _from_csv(row: Mapping[Any, Any]) -> dict[str, Any] | ValueError:
    """A row as NDJSON has it; an empty cell is not given."""
    if None in row or None in row.values():
        return ValueError("the row has more or fewer cells than the first line")
    event = {name: cell for name, cell in row.items() if cell != ""}
    dimensions = {
        name.removeprefix(DIMENSION): event.pop(name)
        for name in list(event)
        if name.startswith(DIMENSION)
    }
    if dimensions and "dimensions" in event:
        return ValueError(f"there are both dimensions and {DIMENSION}NAME")
    if "dimensions" in event:
        try:
            event["dimensions"] = _json(event["dimensions"])
        except ValueError as error:
            return error
    return {**event, "dimensions": dimensions} if dimensions else event


def _json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for line, text in enumerate(file, 1):
            if text.strip():
                try:
                    yield line, _json(text)
                except ValueError as error:
                    yield line, error


def _json(text: str | bytes) -> Any:
    """Read JSON exactly: no number becomes a binary fraction."""
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no JSON: {error.msg}") from None
    except UnicodeDecodeError:
        raise ValueError("this is no UTF-8") from None


def read_event(raw: Any, metrics: Collection[str] | None = None) -> Event:
    """Check what a row says, and write it as the API wants it.

    :raise ValueError, TypeError: it is wrong
    """
    if not isinstance(raw, dict):
        raise ValueError("a row is a JSON object")
    if raw.keys() == REFUSED:
        return read_event(raw["event"], metrics)
    given = {name: one for name, one in raw.items() if one is not None}
    for name in given:
        if name not in FIELDS:
            raise ValueError(f"there is no field {name}")
    start, end = (_moment(given, name) for name in ("period_start", "period_end"))
    if start >= end:
        raise ValueError("period_end must be later than period_start")
    if start > datetime.now(timezone.utc) + _AHEAD:
        raise ValueError("period_start must not be more than a day ahead of now")
    metric = read_text(given.get("metric_code", ""), "metric_code")
    if metrics is not None and metric not in metrics:
        raise ValueError(f"there is no metric {metric!r}")
    event = {
        **_subscription(given),
        "metric_code": metric,
        "quantity": f"{read_quantity(given.get('quantity', '')):f}",
        "period_start": instant(start),
        "period_end": instant(end),
    }
    if "value" in given:
        event["value"] = read_text(given["value"], "value")
    if dimensions := read_dimensions(_plain_dimensions(given.get("dimensions"))):
        event["dimensions"] = json.loads(dimensions)
    key = given.get("idempotency_key") or _key(event)
    return {**event, "idempotency_key": read_text(key, "idempotency_key")}


def _subscription(given: Mapping[str, Any]) -> Event:
    by_name, by_id = given.get("subscription_external_id"), given.get("subscription_id")
    if (by_name is None) == (by_id is None):
        raise ValueError("a row has subscription_external_id, or subscription_id")
    if by_id is None:
        return {"subscription_external_id": read_text(str(by_name), "subscription_external_id")}
    if isinstance(by_id, bool) or not str(by_id).isdecimal():
        raise ValueError("subscription_id must be a whole number")
    return {"subscription_id": int(by_id)}


def _moment(given: Mapping[str, Any], name: str) -> datetime:
    """An instant; one without an offset is UTC, as in the API."""
    try:
        when = datetime.fromisoformat(str(given[name]).replace("Z", "+00:00"))
    except (KeyError, ValueError):
        raise ValueError(f"{name} must be a time like 2026-11-01T00:00:00Z") from None
    return when if when.tzinfo else when.replace(tzinfo=timezone.utc)


def _plain_dimensions(given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise ValueError("dimensions must be an object")
    return {name: f"{one:f}" if isinstance(one, Decimal) else one for name, one in given.items()}


def _key(event: Event) -> str:
    """What a counter is, without what it says."""
    identity = {name: one for name, one in event.items() if name != "quantity"}
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return f"file/{digest[:40]}"


class _Seen:
    """The counters of a file so far, on the disk: a file may have any number of them."""

    def __enter__(self) -> _Seen:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE seen (counter TEXT PRIMARY KEY, line INT) WITHOUT ROWID")
        self._db.execute("BEGIN")
        return self

    def __exit__(self, *_exc: object) -> None:
        self._db.close()

    def add(self, line: int, event: Event) -> None:
        """:raise ValueError: the counter is there already"""
        names = ("subscription_external_id", "subscription_id", "metric_code", "idempotency_key")
        counter = json.dumps([event.get(name) for name in names])
        added = self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (counter, line))
        if not added.rowcount:
            [first] = self._db.execute("SELECT line FROM seen WHERE counter = ?", (counter,))
            raise ValueError(
                f"line {first[0]} has this counter already: add them up, or give each a key"
            )
