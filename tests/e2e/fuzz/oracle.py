"""Judges one answer of the API (A1): what the guide for app developers promises of all of them."""

import json
import re
from http.client import responses
from typing import NamedTuple

from devtools.paths import ROOT
from e2e.fuzz.generator import Request
from e2e.fuzz.head import read_head
from e2e.fuzz.wire import Answer, NotHttp, read_answer

GUIDE = (ROOT / "docs" / "api.md").read_text()
ERRORS = re.findall(r"^\| (\d{3}) \| (`.+?) \|", GUIDE, re.MULTILINE)
STATUSES = {200, 201, 304, *(int(status) for status, _codes in ERRORS)} - {500}
CODES = {code for _status, codes in ERRORS for code in re.findall(r"`(\w+)`", codes)} - {
    "internal_error"
}
FIELDS = set(re.findall(r"[`\"?&](\w+)[`\"=]", GUIDE))
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")

#: Headers that an answer may have: no cookie, no redirect, nothing that a request put there.
HEADERS = {
    "allow", "cache-control", "connection", "content-length", "content-security-policy",
    "content-type", "date", "etag", "ratelimit", "ratelimit-policy", "referrer-policy",
    "retry-after", "server", "www-authenticate", "x-content-type-options", "x-request-id",
}  # fmt: skip
#: Headers that answers of some statuses have, and no others.
DEMANDED = {"WWW-Authenticate": {401, 403}, "Allow": {405}, "Retry-After": {429, 503}}
JSON = "application/json"
#: The types of good answers that are no facts, by the last part of the path.
WRITTEN = {
    "openapi.json": JSON,
    "export": "application/x-ndjson",
    "metrics": "text/plain; version=0.0.4; charset=utf-8",
    "docs": "text/html; charset=utf-8",
}
PDF = "application/pdf"
#: What a good request may come to: a subscription does not allow everything at every time, the
#: fuzzer's key changes no keys, and not every server makes PDFs.
UNDERSTOOD = {200, 201, 400, 403, 409, 501, 503}
#: What has come and gone again may be asked for, and is not found.
PASSING = "<change_id>"
#: What only a leak would tell.
LEAKS = (b"Traceback (", b"psycopg2", b"dist-packages", b"site-packages", b"odoo/addons", b'.py"',
         b"SELECT ", bytes(ROOT))  # fmt: skip


class Verdict(NamedTuple):
    """What the API answered, as far as it did, and what is wrong with it, in sentences."""

    status: int | None
    facts: dict | None
    problems: list[str]

    @property
    def is_success(self) -> bool:
        return self.status is not None and self.status < 400


class Judge:
    """:param secrets: texts that no answer may tell"""

    def __init__(self, secrets: list[str]):
        self._secrets = [*LEAKS, *(secret.encode() for secret in secrets)]

    def judge(self, request: Request, data: bytes) -> Verdict:
        head = read_head(request.data)
        if head.unreadable:
            return Verdict(None, None, self._leaks(data))
        if head.is_bare:
            facts = read_json(data)
            status = 200 if facts and facts.get("status") == "ok" else 400
            return Verdict(status, facts, self._leaks(data))
        try:
            answer = read_answer(data, head.verb == "HEAD")
        except NotHttp as error:
            return Verdict(None, None, [f"this is not HTTP: {error}"])
        if answer.status == 304:
            return Verdict(304, None, [*self._leaks(data), *wrong_for_news(request, answer)])
        if not head.is_api:
            return Verdict(answer.status, None, [f"{answer.status}"] * (answer.status >= 500))
        facts = read_json(answer.body)
        is_written = is_written_at(head.name) and answer.status == 200
        expected = WRITTEN.get(head.name, PDF) if is_written else JSON
        problems = [*self._leaks(data), *wrong_headers(answer), *wrong_for(request, answer)]
        if answer.all("Content-Type") != [expected]:
            problems.append(f"content type {answer.all('Content-Type')}")
        if head.verb != "HEAD" and not is_written:
            problems += wrong_facts(answer, facts)
        return Verdict(answer.status, facts, problems)

    def _leaks(self, data: bytes) -> list[str]:
        return [f"it tells {secret!r}" for secret in self._secrets if secret in data]


def is_written_at(name: str) -> bool:
    """Whether a good answer of a path that ends so is no facts."""
    return name in WRITTEN or name.endswith(".pdf")


def wrong_for(request: Request, answer: Answer) -> list[str]:
    """Say that a good request was not understood, if so."""
    gone = answer.status == 404 and PASSING in request.endpoint
    understood = request.call is None or answer.status in UNDERSTOOD or gone
    return [] if understood else [f"a good request is answered {answer.status}"]


def wrong_for_news(request: Request, answer: Answer) -> list[str]:
    """Say what is wrong with an answer that there is nothing new."""
    problems = wrong_headers(answer)
    asked = b"if-none-match" in request.data.lower()
    problems += [] if asked else ["nobody asked for news alone"]
    problems += [] if answer.all("ETag") else ["nothing says what the caller has"]
    return problems + (["it has a body"] if answer.body else [])


def read_json(body: bytes) -> dict | None:
    try:
        facts = json.loads(body)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) else None


def wrong_headers(answer: Answer) -> list[str]:
    """Say what is wrong with status and headers of an answer in JSON."""
    names = [name.lower() for name, _value in answer.headers]
    problems = []
    if answer.status not in STATUSES or answer.status not in responses:
        problems.append(f"status {answer.status} is not documented")
    problems += [f"header {name}" for name in sorted(set(names) - HEADERS)]
    problems += [f"header {name} twice" for name in set(names) if names.count(name) > 1]
    if not REQUEST_ID.fullmatch("".join(answer.all("X-Request-Id"))):
        problems.append(f"request id {answer.all('X-Request-Id')}")
    for name, statuses in DEMANDED.items():
        if (answer.status in statuses) != bool(answer.all(name)):
            problems.append(f"status {answer.status} and header {name}: {answer.all(name)}")
    return problems


def wrong_facts(answer: Answer, facts: dict | None) -> list[str]:
    """Say what is wrong with the JSON of an answer."""
    if facts is None:
        return [f"no JSON object: {answer.body[:300]!r}"]
    if answer.status < 400:
        return [] if facts.get("status") == "ok" and "code" not in facts else [f"{facts}"[:300]]
    problems = []
    if facts.get("status") != "error" or not isinstance(facts.get("error"), str):
        problems.append(f"no error: {facts}")
    codes = [facts.get("code"), *(error.get("code") for error in facts.get("errors", ()))]
    problems += [f"code {code} is not documented" for code in codes if not is_documented(code)]
    if [facts.get("request_id")] != answer.all("X-Request-Id"):
        problems.append(f"request id {facts.get('request_id')}")
    return problems


def is_documented(code) -> bool:
    """Whether a code is of the closed list."""
    if code in CODES:
        return True
    field = re.fullmatch(r"invalid_(\w+)", str(code))
    return bool(field) and field[1] in FIELDS
