"""Every code that an answer can have: the HTTP status it comes with, and what it means.

The one table of them: the dispatcher answers by it, the described API and the guide show it.
A code `invalid_<field>` says that the field's value breaks a rule; its status is 400.
"""

from typing import NamedTuple

DEFAULT_STATUS = 400
ANY_FIELD = "The value of the field breaks a rule; the sentence says which."


class Code(NamedTuple):
    status: int
    about: str


CODES = {
    "invalid_json": Code(400, "The body is not JSON."),
    "invalid_payload": Code(400, "The request is no object, or holds what cannot be stored."),
    "missing_field": Code(400, "A field that has to be there is not: `field` says which."),
    "unknown_field": Code(400, "There is no such field here: `field` says which."),
    "invalid_content_length": Code(400, "The header Content-Length must be a number of bytes."),
    "invalid_transfer_encoding": Code(400, "The header Transfer-Encoding is not accepted."),
    "unknown_database": Code(400, "The request names no database of this server."),
    "unknown_customer": Code(400, "Your service has no customer with this external id."),
    "unknown_subscription": Code(400, "No customer of your service has such a subscription."),
    "unknown_plan": Code(400, "There is no plan with this id or code."),
    "unknown_metric": Code(400, "There is no metric with this code."),
    "unknown_product": Code(400, "There is no product with this id or code."),
    "period_outside_subscription": Code(
        400, "The subscription is not billed at that time, or its usage of then is settled."
    ),
    "duplicate_key_in_batch": Code(400, "One idempotency key stands twice in the batch."),
    "duplicate_row": Code(400, "One subscription and metric stand twice in the list."),
    "invalid_event": Code(400, "A member of the batch is no object."),
    "invalid_row": Code(400, "A member of the list is no object."),
    "invalid_state": Code(400, "The record does not allow it; the sentence says why."),
    "endpoint_not_ready": Code(400, "The service has no endpoint or secret, or it is disabled."),
    "not_a_sandbox": Code(400, "The service of this key does business: it is no sandbox."),
    "unauthorized": Code(
        401, "The key is missing, unknown, expired or revoked, or its service is archived."
    ),
    "insufficient_scope": Code(403, "The key lacks the scope that this asks for."),
    "address_not_allowed": Code(403, "The key may not be used from this address."),
    "not_found": Code(404, "There is no such path, or no such record for your service."),
    "method_not_allowed": Code(405, "The path does not answer to this verb; `Allow` names those."),
    "conflict": Code(
        409, "The same external id, or an item of the same product, is known with other content."
    ),
    "usage_after_end": Code(
        409,
        "The end or the pause would lose `count` counters: choose a later day, or discard them.",
    ),
    "idempotency_in_flight": Code(409, "A request with this `Idempotency-Key` is under way: wait."),
    "secret_told_once": Code(409, "It was done before, and the secret is not told again."),
    "payload_too_large": Code(
        413, "Over 5 MiB, 5,000 events or rows, or 160,000 values: send several."
    ),
    "unsupported_media_type": Code(
        415, "The body must be application/json, or what the sentence says."
    ),
    "idempotency_mismatch": Code(
        422, "This `Idempotency-Key` came with another request: use a new one."
    ),
    "rate_limited": Code(
        429, "Over the quota, or too many wrong keys from your address: wait `Retry-After` s."
    ),
    "internal_error": Code(
        500, "A mistake of ours: send the request id to support. Nothing was changed."
    ),
    "pdf_unavailable": Code(
        501, "The server has no PDF of the document, and lacks the program that makes one."
    ),
    "not_ready": Code(503, "Scheduled work is late; `late_seconds` says what."),
    "unavailable": Code(
        503, "The database is busy or away. Nothing was changed: wait, and send the same again."
    ),
}


def status_of(code):
    """Return the HTTP status that a code comes with."""
    return CODES[code].status if code in CODES else DEFAULT_STATUS


def about(code):
    """Return what a code means, in a sentence."""
    if code in CODES:
        return CODES[code].about
    return ANY_FIELD.replace("the field", f"`{code.removeprefix('invalid_')}`")
