"""Makes raw requests of a seed, each by itself: request 17 of seed 3 needs no other one."""

import re
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote, urlencode

from e2e.fuzz import headers, mutations
from e2e.fuzz.corpus import CORPUS, Call, Some
from e2e.peers.fusion_client import BASE

KEYS, SHARES = ("key", "pusher", "other"), (90, 5, 5)
CHANGES = (0, 1, 1, 1, 1, 2, 2, 3)  # how often a request is spoilt
ENDPOINTS = [*CORPUS, *["POST /usage"] * 4]


@dataclass
class Draft:
    """A request on its way to become bytes; its head is Latin-1."""

    verb: str
    target: str
    call: Call
    version: str = "HTTP/1.1"
    headers: list[str] = field(default_factory=list)
    body: bytes = b""
    is_cut: bool = False

    def bytes(self) -> bytes:
        lines = [" ".join(filter(None, (self.verb, self.target, self.version))), *self.headers]
        data = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self.body
        return data[: len(data) * 2 // 3] if self.is_cut else data


@dataclass
class Request:
    """What is sent, and how to make it again."""

    label: str  # seed and number
    endpoint: str
    data: bytes
    call: Call | None  # what a good request asks for, None for a spoilt one

    def __str__(self):
        return f"request {self.label} ({self.endpoint}): {self.data[:700]!r}"


class Generator:
    """:param world: what `e2e.in_odoo.fuzz.prepare` made, and the `database`"""

    def __init__(self, seed: int, world: dict):
        self.seed, self.world = seed, world
        self.facts = {name: world[name] for name in ("key", "pusher", "database")}
        self.facts["other"] = world["other"]["key"]

    def request(self, number: int) -> Request:
        rng = Random(f"{self.seed}/{number}")
        endpoint = rng.choice(ENDPOINTS)
        draft = self.draft(endpoint, Some(rng, self.world))
        changes = rng.choice(CHANGES)
        good = None if changes else draft.call
        self.spoil(draft, rng, changes)
        return Request(f"{self.seed}/{number}", endpoint, draft.bytes(), good)

    def draft(self, endpoint: str, some: Some) -> Draft:
        """A good request for an endpoint."""
        verb, path = endpoint.split()
        call = CORPUS[endpoint](some)
        target = re.sub(r"<(?:\w+:)?(\w+)>", lambda found: quote(call.path[found[1]]), path)
        if call.query:
            target += f"?{urlencode(call.query)}"
        return Draft(verb, BASE + target, call)

    def spoil(self, draft: Draft, rng: Random, changes: int) -> None:
        """Spoil a draft so often: its body and target first, since its headers tell of them."""
        kinds = rng.choices(("target", "body", "headers", "line"), (22, 30, 42, 6), k=changes)
        for _change in range(kinds.count("target")):
            self.spoil_target(draft, rng)
        self.write_body(draft, rng, kinds.count("body"))
        self.write_headers(draft, rng.choices(KEYS, SHARES)[0] if changes else "key")
        for _change in range(kinds.count("headers")):
            draft.headers = headers.spoil_headers(draft.headers, rng, self.facts) or ["X: y"]
        for _change in range(kinds.count("line")):
            self.spoil_line(draft, rng)

    def spoil_target(self, draft: Draft, rng: Random) -> None:
        path, mark, query = draft.target.partition("?")
        parts = path.split("/")
        segment = rng.choice(mutations.SEGMENTS)
        kind = rng.randrange(6)
        if kind == 0:
            path = rng.choice(mutations.PATHS)
        elif kind == 1 and len(parts) > 4:
            parts[rng.randrange(4, len(parts))] = segment
            path = "/".join(parts)
        elif kind == 2:
            query += rng.choice(("&unknown=1", "&limit=1&limit=2", "&&&", "&=", "&db=x", "&x=%00"))
        elif kind == 3:
            query = re.sub(r"=[^&]*", lambda _found: f"={segment}", query or "limit=1", count=1)
        elif kind == 4:
            query += f"&{segment}={rng.choice(mutations.SEGMENTS)}"
        else:
            path += rng.choice(("/", "/x", "%20", "%00", ".json", "/..", ";jsessionid=1"))
        draft.target = path + (mark or "?" * bool(query)) + query

    def write_body(self, draft: Draft, rng: Random, changes: int) -> None:
        body = draft.call.body
        if body is None and not changes:
            return
        body = {} if body is None else body
        for _change in range(changes):
            body = mutations.spoil_value(body, rng) if rng.random() < 0.75 else body
        text = mutations.write(body)
        draft.body = text.encode()
        if changes and rng.random() < 0.3:
            draft.body = mutations.spoil_text(text, rng)
        if changes and rng.random() < 0.003:
            draft.body += b" " * mutations.HUGE

    def write_headers(self, draft: Draft, whose: str) -> None:
        draft.headers = ["Host: localhost", f"Authorization: Bearer {self.facts[whose]}"]
        if draft.body or draft.call.body is not None:
            draft.headers.append("Content-Type: application/json")
            draft.headers.append(f"Content-Length: {len(draft.body)}")

    def spoil_line(self, draft: Draft, rng: Random) -> None:
        kind = rng.randrange(8)
        if kind < 4:
            draft.verb = rng.choice(headers.VERBS)
        elif kind < 6:
            draft.version = rng.choice(headers.VERSIONS)
        elif kind == 6:
            draft.target += rng.choice((" ", "\t", "\0", "?" + "q" * mutations.LONG, "\x85"))
        else:
            draft.is_cut = True
