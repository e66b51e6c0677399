from itertools import product

from odoo.tests import tagged

from ..api_case import ApiCase
from ..subscription.lives import Lives

CHANGES = ("pause", "resume", "cancel", "change_plan")
DAYS = (None, "2026-01-09", "2026-01-20", "2026-01-21")


@tagged("post_install", "-at_install")
class TestApiTransitions(Lives, ApiCase):
    """A1: every change in every state, before, on and after each day that counts."""

    def make(self):
        order = self._own_subscription("sub-42", "2026-01-10", products=self.fee_product)
        self._use(order, 10, "2026-01-12")
        return order

    def test_every_change_in_every_state_is_done_or_refused_in_a_sentence(self):
        self.everywhere(self._change_in_every_way)

    def _change_in_every_way(self, order):
        for change, day in self.some_of(product(CHANGES, DAYS)):
            with self.subTest(change=change, day=day), self.undone():
                self._change(order, change, day)

    def _change(self, order, change, day):
        """What was done can be asked again, and the subscription is as sound as before."""
        path = f"/subscriptions/{order.id}/{change}"
        body = {"plan_code": "business"} if change == "change_plan" else {}
        if day:
            body["date"] = day
        response = self.post(path, body)
        if response.status_code == 200:
            self.assertEqual(self.post(path, body).json(), response.json())
            self.assertSound(order)
        else:
            allowed = {"invalid_state": 400, "usage_after_end": 409, "not_found": 404}
            code = response.json()["code"]
            self.assertError(response, allowed.get(code), code)


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestEveryApiTransition(TestApiTransitions):
    """All of them: what an ordinary run has no time for."""

    allow_inherited_tests_method = True
    EVERY = 1
