"""Raw requests of every kind: each is answered as the guide says, and nothing is broken by them."""

import requests

from e2e import in_odoo
from e2e.fuzz.corpus import CORPUS
from e2e.fuzz.effects import Watch
from e2e.fuzz.strangers import NOBODY, probes
from e2e.fuzz_case import FuzzCase
from e2e.peers.fusion_client import BASE

REQUESTS, WATCHED = 400, 80


class TestFuzz(FuzzCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_world()

    def test_the_fuzzer_knows_every_endpoint(self):
        """A new endpoint needs a good request in `e2e.fuzz.corpus`."""
        self.assertEqual(in_odoo.call(self.database, "fuzz.endpoints"), sorted(CORPUS))

    def test_what_is_anothers_is_as_what_does_not_exist(self):
        """U1: in each place of the API that takes an id, nobody learns what another app has."""
        self.enterContext(self.serving(workers=0))
        mine = {
            "name": self.world["names"][0],
            "subscription": str(self.world["subscription_ids"][0]),
            "event": self.world["event_ids"][0],
            "reconciliation": str(self.world["reconciliation_ids"][0]),
            "item": "1",
            "change": "plan-1",
            "invoice": str(self.world["invoice_ids"][0]),
            "key": str(self.world["key_ids"][0]),
        }
        with Watch(self.database) as watch:
            before = watch.digest()
            for theirs, nothing in zip(probes(mine), probes(NOBODY), strict=True):
                with self.subTest(theirs[:2]):
                    told = self.ask_as_other(theirs, mine)
                    self.assertIn(told[0], (400, 404))
                    self.assertEqual(told, self.ask_as_other(nothing, NOBODY))
            self.assertEqual(watch.digest(), before)

    def ask_as_other(self, probe, names):
        """Return status and words of an answer to the other service, with the ids left out."""
        verb, path, body = probe
        headers = {"Authorization": f"Bearer {self.world['other']['key']}"}
        url = self.server.url + BASE + path
        answer = requests.request(verb, url, headers=headers, json=body, timeout=60)
        text = answer.text.replace(answer.headers["X-Request-Id"], "-")
        for name in names.values():
            text = text.replace(repr(name), "-").replace(f"{name}", "-")
        return answer.status_code, text

    def test_400_requests_to_two_workers_are_answered_and_break_nothing(self):
        """A1, U2, U4."""
        with self.serving(workers=2):
            self.fuzz(seed=1, requests=REQUESTS, watched=WATCHED)
        self.assert_books_are_right()

    def test_400_requests_to_a_server_of_threads_are_answered_and_break_nothing(self):
        """A1, U2, U4."""
        with self.serving(workers=0):
            self.fuzz(seed=2, requests=REQUESTS, watched=WATCHED)
        self.assert_books_are_right()
