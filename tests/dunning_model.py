"""Collection and dunning again, slowly: what random walks hold the addon against.

Written from the rules and not from the addon's code: plain Python, no Odoo. A subscription is a
list of days; nothing is remembered of what is overdue, of what is left to pay, or of what comes
next: it is worked out anew from what happened each time it is asked for. What invoices come to is
no matter of collection: it is taken as it is, the ledger has a model of its own (`billing_model`).
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

DAY = timedelta(days=1)
ACTIVE, PAUSED, CLOSED = "active", "paused", "closed"
#: By whether usage is taken and whether fees are owed.
UNPAID = {
    (False, False): "unpaid",
    (True, False): "unpaid_usage",
    (False, True): "unpaid_fees",
    (True, True): "unpaid_both",
}


@dataclass
class Invoice:
    id: int
    subscription: int
    on: date
    due: date
    total: Decimal
    payments: list = field(default_factory=list)
    credits: list = field(default_factory=list)
    is_disputed: bool = False
    is_cancelled: bool = False

    @property
    def left(self):
        return self.total - sum(self.payments) - sum(self.credits)

    @property
    def is_open(self):
        return not self.is_cancelled and self.left > 0

    @property
    def is_paid(self):
        """Settled, and not by credit notes alone."""
        return not self.is_cancelled and not self.left and bool(self.payments)

    def settle(self, by, amount):
        """Take as much of an amount as there is room for; return how much that is."""
        taken = Decimal(0) if self.is_cancelled else min(amount, self.left)
        if taken:
            by.append(taken)
        return taken


@dataclass
class Card:
    id: int
    is_removed: bool = False


@dataclass
class Attempt:
    """One charge: it waits, goes out, and is answered or not; or it is called off before."""

    invoice: Invoice
    card: Card
    state: str = "waiting"
    went_out: bool = False
    is_hard: bool = False
    is_registered: bool = False
    amount: Decimal = Decimal(0)

    def __post_init__(self):
        self.amount = self.invoice.left

    @property
    def is_under_way(self):
        is_unregistered = self.state == "succeeded" and not self.is_registered
        return is_unregistered or self.state in ("waiting", "unknown")


@dataclass
class Step:
    """A step of the policy, which staff may change; `place` is the order in which they come."""

    id: int
    days: int
    sequence: int
    action: str
    takes_usage: bool = False

    @property
    def place(self):
        return (self.days, self.sequence, self.id)


@dataclass
class Taken:
    """What a step was on the day on which it was taken."""

    id: int
    place: tuple
    days: int
    action: str
    on: date
    has_failed: bool = False


@dataclass
class Case:
    opened: date
    closed: date = None
    outcome: str = None
    taken: list = field(default_factory=list)
    seen: list = field(default_factory=list)


class Customer:
    """One customer of a company with a policy, and what was done about what they owe.

    :ivar days: `{subscription: {day: state}}`
    :ivar collects: whether the customer is charged; None leaves it to the plan
    """

    def __init__(self, today, subscriptions, plan_collects):
        self.today, self.plan_collects = today, plan_collects
        every_day = [today + number * DAY for number in range(800)]
        self.days = {one: dict.fromkeys(every_day, ACTIVE) for one in subscriptions}
        self.invoices, self.cards, self.attempts, self.cases = [], [], [], []
        self.policy, self.owes_fees, self.mails = {}, False, 0
        self.collects = self.chosen = self.promised_until = None
        self.is_exempt, self.has_email = False, True

    # === CHARGING === #

    def card(self):
        """What is charged: the card that is chosen, else the one that was saved last."""
        saved = [card for card in self.cards if not card.is_removed]
        return self.chosen if self.chosen in saved else (saved or [None])[-1]

    def is_refused(self, card):
        """Whether the bank has said that it is of no use to charge this card again."""
        return any(
            one.card is card and one.state == "failed" and one.is_hard for one in self.attempts
        )

    def charges(self):
        return self.plan_collects if self.collects is None else self.collects

    def under_way(self, invoice):
        return any(one.invoice is invoice and one.is_under_way for one in self.attempts)

    def collect(self):
        """A run of collection: what was never charged is, what waits goes out."""
        for invoice in self.invoices:
            if self._is_new(invoice) and self.card():
                self.attempts.append(Attempt(invoice, self.card()))
        for attempt in self.attempts:
            if attempt.state == "waiting":
                self._send(attempt)
        for attempt in self.attempts:
            self.register(attempt)

    def _is_new(self, invoice):
        """Whether it was charged to no card, or was declined on all but the one of now."""
        out = [one for one in self.attempts if one.invoice is invoice and one.went_out]
        is_declined = all(one.state == "failed" for one in out)
        is_new = is_declined and self.card() not in [one.card for one in out]
        may_be = invoice.is_open and not invoice.is_disputed and invoice.on <= self.today
        return may_be and self.charges() and is_new and not self.under_way(invoice)

    def _send(self, attempt):
        invoice = attempt.invoice
        is_wanted = not invoice.is_cancelled and invoice.left == attempt.amount
        if is_wanted and not invoice.is_disputed and attempt.card is self.card():
            attempt.state, attempt.went_out = "unknown", True
        else:
            attempt.state = "failed"

    def register(self, attempt):
        """Let an invoice know of what was charged, once."""
        if attempt.state == "succeeded" and not attempt.is_registered:
            attempt.is_registered = True
            return attempt.invoice.settle(attempt.invoice.payments, attempt.amount)
        return None

    # === DUNNING === #

    @property
    def case(self):
        """The open one, or None."""
        return next((case for case in self.cases if not case.closed), None)

    def late(self):
        """What is overdue, the oldest first."""
        late = [
            invoice
            for invoice in self.invoices
            if invoice.is_open and not invoice.is_disputed and invoice.due < self.today
        ]
        return sorted(late, key=lambda invoice: (invoice.due, invoice.id))

    def dun(self):
        """A run of dunning."""
        late = self.late()
        if late and not self.case and not self.is_exempt:
            self.cases.append(Case(self.today))
        if not self.case:
            return
        self.case.seen += [invoice for invoice in late if invoice not in self.case.seen]
        if not late or self.is_exempt:
            self._close(self.case)
            return
        while not self._waits():
            step = next(iter(self._due_on(self.today)), None)
            if not step:
                return
            self._take(step)

    def _waits(self):
        """Whether something is being charged: for that the next step waits a week."""
        next_on = self.next_on()
        is_under_way = any(map(self.under_way, self.late()))
        return is_under_way and next_on and self.today < next_on + 7 * DAY

    def _due_on(self, day):
        """The steps that may be taken on a day, the first one first."""
        return [step for step in self._left()[:1] if self._has_come(step, day)]

    def _left(self):
        """The steps that come after what was taken, each but once."""
        taken = self._counted()
        left = [
            step
            for step in self.policy.values()
            if (not taken or step.place > taken[-1].place)
            and step.id not in [one.id for one in taken]
        ]
        return sorted(left, key=lambda step: step.place)

    def _counted(self):
        """The steps since the oldest unpaid invoice is late: those before were about others."""
        return [one for one in self.case.taken if one.on > self.late()[0].due]

    def _has_come(self, step, day):
        if self.promised_until and day <= self.promised_until:
            return False
        for before in self._counted()[-1:]:
            if (day - before.on).days < step.days - before.days:
                return False
        return (day - self.late()[0].due).days >= step.days

    def next_on(self):
        """The day on which something is done next; None if nothing is left."""
        if not self.case or self.is_exempt or not self.late() or not self._left():
            return None
        day = self.late()[0].due - DAY
        while not self._due_on(day):
            day += DAY
        return day

    def _take(self, step):
        taken = Taken(step.id, step.place, step.days, step.action, self.today)
        self.case.taken.append(taken)
        if step.action == "retry":
            self._retry()
        elif step.action == "mail":
            taken.has_failed = not self.has_email
            self.mails += self.has_email
        elif step.action == "pause":
            self._turn(self._billed(), self.today + DAY, [ACTIVE], self._unpaid(step))
        elif step.action == "close":
            others = [ACTIVE, PAUSED, *UNPAID.values()]
            self._turn(self._billed(), self.today + DAY, others, CLOSED)

    def _retry(self):
        for invoice in self.late():
            is_of_use = self.card() and not self.is_refused(self.card())
            if self.charges() and is_of_use and not self.under_way(invoice):
                self.attempts.append(Attempt(invoice, self.card()))

    def _unpaid(self, step):
        return UNPAID[step.takes_usage, self.owes_fees]

    def _billed(self):
        return {invoice.subscription for invoice in self.late()}

    def _close(self, case):
        self._turn(self.days, self.today, [*UNPAID.values()], ACTIVE)
        case.closed = self.today
        is_paid = all(invoice.is_paid for invoice in case.seen)
        case.outcome = "paid" if is_paid and case.seen else "left_alone"

    def _turn(self, subscriptions, since, states, state):
        """From a day on, let be what is in one of some states in another one, but never again
        what is closed today."""
        for subscription in subscriptions:
            days = self.days[subscription]
            if days[self.today] != CLOSED:
                turned = [day for day in days if day >= since and days[day] in states]
                days.update(dict.fromkeys(turned, state))

    # === WHAT PEOPLE DO TO A SUBSCRIPTION === #

    def pause(self, subscription, since, until):
        days = self.days[subscription]
        wanted = [day for day in days if since <= day < until and days[day] == ACTIVE]
        days.update(dict.fromkeys(wanted, PAUSED))

    def resume(self, subscription):
        """Go on from today, until something else was to begin."""
        days, day = self.days[subscription], self.today
        state = days[day]
        while day in days and days[day] == state:
            days[day] = ACTIVE
            day += DAY
