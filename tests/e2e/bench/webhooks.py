"""`./dev bench webhooks`: how fast the outbox is emptied, against a bare loop of `requests`.

The loop sends the same bodies and headers over as many parallel connections to the same receiver,
and neither reads nor writes a database.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from devtools.console import DevError, say, step
from devtools.databases import query, temporary_database
from e2e import in_odoo
from e2e.peers.webhook_receiver import Receiver

CONNECTIONS = 32  # models.webhook.run.SLOTS
SERVICES = [f"app-{number}" for number in range(10)]
EVENTS = 10_000
ROUNDS = 5
REQUIRED = 0.5  # of the bare loop
ALLOWED_LOSS = 0.1  # with one endpoint of ten hanging
ALLOWED_GROWTH = 16  # MiB

BODIES = "SELECT event_id, event_type, body FROM fusion_billing_webhook_delivery ORDER BY id"
DONE = """
SELECT count(*) FROM fusion_billing_webhook_delivery AS delivery
  JOIN fusion_billing_service AS service ON service.id = service_id
 WHERE delivery.state = 'delivered' AND code <> %s
"""


class Bench:
    """A receiver, and databases whose outboxes are full."""

    def __init__(self, receiver: Receiver, events: int = EVENTS, subscriptions: int = 500):
        self.receiver, self.events, self.subscriptions = receiver, events, subscriptions
        self.failures: list[str] = []

    def throughput(self) -> None:
        """All endpoints answer at once."""
        with temporary_database("bench_hooks", fast=False) as database:
            self.prepare(database, SERVICES, self.events)
            baseline = self.loop(database)
            with (
                step(f"{self.events:,} events by the sender"),
                in_odoo.started(database, "hooks.deliver") as sender,  # its memory is measured
            ):
                figures = in_odoo.finish(sender, 600)
            self.check_delivered(database, self.events)
        rate = self.events / figures["seconds"]
        show(f"bare loop of requests, {CONNECTIONS} connections", baseline, "events/s")
        show("the sender, claims and results committed", rate, "events/s")
        show("  of the loop", rate / baseline * 100, f"% (required: {REQUIRED:.0%})")
        show("memory after a fifth of the time", figures["early"], "MiB")
        show("memory at most", figures["most"], "MiB")
        self.require(rate / baseline >= REQUIRED, "the sender is too slow")
        self.require(figures["most"] - figures["early"] < ALLOWED_GROWTH, "memory grows")

    def hanging(self) -> None:
        """One endpoint of ten never answers: what the nine others lose.

        Rounds without and with it take turns, and the median of what each pair lost counts: what
        else the machine does disturbs some of them.
        """
        nine, events = SERVICES[:-1], self.events // ROUNDS * 9 // 10
        losses = []
        for _round in range(ROUNDS):
            alone = self.nine_take(nine, events)
            beside = self.nine_take(SERVICES, self.events // ROUNDS, hanging=SERVICES[-1])
            losses.append(1 - alone / beside)
            show("nine endpoints by themselves", events / alone, "events/s")
            show("the nine beside one that hangs", events / beside, "events/s")
        loss = statistics.median(losses)
        show("  lost, median of the rounds", loss * 100, f"% (allowed: {ALLOWED_LOSS:.0%})")
        self.require(loss <= ALLOWED_LOSS, "a hanging endpoint slows the others")

    def nine_take(self, services: list[str], events: int, hanging: str | None = None) -> float:
        """Return the seconds in which all events of the nine that answer are delivered."""
        expected = events * 9 // 10 if hanging else events
        with temporary_database("bench_hooks", fast=False) as database:
            self.prepare(database, services, events, hanging)
            with (
                step(f"{expected:,} events" + " beside a hanging endpoint" * bool(hanging)),
                in_odoo.started(database, "hooks.deliver"),
            ):
                begun = self.wait_for(database, 1, hanging)
                return self.wait_for(database, expected, hanging) - begun

    def wait_for(self, database: str, count: int, hanging: str | None) -> float:
        """Return the moment at which so many events are delivered."""
        deadline = time.perf_counter() + 600
        while query(database, DONE, (hanging or "",))[0][0] < count:
            if time.perf_counter() > deadline:
                raise DevError(f"{count} events were not delivered in ten minutes")
            time.sleep(0.1)
        return time.perf_counter()

    def prepare(self, database, services, events, hanging=None) -> None:
        with step(f"filling the outbox with {events:,} events"):
            in_odoo.call(database, "hooks.allow", ca_file=self.receiver.ca_file)
            url = self.receiver.url
            in_odoo.call(database, "hooks.point", codes=services, url=f"{url}/hook")
            if hanging:
                in_odoo.call(database, "hooks.point", codes=[hanging], url=f"{url}/hang")
            in_odoo.call(
                database,
                "hooks.fill",
                codes=services,
                events=events,
                subscriptions=self.subscriptions,
            )

    def loop(self, database: str) -> float:
        """Post all bodies with `requests` and return how many a second."""
        rows = query(database, BODIES)

        def post(row) -> None:
            event_id, event_type, body = row
            headers = {
                "Content-Type": "application/json",
                "webhook-id": event_id,
                "webhook-timestamp": "1767225600",
                "webhook-signature": f"v1,{'A' * 43}=",
                "X-Fusion-Event-Id": event_id,
                "X-Fusion-Event-Type": event_type,
                "X-Fusion-Attempt": "1",
            }
            answer = requests.post(
                f"{self.receiver.url}/hook/loop",
                body.encode(),
                headers=headers,
                verify=self.receiver.ca_file,
                timeout=15,
            )
            answer.raise_for_status()

        with step(f"{len(rows):,} events by a bare loop"), ThreadPoolExecutor(CONNECTIONS) as pool:
            begun = time.perf_counter()
            list(pool.map(post, rows))
            return len(rows) / (time.perf_counter() - begun)

    def check_delivered(self, database: str, events: int) -> None:
        [[delivered]] = query(database, DONE, ("",))
        if delivered != events:
            raise DevError(f"{delivered:,} of {events:,} events were delivered")

    def require(self, reached: bool, failure: str) -> None:
        if not reached:
            self.failures.append(failure)


def main() -> int:
    """Measure; exit status 1 if a required figure is missed."""
    with Receiver() as receiver:
        bench = Bench(receiver)
        for part in (bench.throughput, bench.hanging):
            say(f"── {part.__name__}")
            part()
    for failure in bench.failures:
        say(f"MISSED: {failure}")
    return 1 if bench.failures else 0


def show(what: str, figure: float, unit: str) -> None:
    print(f"{what:<62} {figure:>12,.1f} {unit}", flush=True)
