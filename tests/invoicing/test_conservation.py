"""Whatever happens to a subscription, what was used is billed: all of it, and once."""

import random
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


@tagged("post_install", "-at_install", "histories")
class TestConservation(BillingCase):
    """R2, R6, R8, R9 and lesson 10 at once: random lives, whose bills must sum to their usage.

    Every charge costs 1 per unit and includes nothing, so the invoices of a closed subscription
    must come to the sum of the counters that were accepted, however periods were cut.
    """

    ZONES = ("UTC", "Europe/Paris", "America/New_York", "Pacific/Auckland", "Asia/Kolkata")
    STEPS = (
        "use",
        "use",
        "use",
        "use",
        "correct",
        "rate",
        "bill",
        "pause",
        "resume",
        "plan",
        "skip",
        "delete",
    )

    def setUp(self):
        super().setUp()
        self.plans = [
            self._plan("monthly"),
            self._plan("also"),
            self._plan("draft", invoice_mode="draft"),
            self._plan("arrears", fee_timing="arrears"),
            self._plan("held", draft_hours=72),
        ]
        for plan in self.plans:
            self._charge(plan=plan)

    def _live(self, seed):
        """Live a random life; return the subscription and the quantity of each counter."""
        self.random = random.Random(seed)
        self.company.fusion_billing_tz = self.random.choice(self.ZONES)
        self.now = datetime(2026, 1, self.random.randrange(1, 32), self.random.randrange(24))
        self.counters = {}
        with freeze_time(self.now):
            self.subscription = self._subscribe(start=False, plan=self.random.choice(self.plans))
        for _step in range(25):
            self.now += timedelta(hours=self.random.randrange(240))
            with freeze_time(self.now):
                self._step(self.random.choice(self.STEPS))
        with freeze_time(self.now):
            if self.subscription._fusion_is_running():
                self.subscription._fusion_close()
            self._step("correct")
            self._rate()
            self._bill()

    def _step(self, name):
        # What is refused with a sentence changes nothing.
        with suppress(UserError), self.env.cr.savepoint():
            getattr(self, f"_step_{name}")()

    def _step_use(self):
        """A counter from the last forty days, as late as it may be."""
        start = self.now - timedelta(hours=self.random.randrange(-20, 960))
        if self.subscription._fusion_covers(start):
            self._push(f"key-{len(self.counters)}", start)

    def _step_correct(self):
        if self.counters:
            key = self.random.choice(list(self.counters))
            self._push(key, self.counters[key][0])

    def _push(self, key, start):
        if not self.subscription._fusion_covers(start):
            return
        quantity = Decimal(self.random.randrange(100000)) / 100
        self._ingest(
            self._event(self.subscription, quantity, start.isoformat(), idempotency_key=key)
        )
        self.counters[key] = (start, quantity)

    def _step_rate(self):
        self._rate()

    def _step_bill(self):
        self._bill()

    def _step_pause(self):
        self.subscription._fusion_pause()

    def _step_resume(self):
        self.subscription._fusion_resume()

    def _step_plan(self):
        self.subscription._fusion_change_plan(self.random.choice(self.plans))

    def _step_skip(self):
        self.now += timedelta(days=self.random.randrange(70))

    def _step_delete(self):
        """Staff delete the drafts of a running subscription."""
        if self.subscription._fusion_is_running():
            self.subscription.invoice_ids.filtered(lambda move: move.state == "draft").unlink()

    def _assert_conserved(self, seed):
        subscription = self.subscription
        self.assertFalse(subscription.fusion_error, f"seed {seed}")
        used = sum(quantity for _start, quantity in self.counters.values())
        billed = sum(
            Decimal(str(invoice.amount_untaxed_signed)) for invoice in subscription.invoice_ids
        )
        self.assertEqual(billed, used, f"seed {seed}")
        exact = subscription.fusion_rating_ids._read_exact(["billable_quantity"])
        rated = sum(row["billable_quantity"] for row in exact.values())
        self.assertEqual(rated, used, f"seed {seed}")

    def test_what_was_used_is_billed_once_whatever_happens(self):
        for seed in range(8):
            savepoint = self.env.cr.savepoint()
            self._live(seed)
            self._assert_conserved(seed)
            savepoint.close(rollback=True)
            self.env.invalidate_all()
