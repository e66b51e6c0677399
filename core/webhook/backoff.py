"""When a failed webhook delivery is tried again, and when no more (W3).

Instants are naive datetimes in UTC, as Odoo stores them.
"""

import random as randomness
import re
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

UNIT = timedelta(minutes=1)
MAX_DOUBLINGS = 10
LONGEST_RETRY_AFTER = timedelta(days=1)
PERSISTENCE = timedelta(days=3)

_SECONDS = re.compile(r"[0-9]+")
_MANY_DIGITS = 9


def delay(attempts, *, random=randomness.random):
    """Return the wait after so many failed attempts: 2**min(attempts, 10) minutes, with jitter.

    :param int attempts: those made, 1 or more after a failure
    :param random: gives a float in [0, 1); 0 means half of the wait, 1 the whole
    :rtype: timedelta
    """
    return UNIT * 2 ** min(attempts, MAX_DOUBLINGS) * (1 + random()) / 2


def parse_retry_after(value, now):
    """Return how long a Retry-After header asks to wait, or None if it says nothing usable.

    :param value: seconds, or an HTTP date (RFC 9110, 10.2.3), or None
    :rtype: timedelta between nothing and :data:`LONGEST_RETRY_AFTER`, or None
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        digits = text.lstrip("0")
        wait = timedelta(seconds=int(digits[:_MANY_DIGITS] or 0))
    else:
        try:
            wait = _naive_utc(parsedate_to_datetime(text)) - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return max(timedelta(0), min(wait, LONGEST_RETRY_AFTER))


def _naive_utc(moment: datetime):
    if moment.tzinfo is None:  # how email.utils says «-0000»
        return moment
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def next_attempt(attempts, first_attempt, now, *, retry_after=None, random=randomness.random):
    """Return the instant of the next attempt, or None if it is time to give up.

    The endpoint may ask for a later attempt than ours, up to :data:`LONGEST_RETRY_AFTER`,
    and never for an earlier one, so that no header turns the backoff off. Giving up comes
    with the first failure that is :data:`PERSISTENCE` or more after the first attempt.

    :param int attempts: those made, all failed
    :param datetime first_attempt: when the first of them was made
    :param datetime now: when the last of them ended
    :param str retry_after: the header of the last answer, if it had one
    """
    if now - first_attempt >= PERSISTENCE:
        return None
    asked = parse_retry_after(retry_after, now) or timedelta(0)
    return now + max(delay(attempts, random=random), asked)
