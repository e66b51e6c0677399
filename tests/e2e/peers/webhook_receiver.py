"""An endpoint for webhooks in a process of its own, for tests and measurements.

POST /hook/…   noted, then answered with 204
POST /hang/…   never answered
GET  /         what arrived: ids by path, in the order of arrival
"""

import json
import os
import subprocess
import sys
import threading
from collections import defaultdict

import requests

from devtools.console import DevError, end_group
from devtools.paths import ROOT, TESTS, VENV_PYTHON
from examples import webhook_receiver as example

# The tests of core make certificates; they are modules without a package.
sys.path.append(str(TESTS / "core"))
from https_endpoint import Authority

HOST = "127.0.0.1"
HANG = 60  # seconds


class Notes:
    """An inbox that believes everything."""

    def __init__(self):
        self.arrived = defaultdict(list)  # ids, by path
        self._lock = threading.Lock()

    def receive(self, path: str, headers: dict, _body: bytes) -> int:
        with self._lock:
            self.arrived[path].append(headers["webhook-id"])
        if path.startswith("/hang"):
            threading.Event().wait(HANG)
        return 204


class Handler(example.Handler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"arrived": self.inbox.arrived}).encode())


class Receiver:
    """The program as a process: `with Receiver() as receiver: … receiver.arrived()`."""

    def __enter__(self):
        self._authority = Authority()
        self.ca_file = self._authority.ca_file
        self.process = subprocess.Popen(
            [VENV_PYTHON, __file__, self._authority.certificate(HOST)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        port = self.process.stdout.readline()
        if not port:
            raise DevError("the webhook receiver did not start")
        self.url = f"https://{HOST}:{int(port)}"
        return self

    def __exit__(self, *_exc):
        end_group(self.process)
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
    server = example.Server(Notes(), sys.argv[1], handler=Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
