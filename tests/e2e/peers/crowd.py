"""The demo's crowd: people who really call the sample app, each in a thread of its own."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

THINK_SECONDS = 0.04


class Crowd:
    """A bounded number of clients.

    :param str url: of the sample app
    :param list shares: (account as sign-up answered it, how large its share of the calls is)
    :param int limit: calls that no client goes beyond
    """

    def __init__(self, url: str, shares: list, clients: int = 8, limit: int = 1000):
        self._url, self._clients, self._limit = url, clients, limit
        self._accounts = [account for account, _share in shares]
        self._weights = [share for _account, share in shares]
        self._gone = threading.Event()

    def call_until(self, end: str) -> int:
        """Call until the app's own clock shows `end`.

        :return: how many calls were made
        """
        with ThreadPoolExecutor(self._clients) as pool:
            jobs = [pool.submit(self._client, number, end) for number in range(self._clients)]
            try:
                return sum(job.result() for job in jobs)
            finally:
                self._gone.set()

    def _client(self, number: int, end: str) -> int:
        chance = random.Random(number)
        with requests.Session() as session:
            for calls in range(1, self._limit + 1):
                shown = session.get(**self._request(chance), timeout=30).headers["X-Clock"]
                if shown >= end or self._gone.wait(THINK_SECONDS * chance.random()):
                    return calls
        return self._limit

    def _request(self, chance: random.Random) -> dict:
        """Mostly a tile or a place; now and then a wrong path or token, which nobody pays."""
        [account] = chance.choices(self._accounts, self._weights)
        token = account["token"] if chance.random() > 0.02 else "wrong"
        user = f"user-{int(chance.triangular(0, 9, 0))}" if chance.random() > 0.1 else None
        return {
            "url": self._url + self._target(chance),
            "headers": {"Authorization": f"Bearer {token}", **({"X-User": user} if user else {})},
        }

    def _target(self, chance: random.Random) -> str:
        kind = chance.random()
        if kind < 0.03:
            return "/v1/globe"
        if kind < 0.2:
            return f"/v1/geocode?q=place-{chance.randrange(1000)}"
        return f"/v1/tiles/{chance.randrange(18)}/{chance.randrange(999)}/{chance.randrange(999)}"
