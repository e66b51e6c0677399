"""How heads are spoilt: verbs, versions, and each header that a server or a proxy may read."""

from random import Random

from e2e.fuzz.mutations import LONG

VERBS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND",
    "get", "Post", "FOO", "G\xcbT", "GET\0", "M" * 300, "__init__", "log",
)  # fmt: skip
VERSIONS = (
    "HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/0.9", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1.1", "HTTP/x",
    "http/1.1", "", "HTTP/1.1 x", "HTTP/\xb2.\xb2", "HTTP/00001.1", "HTTP/1.99999999999",
)  # fmt: skip

#: Values that no header means.
ODD = (
    "", " ", ",", ";", "=", '"', "\0", "\xff\xfe", "é", "a" * 300, "x" * 9000, "a\tb", "%00", "0",
    "\x7f", "null", "-1", "1" * 30, ";;;=;=", "*/*;q=nan", "a, b, c", "\x0b", "\x85", "\x1b", "\\",
    "x\rX-Evil: 1", "x\r\n folded", "'",
)  # fmt: skip

HEADERS = {
    "Accept": ("text/html", "application/json;q=0", "*/*", "image/*;q=2"),
    "Accept-Language": ("fr", "fr-FR,fr;q=0.9", "xx", "fr_FR", "../x", "*;q=x", "zh-Hant-TW"),
    "Accept-Encoding": ("gzip", "br, gzip", "identity;q=0", "*;q=0"),
    "Authorization": (
        "Bearer", "Bearer ", "bearer {key}", "BEARER  {key}", "Basic YWRtaW46YWRtaW4=", "{key}",
        "Bearer {key} x", "Bearer {other}", "Bearer {pusher}", "Bearer {pusher}", "Bearer fbk_x",
        "Bearer {key},{key}", "Digest x=1", "Bearer fbk_" + "A" * 43, "Bearer \xff",
    ),
    "Connection": ("keep-alive", "close", "Upgrade", "Authorization", "keep-alive, close"),
    "Content-Encoding": ("gzip", "deflate", "br", "identity", "x, gzip"),
    "Content-Length": ("0", "-5", "+5", "1e3", "5, 5", "0x10", "1_0", "9" * 40, "3.0", "1", "400"),
    "Content-Type": (
        "text/plain", "application/json; charset=utf-16", "application/json; charset=nonsense",
        "application/json;charset", "APPLICATION/JSON", "application/x-www-form-urlencoded",
        "multipart/form-data", "multipart/form-data; boundary=x", "application/jsonx", "json",
        "application/json, text/html", "application/vnd.api+json", "multipart/form-data; boundary=",
    ),
    "Cookie": (
        "session_id=x", "session_id=" + "a" * 84, "session_id=../../../etc", "frontend_lang=fr_FR",
        "session_id=" + "a" * 42 + "; tz=Mars/Base", "cids=1-2-99", "=;=", "debug=1", "a=b" * 900,
    ),
    "Date": ("Mon, 01 Jan 2024 00:00:00 GMT", "never"),
    "Expect": ("100-continue", "200-ok", "100-CONTINUE"),
    "Forwarded": ("for=1.2.3.4;host=evil.example;proto=https", "for=\"[::1]:x\"", "host=;by=_"),
    "Host": (
        "evil.example", "[::1", "[::1]", "a" * 300, "..", "x y", ":", "%", "x:99999999999", "x:0",
        "127.0.0.1:1@evil", "x/y", "x?y", "\xff.example", "localhost:8069, x",
    ),
    "If-Match": ("*", '"x"'),
    "If-Modified-Since": ("Mon, 01 Jan 2990 00:00:00 GMT", "x"),
    "If-None-Match": ("*", '"x", W/"y"'),
    "If-Range": ('"x"',),
    "Idempotency-Key": ("key-1", "é" * 300),
    "Origin": ("null", "https://evil.example", "http://[::1"),
    "Range": ("bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=0-0,1-1", "lines=1"),
    "Referer": ("http://evil.example/?x", "http://[::1"),
    "TE": ("trailers", "chunked;q=0"),
    "Transfer-Encoding": ("chunked", "identity", "gzip, chunked", "Chunked", "chunked\t", "x"),
    "Trailer": ("Content-Length",),
    "Upgrade": ("h2c", "TLS/1.2"),
    "User-Agent": ("Mozilla/5.0 (X11; Linux) Chrome/120", "curl/8", "Googlebot/2.1", "() { :;}; x"),
    "Via": ("1.1 proxy",),
    "X-Forwarded-For": ("1.2.3.4", "1.2.3.4, x", "[::1", "unknown"),
    "X-Forwarded-Host": ("evil.example", "[::1", "x, y", "a b"),
    "X-Forwarded-Port": ("443", "x", "99999"),
    "X-Forwarded-Prefix": ("/x", "//evil", "/fusion"),
    "X-Forwarded-Proto": ("https", "javascript", "https,http"),
    "X-HTTP-Method-Override": ("DELETE", "PATCH", "GET"),
    "X-Odoo-Database": ("{database}", "nothing", "template1", "postgres", "a" * 70, "x y", "'"),
    "X-Openerp-Session-Id": ("x", "a" * 84),
    "X-Original-URL": ("/web", "/fusion/api/v1/health"),
    "X-Real-IP": ("1.2.3.4", "x"),
    "X-Request-Id": ("mine-1", "a" * 129, "two words", "évil", "<b>", "x" * 128, "a/b:c+d=e"),
    "X-Requested-With": ("XMLHttpRequest",),
    "Sec-Fetch-Site": ("cross-site", "same-origin"),
}  # fmt: skip

#: Lines that are no headers, or hardly.
LINES = (
    "no colon", ": empty name", "X Y: space", "X-\xff: y", "\tfolded", " Content-Length: 0", "X:y",
    "Content_Length: 0", "X-Odoo_Database: y", "Content-Length : 0", "X\0Y: z", "a" * 1000 + ": b",
    "Authorization\t: Bearer x", "Host", "--", "GET / HTTP/1.1", "X: " + "v" * LONG,
)  # fmt: skip


def odd_header(rng: Random, facts: dict) -> tuple[str, str]:
    """A header with a value that somebody may send, or nobody should.

    :param facts: what values may name, such as the key
    """
    name = rng.choice(list(HEADERS))
    value = rng.choice(ODD if rng.random() < 0.3 else HEADERS[name])
    for fact, text in facts.items():
        value = value.replace(f"{{{fact}}}", text)
    return rng.choice((name, name, name, name.lower(), name.upper())), value


def spoil_headers(lines: list[str], rng: Random, facts: dict) -> list[str]:
    """Add, replace, repeat or remove headers.

    :param lines: the head's lines after the first one
    """
    kind = rng.randrange(12)
    name, value = odd_header(rng, facts)
    line = f"{name}: {value}"
    others = [one for one in lines if not one.lower().startswith(f"{name.lower()}:")]
    if kind < 5:
        return [*others, line]
    if kind < 7:
        return [line, *lines]
    if kind == 7:
        return [*lines, rng.choice(lines)]
    if kind == 8:
        gone = rng.randrange(len(lines))
        return lines[:gone] + lines[gone + 1 :]
    if kind == 9:
        return [*lines, rng.choice(LINES)]
    if kind == 10:
        return [*lines, *(f"X-Many-{n}: {n}" for n in range(rng.choice((20, 90, 110))))]
    return sorted(lines, key=lambda _line: rng.random())
