"""The declaration of an endpoint.

It is all that is said of it anywhere: the route, the validation of requests, the described API
(:mod:`.openapi`) and the tables of the guide come from it.
"""

import re
from dataclasses import dataclass, field

from .payload import optional, read_fields, text
from .strict_json import read_members, read_object

JSON = "application/json"
NDJSON = "application/x-ndjson"

#: The parts of a path that vary, and what they take in a route.
PATH_FIELDS = {
    "external_id": optional(text, "Your own id of the customer.", "cust-7"),
    "subscription_id": optional(
        text, "The subscription's number, or `external:` and your own id of it.", "1"
    ),
    "item_id": optional(text, "The item's number.", "1"),
    "change_id": optional(text, "As the list of changes names it.", "plan-7"),
    "reconciliation_id": optional(text, "The reconciliation's number.", "1"),
    "event_id": optional(text, "The event's id.", "evt_01KE6P4YM09GP165BBT7742542"),
    "invoice_id": optional(text, "The document's number here.", "1"),
    "key_id": optional(text, "The key's number.", "1"),
    "plan_code": optional(text, "The plan's code, percent-encoded where it must be.", "pro"),
    "metric_code": optional(text, "The metric's code, percent-encoded where it must be.", "seats"),
}
# How they are told from the rest of the path, where that is not the next slash.
_CONVERTERS = {
    "external_id": "customer:",
    "subscription_id": "subscription:",
    "plan_code": "path:",
    "metric_code": "path:",
}
_VARYING = re.compile(r"\{(\w+)\}")

KEYED = ("unauthorized", "insufficient_scope", "address_not_allowed", "rate_limited")
ANY = ("invalid_payload", "unknown_field", "unknown_database", "internal_error", "unavailable")
BODY = (
    "invalid_json",
    "invalid_content_length",
    "invalid_transfer_encoding",
    "payload_too_large",
    "unsupported_media_type",
    "invalid_idempotency_key",
    "idempotency_in_flight",
    "idempotency_mismatch",
)


@dataclass(frozen=True, eq=False)
class Endpoint:
    """One endpoint of the API.

    :param str name: what programs call it, a verb and a noun: `list_usage`
    :param str verb: of HTTP; one that is not GET has a body
    :param str path: below the base path; what varies in braces
    :param scope: what a key must be good for; None where no key is asked
    :param str summary: what it does, a few words
    :param str about: the rest of what there is to say, in Markdown
    :param dict fields: what the body, or the query of a GET, has: see :mod:`.payload`
    :param dict query: what the query of a request with a body has, beside that
    :param str members: the body is a member of this field's list, or the list: nothing is around it
    :param tuple media: the types of a body that are read
    :param dict answer: the schema of the answer, without `status`: see :mod:`.shapes`; of a line,
        if the answer is lines of JSON
    :param tuple errors: the codes of its own that it may answer, beside those of its fields
    :param bool creates: whether it may create something: `created` of the answer says so (201)
    :param bool tells_secret: whether the answer holds one: it is not kept, nor told again
    :param str content_type: of an answer that is not JSON
    :param bool is_cached: whether the answer has an `ETag`, by which a caller asks for news alone
    :param shown: an example of an answer that no `answer` describes
    :param on_replica: whether it may run on a replica of the database; None: if it is a GET
    """

    name: str
    verb: str
    path: str
    scope: str | None
    summary: str
    about: str = ""
    fields: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    members: str | None = None
    media: tuple = (JSON,)
    answer: dict | None = None
    errors: tuple = ()
    creates: bool = False
    tells_secret: bool = False
    content_type: str = JSON
    is_cached: bool = False
    shown: object = None
    on_replica: bool | None = None

    @property
    def route(self):
        """The path as a route has it: `/customers/<customer:external_id>`."""
        return _VARYING.sub(lambda m: f"<{_CONVERTERS.get(m[1], '')}{m[1]}>", self.path)

    @property
    def path_fields(self):
        """The fields of the path."""
        return {name: PATH_FIELDS[name] for name in _VARYING.findall(self.path)}

    @property
    def is_page(self):
        """Whether it answers people, in a browser, and not programs."""
        return self.content_type.startswith("text/html")

    @property
    def has_body(self):
        return self.verb != "GET"

    @property
    def reads_only(self):
        """Whether it may run on a replica of the database."""
        return self.verb == "GET" if self.on_replica is None else self.on_replica

    @property
    def query_fields(self):
        """The fields of the query."""
        return self.query if self.has_body else self.fields

    def read_body(self, body):
        """Return what a body holds: an object.

        :param bytes body: as it came
        :raise BillingError: it is not JSON, or not what the endpoint reads
        """
        return {self.members: read_members(body)} if self.members else read_object(body)

    def read_values(self, payload, query=None):
        """Return the values of a request's fields.

        :param dict payload: the JSON body, or the query of a GET
        :param dict query: of a request with a body
        :raise InvalidInput: the first field that is wrong, missing or unknown
        """
        beside = read_fields(query or {}, self.query) if self.has_body else {}
        return {**beside, **read_fields(payload, self.fields)}

    @property
    def codes(self):
        """The codes of all errors that it may answer, sorted."""
        codes = {*self.errors, *ANY, *_codes_of(self.fields), *_codes_of(self.query)}
        codes.update(KEYED if self.scope else ())
        codes.update(BODY if self.has_body else ())
        codes.update(("not_found",) if self.path_fields else ())
        codes.update(("secret_told_once",) if self.tells_secret else ())
        return sorted(codes)


def _codes_of(fields):
    """Yield the codes that come from declared fields, and from those of their members."""
    for name, one in fields.items():
        yield f"invalid_{name}"
        if one.is_required:
            yield "missing_field"
        if one.members:
            yield from _codes_of(one.members)
