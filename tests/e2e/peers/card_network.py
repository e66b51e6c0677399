"""A network of cards for tests: it charges and refunds what it is told, as often as it is told.

Each charge and each refund is written down before anything is answered, so that it can be counted
whoever was killed meanwhile. A card's name says what the network does with it; `good+silent` says
it for charges and for refunds:

=============  ====================================================================
`good`         done
`declined`     not done: `insufficient_funds`
`lost`         not done, for good: `lost_card`
`stolen`       not done, for good: answered with 402, and `stolen_card` in what comes with it
`silent`       done, and not answered
`failing`      done, and answered with 500
`away`         not done, and answered with 503
`pending`      answered as pending, done when told so
`lying`        done, and answered as if another amount had been
`early`        done, notified twice, and answered after that
=============  ====================================================================
"""

import json
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

EXPIRY = "12/2030"  # of every card
SILENCE = 15  # seconds; Odoo waits for ten
REFUSALS = {"declined": "insufficient_funds", "lost": "lost_card"}


class CardNetwork:
    """`with CardNetwork() as network:` it listens on the loopback.

    :ivar charges: what was charged, as it was asked for, in order
    :ivar refunds: what was refunded, likewise
    :ivar delay: seconds before and after each of them, so that others can be killed in between
    :ivar notify_url: where it tells of charges before it answers
    """

    def __init__(self, delay: float = 0):
        self.charges, self.refunds, self.asked, self.delay = [], [], [], delay
        self.notify_url = None
        self._lock = threading.Lock()
        handler = type("BoundHandler", (Handler,), {"network": self})
        self._server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()

    # === WHAT IT HAS === #

    def times_charged(self) -> Counter:
        """How often each reference was charged."""
        with self._lock:
            return Counter(charge["reference"] for charge in self.charges)

    def times_refunded(self) -> Counter:
        """How often each reference was refunded."""
        with self._lock:
            return Counter(refund["reference"] for refund in self.refunds)

    def find(self, reference: str) -> dict | None:
        """What the network would notify of a reference."""
        with self._lock:
            done = [one for one in self.charges + self.refunds if one["reference"] == reference]
        return told(done[0], "done") if done else None

    # === WHAT IT DOES === #

    def charge(self, asked: dict) -> tuple[int, dict]:
        """Charge a card; return the HTTP status and what is answered."""
        return self.do(asked, asked["card"].partition("+")[0], self.charges)

    def refund(self, asked: dict) -> tuple[int, dict]:
        """Give back of a charge, likewise."""
        charge = self.charges[[name(one) for one in self.charges].index(asked["of"])]
        return self.do(asked, charge["card"].partition("+")[2] or "good", self.refunds)

    def do(self, asked: dict, card: str, done: list[dict]) -> tuple[int, dict]:
        time.sleep(self.delay)
        with self._lock:
            self.asked.append(asked)
        if card in REFUSALS:
            return 200, told(asked, REFUSALS[card])
        if card == "stolen":
            return 402, {"error": {"message": "It was declined.", "code": "stolen_card"}}
        if card == "away":
            return 503, {"error": "try later"}
        if card == "pending":
            return 200, told(asked, "pending")
        with self._lock:
            done.append(asked)
        time.sleep(self.delay)
        if card == "early":
            for _time in range(2):
                self.notify(told(asked, "done"))
        if card == "silent":
            time.sleep(SILENCE)
        if card == "failing":
            return 500, {"error": "something went wrong"}
        if card == "lying":
            return 200, told({**asked, "amount": "1.00"}, "done")
        return 200, told(asked, "done")

    def notify(self, content: dict) -> None:
        """Tell the shop what was done, and wait until it has heard."""
        requests.post(self.notify_url, json=content, timeout=30).raise_for_status()


def told(asked: dict, state: str) -> dict:
    """What the network says of a charge or refund, and of the card."""
    return {**asked, "name": name(asked), "state": state, "expiryDate": EXPIRY}


def name(asked: dict) -> str:
    """What the network itself calls a charge or refund."""
    return f"ch-{asked['reference']}"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_args):
        """A client that goes away is no failure."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    network: CardNetwork

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        do = self.network.refund if self.path == "/refunds" else self.network.charge
        self.answer(*do(json.loads(body)))

    def do_GET(self):
        found = self.network.find(self.path.rpartition("/")[2])
        self.answer(200, found or {})

    def answer(self, status, content):
        content = json.dumps(content).encode()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_args):
        """Be silent."""
