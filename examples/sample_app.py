"""NexaMaps: a small map service that bills its customers through Fusion Billing.

A real HTTP service, and a model of how an app uses the API, with `clients/python`. It signs up
customers and registers them and their subscriptions, serves their requests, writes each request to
a log, and tells a meter, which counts by the hour and pushes. Some batches it sends twice, as an
app does that got no answer in time.

    POST /signup               {"name", "plan"}               a new customer's token
    GET  /v1/tiles/{z}/{x}/{y}                                an image of the map
    GET  /v1/geocode?q=…                                      the place of a name
    GET  /status                                              what was served, pushed, received
    POST /admin/clock          {"now"?, "speed"?, "until"?}   moves the app's clock
    POST /admin/push                                          pushes everything now

Customers send `Authorization: Bearer <token>` and may name their own user in `X-User`. The admin
routes take the admin token; without one there are none. The environment has the secrets:
FUSION_API_KEY, NEXAMAPS_ADMIN_TOKEN, and FUSION_WEBHOOK_SECRET, if webhooks are to be received.
"""

import argparse
import hashlib
import json
import os
import secrets
import signal
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from fusion_billing_client import Client, FusionError, Meter

from examples.request_log import METRICS, Clock, RequestLog, instant, moment
from examples.webhook_receiver import Inbox, listen

RESEND_EVERY = 3
SEND_EVERY = 0.5  # seconds: a month goes by in some


class Account(NamedTuple):
    """A customer of the app: its own id, which is its external id too, and its subscription's."""

    customer: str
    subscription: str
    token: str


class ForgetfulClient(Client):
    """Sends every third batch a second time, as after a time-out."""

    def __init__(self, url: str, key: str, **options):
        super().__init__(url, key, **options)
        self.tally = Counter(batches=0, resent=0, resent_unchanged=0)

    def push_usage(self, events, **options):
        batch = list(events)
        answer = super().push_usage(batch, **options)
        self.tally["batches"] += 1
        if self.tally["batches"] % RESEND_EVERY == 0:
            again = super().push_usage(batch, **options)
            self.tally.update(resent=len(batch), resent_unchanged=again["unchanged"])
        return answer


class NexaMaps:
    """What the app does, whatever the protocol.

    :param fusion: the billing API
    :param Path log: the request log; what is not pushed yet is kept beside it
    :param str fee: code of a product to bill with each plan, where plans have no fees of their
        own; `{plan}` in it is the plan's code
    """

    def __init__(self, fusion: ForgetfulClient, log: Path, fee: str = ""):
        self.clock = Clock()
        metrics = countable(fusion)
        self.meter = Meter(
            fusion,
            metrics,
            spool=log.parent / "spool",
            write_every=0.1,
            send_every=SEND_EVERY,
            now=self.clock.now,
        )
        self.log = RequestLog(log, self.clock, self.meter.record, metrics)
        secrets = os.environ.get("FUSION_WEBHOOK_SECRET", "").split()
        self.inbox = Inbox(secrets, log.parent / "events.sqlite")
        self._fusion, self._fee = fusion, fee
        self._accounts: dict[str, Account] = {}

    def sign_up(self, name: str, plan: str) -> Account:
        """Take a new customer, from the day that the app's clock shows, and register it."""
        customer = "-".join(name.lower().split())
        self._fusion.register_customer(customer, name=name)
        subscription = f"{customer}/{plan}"
        fees = [{"product_code": self._fee.format(plan=plan), "quantity": 1}] if self._fee else []
        self._fusion.create_subscription(
            customer, plan, external_id=subscription, start_date=self.clock.now().date(), lines=fees
        )
        account = Account(customer, subscription, secrets.token_urlsafe(16))
        self._accounts[account.token] = account
        return account

    def serve(self, token: str, user: str | None, target: str) -> tuple[int, bytes]:
        """Answer a customer's request, and meter it."""
        account = self._accounts.get(token)
        status, body = answer(target) if account else (401, b"Sign up first.")
        self.log.record(status, target, len(body), account, user)
        return status, body

    def status(self) -> dict:
        stats = self.meter.stats()
        return {
            "clock": instant(self.clock.now()),
            "customers": len(self._accounts),
            "requests": self.log.requests,
            "pending": stats.in_memory + stats.waiting,
            "pushed": {"accepted": stats.accepted, **self._fusion.tally},
            "refused": stats.refused,
            "error": stats.error,
            "events": self.inbox.status(),
        }

    def move_clock(self, now=None, speed=1, until=None) -> dict:
        """Set the clock to a time in ISO 8601; without one, back to real time."""
        self.clock.set(now and moment(now), speed, until and moment(until))
        return self.status()

    def push(self) -> dict:
        """Push whatever is not pushed yet, before the next regular time."""
        self.meter.flush(60)
        return self.status()


def countable(fusion: Client) -> dict[str, str]:
    """Those of our metrics that billing knows, and how it combines their counters."""
    known = fusion.aggregations()
    return {code: known[code] for code in METRICS if code in known}


def answer(target: str) -> tuple[int, bytes]:
    """What a customer gets for a path and query: the same each time."""
    url = urlsplit(target)
    match url.path.strip("/").split("/"):
        case ["v1", "tiles", zoom, x, y] if (zoom + x + y).isdigit():
            return 200, draw_tile(f"{zoom}/{x}/{y}")
        case ["v1", "geocode"]:
            return 200, json.dumps(locate(parse_qs(url.query).get("q", [""])[0])).encode()
    return 404, b"There is no such map."


def draw_tile(name: str) -> bytes:
    """An image of 2 to 34 kB; the map is abstract."""
    digest = hashlib.sha256(name.encode()).digest()
    size = 2_000 + int.from_bytes(digest[:2], "big") // 2
    return digest * (size // len(digest)) + digest[: size % len(digest)]


def locate(place: str) -> dict:
    digest = hashlib.sha256(place.encode()).digest()
    return {"q": place, "lat": digest[0] / 255 * 180 - 90, "lon": digest[1] / 255 * 360 - 180}


class Handler(BaseHTTPRequestHandler):
    """HTTP for NexaMaps."""

    protocol_version = "HTTP/1.1"
    app: NexaMaps
    admin_token: str | None

    def do_GET(self):
        if self.path == "/status":
            return self.send_json(200, self.app.status())
        status, body = self.app.serve(self.token(), self.headers.get("X-User"), self.path)
        return self.send_body(status, body, "application/octet-stream")

    def do_POST(self):
        try:
            self.send_json(*self.act(self.read_json()))
        except FusionError as error:
            self.send_json(502, {"error": f"Billing refused it: {error}"})
        except (ValueError, TypeError, KeyError) as error:
            self.send_json(400, {"error": f"{type(error).__name__}: {error}"})

    def act(self, payload: dict) -> tuple[int, dict]:
        if self.path == "/signup":
            return 201, self.app.sign_up(payload["name"], payload["plan"])._asdict()
        if not (self.admin_token and secrets.compare_digest(self.token(), self.admin_token)):
            return 401, {"error": "This takes the admin token."}
        if self.path == "/admin/clock":
            return 200, self.app.move_clock(**payload)
        if self.path == "/admin/push":
            return 200, self.app.push()
        return 404, {"error": "There is no such page."}

    def token(self) -> str:
        scheme, _space, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" and token.isascii() else ""

    def read_json(self) -> dict:
        payload = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
        if not isinstance(payload, dict):
            raise ValueError("send a JSON object")
        return payload

    def send_json(self, status: int, content: dict) -> None:
        self.send_body(status, json.dumps(content).encode(), "application/json")

    def send_body(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Clock", instant(self.app.clock.now()))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        """The app has a log of its own."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, app: NexaMaps, admin_token: str | None, port: int = 0):
        handler = type("BoundHandler", (Handler,), {"app": app, "admin_token": admin_token})
        super().__init__(("127.0.0.1", port), handler)


def main() -> int | str:
    options, key = parse(), os.environ.get("FUSION_API_KEY")
    if not key or not options.url:
        return "Set FUSION_API_KEY, and FUSION_URL or --url."
    try:
        fusion = ForgetfulClient(options.url, key, database=options.database)
        app = NexaMaps(fusion, options.log, options.fee)
    except (FusionError, ValueError) as error:
        return f"Billing cannot be used: {error}"
    serve(app, options)
    return 0


def serve(app: NexaMaps, options: argparse.Namespace) -> None:
    """Serve until somebody asks to end; what was counted is pushed then, or kept."""
    server = Server(app, os.environ.get("NEXAMAPS_ADMIN_TOKEN"), options.port)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    if options.webhook_port:
        listen(app.inbox, options.webhook_certificate, options.webhook_port)
    with app.meter, server:
        print(f"NexaMaps serves on http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
    app.log.close()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="NexaMaps, a sample app that bills by usage.")
    add, url = parser.add_argument, os.environ.get("FUSION_URL")
    add("--url", default=url, help="where the billing system is (default: $FUSION_URL)")
    add("--database", help="where a server with several databases needs its name")
    add("--port", type=int, default=0, help="HTTP port (default: a free one)")
    add("--log", type=Path, required=True, help="request log, appended to")
    add("--fee", default="", metavar="CODE", help="product of the fee, {plan} is the plan's code")
    add("--webhook-port", type=int, help="where webhooks come in")
    add("--webhook-certificate", metavar="FILE", help="key and certificate, for https there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
