"""Holds every answer of the API against what is declared of it."""

import json
import re
from functools import cache

import jsonschema_rs

from ..core.api.codes import status_of
from ..core.api.endpoint import NDJSON
from ..core.api.endpoints import ALL
from ..core.api.events import EVENTS, body_schema
from ..core.api.openapi import answer_schema
from ..core.api.records import ERROR


def endpoint_of(verb, path):
    """Return the endpoint that a path without query names; None where there is none."""
    for endpoint in ALL:
        if endpoint.verb == verb and _pattern(endpoint).fullmatch(path):
            return endpoint
    return None


def differences(verb, path, response):
    """Yield what an answer has that is not declared, or lacks that is: sentences."""
    endpoint = endpoint_of("GET" if verb == "HEAD" else verb, path.partition("?")[0])
    kind = response.headers.get("Content-Type")
    if endpoint and kind == endpoint.content_type == NDJSON:
        for line in response.text.splitlines():
            yield from _validator(endpoint.name).iter_errors(json.loads(line))
    if kind != "application/json" or verb == "HEAD":
        return
    answer = response.json()
    if response.status_code >= 400:
        yield from _validator(None).iter_errors(answer)
        if status_of(answer["code"]) != response.status_code:
            yield f"{answer['code']} came with {response.status_code}"
        if endpoint:
            told = {answer["code"], *(error["code"] for error in answer.get("errors", ()))}
            yield from (f"{code} is not declared" for code in told - set(endpoint.codes))
    elif endpoint.answer is not None:
        yield from _validator(endpoint.name).iter_errors(answer)
        if response.status_code not in ((200, 201) if endpoint.creates else (200,)):
            yield f"{response.status_code} is not declared"


def event_differences(event):
    """Yield what an event has that is not declared, or lacks that is."""
    return _event_validator(event["type"]).iter_errors(event)


@cache
def _event_validator(event_type):
    [declared] = [event for event in EVENTS if event.type == event_type]
    schema = _closed(body_schema(declared))
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


@cache
def _pattern(endpoint):
    return re.compile(re.sub(r"\{\w+\}", "[^/]+", endpoint.path))


@cache
def _validator(name):
    """Return the validator of an endpoint's answer, or of an error."""
    [schema] = [_answer(one) for one in ALL if one.name == name] if name else [ERROR]
    return jsonschema_rs.Draft202012Validator(_closed(schema), validate_formats=True)


def _answer(endpoint):
    return endpoint.answer if endpoint.content_type == NDJSON else answer_schema(endpoint)


def _closed(schema):
    """Return a schema that allows no field that it does not name."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(value) for name, value in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in closed else closed
