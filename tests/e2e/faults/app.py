"""Apps that push usage and sign up customers, and keep a record of what billing acknowledged.

They do as the guide tells apps to: whatever was not acknowledged is sent again, with the same
keys, until it is.
"""

import random
import threading
from collections import Counter
from datetime import date, datetime, time, timedelta, timezone

import requests

from e2e.faults.background import Background
from e2e.peers.fusion_client import BASE
from examples.request_log import instant

METRIC, PLAN, PRODUCT = "api_calls", "metered", "bench-metered"
TIMEOUT = 30  # seconds
THINK = 0.2  # seconds at most between two requests
PAUSE = 0.1  # seconds before something is sent again
MONTH = 31  # days
KNOWN = 500  # events that an app may send again


class Record:
    """What all apps know: subscriptions, acknowledged counters, and answers.

    :param dict began: first day by the subscription's external id
    """

    def __init__(self, began: dict[str, date]):
        self.began = dict(began)
        self.stored = {}  # (subscription, key): quantity
        self.answers = Counter()  # by HTTP status; 0 for none
        self.wrong = []  # answers that are no success and no 503
        self.acknowledged = 0

    def keep(self, events: list[dict]) -> None:
        """Note that counters were acknowledged."""
        for event in events:
            place = event["subscription_external_id"], event["idempotency_key"]
            self.stored[place] = event["quantity"]

    def note(self, response, allowed: tuple = ()) -> None:
        status = 0 if response is None else response.status_code
        self.answers[status] += 1
        if status not in (0, 200, 201, 503, *allowed):
            self.wrong.append(f"{status} {response.text[:300]}")


class App(Background):
    """One of them, in a thread of its own during the block.

    :param int size: of the largest batch
    """

    def __init__(self, number: int, url: str, key: str, record: Record, seed: str, size: int = 60):
        super().__init__()
        self.name, self._url, self._record, self._size = f"app-{number}", url, record, size
        self._headers = {"Authorization": f"Bearer {key}"}
        self._rng, self._count, self._mine = random.Random(f"{seed}/{number}"), 0, []

    def _run(self) -> None:
        acts = (self.push_new, self.push_again, self.sign_up)
        while not self._end.wait(THINK * self._rng.random()):
            [act] = self._rng.choices(acts, (8, 4, 4))
            act()

    # === ACTS === #

    def push_new(self) -> None:
        count = self._rng.randrange(1, self._size)
        self.push([self.new_event() for _number in range(count)])

    def push_again(self) -> None:
        """Counters that have grown, or have not."""
        few = self._rng.sample(self._mine, min(len(self._mine), self._size // 2))
        by_key = {event["idempotency_key"]: event for event in few}
        self.push([{**event, "quantity": self._quantity(event)} for event in by_key.values()])

    def sign_up(self) -> None:
        """A subscription that began some months ago: there is much to bill."""
        name, start = self.create_subscription()
        self._record.began[name] = start

    def create_subscription(self) -> tuple[str, date]:
        """Create a customer with a subscription; return its external id and its first day."""
        self._count += 1
        name = f"{self.name}-{self._count}"
        start = datetime.now(timezone.utc).date() - timedelta(self._rng.randrange(4 * MONTH))
        self._send("/customers", {"external_id": name, "name": f"Customer {name}"})
        subscription = {
            "external_customer_id": name,
            "external_id": name,
            "plan_code": PLAN,
            "start_date": f"{start}",
            "lines": [{"product_code": PRODUCT, "quantity": 1}],
        }
        if not self._send("/subscriptions", subscription):
            raise AssertionError(f"{name} was refused: {self._record.wrong[-1]}")
        return name, start

    def push(self, events: list[dict]) -> None:
        """Push until it is acknowledged."""
        if events and self._send("/usage", {"events": events}):
            self._record.keep(events)
            self._mine += events
            del self._mine[:-KNOWN]

    def push_once(self, events: list[dict]) -> None:
        """Push; if it is not acknowledged, that is left to who pushes the events again."""
        self._record.note(self._try("/usage", {"events": events}))

    def new_event(self) -> dict:
        name = self._rng.choice(list(self._record.began))
        return self.event_of(name, self._record.began[name])

    def event_of(self, name: str, start: date) -> dict:
        """An event of a subscription, from any moment since its first day."""
        self._count += 1
        first = datetime.combine(start, time(), timezone.utc)
        seconds = int((datetime.now(timezone.utc) - first).total_seconds())
        moment = first + timedelta(seconds=self._rng.randrange(max(seconds, 1)))
        return {
            "subscription_external_id": name,
            "metric_code": METRIC,
            "quantity": self._quantity(),
            "period_start": instant(moment),
            "period_end": instant(moment + timedelta(minutes=1)),
            "idempotency_key": f"{self.name}/{self._count}",
        }

    def _quantity(self, event=None) -> str:
        if event and self._rng.random() < 0.3:
            return event["quantity"]
        return f"{self._rng.randrange(500)}.{self._rng.randrange(10**6):06}"

    # === HTTP === #

    def _send(self, path: str, payload: dict) -> bool:
        """Send until there is an answer that is no 503; return whether it is a success."""
        while True:
            response = self._try(path, payload)
            self._record.note(response)
            if response is not None and response.status_code != 503:
                self._record.acknowledged += response.ok
                return response.ok
            threading.Event().wait(PAUSE * (1 + self._rng.random()))

    def _try(self, path, payload):
        try:
            return requests.post(
                self._url + BASE + path, json=payload, headers=self._headers, timeout=TIMEOUT
            )
        except requests.RequestException:
            return None
