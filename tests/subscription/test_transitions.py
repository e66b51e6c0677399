from datetime import date
from itertools import product

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..common import BillingCase
from .lives import Lives

DAYS = (None, date(2026, 1, 9), date(2026, 1, 21))
BUTTONS = (
    "action_fusion_resume",
    "action_fusion_keep_open",
    "action_fusion_invoice_now",
    "action_confirm",
    "action_draft",
    "action_lock",
    "action_unlock",
    "_action_cancel",
    "copy",
    "unlink",
)
DIALOGS = (
    ("pause", "date", "action_pause"),
    ("close", "last_day", "action_close"),
    ("reopen", "date", "action_reopen"),
    ("change.plan", "date", "action_change_plan"),
    ("item", "date", "action_confirm"),
)


@tagged("post_install", "-at_install")
class TestTransitions(Lives, BillingCase):
    """Every button and dialog in every state, before, on and after each day that counts."""

    def make(self):
        order = self._subscribe("2026-01-10", self.fee_product | self.setup_product)
        self._use(order, 10, "2026-01-12")
        return order

    def test_every_button_in_every_state_does_its_work_or_says_why_not(self):
        self.everywhere(self._press_everything)

    def test_every_dialog_in_every_state_does_its_work_or_says_why_not(self):
        if self.EVERY > 1:
            self.EVERY = 23  # a dialog shows what it comes to, which takes its time
        self.everywhere(self._answer_everything)

    def _press_everything(self, order):
        for button in self.some_of(BUTTONS):
            with self.subTest(button=button), self.undone():
                self._try(order, getattr(order, button))
        for phase in order.fusion_phase_ids:
            with self.subTest(taken_back=phase.date_from), self.undone():
                self._try(order, phase.action_take_back)

    def _answer_everything(self, order):
        for (dialog, field, answer), day in self.some_of(product(DIALOGS, DAYS)):
            with self.subTest(dialog=dialog, day=day), self.undone():
                args = dialog, field, answer, day
                self._try(order, lambda args=args: self._answer(order, *args))

    def _answer(self, order, dialog, field, answer, day):
        wizards = self.env[f"fusion.billing.{dialog}.wizard"]
        form = Form(wizards.with_context(default_subscription_id=order.id))
        if day:
            form[field] = day
        if dialog == "change.plan":
            form.plan_id = self.business
        getattr(form.save(), answer)()

    def _try(self, order, act):
        """Done, the subscription can be rated and billed; or refused in a sentence."""
        try:
            with self.env.cr.savepoint():
                act()
        except UserError as error:
            self.assertRegex(str(error), r"\.$")
            return
        if order.exists():
            self._rate()
            self._bill()
            self.assertSound(order)


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestEveryTransition(TestTransitions):
    """All of them: what an ordinary run has no time for."""

    allow_inherited_tests_method = True
    EVERY = 1
