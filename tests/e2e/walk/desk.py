"""Staff of a walk: they press the buttons of the web client, over its own RPC."""

from datetime import timedelta
from random import Random

from devtools.clock import SharedClock
from e2e.staff import Refused, Staff

#: Refusals that are sentences for people, and a database that is too busy.
POLITE = (
    "odoo.exceptions.UserError", "odoo.exceptions.ValidationError",
    "odoo.exceptions.MissingError", "odoo.exceptions.RedirectWarning",
    "odoo.exceptions.ConcurrencyError", "odoo.exceptions.LockError",
    "psycopg2.errors.SerializationFailure", "psycopg2.errors.DeadlockDetected",
    "psycopg2.errors.LockNotAvailable",
)  # fmt: skip
LEDGER = [("invoice_line_ids.fusion_rating_id", "!=", False)]


class Desk:
    """One member of staff, who remembers nothing."""

    def __init__(self, staff: Staff, world: dict, clock: SharedClock, rng: Random, name: str):
        self._staff, self._world, self._clock, self._rng = staff, world, clock, rng
        self.name, self.refused, self.problems = name, 0, []

    def act(self) -> None:
        """Do something, and take a refusal."""
        act = self._rng.choice(
            (self.pause, self.close, self.reopen, self.change_plan, self.add_fee, self.change_fee,
             self.press, self.press, self.waive, self.waive, self.waive_document, self.correct,
             self.delete_counter, self.price, self.document, self.document, self.document,
             self.credit, self.replace, self.pay)
        )  # fmt: skip
        try:
            act()
        except Refused as error:
            self.refused += 1
            if error.name not in POLITE:
                self.problems.append(f"{self.name}: {act.__name__}: {error.name}: {error}")

    # === SUBSCRIPTIONS === #

    def pause(self):
        values = {"date": self._day(), "until": self._rng.choice((False, self._day(ahead=60)))}
        self._dialog("pause", "action_pause", **values, **self._discard())

    def close(self):
        if self._rng.random() < 0.4:
            self._dialog("close", "action_close", end_date=self._day(), **self._discard())

    def reopen(self):
        self._dialog("reopen", "action_reopen", date=self._day())

    def change_plan(self):
        plan = self._rng.choice(self._world["plan_ids"])
        day = self._rng.choice((False, self._day()))
        self._dialog("change.plan", "action_change_plan", plan_id=plan, date=day)

    def add_fee(self):
        fee = {"product_id": self._world["product_id"], "quantity": self._rng.choice((1, 3))}
        self._dialog("item", "action_confirm", operation="add", date=self._day(), **fee)

    def change_fee(self):
        """Another quantity or price of a fee, or its end, from a day on."""
        order = self._subscription()
        line = self._any(
            "sale.order.line", ("order_id", "=", order), ("fusion_item_ids", "!=", False)
        )
        if line:
            terms = self._rng.choice(({"quantity": 2}, {"price_unit": 3.335}, {"discount": 10}))
            values = {"order_line_id": line, "date": self._day(), **terms}
            operation = self._rng.choice(("change", "change", "end"))
            self._dialog("item", "action_confirm", order, operation=operation, **values)

    def press(self):
        button = self._rng.choice(
            ("action_fusion_resume", "action_fusion_keep_open", "action_fusion_invoice_now")
        )
        if button == "action_fusion_invoice_now":
            self._staff.invoice_now(self._subscription())
        else:
            self._staff.press("sale.order", self._subscription(), button)

    # === LEDGER AND CATALOGUE === #

    def waive(self):
        row = self._any("fusion.billing.rating", ("due", ">", 0))
        waived = self._any("fusion.billing.rating", ("waived", "!=", 0))
        if row and self._rng.random() < 0.6:
            self._confirm("waive", "action_waive", rating_ids=[[6, 0, [row]]], reason="walk")
        elif waived:
            self._staff.press("fusion.billing.rating", waived, "action_fusion_take_back_waiver")

    def waive_document(self):
        move = self._document("draft", "posted")
        if move:
            self._confirm("waive", "action_waive", move_id=move, reason="walk")

    def correct(self):
        """A counter is corrected by hand: one that the app does not correct itself."""
        counter = self._any("fusion.billing.usage", ("idempotency_key", "=", "desk"))
        if counter:
            values = {"quantity": self._rng.choice((0, 3, 77.25))}
            self._staff.call("fusion.billing.usage", "write", [[counter], values])

    def delete_counter(self):
        counter = self._any("fusion.billing.usage", ("idempotency_key", "=", "desk"))
        if counter and self._rng.random() < 0.3:
            self._staff.call("fusion.billing.usage", "unlink", [[counter]])

    def price(self):
        """A charge gets another price from today, or from a day on."""
        charge = self._any("fusion.billing.charge", ("plan_id", "!=", False))
        terms = {"price_per_unit": self._rng.choice((0.5, 0.0125, 2))}
        if self._rng.random() < 0.5:
            terms = {"version_ids": [[0, 0, {**terms, "valid_from": self._day()}]]}
        self._staff.call("fusion.billing.charge", "write", [[charge], terms])

    # === DOCUMENTS === #

    def document(self):
        """Reset, cancel or post one, as its state allows."""
        move = self._document("draft", "posted", "cancel")
        if move:
            button = self._rng.choice(("button_draft", "button_cancel", "action_post"))
            self._staff.press("account.move", move, button)

    def credit(self):
        self._reverse("refund_moves")

    def replace(self):
        self._reverse("modify_moves")

    def _reverse(self, button: str):
        wizard, move = "account.move.reversal", self._document("posted", kinds=["out_invoice"])
        if move:
            [facts] = self._staff.call("account.move", "read", [[move], ["journal_id"]])
            values = {"reason": "walk", "journal_id": facts["journal_id"][0]}
            self._confirm_on(move, wizard, button, values)

    def pay(self):
        """A customer's payment is registered."""
        move = self._document("posted", kinds=["out_invoice"])
        if move:
            self._confirm_on(move, "account.payment.register", "action_create_payments", {})

    def _confirm_on(self, move: int, wizard: str, button: str, values: dict):
        context = {"active_model": "account.move", "active_ids": [move]}
        made = self._staff.call(wizard, "create", [[values]], context=context)
        self._staff.call(wizard, button, [made], context=context)

    # === HELPERS === #

    def _dialog(self, name: str, button: str, order: int = 0, **values):
        self._confirm(name, button, subscription_id=order or self._subscription(), **values)

    def _confirm(self, name: str, button: str, **values):
        wizard = f"fusion.billing.{name}.wizard"
        [made] = self._staff.call(wizard, "create", [[values]])
        self._staff.press(wizard, made, button)

    def _subscription(self) -> int:
        return self._rng.choice(self._world["subscription_ids"])

    def _document(self, *states: str, kinds=("out_invoice", "out_refund")) -> int | None:
        domain = [("state", "in", states), ("move_type", "in", kinds), *LEDGER]
        return self._any("account.move", *domain)

    def _any(self, model: str, *domain: tuple) -> int | None:
        found = self._staff.call(model, "search", [domain], limit=60, order="id desc")
        return self._rng.choice(found) if found else None

    def _day(self, ahead: int = 25) -> str:
        days = self._rng.choice((0, 1, self._rng.randrange(-25, ahead)))
        return f"{self._clock.now() + timedelta(days=days):%Y-%m-%d}"

    def _discard(self) -> dict:
        return {"discard_usage": self._rng.random() < 0.5}
