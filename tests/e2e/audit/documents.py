"""Documents held against the ledger: what they settle, what customers bear, and their sums."""

from collections import defaultdict
from fractions import Fraction

from e2e.audit.days import BEGINNING
from e2e.audit.ledger import money
from e2e.audit.prices import half_away

SIGNS = {"out_invoice": 1, "out_refund": -1}


class DocumentAudit:
    """Lines name the rows that they settle; nothing is due but what may wait."""

    def __init__(self, books):
        self.books = books
        self.lines = [line for line in books.lines if line.move_id in books.moves]
        self.by_rating, self.by_move = defaultdict(list), defaultdict(list)
        for line in self.lines:
            self.by_move[line.move_id].append(line)
            if line.fusion_rating_id:
                self.by_rating[line.fusion_rating_id].append(line)
        self.order_lines = {line.id: line for line in books.order_lines}
        self.ratings = {rating.id: rating for rating in books.ratings}
        self.conceded = {}  # by line: what it settles beyond what the customer bears
        self.held_back = Fraction(0)

    def differences(self):
        for rating in self.books.ratings:
            for difference in self._rating(rating):
                order = self.books.orders[rating.subscription_id]
                yield f"{order.name}, row {rating.id}: {difference}"
        for move_id, lines in self.by_move.items():
            move = self.books.moves[move_id]
            for difference in (*self._names(move, lines), *self._sums(move, lines)):
                yield f"document {move.name or move.id}: {difference}"
        yield from self._one_offs()

    # === ROWS === #

    def _rating(self, rating):
        live = [line for line in self.by_rating[rating.id] if self._is_live(line)]
        settled = sum((line.fusion_settled or 0 for line in live), Fraction(0))
        borne = sum(map(self._borne, live), Fraction(0))
        if settled != rating.settled:
            yield f"documents settle {money(settled)}, and it says {money(rating.settled)}"
        due = due_of(rating.amount - settled, rating.waived)
        self.conceded.update(
            (line.id, (line.fusion_settled or 0) - self._borne(line)) for line in live
        )
        yield from self._due(rating, settled, due, borne)
        yield from self._credits(rating, live)

    def _due(self, rating, settled, due, borne):
        """Whatever the time has come for is on a document; a credit may be held back (L4)."""
        order = self.books.orders[rating.subscription_id]
        if not due or order.id in self.books.waiting or not self._is_time(order, rating, settled):
            return
        bearable = rating.amount - min(rating.waived, 0)
        if due > 0:
            yield f"{money(due)} are due since {rating.bill_on} and on no document"
        elif borne > bearable:
            yield (
                f"the customer bears {money(borne)} of {money(rating.amount)} owed,"
                f" {money(rating.waived)} waived, and {money(-due)} are not credited"
            )
        else:
            self.held_back -= due

    def _is_time(self, order, rating, settled):
        """What is new is billed on its day; corrections wait for the next document."""
        today, opened = self.books.today(order.company_id), order.fusion_last_invoice_date
        if order.fusion_next_invoice_date is None:
            return rating.bill_on <= today
        is_late = settled or (opened and rating.cycle_end <= opened)
        return (order.fusion_next_invoice_date if is_late else rating.bill_on) <= today

    def _credits(self, rating, live):
        """No credit of the engine took the customer below what was owed at that moment (L4).

        It can be told while neither the row nor a document was touched since.
        """
        given = [line for line in live if line.fusion_settled and line.fusion_settled < 0]
        given = [line for line in given if not self._move(line).reversed_entry_id]
        if not given:
            return
        moment = max(line.create_date for line in given)
        own = {line.move_id for line in given if line.create_date == moment}
        others = [line for line in self.by_rating[rating.id] if line.move_id not in own]
        touched = [
            max(line.write_date, self._move(line).write_date)
            for line in others
            if line.create_date <= moment
        ]
        if not rating.rated_at or max([rating.rated_at, *touched]) > moment:
            return
        then = [line for line in live if line.create_date <= moment]
        borne = sum(map(self._borne, then))
        # No credit settles less than is owed: if these do, something was deleted since.
        is_whole = sum(line.fusion_settled or 0 for line in then) >= rating.amount
        if is_whole and borne < rating.amount:
            yield (
                f"a credit took the customer to {money(borne)}, below"
                f" {money(rating.amount)} that are owed"
            )

    def _borne(self, line):
        """What a line comes to for the customer, in the ledger's terms."""
        factor = 1 if line.fusion_price_factor is None else line.fusion_price_factor
        move = self._move(line)
        step = self.books.step(move.currency_id)
        return SIGNS[move.move_type] * half_away(stated(line) * factor, step)

    def _is_live(self, line):
        return self._move(line).state != "cancel"

    def _move(self, line):
        return self.books.moves[line.move_id]

    # === DOCUMENTS === #

    def _names(self, move, lines):
        """Lines that bill what the ledger knows name their row, and the row is theirs."""
        for line in lines:
            billed = [self.order_lines[i] for i in line.order_line_ids if i in self.order_lines]
            rating = self.ratings.get(line.fusion_rating_id)
            if rating is None:
                if line.fusion_settled:
                    yield f"line {line.id} settles {money(line.fusion_settled)} of nothing"
                if move.state != "cancel" and any(map(is_ledgers, billed)):
                    yield f"line {line.id} bills a fee or usage without naming a row"
                continue
            facts = {
                "subscription": ({rating.subscription_id}, {b.order_id for b in billed}),
                "currency": (rating.currency_id, move.currency_id),
                "company": (rating.company_id, move.company_id),
            }
            for name, (expected, found) in facts.items():
                if found and expected != found:
                    yield f"line {line.id} names row {rating.id} of another {name}"

    def _sums(self, move, lines):
        """Lines sum to totals, and debit to credit (L7)."""
        step = self.books.step(move.currency_id)
        products = [line for line in lines if line.display_type == "product"]
        sums = {
            "untaxed": (sum(line.price_subtotal for line in products), move.amount_untaxed),
            "booked": (
                -SIGNS[move.move_type] * sum(line.amount_currency for line in products),
                move.amount_untaxed,
            ),
            "tax": (
                -SIGNS[move.move_type]
                * sum(line.amount_currency for line in lines if line.display_type == "tax"),
                move.amount_tax,
            ),
            "total": (move.amount_untaxed + move.amount_tax, move.amount_total),
            "balance": (sum(line.balance or 0 for line in lines), Fraction(0)),
        }
        for name, (expected, found) in sums.items():
            # Odoo itself shows such lines rounded one by one, whatever is booked.
            apart = step * sum(not shows_what_is_booked(line, step) for line in products)
            if abs(expected - found) > (apart if name == "untaxed" else 0):
                yield f"{name}: the lines come to {money(expected)}, and it says {money(found)}"
        if is_of_wrong_type(move):
            yield f"it comes to {money(move.amount_total)}, and should be of the other type"
        for line in products:
            if half_away(line.price_subtotal, step) != line.price_subtotal:
                yield f"line {line.id} is not rounded: {money(line.price_subtotal)}"
            is_as_billed = move.fusion_bill_on and line.write_date == line.create_date
            if line.fusion_rating_id and is_as_billed and not is_whole(line, step):
                yield f"line {line.id} bills {money(stated(line))}, which is no rounded amount"

    # === ONE-OFF LINES === #

    def _one_offs(self):
        """What is sold once is billed once, in every life; what staff conceded does not count."""
        billed, conceded, latest = defaultdict(Fraction), defaultdict(Fraction), {}
        for line in self.lines:
            for order_line_id in line.order_line_ids:
                move = self._move(line)
                # Credit notes and copies that people make carry nothing but what they copy.
                if order_line_id in self.order_lines and move.fusion_bill_on:
                    order_id = self.order_lines[order_line_id].order_id
                    latest[order_id] = max(move.create_date, latest.get(order_id, move.create_date))
                if move.state == "cancel" or line.fusion_rating_id:
                    continue
                if line.fusion_conceded:
                    conceded[order_line_id] -= SIGNS[move.move_type] * stated(line)
                else:
                    billed[order_line_id] += SIGNS[move.move_type] * line.quantity
        for line in self.books.order_lines:
            order = self.books.orders[line.order_id]
            if order.phases and is_one_off(line):
                wanted, found = wanted_of(line), billed[line.id]
                # While more is to come, what was changed rides on the next document.
                waits = order.fusion_next_invoice_date and line.write_date > latest.get(
                    order.id, BEGINNING
                )
                # A discount cannot be billed alone, and waits for ever once nothing else comes.
                is_late = line.price_unit < 0 and line.write_date > latest.get(order.id, BEGINNING)
                is_missing = found < wanted and not (order.fusion_next_invoice_date or is_late)
                is_too_much = is_excess(line, found, conceded[line.id]) and not waits
                if is_missing or is_too_much:
                    yield (
                        f"{order.name}: {money(wanted)} of line {line.id} were sold, and"
                        f" {money(found)} are billed"
                    )


def due_of(unsettled, waived):
    """A waiver holds back a bill (or, negative, a credit), and not more than there is (L5)."""
    if waived > 0:
        return max(unsettled - waived, min(unsettled, 0))
    return min(unsettled - waived, max(unsettled, 0))


def is_of_wrong_type(move):
    """Whether a document stands as billing made it, and comes to less than zero.

    People take lines away from drafts, and prices from lines of credit notes that they make: of
    those it cannot be told whose the sign is.
    """
    is_untouched = move.fusion_bill_on and move.write_date == move.create_date
    return bool(is_untouched) and move.amount_total < 0


def stated(line):
    """What a line comes to by its quantity, price and discount, to any fraction of a cent."""
    return line.quantity * price_of(line)


def price_of(line):
    return line.price_unit * (100 - (line.discount or 0)) / 100


def is_whole(line, step):
    return half_away(stated(line), step) == stated(line)


def shows_what_is_booked(line, step):
    """Whether a line's own amount is its part of the total, however the company rounds.

    That of the ledger's lines is. Odoo's own lines (its discounts) may come to fractions of a cent,
    and so may those that people edit; then their sum is rounded, and what is left over is booked
    on one of them.
    """
    return not line.includes_tax and is_whole(line, step)


def is_ledgers(order_line):
    return bool(order_line.fusion_charge_id or order_line.has_items)


def is_one_off(order_line):
    """Whether a line is billed by its quantity; what costs nothing is nobody's concern."""
    is_free = not order_line.price_unit or order_line.discount == 100
    return not (
        is_ledgers(order_line) or order_line.display_type or order_line.is_downpayment or is_free
    )


def is_excess(order_line, billed, conceded):
    """Whether more of a line is billed than was sold, and staff gave none of that back (L4).

    :param billed: a quantity
    :param conceded: money, at whatever price it was given back
    """
    given_back = max(conceded / price_of(order_line), 0)
    # Quantities of documents have two decimals.
    return half_away(billed - wanted_of(order_line) - given_back, Fraction(1, 100)) > 0


def wanted_of(order_line):
    if order_line.invoice_policy == "delivery":
        return order_line.qty_delivered or Fraction(0)
    return order_line.product_uom_qty
