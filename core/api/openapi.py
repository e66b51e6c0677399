"""The described API: an OpenAPI 3.1 document, made of the declarations alone.

What programs read of it stays in the order of the declarations, so that two documents differ only
where the API does.
"""

from functools import lru_cache
from http import HTTPStatus

from . import codes
from .answer import write_json
from .api_path import PREFIX, VERSION
from .endpoint import JSON, NDJSON
from .endpoints import ALL, GROUPS
from .events import EVENTS
from .idempotency import HEADER
from .openapi_webhooks import describe_event
from .records import ERROR
from .shapes import Record

OPENAPI = "3.1.0"
REFERENCE = "#/components/schemas/"
RETRIED = (429, 503)

#: What an answer is known by, and the header by which a caller says which one they have.
ETAG = {"ETag": {"description": "Stays as long as the answer does.", "schema": {"type": "string"}}}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` of the answer that you have: 304 and no body, if it is still so.",
}

DESCRIPTION = """\
Your app tells Fusion Billing who its customers are, what they subscribe to and what they use;
billing, invoices and payments follow from that.

Quantities, prices and money are exact decimals in texts. Times are ISO 8601 in UTC; dates are days
in the company's billing time zone. Every error has one shape, with a stable `code`."""


def describe(version):
    """Return the document.

    :param str version: of the addon
    """
    schemas = Schemas()
    paths = {}
    for endpoint in ALL:
        at = paths.setdefault(endpoint.path, {})
        at[endpoint.verb.lower()] = _operation(endpoint, schemas)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Fusion Billing",
            "version": version,
            "summary": "Usage-based billing in Odoo.",
            "description": DESCRIPTION,
        },
        "servers": [{"url": f"{PREFIX}/{VERSION}"}],
        "security": [{"key": []}],
        "tags": [{"name": group.TITLE, "description": _purpose(group)} for group in GROUPS],
        "paths": paths,
        "webhooks": {event.type: {"post": describe_event(event, schemas)} for event in EVENTS},
        "components": {
            "schemas": schemas.named(ERROR),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of your service, as staff made it: `fbk_…`.",
                }
            },
        },
    }


@lru_cache(maxsize=1)
def write(version):
    """Return the document as it is served, in bytes."""
    return write_json(describe(version))


class Schemas:
    """The records that a document names, each described once."""

    def __init__(self):
        self._known = {}

    def refer(self, schema):
        """Return a schema in which each record is a reference to its description."""
        if isinstance(schema, Record):
            if schema.name not in self._known:
                self._known[schema.name] = None  # one that holds itself ends here
                self._known[schema.name] = self._inside(schema)
            return {"$ref": f"{REFERENCE}{schema.name}"}
        return self._inside(schema)

    def _inside(self, schema):
        if isinstance(schema, dict):
            return {
                name: self.refer(value) for name, value in schema.items() if name != "x-sometimes"
            }
        return [self.refer(value) for value in schema] if isinstance(schema, list) else schema

    def named(self, *records):
        """Return all descriptions by name, these too."""
        for record in records:
            self.refer(record)
        return dict(sorted(self._known.items()))


def _purpose(group):
    """Return what a group is about: its docstring, a sentence."""
    return group.__doc__.strip().split("\n")[0]


# === OPERATIONS === #


def _operation(endpoint, schemas):
    [group] = [group.TITLE for group in GROUPS if endpoint in group.ENDPOINTS]
    operation = {
        "operationId": endpoint.name,
        "tags": [group],
        "summary": endpoint.summary,
        "description": _about(endpoint),
        "security": [{"key": [endpoint.scope]}] if endpoint.scope else [],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.has_body and (endpoint.fields or endpoint.verb != "DELETE"):
        operation["requestBody"] = _body(endpoint)
    return operation


def _about(endpoint):
    scope = f"Scope: `{endpoint.scope}`." if endpoint.scope else "Needs no key."
    return "\n\n".join(filter(None, [endpoint.about, scope]))


def _parameters(endpoint):
    path = [_parameter("path", name, one) for name, one in endpoint.path_fields.items()]
    query = [_parameter("query", name, one) for name, one in endpoint.query_fields.items()]
    headers = [IDEMPOTENCY_KEY] if endpoint.has_body else []
    return path + query + headers + ([IF_NONE_MATCH] if endpoint.is_cached else [])


def _parameter(place, name, one):
    parameter = {
        "name": name,
        "in": place,
        "required": place == "path" or one.is_required,
        "schema": one.schema,
    }
    if one.about:
        parameter["description"] = one.about
    if one.example is not None:
        parameter["example"] = one.example
    return parameter


def _body(endpoint):
    required = any(one.is_required for one in endpoint.fields.values())
    content = {kind: _media(endpoint, kind) for kind in endpoint.media}
    return {"required": required, "content": content}


def _media(endpoint, kind):
    """Describe a body of a type: an object, or the members of a list with nothing around them."""
    schema, example = object_of(endpoint.fields), example_of(endpoint.fields)
    if endpoint.members:
        many = schema["properties"][endpoint.members]
        one, [example] = many["items"], example[endpoint.members]
        one["additionalProperties"] = True  # attributes of others
        if kind.endswith("-batch+json"):
            return {"schema": many, "example": [example]}
        schema = {"anyOf": [one, many]} if kind == JSON else one
    return {"schema": schema, "example": example} if example else {"schema": schema}


def object_of(fields):
    """Return the schema of an object with declared fields, and no others."""
    schema = {
        "type": "object",
        "properties": {name: _field(one) for name, one in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, one in fields.items() if one.is_required]
    return {**schema, "required": required} if required else schema


def _field(one):
    schema = dict(one.schema)
    if one.members:
        inside = object_of(one.members)
        schema = {**inside, **schema} if schema["type"] == "object" else {**schema, "items": inside}
    if one.about:
        schema["description"] = one.about
    return schema


def example_of(fields):
    """Return an object of the fields' examples: a request that makes sense."""
    example = {}
    for name, one in fields.items():
        if one.members and one.is_required:
            example[name] = [example_of(one.members)]
        elif one.example is not None:
            example[name] = one.example
    return example


IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Of your choice, new for each request: sent again, it is answered as before.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
}

# === ANSWERS === #


def _responses(endpoint, schemas):
    responses = {}
    for status in ("200", "201") if endpoint.creates else ("200",):
        responses[status] = {
            "description": {"200": "Done.", "201": "Created."}[status],
            "headers": {**_headers(), **(ETAG if endpoint.is_cached else {})},
            "content": {endpoint.content_type: _answer(endpoint, schemas)},
        }
    if endpoint.is_cached:
        headers = {**_headers(), **ETAG}
        responses["304"] = {"description": "You have it already.", "headers": headers}
    by_status = {}
    for code in endpoint.codes:
        by_status.setdefault(codes.status_of(code), []).append(code)
    for status, some in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, some, schemas)
    return responses


def _answer(endpoint, schemas):
    if endpoint.answer is None:
        if endpoint.content_type == "application/pdf":
            return {}  # as OpenAPI 3.1 says it of bytes
        return {"schema": {"type": "object" if "json" in endpoint.content_type else "string"}}
    if endpoint.content_type == NDJSON:
        return {"schema": schemas.refer(endpoint.answer)}
    return {"schema": schemas.refer(answer_schema(endpoint))}


def answer_schema(endpoint):
    """Return the schema of a good answer as it is sent, with its `status`."""
    fields = {"status": {"type": "string", "enum": ["ok"]}, **endpoint.answer["properties"]}
    required = ["status", *endpoint.answer["required"]]
    return {"type": "object", "properties": fields, "required": required}


def _refusal(status, some, schemas):
    told = "\n".join(f"- `{code}`: {codes.about(code)}" for code in some)
    code = {"type": "object", "properties": {"code": {"type": "string", "enum": some}}}
    return {
        "description": f"{HTTPStatus(status).phrase}.\n\n{told}",
        "headers": _headers(retried=status in RETRIED),
        "content": {"application/json": {"schema": {"allOf": [schemas.refer(ERROR), code]}}},
    }


def _headers(retried=False):
    headers = {
        "X-Request-Id": {
            "description": "Yours, if you sent a sane one: name it when you ask for help.",
            "schema": {"type": "string"},
        }
    }
    if retried:
        headers["Retry-After"] = {
            "description": "Seconds to wait.",
            "schema": {"type": "integer", "minimum": 1},
        }
    return headers
