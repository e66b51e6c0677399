"""The header `Idempotency-Key`: one request, carried out once, however often it is sent.

As draft-ietf-httpapi-idempotency-key-header-07 has it: a text of the caller's, quoted or not.
"""

import hashlib
import json
import re

from .payload import invalid

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HOURS = 24

_KEY = re.compile(r'"([!#-\[\]-~ ]{1,255})"|([!#-\[\]-~]{1,255})')

SCHEMA = {"type": "string", "pattern": f"^(?:{_KEY.pattern})$"}


def read_key(header):
    """Return the key that a request names; None if it names none.

    :param header: what stands in the header, None without one
    :raise InvalidInput: `invalid_idempotency_key`
    """
    if header is None:
        return None
    match = _KEY.fullmatch(header)
    if not match:
        raise invalid("idempotency_key", "in the header must be 1 to 255 ASCII characters")
    return match[1] or match[2]


def fingerprint(name, path, body):
    """Return what tells a request from another one, in 64 characters.

    :param str name: of the endpoint
    :param dict path: what varies in its path and query
    :param bytes body: as it was sent
    """
    told = json.dumps([name, path], sort_keys=True).encode()
    return hashlib.sha256(b"\0".join((told, body))).hexdigest()
