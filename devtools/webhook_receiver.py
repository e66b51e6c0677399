"""How an app receives webhooks: verifies each, notes it once, answers at once.

The signatures are verified with the foreign package `standardwebhooks`, as any app would do. As
a program it is an endpoint in a process of its own, for tests and measurements:

    POST /hook/…   verified if a secret is known for the path, then answered with 204
    POST /hang/…   never answered
    GET  /         what arrived: ids by path, in the order of arrival
"""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from standardwebhooks import Webhook, WebhookVerificationError

from devtools.console import DevError, end_group
from devtools.paths import ROOT, VENV_PYTHON

# The tests of core make certificates; they are modules without a package.
sys.path.append(str(ROOT / "tests" / "core"))
from https_endpoint import Authority

HOST = "127.0.0.1"
HANG = 60  # seconds
EVENTS_PATH = "/billing/events"


class Inbox:
    """The events that an app got, each once, and what it refused.

    :param dict secrets: secrets in force by path; an event to another path is not verified
    """

    def __init__(self, secrets: dict[str, list[str]] | None = None):
        self.secrets = secrets or {}
        self.arrived = defaultdict(list)  # ids, by path
        self.events, self.duplicates, self.refused = {}, 0, []
        self._lock = threading.Lock()

    def receive(self, path: str, headers: dict, body: bytes) -> int:
        """Take a request; return the status to answer with."""
        if path in self.secrets and not self._is_genuine(self.secrets[path], headers, body):
            self.refused.append(headers.get("webhook-id"))
            return 401
        with self._lock:
            event_id = headers["webhook-id"]
            self.arrived[path].append(event_id)
            if event_id in self.events:
                self.duplicates += 1
            elif path in self.secrets:
                self.events[event_id] = json.loads(body)
        return 204

    def _is_genuine(self, secrets: list[str], headers: dict, body: bytes) -> bool:
        for secret in secrets:
            try:
                Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                continue
            return True
        return False

    def status(self) -> dict:
        """What each event told, in short, how many came again, and what was refused."""
        with self._lock:
            return {
                "told": sorted(map(in_short, self.events.values()), key=str),
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
    context: ssl.SSLContext

    def setup(self):
        self.request.settimeout(HANG)
        self.request = self.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self):
        super().finish()
        self.request.close()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.inbox.receive(self.path, headers, body)
        if self.path.startswith("/hang"):
            threading.Event().wait(HANG)
            return
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        content = json.dumps({"arrived": self.inbox.arrived, "refused": self.inbox.refused})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *_args):
        """Be silent: a request a line would be thousands."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, inbox: Inbox, certificate: str, port: int = 0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        bound = type("Handler", (Handler,), {"inbox": inbox, "context": context})
        super().__init__((HOST, port), bound)

    def url(self, path: str = "/hook") -> str:
        return f"https://{HOST}:{self.server_port}{path}"

    def handle_error(self, *_args):
        """A client that goes away is no failure of ours."""


def listen(prefix: str) -> Inbox:
    """Receive events in the background if the environment says where; return where they go."""
    names = ("SECRET", "CERTIFICATE", "PORT")
    secret, certificate, port = (os.environ.get(f"{prefix}_{name}") for name in names)
    inbox = Inbox({EVENTS_PATH: [secret]})
    if secret:
        server = Server(inbox, certificate, int(port))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    return inbox


class Receiver:
    """The program as a process: `with Receiver() as receiver: … receiver.arrived()`."""

    def __init__(self, secrets: dict | None = None):
        self._secrets = secrets or {}

    def __enter__(self):
        self._authority = Authority()
        self.ca_file = self._authority.ca_file
        self.process = subprocess.Popen(
            [VENV_PYTHON, "-m", "devtools.webhook_receiver", self._authority.certificate(HOST)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(os.environ),
            start_new_session=True,
        )
        self.process.stdin.write(json.dumps(self._secrets) + "\n")
        self.process.stdin.flush()
        port = self.process.stdout.readline()
        if not port:
            raise DevError("the webhook receiver did not start")
        self.url = f"https://{HOST}:{int(port)}"
        return self

    def __exit__(self, *_exc):
        end_group(self.process)
        self.process.stdin.close()
        self.process.stdout.close()
        self._authority.close()

    def status(self) -> dict:
        return requests.get(self.url, verify=self.ca_file, timeout=30).json()

    def arrived(self, prefix: str = "/hook") -> list[str]:
        """The ids of all requests to paths that begin so, duplicates included."""
        return [
            event_id
            for path, ids in self.status()["arrived"].items()
            if path.startswith(prefix)
            for event_id in ids
        ]


def main() -> None:
    secrets = json.loads(sys.stdin.readline())
    server = Server(Inbox(secrets), sys.argv[1])
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
