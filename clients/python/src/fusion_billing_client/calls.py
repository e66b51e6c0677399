"""Requests to the API, and what they are written in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import requests

from .errors import ApiError, NoAnswerError
from .transport import Transport
from .version import VERSION

#: What the API answers: quantities and money are decimal texts, times are ISO 8601.
Answer = dict[str, Any]
Number = int | Decimal | str
Day = date | str
Moment = datetime | str
Event = Mapping[str, Any]
#: A subscription: your own id of it, or, as an int, its number.
Named = str | int


class Calls:
    """What all calls have in common; see :class:`.client.Client`."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float | tuple[float, float] = (5, 60),
        attempts: int = 6,
        patience: float = 120,
        database: str | None = None,
    ):
        agent = f"fusion-billing-client/{VERSION}"
        self._transport = Transport(url, key, timeout, attempts, patience, database, agent)

    def _get(self, path: str, **query: Any) -> Answer:
        return read(self._transport.call("GET", path, plain(query)))

    def _post(self, path: str, payload: Mapping[str, Any], once: bool = False) -> Answer:
        return self._call("POST", path, payload, once)

    def _call(self, verb: str, path: str, payload: Mapping[str, Any], once: bool = False) -> Answer:
        return read(self._transport.call(verb, path, None, plain(payload), once))

    def _pages(self, path: str, name: str, **query: Any) -> Iterator[Answer]:
        """Yield the records of a list, asking for page after page as they are needed."""
        cursor = None
        while True:
            answer = self._get(path, **query, cursor=cursor, limit=500)
            yield from answer[name]
            cursor = answer["next_cursor"]
            if cursor is None:
                return


def instant(when: datetime) -> str:
    """An instant as the API reads it: in UTC, with a Z.

    :raise ValueError: it has no time zone, so that nobody knows which instant it is
    """
    if when.tzinfo is None:
        raise ValueError("a time must have a time zone: datetime.now(timezone.utc)")
    return when.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A value as JSON has it: decimals as texts; what is None is not said."""
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value


def read(response: requests.Response) -> Answer:
    try:
        answer = response.json()
    except requests.JSONDecodeError as error:
        raise NoAnswerError("The answer is no JSON: is this the address of the API?") from error
    if not isinstance(answer, dict) or answer.get("status") != "ok":
        raise ApiError(response.status_code, {"error": "The answer is none of the API's."})
    return answer
