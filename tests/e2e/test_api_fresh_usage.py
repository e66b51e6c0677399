"""What was pushed is in the next answer, however many push and ask at the same moment."""

import threading
from decimal import Decimal

from e2e.api_case import ApiServerCase

CLIENTS, ROUNDS = 4, 15


def setUpModule():
    ApiServerCase.start(workers=CLIENTS)


class TestFreshUsage(ApiServerCase):
    def setUp(self):
        super().setUp()
        self.pushed, self.counting = 0, threading.Lock()

    def test_an_answer_holds_what_anybody_had_pushed_before_it_was_asked_for(self):
        """Four clients on one subscription: whoever finds another one at it is not told less."""
        path = f"/subscriptions/{self._subscription_id()}/usage"
        late = [
            answer
            for answers in self.at_once(
                *(lambda n=number: self._push_and_ask(path, n) for number in range(CLIENTS))
            )
            for answer in answers
        ]
        self.assertEqual(len(late), CLIENTS * ROUNDS)
        self.assertEqual([one for one in late if one[0] < one[1]], [])
        [charge] = self.send("GET", path).json()["charges"]
        self.assertEqual(Decimal(charge["quantity"]), CLIENTS * ROUNDS)
        self.assertQuietLog()

    def _push_and_ask(self, path, client):
        """Return pairs of the quantity in an answer, and how much was pushed before."""
        answers = []
        for number in range(ROUNDS):
            self.assertEqual(self.push([self.event(f"{client}-{number}")]).status_code, 200)
            with self.counting:
                self.pushed += 1
                floor = self.pushed
            response = self.send("GET", path)
            self.assertEqual(response.status_code, 200, response.text)
            answer = response.json()
            self.assertIs(answer["fresh"], True)
            answers.append((Decimal(answer["charges"][0]["quantity"]), floor))
        return answers

    def _subscription_id(self):
        return self.send("GET", "/subscriptions").json()["subscriptions"][0]["subscription_id"]
