"""The described API: an OpenAPI 3.1 document, made of the declarations alone.

What programs read of it stays in the order of the declarations, so that two documents differ only
where the API does.
"""

from functools import lru_cache
from http import HTTPStatus

from . import codes, idempotency
from .answer import write_json
from .api_path import PREFIX, VERSION
from .endpoint import JSON, NDJSON
from .endpoints import ALL, GROUPS
from .events import EVENTS
from .examples import example_of, example_of_shape
from .idempotency import HEADER, REPLAYED
from .openapi_webhooks import describe_event
from .records import ERROR
from .shapes import Record

OPENAPI = "3.1.0"
LICENSE = {
    "name": "Odoo Proprietary License v1.0",
    "url": "https://www.odoo.com/documentation/19.0/legal/licenses.html",
}

#: The header by which a caller says which answer they have.
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


INFO = {
    "title": "Fusion Billing",
    "summary": "Usage-based billing in Odoo.",
    "description": DESCRIPTION,
    "contact": {"name": "Nexa Systems Inc."},
    "license": LICENSE,
}
KEY = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of your service, as staff made it: `fbk_…`.",
}


def describe(version):
    """Return the document.

    :param str version: of the addon
    """
    shared = Shared()
    paths = {}
    for endpoint in ALL:
        at = paths.setdefault(endpoint.path, {})
        at[endpoint.verb.lower()] = _operation(endpoint, shared)
    return {
        "openapi": OPENAPI,
        "info": {**INFO, "version": version},
        "servers": [{"url": f"{PREFIX}/{VERSION}"}],
        "security": [{"key": []}],
        "tags": [{"name": group.TITLE, "description": _purpose(group)} for group in GROUPS],
        "paths": paths,
        "webhooks": {event.type: {"post": describe_event(event, shared)} for event in EVENTS},
        "components": {
            "schemas": shared.schemas,
            "responses": shared.responses,
            "headers": HEADERS,
            "securitySchemes": {"key": KEY},
        },
    }


@lru_cache(maxsize=1)
def write(version):
    """Return the document as it is served, in bytes."""
    return write_json(describe(version))


class Shared:
    """What several places of a document refer to, each described once."""

    def __init__(self):
        self._schemas, self._responses = {}, {}

    @property
    def schemas(self):
        """The descriptions of all records, by name."""
        return dict(sorted(self._schemas.items()))

    @property
    def responses(self):
        return dict(sorted(self._responses.items()))

    def refer(self, schema):
        """Return a schema in which each record is a reference to its description."""
        if isinstance(schema, Record):
            if schema.name not in self._schemas:
                self._schemas[schema.name] = None  # one that holds itself ends here
                self._schemas[schema.name] = self._inside(schema)
            return {"$ref": f"#/components/schemas/{schema.name}"}
        return self._inside(schema)

    def _inside(self, schema):
        if isinstance(schema, dict):
            return {
                name: self.refer(value) for name, value in schema.items() if name != "x-sometimes"
            }
        return [self.refer(value) for value in schema] if isinstance(schema, list) else schema

    def share(self, name, response):
        """Return a reference to a response."""
        self._responses[name] = response
        return {"$ref": f"#/components/responses/{name}"}


def _purpose(group):
    """Return what a group is about: its docstring, a sentence."""
    return group.__doc__.strip().split("\n")[0]


# === OPERATIONS === #


def _operation(endpoint, shared):
    [group] = [group.TITLE for group in GROUPS if endpoint in group.ENDPOINTS]
    operation = {
        "operationId": endpoint.name,
        "tags": [group],
        "summary": endpoint.summary,
        "description": _about(endpoint),
        "security": [{"key": []}] if endpoint.scope else [],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, shared),
    }
    if endpoint.scope:
        operation["x-scope"] = endpoint.scope
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
    return {"schema": schema, "example": example}


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
    return schema if one.is_required else _or_null(schema)


def _or_null(schema):
    """Null is as if a field were not there."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    wider = {**schema, "type": [*kinds, "null"]}
    return {**wider, "enum": [*schema["enum"], None]} if "enum" in schema else wider


IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Of your choice, new for each request: sent again, it is answered as before.",
    "schema": idempotency.SCHEMA,
}

# === ANSWERS === #


def _responses(endpoint, shared):
    responses = {}
    for status in ("200", "201") if endpoint.creates else ("200",):
        responses[status] = {
            "description": {"200": "Done.", "201": "Created."}[status],
            "headers": _headers(*_told_with(endpoint)),
            "content": {endpoint.content_type: _answer(endpoint, status, shared)},
        }
    if endpoint.creates:
        responses["201"]["links"] = _links(endpoint)
    if endpoint.is_cached:
        responses["304"] = {
            "description": "You have it already.",
            "headers": _headers(*_told_with(endpoint)),
        }
    by_status = {}
    for code in endpoint.codes:
        by_status.setdefault(codes.status_of(code), []).append(code)
    for status, some in sorted(by_status.items()):
        responses[str(status)] = _refusal(status, some, shared)
    return responses


def _answer(endpoint, status, shared):
    if endpoint.answer is None:
        if endpoint.content_type == "application/pdf":
            return {}  # as OpenAPI 3.1 says it of bytes
        answer = {"schema": {"type": "object" if "json" in endpoint.content_type else "string"}}
        return {**answer, "example": endpoint.shown} if endpoint.shown else answer
    if endpoint.content_type == NDJSON:
        return {
            "schema": shared.refer(endpoint.answer),
            "example": example_of_shape(endpoint.answer),
        }
    schema = answer_schema(endpoint)
    example = example_of_shape(schema)
    if endpoint.creates:
        example["created"] = status == "201"
    return {"schema": shared.refer(schema), "example": example}


def answer_schema(endpoint):
    """Return the schema of a good answer as it is sent, with its `status`."""
    ok = {"type": "string", "enum": ["ok"], "examples": ["ok"]}
    fields = {"status": ok, **endpoint.answer["properties"]}
    required = ["status", *endpoint.answer["required"]]
    return {"type": "object", "properties": fields, "required": required}


def _links(endpoint):
    """Return what can be asked of the record that an endpoint creates: all below its path."""
    known = {*endpoint.path_fields, *endpoint.answer["properties"]}
    return {
        other.name: {
            "operationId": other.name,
            "parameters": {name: _origin(endpoint, name) for name in other.path_fields},
        }
        for other in ALL
        if other.path.startswith(f"{endpoint.path}/{{") and other.path_fields.keys() <= known
    }


def _origin(endpoint, name):
    """Return where a field of a path is found after a request: in its path, or in its answer."""
    if name in endpoint.path_fields:
        return f"$request.path.{name}"
    return f"$response.body#/{name}"


def _refusal(status, some, shared):
    """Return the response with some codes; most of those with 400 are an endpoint's own."""
    told = "\n".join(f"- `{code}`: {codes.about(code)}" for code in some)
    code = {"type": "object", "properties": {"code": {"type": "string", "enum": some}}}
    response = {
        "description": f"{HTTPStatus(status).phrase}.\n\n{told}",
        "headers": _headers(*ALWAYS, *REFUSAL_HEADERS.get(status, ())),
        "content": {"application/json": {"schema": {"allOf": [shared.refer(ERROR), code]}}},
    }
    if status == codes.DEFAULT_STATUS:
        return response
    return shared.share("Or".join(code.title().replace("_", "") for code in some), response)


def _told_with(endpoint):
    """Return the names of the headers that a good answer may have."""
    return (
        *ALWAYS,
        *((REPLAYED,) if endpoint.has_body else ()),
        *(("ETag",) if endpoint.is_cached else ()),
    )


def _headers(*names):
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


ALWAYS = ("X-Request-Id",)
REFUSAL_HEADERS = {
    401: ("WWW-Authenticate",),
    403: ("WWW-Authenticate",),
    429: ("Retry-After", "RateLimit-Policy", "RateLimit"),
    503: ("Retry-After",),
}
HEADERS = {
    "X-Request-Id": {
        "description": "Yours, if you sent a sane one: name it when you ask for help.",
        "required": True,
        "schema": {"type": "string"},
    },
    "ETag": {"description": "Stays as long as the answer does.", "schema": {"type": "string"}},
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "`Bearer`, and the scope that the key lacks, if it lacks one.",
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {
        "description": 'The quotas of your service: `"requests";q=600;w=60` is 600 a minute.',
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": 'What is left of them: `"requests";r=599;t=42` is 599 for 42 seconds.',
        "schema": {"type": "string"},
    },
    REPLAYED: {
        "description": "The request was carried out before, and this was its answer.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}
