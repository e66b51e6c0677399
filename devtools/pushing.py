"""How the sample app pushes its counters to billing."""

import contextlib
import threading
from collections import Counter as Tally

import requests

from devtools.fusion_client import FusionClient, Refused
from devtools.metering import Meter

BATCH = 250
PAUSE = 0.5
RESEND_EVERY = 5


class Pusher:
    """Pushes the counters that changed, now and then in the background or at once.

    A counter is pushed again, under the same idempotency key, when it has grown. A batch that was
    refused, or not answered, stays to be pushed: billing counts it once however often it comes.
    Every fifth batch is sent a second time, as after a time-out.
    """

    def __init__(self, fusion: FusionClient, meter: Meter):
        self._fusion, self._meter = fusion, meter
        self._lock = threading.Lock()
        self._tally = Tally()
        self._error = None
        self._end = threading.Event()

    def push(self) -> None:
        """Push until nothing is left.

        :raise Refused: billing says that a batch is wrong
        :raise requests.RequestException: billing does not answer
        """
        with self._lock:
            while batch := self._meter.changed(BATCH):
                self._send(batch)
                self._meter.pushed(batch)

    def _send(self, batch: dict) -> None:
        payload = {"events": [counter.event(quantity) for counter, quantity in batch.items()]}
        answer = self._fusion.post("/usage", payload)
        self._tally.update({name: answer[name] for name in ("inserted", "updated", "unchanged")})
        self._tally["batches"] += 1
        if self._tally["batches"] % RESEND_EVERY == 0:
            self._resend(payload)

    def _resend(self, payload: dict) -> None:
        answer = self._fusion.post("/usage", payload)
        self._tally["resent"] += len(payload["events"])
        self._tally["resent_unchanged"] += answer["unchanged"]

    def status(self) -> dict:
        """How many counters billing took, and how; the last failure of the background."""
        names = ("batches", "inserted", "updated", "unchanged", "resent", "resent_unchanged")
        return {"pushed": {name: self._tally[name] for name in names}, "error": self._error}

    @contextlib.contextmanager
    def running(self):
        """Push in the background during the block; a failure is shown and tried again."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _run(self) -> None:
        while not self._end.wait(PAUSE):
            try:
                self.push()
                self._error = None
            except (Refused, requests.RequestException) as error:
                self._error = str(error)
