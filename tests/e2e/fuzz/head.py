"""Reads the head of a request as Odoo's HTTP server does, to know what it can answer at all.

Odoo serves HTTP with Python's `http.server`. What that cannot read never comes to Odoo, nor to the
addon: it is answered by the server itself, or not at all. `Head.unreadable` says which heads these
are; behind a proxy none of them arrives.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

LINE_LIMIT = 65536
HEADERS_LIMIT = 100
VERSION = re.compile(r"HTTP/([0-9]{1,10})\.([0-9]{1,10})")


@dataclass
class Head:
    """What of a head the server understands."""

    verb: str = ""
    path: str = ""
    is_bare: bool = False  # of HTTP/0.9, whose answers have no head
    unreadable: str = ""  # why the server cannot read it

    @property
    def is_api(self) -> bool:
        """Whether the API answers."""
        return self.path == "/fusion/api" or self.path.startswith("/fusion/api/")

    @property
    def name(self) -> str:
        """The last part of the path: some endpoints' good answers are no JSON."""
        return self.path.rstrip("/").rpartition("/")[2]


def read_head(data: bytes) -> Head:
    line, _end, rest = data.partition(b"\n")
    if len(line) >= LINE_LIMIT:
        return Head(unreadable="its first line is too long")
    words = line.decode("latin-1").rstrip("\r\n").split()
    if unreadable := wrong_line(words) or wrong_lines(rest):
        return Head(unreadable=unreadable)
    target = re.sub("^//+", "/", words[1])
    try:
        url = urlsplit(target)
        path, _port = unquote(url.path), url.port  # it raises, too
    except ValueError:
        return Head(unreadable="its target names a host that is none")
    return Head(words[0], path, is_bare=words[2:] in ([], ["HTTP/0.9"]))


def wrong_line(words: list[str]) -> str:
    """Say what is wrong with the words of a first line, if anything."""
    if len(words) not in (2, 3):
        return "its first line has not three words"
    if len(words) == 2:
        return "" if words[0] == "GET" else "it names no version"
    found = VERSION.fullmatch(words[2])
    return "" if found and int(found[1]) < 2 else "its version is none of HTTP/1"


def wrong_lines(rest: bytes) -> str:
    """Say what is wrong with the lines of headers, if anything."""
    for number, line in enumerate(rest.split(b"\n")):
        if line in (b"", b"\r"):
            return ""
        if len(line) >= LINE_LIMIT:
            return "one of its headers is too long"
        if number >= HEADERS_LIMIT:
            return "it has too many headers"
    return ""
