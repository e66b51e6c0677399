"""Staff who change subscriptions and documents all day, and an app that lets customers leave."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from devtools.databases import query
from e2e.faults.app import App
from e2e.faults.background import Background
from e2e.faults.billing import today
from e2e.staff import Refused, Staff

#: What API and forms say when somebody else was faster, or a rule forbids what was asked for.
REFUSED = (400, 409)
REFUSALS = ("odoo.exceptions.UserError", "odoo.exceptions.ValidationError")


class Clerk(Background):
    """A member of staff, in a thread of its own during the block.

    :param list orders: ids of the subscriptions that all of them work on
    :param list plans: ids of those that a subscription may be on
    """

    def __init__(self, billing, orders: list[int], plans: list[int], number: int):
        super().__init__()
        self._staff = Staff(billing.service.url, billing.database)
        self._database, self._orders, self._plans = billing.database, orders, plans
        self._rng = random.Random(f"{billing.seed}/clerk/{number}")
        self.acts, self.refused, self.wrong = Counter(), Counter(), []

    def _run(self) -> None:
        acts = (
            self.change_plan,
            self.change_item,
            self.add_counter,
            self.edit_counter,
            self.credit,
            self.waive,
            self.cancel,
            self.reset_and_post,
            self.invoice_now,
        )
        while not self._end.is_set():
            act = self._rng.choice(acts)
            try:
                act()
                self.acts[act.__name__] += 1
            except Refused as error:
                self.refused[act.__name__] += 1
                if error.name not in REFUSALS:
                    self.wrong.append(f"{act.__name__}: {error.name}: {error}")

    def _any(self, statement: str, *parameters):
        """One of the ids that a statement finds, or None."""
        found = query(self._database, statement, parameters)
        return self._rng.choice(found)[0] if found else None

    def _do(self, model: str, values: dict, button: str, **context) -> None:
        """Fill in a dialog and press its button."""
        dialog = self._staff.call(model, "create", [values], context=context)
        self._staff.press(model, dialog, button)

    # === SUBSCRIPTIONS === #

    def change_plan(self):
        values = {
            "subscription_id": self._rng.choice(self._orders),
            "plan_id": self._rng.choice(self._plans),
            "date": f"{today() - timedelta(self._rng.randrange(40))}",
        }
        self._do("fusion.billing.change.plan.wizard", values, "action_change_plan")

    def change_item(self):
        order = self._rng.choice(self._orders)
        values = {
            "subscription_id": order,
            "operation": "change",
            "order_line_id": self._any(FEE_LINES, order),
            "quantity": self._rng.randrange(1, 9),
        }
        self._do("fusion.billing.item.wizard", values, "action_confirm")

    def invoice_now(self):
        order = self._rng.choice(self._orders)
        self._staff.invoice_now(order)

    # === COUNTERS === #

    def add_counter(self):
        day = today() - timedelta(self._rng.randrange(1, 60))
        values = {
            "subscription_id": self._rng.choice(self._orders),
            "metric_id": self._any("SELECT id FROM fusion_billing_metric"),
            "period_start": f"{day} 10:00:00",
            "period_end": f"{day} 11:00:00",
            "quantity": self._rng.randrange(1000),
        }
        self._staff.call("fusion.billing.usage", "create", [values])

    def edit_counter(self):
        if usage := self._any("SELECT id FROM fusion_billing_usage WHERE source = 'manual'"):
            values = {"quantity": self._rng.randrange(1000) / 8}
            self._staff.call("fusion.billing.usage", "write", [[usage], values])

    # === DOCUMENTS === #

    def _posted(self):
        return self._any(POSTED, self._orders)

    def credit(self):
        if move := self._posted():
            values = {"journal_id": self._any(JOURNAL, move), "reason": "together"}
            context = {"active_model": "account.move", "active_ids": [move]}
            self._do("account.move.reversal", values, "refund_moves", **context)

    def cancel(self):
        if move := self._posted():
            self._staff.press("account.move", move, "button_draft")
            self._staff.press("account.move", move, "button_cancel")

    def reset_and_post(self):
        if move := self._posted():
            self._staff.press("account.move", move, "button_draft")
            self._staff.press("account.move", move, "action_post")

    def waive(self):
        if rating := self._any(DUE, self._orders):
            values = {"rating_ids": [[6, 0, [rating]]], "reason": "together"}
            self._do("fusion.billing.waive.wizard", values, "action_waive")


class Leaver(App):
    """Signs customers up, and ends their subscriptions while it still pushes what they used.

    Usage that comes after the end is refused, or the end that comes before the usage is (U5).
    """

    def __init__(self, billing, number: int):
        super().__init__(number, billing.service.url, billing.key, billing.record, billing.seed)
        self.database = billing.database

    def _run(self):
        with ThreadPoolExecutor(2) as pool:
            while not self._end.is_set():
                name, start = self.create_subscription()
                events = [self.event_of(name, start) for _number in range(20)]
                self.push(events[:10])
                [[order]] = query(self.database, ORDER, (name,))
                end = {"discard_usage": self._rng.random() < 0.5}
                pushed = pool.submit(self._try, "/usage", {"events": events[10:]})
                ended = pool.submit(self._try, f"/subscriptions/{order}/cancel", end)
                for answer in (pushed.result(), ended.result()):
                    self._record.note(answer, REFUSED)
                if pushed.result() is not None and pushed.result().ok:
                    self._record.keep(events[10:])


ORDER = "SELECT id FROM sale_order WHERE fusion_external_id = %s"

FEE_LINES = """
SELECT line.id FROM sale_order_line AS line
 WHERE line.order_id = %s
   AND EXISTS (SELECT FROM fusion_billing_item WHERE order_line_id = line.id)
"""

POSTED = """
SELECT DISTINCT move.id FROM account_move AS move
  JOIN account_move_line AS line ON line.move_id = move.id
  JOIN fusion_billing_rating AS rating ON rating.id = line.fusion_rating_id
 WHERE move.state = 'posted' AND move.move_type = 'out_invoice'
   AND rating.subscription_id = ANY(%s)
"""
JOURNAL = "SELECT journal_id FROM account_move WHERE id = %s"

DUE = """
SELECT id FROM fusion_billing_rating
 WHERE subscription_id = ANY(%s) AND amount - settled - waived > 0
"""
