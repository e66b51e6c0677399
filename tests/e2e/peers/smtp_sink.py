"""A server of e-mail for tests: it takes whatever is sent to it, and keeps it."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage

END = b"."


class SmtpSink:
    """`with SmtpSink() as sink:` it listens on the loopback.

    :ivar messages: what arrived, in order
    """

    def __init__(self):
        self.messages: list[EmailMessage] = []
        handler = type("BoundHandler", (Handler,), {"sink": self})
        self._server = Server(("127.0.0.1", 0), handler)
        self.port = self._server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()

    def receive(self, data: bytes) -> None:
        self.messages.append(email.message_from_bytes(data, policy=email.policy.default))


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_args):
        """A client that goes away is no failure."""


class Handler(socketserver.StreamRequestHandler):
    """As much of the protocol as Odoo speaks to a server that asks for nothing."""

    sink: SmtpSink

    def handle(self):
        self.say(b"220 here")
        while line := self.rfile.readline():
            verb = line.split(b" ")[0].strip().upper()
            if verb == b"DATA":
                self.say(b"354 go on")
                self.sink.receive(self.read_data())
            self.say(b"221 bye" if verb == b"QUIT" else b"250 ok")
            if verb == b"QUIT":
                return

    def read_data(self) -> bytes:
        """Return a message: its lines until a single full stop."""
        lines = []
        while (line := self.rfile.readline()) and line.rstrip(b"\r\n") != END:
            lines.append(line[1:] if line.startswith(END) else line)
        return b"".join(lines)

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")
