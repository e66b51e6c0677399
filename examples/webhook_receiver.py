"""How an app receives webhooks: verifies each, deals with it once, answers at once.

    POST /billing/events   204; 401 if it is not genuine, 404 on any other path

The secret comes from the environment: FUSION_WEBHOOK_SECRET. Several have spaces between them, as
while one is rotated.
"""

import argparse
import os
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fusion_billing_client import Deduplicator, WebhookError, verify

EVENTS_PATH = "/billing/events"
PATIENCE = 60  # seconds for a sender that says nothing


class Inbox:
    """The events that an app got, each once, and what it refused.

    :param list secrets: those in force
    :param Path seen: a file that remembers which events were dealt with
    """

    def __init__(self, secrets: list[str], seen: Path):
        self._secrets, self._seen = secrets, Deduplicator(seen)
        self.events, self.duplicates, self.refused = [], 0, []

    def receive(self, path: str, headers: dict, body: bytes) -> int:
        """Take a request; return the status to answer with."""
        if path != EVENTS_PATH:
            return 404
        try:
            event = verify(body, headers, self._secrets)
        except WebhookError:
            self.refused.append(headers.get("webhook-id"))
            return 401
        with self._seen.once(event["id"]) as is_new:
            if is_new:
                self.take(event)
            else:
                self.duplicates += 1
        return 204

    def take(self, event: dict) -> None:
        """Keep an event for later: whoever works here makes the sender wait."""
        self.events.append(event)

    def status(self) -> dict:
        """What each event told, in short, how many came again, and what was refused."""
        return {
            "told": sorted(map(in_short, list(self.events)), key=str),
            "duplicates": self.duplicates,
            "refused": self.refused,
        }


def in_short(event: dict) -> tuple:
    """What an event is about: its type, the app's own id of the customer, an invoice's total."""
    data = event["data"]
    name = "external_id" if event["type"] == "customer.linked" else "external_customer_id"
    return event["type"], data.get(name), data.get("amount_total")


class Handler(BaseHTTPRequestHandler):
    """HTTP for an inbox; the TLS handshake happens in the connection's own thread."""

    inbox: Inbox
    context: ssl.SSLContext | None

    def setup(self):
        self.request.settimeout(PATIENCE)
        if self.context:
            self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        self.request.close()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.inbox.receive(self.path, headers, body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Be silent: a line for each request would be thousands."""


class Server(ThreadingHTTPServer):
    """:param certificate: a file with a key and its certificate; None speaks plain HTTP"""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, inbox: Inbox, certificate: str | None, port: int = 0, handler=Handler):
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        bound = type("BoundHandler", (handler,), {"inbox": inbox, "context": context})
        super().__init__(("127.0.0.1", port), bound)

    def handle_error(self, *_arguments):
        """A sender that goes away is no failure of ours."""


def listen(inbox: Inbox, certificate: str | None, port: int) -> None:
    """Receive events in the background."""
    server = Server(inbox, certificate, port)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Printer(Inbox):
    """An inbox that says what comes."""

    def take(self, event):
        print(*filter(None, in_short(event)), flush=True)


def main() -> int | str:
    options = parse()
    secrets = os.environ.get("FUSION_WEBHOOK_SECRET", "").split()
    if not secrets:
        return "Set FUSION_WEBHOOK_SECRET: the service shows it once, under Webhooks."
    with Server(Printer(secrets, options.seen), options.certificate, options.port) as server:
        print(f"Events are taken on port {server.server_port}, {EVENTS_PATH}", flush=True)
        server.serve_forever()
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An endpoint for webhooks of Fusion Billing.")
    parser.add_argument("--port", type=int, default=0, help="port (default: a free one)")
    parser.add_argument("--certificate", help="a key and its certificate, in one PEM file")
    parser.add_argument("--seen", type=Path, required=True, help="file that remembers events")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
