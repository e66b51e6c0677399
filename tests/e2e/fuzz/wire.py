"""Sends bytes, and reads strictly what comes back until the server closes the connection."""

import contextlib
import re
import socket
from dataclasses import dataclass

SECONDS = 60
STATUS_LINE = re.compile(r"HTTP/1\.[01] ([1-5][0-9]{2})(?: [ -~]*)?")
HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([ -~]*)")


class NotHttp(Exception):
    """What came is no well-formed answer."""


@dataclass
class Answer:
    """One answer of HTTP."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


def exchange(address: tuple, data: bytes) -> bytes:
    """Send a request, say that no more comes, and return all that the server says.

    :raise OSError: nothing listens, or it neither answers nor closes
    """
    with socket.create_connection(address, timeout=SECONDS) as connection:
        # Who does not want the rest may close; what was answered before is still to be read.
        with contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        pieces = []
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                pieces.append(piece)
    return b"".join(pieces)


def read_answer(data: bytes, is_head: bool) -> Answer:
    """Read the one final answer; those that only say "go on" may come before it.

    :param is_head: whether the request was a HEAD, whose answer has no body
    :raise NotHttp: it is none, or there is more or less than one
    """
    answer, rest = _read_one(data, is_head)
    while 100 <= answer.status < 200:
        answer, rest = _read_one(rest, is_head)
    if rest:
        raise NotHttp(f"more than one answer: {rest[:200]!r}")
    return answer


def _read_one(data: bytes, is_head: bool) -> tuple[Answer, bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    found = STATUS_LINE.fullmatch(first)
    if not end or not found:
        raise NotHttp(f"no head of an answer: {data[:200]!r}")
    headers = [HEADER_LINE.fullmatch(line) for line in lines]
    if not all(headers):
        raise NotHttp(f"no headers: {head!r}")
    answer = Answer(int(found[1]), [(match[1], match[2]) for match in headers], b"")
    return answer, _take_body(answer, rest, is_head)


def _take_body(answer: Answer, rest: bytes, is_head: bool) -> bytes:
    """Give the answer its body, and return what comes after it."""
    if answer.status < 200 or answer.status in (204, 304) or is_head:
        return rest
    lengths = answer.all("Content-Length")
    if len(lengths) > 1 or answer.all("Transfer-Encoding"):
        raise NotHttp(f"no clear length: {answer.headers}")
    length = int(lengths[0]) if lengths else len(rest)
    if length > len(rest):
        raise NotHttp(f"{len(rest)} bytes of a body of {length}: {rest[:200]!r}")
    answer.body = rest[:length]
    return rest[length:]
