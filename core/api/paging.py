"""Pages of a list that stay stable while records are added.

A page goes on after the last id of the one before it, which the opaque cursor holds, instead
of counting rows: what is added or removed meanwhile neither repeats nor hides a record.
"""

import base64
import binascii

from .payload import ID_LIMIT, instant, invalid, optional, record_id, shaped

DEFAULT_LIMIT = 100
HIGHEST_LIMIT = 500


def limit_of(highest, default):
    """Make a reader for how many records a page has."""

    @shaped(type="integer", minimum=1, maximum=highest, default=default)
    def limit(value, name):
        number = record_id(value, name)
        if number is None:
            return default
        if not 1 <= number <= highest:
            raise invalid(name, f"must be from 1 to {highest}")
        return number

    return limit


@shaped(type="string", pattern="^[A-Za-z0-9_-]+=*$")
def cursor(value, name):
    """Return the id after which the page begins, 0 for the first page."""
    if value is None:
        return 0
    try:
        last_id = int(base64.b64decode(value.encode(), altchars=b"-_", validate=True))
    except (AttributeError, ValueError, binascii.Error):
        last_id = 0
    if not 0 < last_id < ID_LIMIT or make_cursor(last_id) != value:
        raise invalid(name, "must be the next_cursor of an earlier answer")
    return last_id


def make_cursor(last_id):
    """Return the cursor of the page after this id."""
    return base64.urlsafe_b64encode(b"%d" % last_id).decode()


#: The fields of every list that comes in pages, and those of a list of records that change.
PAGE = {
    "limit": optional(limit_of(HIGHEST_LIMIT, DEFAULT_LIMIT), "How many records at most.", 100),
    "cursor": optional(cursor, "The `next_cursor` of the answer before."),
}
LIST = {
    **PAGE,
    "changed_since": optional(instant, "Only what was changed, or is new, since this time."),
}
