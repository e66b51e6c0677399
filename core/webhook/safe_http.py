"""One guarded POST to an endpoint that nobody here controls (W2).

Why :mod:`http.client` on a socket of our own, and not requests or urllib3: those take a
name and look it up themselves, bound each read rather than the whole answer, and by
default decompress, follow redirects and ask the environment for proxies. Here the
standard library speaks HTTP and TLS, and what is refused is simply not there: the
connection goes to an address that was checked, nothing looks up the name again, no answer
leads to a second request, the body is never decompressed.
"""

import functools
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .bounded_socket import BoundedSocket, Deadline, LimitReached
from .safe_target import SafeHttpError, check_address, check_url

CONNECT_TIMEOUT = 3.0  # seconds for the look-up, and as many for the connection
TOTAL_TIMEOUT = 15.0  # seconds from the look-up to the last byte that is read
MAX_READ = 64 * 1024  # bytes of the answer, its head included
MAX_EXCERPT = 2 * 1024  # bytes in UTF-8
MAX_ADDRESSES = 4  # tried in turn; all are checked

_HEADERS = {
    "User-Agent": "Fusion-Billing-Webhooks/1",
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


class Failure(NamedTuple):
    """Why an attempt failed: a stable code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Response:
    """What came of one attempt.

    ``status`` is None if none was received. ``headers`` have names in lower case.
    ``body_excerpt`` is text that a database can hold, of at most :data:`MAX_EXCERPT` bytes.
    ``duration`` is in seconds. ``error`` is None only if a 2xx answer was received, whole
    or up to :data:`MAX_READ`. Its code is one of ``bad_status``, ``redirect_not_followed``,
    ``timeout``, ``host_not_found``, ``connection_failed``, ``certificate_invalid``,
    ``tls_failed``, ``connection_lost``, ``invalid_response``, or one of
    :func:`~.safe_target.check_url`'s.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body_excerpt: str = ""
    duration: float = 0.0
    error: Failure | None = None

    @property
    def ok(self):
        return self.error is None


def system_resolver(host):
    """Return the addresses of a host, as text, as the machine's resolver tells them."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(sockaddr[0] for *_rest, sockaddr in found))


def post(
    url,
    body,
    headers,
    *,
    allowed_ports=(443,),
    development_hosts=(),
    ca_file=None,
    resolver=system_resolver,
    connect_timeout=CONNECT_TIMEOUT,
    total_timeout=TOTAL_TIMEOUT,
):
    """Send the body to the URL, once, after one look-up, and say what came of it.

    :param bytes body: sent as it is (W1)
    :param resolver: takes a host's name, returns its addresses as text, or raises OSError
    :param str ca_file: certificates trusted besides the machine's, for development hosts only
    :rtype: Response
    :raise ValueError: a header of ours cannot be sent
    :raise OSError: the ``ca_file`` cannot be read; whatever the URL, the network or the
        endpoint do wrong is in the response
    """
    deadline = Deadline(total_timeout)
    answer, error = {}, None
    try:
        target = check_url(url, allowed_ports, development_hosts)
        addresses = resolve(target, resolver, deadline.remaining(connect_timeout))
        plain = _connect(addresses, target.port, deadline.remaining(connect_timeout))
        with _secure(plain, target, deadline, ca_file) as secure:
            _exchange(secure, target, body, {**_HEADERS, **headers}, answer)
    except SafeHttpError as refusal:
        error = Failure(refusal.code, refusal.message)
    except TimeoutError:
        error = Failure("timeout", f"No complete answer came within {total_timeout:g} seconds.")
    if "status" in answer:
        error = _judge_status(answer["status"]) or error
    return Response(**answer, duration=deadline.elapsed(), error=error)


def resolve(target, resolver=system_resolver, timeout=CONNECT_TIMEOUT):
    """Look up a target's addresses, once, and check every one of them.

    :param ParsedTarget target: from :func:`~.safe_target.check_url`
    :return: a list of ``IPv4Address`` and ``IPv6Address``, not empty
    :raise SafeHttpError: ``host_not_found``, ``timeout``, ``address_not_public``
    """
    if target.address is not None:
        return [target.address]
    found = _look_up(resolver, target.host, timeout)
    addresses = [ipaddress.ip_address(text) for text in found]
    if not addresses:
        raise SafeHttpError("host_not_found", f"The host {target.host} has no address.")
    for address in addresses:
        check_address(address, target.development)
    return addresses


def _look_up(resolver, host, timeout):
    """Return what the resolver finds, nothing if it fails.

    A look-up of the system cannot be interrupted: one that hangs keeps its thread until
    the system gives up, half a minute at worst.
    """
    answers = queue.SimpleQueue()

    def ask():
        try:
            answers.put(resolver(host))
        except (OSError, UnicodeError):
            answers.put(())

    threading.Thread(target=ask, name="webhook-look-up", daemon=True).start()
    try:
        return answers.get(timeout=timeout)
    except queue.Empty:
        raise SafeHttpError(
            "timeout", f"The host {host} was not looked up within {timeout:.3g} seconds."
        ) from None


def _connect(addresses, port, timeout):
    """Return a connection to the first address that takes one; each has its share of the time."""
    deadline = Deadline(timeout)
    candidates = addresses[:MAX_ADDRESSES]
    for position, address in enumerate(candidates):
        try:
            share = deadline.remaining() / (len(candidates) - position)
            return socket.create_connection((str(address), port), share)
        except OSError as problem:
            error = problem
    if isinstance(error, TimeoutError):
        raise SafeHttpError(
            "timeout", f"The endpoint took no connection within {timeout:.3g} seconds."
        )
    raise SafeHttpError("connection_failed", "The endpoint refuses connections or is unreachable.")


def _secure(plain, target, deadline, ca_file):
    """Return a TLS connection with the host's own, valid certificate."""
    with plain:  # on success it is an empty shell, and the connection the TLS socket's
        context = _tls_context(ca_file if target.development else None)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.settimeout(deadline.remaining())
        try:
            secure = context.wrap_socket(plain, server_hostname=target.host)
        except TimeoutError:
            raise
        except ssl.SSLCertVerificationError as error:
            raise SafeHttpError(
                "certificate_invalid",
                f"The endpoint's certificate is not valid: {error.verify_message.strip('.')}.",
            ) from None
        except OSError:
            raise SafeHttpError(
                "tls_failed", "The endpoint did not complete a TLS handshake, of 1.2 or newer."
            ) from None
    secure.bound(deadline, MAX_READ)
    return secure


@functools.lru_cache(maxsize=8)
def _tls_context(ca_file):
    # Reading the machine's certificates takes tens of milliseconds, so it is done once.
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = BoundedSocket
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


def _exchange(secure, target, body, headers, answer):
    """Send the request, and put into ``answer`` what is received, as it is received."""
    connection = http.client.HTTPSConnection(target.host, target.port, context=secure.context)
    connection.auto_open = 0
    connection.sock = secure
    try:
        connection.request("POST", target.path, body, headers)
        _receive(connection, secure, answer)
    except LimitReached:
        if secure.in_head:
            raise SafeHttpError(
                "invalid_response", f"The head of the answer is longer than {MAX_READ} bytes."
            ) from None
    except TimeoutError:
        raise
    except (OSError, http.client.IncompleteRead):
        raise SafeHttpError(
            "connection_lost", "The connection ended before the endpoint's answer was complete."
        ) from None
    except http.client.HTTPException:
        raise SafeHttpError("invalid_response", "The endpoint's answer is not HTTP/1.1.") from None


def _receive(connection, secure, answer):
    try:
        with connection.getresponse() as received:
            secure.in_head = False
            answer["status"] = received.status
            answer["headers"] = _headers_of(received)
            answer["body_excerpt"] = _excerpt(received.read(MAX_EXCERPT + 3))
            while received.read(8192):
                pass  # Closed on while it still writes, an endpoint would count a failure.
            if received.length:
                raise http.client.IncompleteRead(b"", received.length)
    except (ValueError, OverflowError):  # http.client's, of chunks with a negative length
        raise http.client.HTTPException from None


def _headers_of(received):
    return {name.lower(): _storable(value) for name, value in received.getheaders()}


def _excerpt(raw):
    """Return what to keep of a body; the 3 bytes too many complete its last character."""
    text = _storable(raw.decode("utf-8", "backslashreplace"))
    return text.encode()[:MAX_EXCERPT].decode("utf-8", "ignore")


def _storable(text):
    return text.replace("\0", "\\x00")


def _judge_status(status):
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Failure(
            "redirect_not_followed",
            f"The endpoint answered {status}: redirects are not followed, set the URL it leads to.",
        )
    return Failure("bad_status", f"The endpoint answered {status} where 2xx was expected.")
