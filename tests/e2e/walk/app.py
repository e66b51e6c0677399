"""The app of a walk: it pushes counters and changes its subscriptions, and keeps account."""

from datetime import timedelta
from decimal import Decimal
from random import Random

import requests

from devtools.clock import SharedClock
from e2e.peers.fusion_client import BASE
from examples.request_log import instant

#: What the app may be told: no 401, no 404, and never a 500.
UNDERSTOOD = {200, 201, 400, 409, 503}
QUANTITIES = ("0", "1", "7", "12.5", "101", "0.333333", "2500.000001")


class App:
    """:param world: what `e2e.in_odoo.walk.prepare` made
    :param name: of this one of several processes of the app; its counters are its own
    """

    def __init__(self, url: str, world: dict, clock: SharedClock, rng: Random, name: str):
        self._url, self._world, self._clock, self._rng = url + BASE, world, clock, rng
        self.name, self.accepted, self.problems = name, {}, []
        self._headers = {"Authorization": f"Bearer {world['key']}"}

    def act(self) -> None:
        acts = (self.push, self.push, self.push, self.look, self.pause, self.resume, self.change)
        self._rng.choice((*acts, self.cancel, self.subscribe))()

    def push(self) -> None:
        """Push counters of some subscriptions, late ones and corrections too, all or none."""
        names = self._rng.sample(self._world["names"], self._rng.choice((1, 1, 3)))
        events = [self._event(name) for name in names]
        if self._ask("POST", "/usage", {"events": events}) == 200:
            for event in events:
                key = event["subscription_external_id"], event["idempotency_key"]
                self.accepted[key] = Decimal(event["quantity"])

    def _event(self, name: str) -> dict:
        start = self._clock.now() - timedelta(hours=self._rng.randrange(24 * 50))
        return {
            "subscription_external_id": name,
            "metric_code": self._world["metric"],
            "quantity": self._rng.choice(QUANTITIES),
            "period_start": instant(start),
            "period_end": instant(start + timedelta(hours=1)),
            "idempotency_key": f"{self.name}-{self._rng.randrange(20)}",
        }

    def look(self) -> None:
        path = self._rng.choice(("", "/usage"))
        self._ask("GET", f"/subscriptions/{self._subscription()}{path}")

    def pause(self) -> None:
        self._change("pause", date=self._day(), discard_usage=self._rng.random() < 0.5)

    def resume(self) -> None:
        self._change("resume", date=self._day())

    def change(self) -> None:
        self._change("change_plan", date=self._day(), plan_code=self._plan())

    def cancel(self) -> None:
        if self._rng.random() < 0.3:
            self._change("cancel", date=self._day(), discard_usage=self._rng.random() < 0.5)

    def subscribe(self) -> None:
        """One more subscription of a customer; nothing is pushed for it."""
        customer = self._rng.choice(self._world["names"])
        body = {"external_customer_id": customer, "plan_code": self._plan()}
        self._ask("POST", "/subscriptions", body)

    # === HELPERS === #

    def _change(self, verb: str, **body) -> None:
        self._ask("POST", f"/subscriptions/{self._subscription()}/{verb}", body)

    def _ask(self, verb: str, path: str, body: dict | None = None) -> int:
        answer = requests.request(
            verb, self._url + path, headers=self._headers, json=body, timeout=120
        )
        if answer.status_code not in UNDERSTOOD:
            self.problems.append(f"{self.name}: {verb} {path} {body}: {answer.text[:300]}")
        return answer.status_code

    def _subscription(self) -> int:
        return self._rng.choice(self._world["subscription_ids"])

    def _plan(self) -> str:
        return self._rng.choice(self._world["plans"])

    def _day(self) -> str | None:
        day = self._clock.now() + timedelta(days=self._rng.randrange(-25, 25))
        return self._rng.choice((None, f"{day:%Y-%m-%d}"))
