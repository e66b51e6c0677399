"""How bodies, paths and queries are spoilt: a little, so that most of it still means something."""

import json
from random import Random

LONG = 70_000  # characters: above what a line of a head may hold
HUGE = 6 * 1024 * 1024  # bytes: above what a body may hold

#: Values of every kind, for fields of every kind.
VALUES = (
    None, True, False, 0, -1, 1, 2**31 - 1, 2**31, 2**63, 10**40, -(10**40), 0.1, 1e308, 1e-300,
    "", " ", "0", "-1", "1e5", "NaN", "Infinity", "1_000", "٣", "½", "0x10", "1" * 40, "true",
    "null", "a" * 256, "x" * 5000, "é" * 255, "日本", "\u202e\u0000", "\ud800", "\ufeff", "😀" * 60,
    "2026-02-30", "2026-13-01", "0000-00-00", "9999-12-31", "20260101", "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00+99:00", "2099-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "now",
    "'; DROP TABLE sale_order; --", "%s%n", "{{7*7}}", "<script>alert(1)</script>", "../../../x",
    "${jndi:ldap://127.0.0.1/x}", "__class__", "self", "\r\nSet-Cookie: x=1", "id desc; select 1",
    [], {}, [[]], [None], {"": None}, [1, "2", {}], {"a": {"b": {}}}, [0] * 300,
)  # fmt: skip

#: Texts that stand where a number of JSON does.
LITERALS = (
    "NaN", "-Infinity", "1e999999", "1e-999999999", "-0", "0" * 9, "1" * 5000, "1.", ".5", "+1",
    "0x1F", "1e", "tru", "'x'", "undefined", "1,", "",
)  # fmt: skip

#: What a segment of a path or a value of a query may become; as it goes over the wire.
SEGMENTS = (
    "", "0", "-1", "99999999", "2147483648", "9" * 400, "%00", "%ff", "%ED%A0%80", "%2e%2e", "..",
    ".", "%2f", "%252f", "a%0d%0aX-Evil:%201", "%", "%zz", "%u0041", "é", "\xff\xfe", "a" * 256,
    "a" * 2000, "x;y=z", "1'", "1.0", "1e3", "%D9%A3", " ", "%20", "+", "true", "null", "{}",
    "external:sub-00000", "<subscription_id>", "usage", "retry", "#", "?", "&&", "\\", "*", "[]",
)  # fmt: skip

#: Paths of the API, or nearly.
PATHS = (
    "/fusion/api/v1", "/fusion/api/v1/", "/fusion/api", "/fusion/api/", "/fusion/api/v2/catalog",
    "/fusion/api/v1/nothing", "/fusion/api/v1//catalog", "//fusion/api/v1/catalog",
    "/fr/fusion/api/v1/catalog", "/fusion//api/v1/catalog", "/fusion/api/v1/catalog/",
    "/fusion/api/v1/../v1/catalog", "/fusion/api/v1/%63atalog", "/fusion%2fapi/v1/catalog",
    "http://x/fusion/api/v1/catalog", "fusion/api/v1/health", "/fusion/api/v1/catalog;x=1",
    "http://x:80/fusion/api/v1/catalog?x", "/fusion/api/v1/catalog#x", "http:///fusion/api/v1/usage",
)  # fmt: skip


def spoil_value(body, rng: Random):
    """Replace, remove, wrap or add one thing somewhere in a JSON value."""
    if isinstance(body, dict) and body and rng.random() < 0.9:
        return spoil_member(dict(body), rng)
    if isinstance(body, list) and body and rng.random() < 0.8:
        place = rng.randrange(len(body))
        return [*body[:place], spoil_value(body[place], rng), *body[place + 1 :]]
    return rng.choice(VALUES)


def spoil_member(body: dict, rng: Random) -> dict:
    name = rng.choice(list(body))
    kind = rng.randrange(8)
    if kind == 0:
        del body[name]
    elif kind == 1:
        body[rng.choice(("unknown", "", name.upper(), f"{name} ", "\ud800", "__init__"))] = 1
    elif kind == 2:
        body[name] = [body[name]] * rng.choice((1, 2, 60))
    elif kind < 5:
        body[name] = rng.choice(VALUES)
    else:
        body[name] = spoil_value(body[name], rng)
    return body


def spoil_text(text: str, rng: Random) -> bytes:
    """Make something of a JSON text that is none any more, or an odd one."""
    middle = rng.randrange(len(text) + 1)
    return rng.choice(
        (
            lambda: text[:middle].encode(),
            lambda: (text + text).encode(),
            lambda: text.replace('"', "'").encode(),
            lambda: text.replace("{", '{"a": 1, "a": 2, ', 1).encode(),
            lambda: text.replace(": ", f": {rng.choice(LITERALS)}", 1).encode(),
            lambda: _nest(text, rng.choice((50, 2000, 100_000))),
            lambda: text[:middle].encode() + rng.choice(BYTES) + text[middle:].encode(),
            lambda: text.encode("utf-16"),
            lambda: b"\xef\xbb\xbf" + text.encode(),
            lambda: text.encode("utf-7"),
            lambda: text.encode() + b" " * rng.choice((1, 300_000)),
            lambda: rng.choice((b"", b"null", b"[]", b"0", b'"x"', b"\0", b"events=1&x=2")),
            lambda: b'{"events": [' + b"0," * 200_000 + b"0]}",
        )
    )()


BYTES = (b"\0", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\r\n\r\n", b"\\u0000",
         b"\\ud800", b"/*x*/", b"//x\n", b"\x1b[2J")  # fmt: skip


def _nest(text: str, depth: int) -> bytes:
    kind = b'{"a":' if depth % 3 else b"["
    return kind * depth + text.encode() + (b"}" if depth % 3 else b"]") * depth


def write(body) -> str:
    """JSON with halves of surrogates as escapes, which is how they can be sent."""
    return json.dumps(body, ensure_ascii=True)
