"""A customer who lives twice, day by day: in Odoo and in `dunning_model`."""

from datetime import date, timedelta
from decimal import Decimal

from odoo.tests import freeze_time

from . import dunning_model as model
from .collection_case import ATTEMPT
from .dunning_case import CASE

DAY = timedelta(days=1)
BEGAN = date(2026, 1, 1)
ACTIONS = ("retry", "retry", "tell", "mail", "mail", "remind", "pause", "pause")
SOFT, HARD = "insufficient_funds", "Your card was reported stolen (stolen_card)."
#: What may happen on a day, and how often compared with the others.
HAPPENS = {
    "pays_in_full": 6,
    "pays_in_part": 4,
    "payment_is_taken_back": 3,
    "credit_note": 2,
    "charged_after_all": 1,
    "saves_a_card": 4,
    "removes_a_card": 2,
    "chooses_a_card": 1,
    "disputes": 2,
    "dispute_is_settled": 3,
    "promises": 2,
    "exemption": 1,
    "collects": 1,
    "step_is_added": 2,
    "step_is_removed": 1,
    "step_is_moved": 2,
    "fees_in_pauses": 1,
    "address_is_lost_or_found": 1,
    "staff_resume": 1,
    "customer_pauses": 1,
    "invoice_is_cancelled": 1,
}


def cents(number):
    return Decimal(f"{number:.2f}")


class World:
    """Two subscriptions of a customer, on a plan of 49 a month.

    :param DunningCase case: gives records
    :param random.Random rng: decides everything
    """

    def __init__(self, case, rng):
        self.test, self.env, self.rng, self.today = case, case.env, rng, BEGAN
        self.partner = case.partner.with_company(case.company)
        self.log, self.payments, self.credited = [], {}, set()
        with freeze_time(self.today):
            self._begin()

    def _begin(self):
        rng, case = self.rng, self.test
        case.plan.collects = rng.random() < 0.8
        self._choose_term()
        starts = [self.today, self.today + rng.randrange(28) * DAY]
        self.orders = case.env["sale.order"].browse(
            case._subscribe(start, case.fee_product).id for start in starts
        )
        self.twin = model.Customer(self.today, self.orders.ids, case.plan.collects)
        self.twin.cards.append(model.Card(case.token.id))
        self.steps = {}
        for _step in range(rng.randrange(2, 7)):
            self._step_is_added()
        if rng.random() < 0.2:
            self._add_step("close", rng.randrange(40, 100))

    def _choose_term(self):
        days = self.rng.choice((0, 0, 10, 30))
        term = self.env["account.payment.term"].create(
            {"name": f"{days} days", "line_ids": [(0, 0, {"nb_days": days})]}
        )
        self.partner.property_payment_term_id = term

    # === A DAY === #

    def live(self):
        """A day goes by: people do something, and the runs run, or not, or twice."""
        self.twin.today = self.today
        with freeze_time(f"{self.today} 12:00:00"):
            self._hear()
            for _time in range(self.rng.choice((0, 0, 0, 1, 1, 2))):
                self._happen(self.rng.choices([*HAPPENS], [*HAPPENS.values()])[0])
            for name in self._runs():
                getattr(self, f"_run_{name}")()
            if self.rng.random() < 0.2:
                self._hear()
            self.env.flush_all()
            self.env.invalidate_all()
            return self.observe(), self.expect()

    def _happen(self, name):
        said = getattr(self, f"_{name}")()
        self.env.flush_all()
        self.log.append(f"{self.today}: {name}{said or ''}")

    def _runs(self):
        """The runs of a day: mostly all, once or twice; sometimes some or none of them."""
        every = ["bill", "collect", "dun", "collect"]
        kind = self.rng.random()
        if kind < 0.12:
            return []
        if kind < 0.24:
            return self.rng.sample(every, self.rng.randrange(1, 5))
        return every * 2 if kind < 0.34 else every

    def _run_bill(self):
        self.test._bill()
        known = {invoice.id for invoice in self.twin.invoices}
        for move in self.orders.invoice_ids.sorted("id"):
            if move.id not in known and move.move_type == "out_invoice" and move.state == "posted":
                self.twin.invoices.append(self._twin_of(move))

    def _twin_of(self, move):
        return model.Invoice(
            move.id,
            move._fusion_subscription().id,
            move.invoice_date,
            move.invoice_date_due,
            cents(move.amount_total),
        )

    def _run_collect(self):
        self.test._collect()
        self.twin.collect()

    def _run_dun(self):
        self.test._run_cron("ir_cron_dun")
        self.env.invalidate_all()
        self.twin.dun()

    # === WHAT IS COMPARED === #

    def observe(self):
        """What Odoo says."""
        cases = self.env[CASE].search([("partner_id", "=", self.partner.id)], order="id")
        attempts = self.env[ATTEMPT].search([("partner_id", "=", self.partner.id)], order="id")
        case = cases.filtered(lambda one: not one.closed_on)
        invoices = self._moves(self.twin.invoices)
        return {
            "cases": [self._observe_case(one) for one in cases],
            "overdue": cents(case.amount_overdue),
            "late": case.late_invoice_ids.ids,
            "next": case.next_on or None,
            "attempts": [(one.invoice_id.id, cents(one.amount), one.state) for one in attempts],
            "left": {
                move.id: cents(move.amount_residual) for move in invoices if move.state == "posted"
            },
            "states": {order.id: self._states(order) for order in self.orders},
            "mails": self.env["mail.mail"].search_count(
                [("model", "=", CASE), ("recipient_ids", "in", self.partner.ids)]
            ),
        }

    def _observe_case(self, case):
        taken = case.taken_ids.sorted("number")
        steps = [(one.taken_on, one.action, one.is_failed) for one in taken]
        return case.opened_on, case.closed_on or None, case.outcome or None, steps

    def _states(self, order):
        timeline = order._fusion_timeline()
        return timeline.on(self.today).state, timeline.on(self.today + DAY).state

    def expect(self):
        """What the model says of the same."""
        twin = self.twin
        late = twin.late() if twin.case else []
        return {
            "cases": [
                (
                    one.opened,
                    one.closed,
                    one.outcome,
                    [(taken.on, taken.action, taken.has_failed) for taken in one.taken],
                )
                for one in twin.cases
            ],
            "overdue": sum((invoice.left for invoice in late), Decimal("0.00")),
            "late": [invoice.id for invoice in late],
            "next": twin.next_on(),
            "attempts": [(one.invoice.id, one.amount, one.state) for one in twin.attempts],
            "left": {one.id: one.left for one in twin.invoices if not one.is_cancelled},
            "states": {
                order: (days[self.today], days[self.today + DAY])
                for order, days in twin.days.items()
            },
            "mails": twin.mails,
        }

    # === WHAT THE BANK SAYS === #

    def _hear(self):
        """Be told what became of some of the charges that went out; of some only after days."""
        for number, attempt in enumerate(self.twin.attempts):
            chance = 0.6 if number % 5 else 0.06
            if attempt.state == "unknown" and self.rng.random() < chance:
                self._answer(attempt, self.rng.choice(("soft", "soft", "soft", "hard", "done")))

    def _answer(self, attempt, answer):
        transaction = self._record_of(attempt).transaction_id
        self.log.append(f"{self.today}: {transaction.reference} {answer}")
        if answer == "done":
            self._is_charged(attempt, transaction)
        else:
            attempt.state, attempt.is_hard = "failed", answer == "hard"
            transaction._set_error(HARD if attempt.is_hard else SOFT)
            self.env.flush_all()

    def _is_charged(self, attempt, transaction):
        """The bank took the money; sometimes only the next run registers that."""
        attempt.state = "succeeded"
        transaction._set_done()
        if self.rng.random() < 0.7:
            transaction._post_process()
            self.twin.register(attempt)
        self.env.flush_all()

    def _record_of(self, attempt):
        records = self.env[ATTEMPT].search([("partner_id", "=", self.partner.id)], order="id")
        return records[self.twin.attempts.index(attempt)]

    def _charged_after_all(self):
        """The bank said no, and says yes now."""
        failed = [one for one in self.twin.attempts if one.state == "failed" and one.went_out]
        if failed:
            attempt = self.rng.choice(failed)
            self._is_charged(attempt, self._record_of(attempt).transaction_id)

    # === WHAT HAPPENS TO INVOICES === #

    def _moves(self, invoices):
        return self.env["account.move"].browse([invoice.id for invoice in invoices])

    def _pick(self, wanted):
        """One of the invoices of which something holds, and its record; None if there is none."""
        found = [invoice for invoice in self.twin.invoices if wanted(invoice)]
        if not found:
            return None, None
        invoice = self.rng.choice(found)
        return invoice, self._moves([invoice])

    def _pays_in_full(self, part=1):
        invoice, move = self._pick(lambda one: one.is_open)
        if not invoice:
            return None
        amount = max(Decimal("0.01"), cents(invoice.left * part))
        before = move.matched_payment_ids
        self.test._pay_by_hand(move, float(amount))
        payment = move.matched_payment_ids - before
        self.payments[payment] = (invoice, invoice.settle(invoice.payments, amount))
        return f" {invoice.id}: {amount}"

    def _pays_in_part(self):
        return self._pays_in_full(Decimal(self.rng.randrange(1, 100)) / 100)

    def _payment_is_taken_back(self):
        if not self.payments:
            return None
        payment = self.rng.choice([*self.payments])
        invoice, amount = self.payments.pop(payment)
        payment.move_id.line_ids.remove_move_reconcile()
        payment.action_cancel()
        invoice.payments.remove(amount)
        return f" {invoice.id}: {amount}"

    def _credit_note(self):
        """Staff credit an invoice in full or by half."""
        invoice, move = self._pick(lambda one: one.is_open and one.id not in self.credited)
        if not invoice:
            return None
        self.credited.add(invoice.id)
        note = self.test._reverse(move, post=False)
        if self.rng.random() < 0.5:
            for line in note.invoice_line_ids:
                line.price_unit = round(line.price_unit / 2, 2)
        note.action_post()
        self._reconcile(move + note)
        invoice.settle(invoice.credits, cents(note.amount_total))
        return f" {invoice.id}: {note.amount_total}"

    def _reconcile(self, moves):
        """What posting the credit note has left open is put against the invoice."""
        lines = moves.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if len(lines.move_id) > 1:
            lines.reconcile()

    def _disputes(self):
        invoice, move = self._pick(lambda one: one.is_open and not one.is_disputed)
        if invoice:
            invoice.is_disputed = True
            move.action_fusion_dispute()

    def _dispute_is_settled(self):
        invoice, move = self._pick(lambda one: one.is_disputed)
        if invoice:
            invoice.is_disputed = False
            move.action_fusion_settle_dispute()

    def _invoice_is_cancelled(self):
        """Staff cancel an invoice of which nothing was paid, and which nobody charges."""
        invoice, move = self._pick(
            lambda one: one.is_open and one.left == one.total and not self.twin.under_way(one)
        )
        if invoice:
            invoice.is_cancelled = True
            self.test._cancel(move)

    # === WHAT HAPPENS TO THE CUSTOMER === #

    def _saves_a_card(self):
        self.twin.cards.append(model.Card(self.test._save_card().id))

    def _removes_a_card(self):
        saved = [card for card in self.twin.cards if not card.is_removed]
        if saved:
            card = self.rng.choice(saved)
            card.is_removed = True
            self.env["payment.token"].browse(card.id).active = False

    def _chooses_a_card(self):
        saved = [card for card in self.twin.cards if not card.is_removed]
        self.twin.chosen = self.rng.choice([None, *saved])
        self.partner.fusion_token_id = self.twin.chosen and self.twin.chosen.id

    def _promises(self):
        until = self.rng.choice((None, self.today + self.rng.randrange(-2, 25) * DAY))
        self.twin.promised_until = self.partner.fusion_promised_until = until

    def _exemption(self):
        self.twin.is_exempt = not self.twin.is_exempt
        self.partner.fusion_dunning_exempt = self.twin.is_exempt

    def _collects(self):
        self.twin.collects, choice = self.rng.choice(
            ((None, False), (True, "always"), (True, "always"), (False, "never"))
        )
        self.partner.fusion_collects = choice

    def _address_is_lost_or_found(self):
        self.twin.has_email = not self.twin.has_email
        self.partner.email = self.twin.has_email and "late@customer.example"

    # === WHAT HAPPENS TO THE POLICY === #

    def _step_is_added(self):
        return self._add_step(self.rng.choice(ACTIONS), self.rng.randrange(1, 30))

    def _add_step(self, action, days):
        rng = self.rng
        vals = {"sequence": rng.choice((5, 10)), "takes_usage": rng.random() < 0.5}
        step = self.test._add_step(days, action, **vals)
        self.steps[step.id] = step
        self.twin.policy[step.id] = model.Step(
            step.id, days, vals["sequence"], action, step.takes_usage
        )
        return f" {step.id}: {days} {action}"

    def _step_is_removed(self):
        if self.steps:
            key = self.rng.choice([*self.steps])
            self.steps.pop(key).unlink()
            del self.twin.policy[key]

    def _step_is_moved(self):
        if not self.steps:
            return None
        key, days = self.rng.choice([*self.steps]), self.rng.randrange(1, 30)
        self.steps[key].days = self.twin.policy[key].days = days
        return f" {key}: {days}"

    def _fees_in_pauses(self):
        self.twin.owes_fees = self.test.policy.owes_fees = not self.twin.owes_fees

    # === WHAT HAPPENS TO SUBSCRIPTIONS === #

    def _staff_resume(self):
        for order in self.orders:
            if self.twin.days[order.id][self.today].startswith("unpaid"):
                order.action_fusion_resume()
                self.twin.resume(order.id)

    def _customer_pauses(self):
        order = self.rng.choice(self.orders)
        since = self.today + self.rng.randrange(1, 10) * DAY
        until = since + self.rng.randrange(1, 20) * DAY
        if (
            self.twin.days[order.id][since] == model.ACTIVE
            and self.today >= order.fusion_start_date
        ):
            order._fusion_pause(since, until)
            self.twin.pause(order.id, since, until)
            return f" {order.id}: {since} to {until}"
        return None
