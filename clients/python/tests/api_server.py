"""A small billing API over HTTP that misbehaves as it is told."""

import contextlib
import json
import threading
import time
from collections import Counter, deque
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

BASE = "/fusion/api/v1"


class Answer(NamedTuple):
    """Answer so, and do nothing else."""

    status: int
    content: object = None  # text is sent as it is, anything else as JSON
    headers: dict = {}


class Cut(NamedTuple):
    """Close the connection without an answer.

    `done` says whether the request is carried out: "before", "never", or "late": when the test
    calls `deliver_late`.
    """

    done: str


class Slow(NamedTuple):
    """Carry it out, and answer after so many seconds."""

    seconds: float


class Request(NamedTuple):
    verb: str
    path: str  # below the base
    query: str
    headers: dict
    payload: object
    size: int


class Api:
    """The server: `with Api() as api: Client(api.url, "fbk_test")`.

    Counters are known by subscription, metric and key, and the same key with another quantity
    replaces the counter. Subscriptions that begin with `unknown` are not known.
    """

    def __init__(self):
        self.counters, self.requests, self.plan = {}, [], deque()
        self.unknown = "unknown"
        self.metrics = {"api_calls": "sum"}
        self.answers = {}  # what to answer, by verb and path
        self.most_events = 5000
        self._late, self._lock = [], threading.Lock()
        handler = type("BoundHandler", (Handler,), {"api": self})
        self._server = Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_exc):
        self._server.shutdown()
        self._server.server_close()

    # === WHAT IT IS TOLD === #

    def next(self, *steps):
        """What to do with the next requests, one after the other."""
        self.plan.extend(steps)

    def deliver_late(self):
        """Carry out what was on its way for so long."""
        for payload in self._late:
            self.store(payload)

    # === WHAT IT HAS === #

    def quantities(self, *parts):
        """The sum of the counters by these parts: `subscription`, `metric`, `start`, `value`."""
        sums = Counter()
        for event in self.counters.values():
            sums[tuple(NAMES[part](event) for part in parts)] += Decimal(event["quantity"])
        return {key[0] if len(key) == 1 else key: total for key, total in sums.items()}

    def total(self):
        return sum(Decimal(event["quantity"]) for event in self.counters.values())

    # === WHAT IT DOES === #

    def act(self, request):
        """Return status, content and headers; None closes the connection."""
        with self._lock:
            self.requests.append(request)
            step = self.plan.popleft() if self.plan else None
        match step:
            case Answer():
                return step
            case Cut(done="before"):
                self.carry_out(request)
                return None
            case Cut(done="late"):
                self._late.append(request.payload)
                return None
            case Cut():
                return None
            case Slow(seconds):
                answer = self.carry_out(request)
                time.sleep(seconds)
                return answer
        return self.carry_out(request)

    def carry_out(self, request):
        if (request.verb, request.path) in self.answers:
            return self.answers[request.verb, request.path].pop(0)
        if (request.verb, request.path) == ("POST", "/usage"):
            return self.store(request.payload, "partial=true" in request.query)
        told = [{"metric_code": code, "aggregation": how} for code, how in self.metrics.items()]
        return Answer(200, {"status": "ok", "metrics": told})

    def store(self, payload, partial=True):
        events = payload["events"]
        if len(events) > self.most_events:
            return refusal(413, "payload_too_large")
        errors = [
            {"index": index, "field": "x", "code": "unknown_subscription", "error": "None such."}
            for index, event in enumerate(events)
            if str(event.get("subscription_external_id")).startswith(self.unknown)
        ]
        if errors and not partial:
            return refusal(400, "unknown_subscription", errors=errors[:100])
        bad = [error["index"] for error in errors]
        tally = Counter(inserted=0, updated=0, unchanged=0)
        with self._lock:
            for index, event in enumerate(events):
                if index not in bad:
                    tally[self.put(event)] += 1
        told = {"accepted": len(events) - len(bad), **tally}
        if partial:
            told |= {"rejected": len(bad), "rejected_indexes": bad, "errors": errors[:100]}
        return Answer(200, {"status": "ok", **told})

    def put(self, event):
        key = (
            event.get("subscription_external_id", event.get("subscription_id")),
            event["metric_code"],
            event.get("idempotency_key", object()),
        )
        known = self.counters.get(key)
        self.counters[key] = event
        return "inserted" if known is None else "unchanged" if known == event else "updated"


NAMES = {
    "subscription": lambda event: event.get("subscription_external_id"),
    "metric": lambda event: event["metric_code"],
    "start": lambda event: event["period_start"],
    "value": lambda event: event.get("value"),
    "region": lambda event: event.get("dimensions", {}).get("region"),
}


def refusal(status, code, headers=None, **more):
    """An error of the API."""
    content = {"status": "error", "code": code, "error": "No.", "request_id": "r-1", **more}
    return Answer(status, content, headers or {})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_args):
        """A client that goes away is no failure."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _mark, query = self.path.removeprefix(BASE).partition("?")
        payload = json.loads(body) if body else None
        request = Request(self.command, path, query, dict(self.headers), payload, length)
        answer = self.api.act(request)
        if answer is None:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(2)
            return
        is_text = isinstance(answer.content, str)
        content = answer.content if is_text else json.dumps(answer.content)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_args):
        """Be silent."""
