"""Keys: what your app comes in with."""

from ..endpoint import Endpoint
from ..paging import LIST as LISTING
from ..payload import OVERLAP
from ..records import page_of
from ..scopes import FIELDS, KEYS_WRITE, READ
from ..shapes import Record, array, boolean, choice, inline, integer, moment, nullable, string

TITLE = "Keys"

KEY_FIELDS = {
    "key_id": integer("", 1),
    "prefix": string("How it begins: the rest is stored nowhere.", "fbk_a1b2c3d4"),
    "name": string("What staff call it.", "production"),
    "scopes": array(choice(FIELDS), "What it may be used for."),
    "networks": array(string("", "203.0.113.0/24"), "From where; from everywhere, if empty."),
    "created_at": moment("", "2026-01-05T09:00:00Z"),
    "expires_at": nullable(moment("From then on it is refused.")),
    "last_used_at": nullable(moment("To the hour; reading is not noted where a replica answers.")),
    "is_asking": boolean("Whether it is the one that this request has.", True),
}
KEY = Record("Key", "A key of your service.", KEY_FIELDS)

LIST = Endpoint(
    "list_keys",
    "GET",
    "/keys",
    READ,
    "List the keys of your service",
    "Those that are not revoked.",
    fields=LISTING,
    answer=page_of("keys", KEY),
)
ROTATE = Endpoint(
    "rotate_key",
    "POST",
    "/keys/rotate",
    KEYS_WRITE,
    "Replace your key by a new one",
    "The new key is for the same, from the same networks, and ends when staff said that this one"
    " does. It is told once. The key that asks ends after the overlap. If you got no answer, ask"
    " again with the same key: the new one that you did not get ends with it.",
    fields={"overlap_hours": OVERLAP},
    answer=inline(
        {
            "key": string("The new key: keep it, it is told nowhere else.", "fbk_…"),
            **KEY_FIELDS,
            "created": boolean("", True),
        }
    ),
    errors=("invalid_state",),
    creates=True,
    tells_secret=True,
)
REVOKE = Endpoint(
    "revoke_key",
    "DELETE",
    "/keys/{key_id}",
    KEYS_WRITE,
    "Revoke another key",
    "It is refused from now on. The key that asks cannot revoke itself.",
    answer=inline(
        {
            "key_id": integer("", 2),
            "prefix": string("", "fbk_a1b2c3d4"),
            "revoked": boolean("", True),
        }
    ),
    errors=("invalid_state",),
)
ENDPOINTS = (LIST, ROTATE, REVOKE)
