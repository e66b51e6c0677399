"""A load generator that costs little: plain sockets, requests that were written before."""

import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from devtools.console import DevError
from e2e.peers.fusion_client import BASE

LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


def request(verb: str, path: str, key: str = "", body: bytes = b"") -> bytes:
    """A whole HTTP request."""
    head = [f"{verb} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if key:
        head.append(f"Authorization: Bearer {key}")
    if body:
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def usage(key: str, events: list[dict]) -> bytes:
    return request("POST", f"{BASE}/usage", key, json.dumps({"events": events}).encode())


def ask(port: int, written: bytes) -> bytes:
    """Send a request, read its answer and return the body.

    Like any client of HTTP it hangs up once it has what Content-Length announces: who waits for
    the server to hang up keeps a worker waiting, which gives the client 10 ms to do so first.

    :raise DevError: the answer is no success
    """
    with socket.create_connection(("127.0.0.1", port), timeout=300) as connection:
        connection.sendall(written)
        answer = connection.makefile("rb")
        head = b"".join(iter(answer.readline, b"\r\n"))
        body = answer.read(int(LENGTH.search(head)[1]))
    if head.split(b" ", 2)[1:2] not in ([b"200"], [b"201"]):
        raise DevError(f"a request was refused: {head[:100]!r} {body[:500]!r}")
    return body


def rate(work: Callable, items: list, clients: int) -> float:
    """How many items a second so many threads get done."""
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda _number: None, range(clients)))  # starts the threads
        begun = perf_counter()
        list(pool.map(work, items))
        return len(items) / (perf_counter() - begun)
