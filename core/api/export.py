"""The export of what changed: its pages, and the cursors that its lines have."""

import base64
import binascii
import re
from datetime import datetime, timedelta

from .paging import limit_of
from .payload import ID_LIMIT, invalid, shaped

DEFAULT_LIMIT = 5000
HIGHEST_LIMIT = 10_000

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = re.compile(rb"([0-9]{1,16})-([0-9]{1,10})")


limit = limit_of(HIGHEST_LIMIT, DEFAULT_LIMIT)


@shaped(type="string", pattern="^[A-Za-z0-9_-]+=*$")
def cursor(value, name):
    """Return the place after which the export goes on.

    :return: `(instant of the change, counter's id)`; None for its beginning
    """
    if value is None:
        return None
    try:
        match = _PLACE.fullmatch(base64.b64decode(value.encode(), altchars=b"-_", validate=True))
        place = _EPOCH + int(match[1]) * _MICROSECOND, int(match[2])
    except (AttributeError, TypeError, ValueError, OverflowError, binascii.Error):
        place = None
    if not place or place[1] >= ID_LIMIT or make_cursor(*place) != value:
        raise invalid(name, "must be the cursor of a line of an earlier answer")
    return place


def make_cursor(changed_at, number):
    """Return the cursor of a line."""
    place = b"%d-%d" % ((changed_at - _EPOCH) // _MICROSECOND, number)
    return base64.urlsafe_b64encode(place).decode()
