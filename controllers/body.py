"""Takes a request's body off the wire before Odoo takes a cursor for the request.

Otherwise who sends a byte a second holds a connection to the database for as long as they like,
and a hundred of them hold them all.
"""

import io
from contextlib import suppress
from time import monotonic

BODY_LIMIT = 5 * 1024 * 1024
BODY_SECONDS = 15

_PIECE = 64 * 1024


def fetch_body(httprequest):
    """Wait for the body, at most :data:`BODY_SECONDS`, and leave what came where Odoo reads it.

    Whether it is whole is told when it is read. What will be refused unread is not waited for.
    """
    length = httprequest.content_length or 0
    # As Odoo's bus does it: its wrapper hides the connection.
    environ = httprequest._HTTPRequest__environ
    connection = environ.get("werkzeug.socket")
    if connection and 0 < length <= BODY_LIMIT and "HTTP_AUTHORIZATION" in environ:
        usual = connection.gettimeout()
        environ["wsgi.input"] = _read_in_time(environ["wsgi.input"], connection, length)
        connection.settimeout(usual)


def _read_in_time(stream, connection, length):
    deadline, usual = monotonic() + BODY_SECONDS, connection.gettimeout() or BODY_SECONDS
    body, piece = io.BytesIO(), b"begin"
    with suppress(OSError):  # Nothing comes any more: the body is not whole.
        while piece and body.tell() < length and (left := deadline - monotonic()) > 0:
            connection.settimeout(min(left, usual))
            piece = stream.read1(min(length - body.tell(), _PIECE))
            body.write(piece)
    body.seek(0)
    return body
