"""How long to wait before a request is sent again."""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

SHORTEST = 0.5  # seconds
LONGEST = 60.0


def pause(failures: int, retry_after: float | None = None) -> float:
    """Seconds to wait after so many failures in a row: growing, and slightly random.

    :param retry_after: what the server asked for; it is never less
    """
    backoff = min(LONGEST, SHORTEST * 2.0 ** min(failures - 1, 16))
    jittered = backoff * random.uniform(0.5, 1)  # noqa: S311 - spreads requests, guards nothing
    return max(jittered, retry_after or 0)


def seconds_of(header: str | None) -> float | None:
    """Seconds until what a `Retry-After` header says: seconds, or a date of HTTP; None if neither.

    A moment that is over is 0.
    """
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
