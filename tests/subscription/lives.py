"""Subscriptions in every state there is, to which everything is done."""

from contextlib import closing
from datetime import date
from itertools import count

from odoo.tests import freeze_time

from ...models.base.subscription_states import RUNNING

MADE = "2026-01-05 12:00:00"
BEGINS, TURNS = date(2026, 1, 10), date(2026, 1, 20)  # the first day, and that of the change
#: Before its life, on the day of the change, in a later period.
CLOCKS = ("2026-01-05", "2026-01-20", "2026-02-11")


class Lives:
    """Mixed into a case of the engine or of the API, which say how a subscription is made."""

    EVERY = 7  # acts, of which an ordinary run has time for one; primes reach all of them

    def setUp(self):
        super().setUp()
        self._turns = count()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge()
        cls.business = cls._plan("business")
        cls._charge(plan=cls.business, price_per_unit="0.5")

    def states(self):
        """What a subscription can be on: a name, and how to bring a new one there."""
        return {
            "running": lambda order: None,
            "pause planned": lambda order: order._fusion_pause(TURNS),
            "pause planned until": lambda order: order._fusion_pause(TURNS, date(2026, 1, 25)),
            "pause from the start": lambda order: order._fusion_pause(BEGINS, discard_usage=True),
            "plan planned": lambda order: order._fusion_change_plan(self.business, TURNS),
            "end planned": lambda order: order._fusion_close(TURNS),
            "pause and end planned": self._pause_and_end,
            "closed at its start": lambda order: order._fusion_close(BEGINS, discard_usage=True),
            "reopening planned": self._close_and_reopen,
            "closed and cancelled": self._close_and_cancel,
            "cancelled and a quotation again": self._cancel_and_draft,
        }

    def _pause_and_end(self, order):
        order._fusion_pause(date(2026, 1, 15))
        order._fusion_close(TURNS)

    def _close_and_reopen(self, order):
        order._fusion_close(date(2026, 1, 15))
        with freeze_time("2026-01-15"):
            order._fusion_reopen(TURNS)

    def _close_and_cancel(self, order):
        order._fusion_close(BEGINS, discard_usage=True)
        with freeze_time(BEGINS):
            self._bill()
        order._action_cancel()

    def _cancel_and_draft(self, order):
        self._close_and_cancel(order)
        order.action_draft()

    def some_of(self, acts):
        """Return those of many acts whose turn it is, one in :attr:`EVERY`, another one each time.

        So every act is tried in some states, and in every state some acts.
        """
        return [act for act in acts if next(self._turns) % self.EVERY == 0]

    def everywhere(self, check):
        """Call `check(order)` with a new subscription in each state at each clock."""
        for state, bring in self.states().items():
            for clock in CLOCKS:
                with self.subTest(state=state, clock=clock), self.undone():
                    with freeze_time(MADE):
                        order = self.make()
                        bring(order)
                    with freeze_time(f"{clock} 12:00:00"):
                        check(order)

    def undone(self):
        """A savepoint after which nothing is left."""
        return closing(self.env.cr.savepoint())

    def assertSound(self, order):
        """What the order says follows from its timeline."""
        self.env.invalidate_all()
        self.assertFalse(order.fusion_error)
        days = order.fusion_phase_ids.sorted("date_from").mapped("date_from")
        self.assertEqual(days, sorted(set(days)))
        if order.fusion_state in RUNNING:
            self.assertEqual((order.state, order.fusion_start_date), ("sale", days[0]))
            self.assertTrue(order.fusion_next_invoice_date)
