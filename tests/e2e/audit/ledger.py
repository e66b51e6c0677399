"""The ledger held against the recount."""

from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from itertools import pairwise

from e2e.audit.days import DAY, runs
from e2e.audit.owed import Recount, matches
from e2e.audit.prices import half_away

TINY = Fraction(1, 10**12)  # what a stored exchange rate may have lost


class LedgerAudit:
    """Every subscription's rows: all that is owed, and nothing else."""

    def __init__(self, books):
        self.books = books
        self.stored = defaultdict(dict)
        for rating in books.ratings:
            self.stored[rating.subscription_id][source_of(rating), rating.date_from] = rating
        self.charges = {charge.id: charge for charge in books.charges}
        self.recounts, self.given_up = {}, 0

    def differences(self):
        for order in self.books.orders.values():
            where = order.name
            if order.fusion_error:
                yield f"{where}: it has a billing problem: {order.fusion_error}"
            if not order.phases:
                for rating in self.stored[order.id].values():
                    yield f"{where}: row {rating.id} is owed by an order that is no subscription"
            elif order.id not in self.books.waiting:
                for difference in self._subscription(order):
                    yield f"{where}: {difference}"

    def _subscription(self, order):
        today = self.books.today(order.company_id)
        stored = self.stored[order.id]
        until = max([today, order.phases[0][0], *(key[1] for key in stored)])
        recount = self.recounts[order.id] = Recount(self.books, order, until)
        rows = {row.key: row for row in recount.rows()}
        yield from self._rows(order, rows, stored, today)
        yield from self._settled(order, recount, stored)
        yield from self._usage_by_day(stored)
        yield from self._fees_by_day(order, recount, stored)
        yield from self._fees_of_plans(order, recount)
        yield from self._counters(order, rows, recount, stored)
        yield from self._projection(order, recount)

    # === ROWS === #

    def _rows(self, order, rows, stored, today):
        # What the counters came to that were removed, nobody can recount.
        kept_from = order.fusion_usage_kept_from or date.min
        rows = {
            key: row
            for key, row in rows.items()
            if row.source[0] != "charge" or row.cycle[1] > kept_from
        }
        stored = {
            key: rating
            for key, rating in stored.items()
            if not rating.charge_id or rating.cycle_end > kept_from
        }
        for key, row in rows.items():
            if key in stored:
                yield from self._row(order, row, stored[key])
            elif row.cycle[0] <= today and (row.quantity or self._is_owed(order, row)):
                yield f"{said(row)} is not in the ledger"
        for key, rating in stored.items():
            if key not in rows and (rating.amount or rating.quantity):
                yield (
                    f"row {rating.id} owes {money(rating.amount)} for days or for something"
                    f" that was not in force: {key}"
                )

    def _settled(self, order, recount, stored):
        """Rows whose counters were removed are of billing periods that the timeline has."""
        cycles = {(day.start, day.end) for day in recount.days}
        for rating in stored.values():
            cycle = rating.cycle_start, rating.cycle_end
            is_settled = cycle[1] <= (order.fusion_usage_kept_from or date.min)
            if rating.charge_id and is_settled and rating.quantity and cycle not in cycles:
                yield f"row {rating.id} is settled for a billing period that is none: {show(cycle)}"

    def _is_owed(self, order, row):
        return row.exact >= self.books.step(order.currency_id) / 2

    def _row(self, order, row, rating):
        facts = {
            "until": (row.end, rating.date_until),
            "billed on": (row.bill_on, rating.bill_on),
            "in the period": (row.cycle, (rating.cycle_start, rating.cycle_end)),
        }
        if not (row.quantity or row.exact or rating.amount or rating.quantity):
            return
        if row.quantity is not None:
            facts["counting"] = (row.quantity, rating.quantity)
        facts["in the currency"] = (order.currency_id, rating.currency_id)
        for name, (expected, found) in facts.items():
            if expected != found:
                yield (
                    f"row {rating.id}: {said(row)} must be {name} {show(expected)},"
                    f" not {show(found)}"
                )
        amounts = self._amounts(row, rating)
        if not amounts[0] <= rating.amount <= amounts[-1]:
            yield (
                f"row {rating.id}: {said(row)} owes {money(amounts[0])}, not {money(rating.amount)}"
            )
        yield from self._exchange(order, row, rating)

    def _amounts(self, row, rating):
        """The amount at the stored exchange rate, give or take what the rate has lost."""
        rate, step = rating.currency_rate or Fraction(1), self.books.step(rating.currency_id)
        error = TINY if rate != 1 else 0
        return [half_away(row.exact * (rate + e), step) for e in (-error, error)]

    def _exchange(self, order, row, rating):
        """The rate of what is billed is that of the stretch's last day (T3)."""
        charge = self._charge(row.source)
        if charge is None or charge.currency_id == order.currency_id:
            return
        if not (rating.settled and rating.rated_at):
            return
        rates = [
            self._rate_on(currency, row.end - DAY, rating.rated_at)
            for currency in (order.currency_id, charge.currency_id)
        ]
        if None not in rates and abs(rates[0] / rates[1] - rating.currency_rate) > TINY * 10:
            yield (
                f"row {rating.id}: {said(row)} is exchanged at {float(rating.currency_rate)},"
                f" and not at {float(rates[0] / rates[1])}, the last day's rate"
            )

    def _rate_on(self, currency, day, moment):
        """The rate of a day; None if rates were changed since a moment."""
        rates = [rate for rate in self.books.rates if rate.currency_id == currency]
        if any(rate.write_date > moment for rate in rates):
            return None
        known = [rate for rate in rates if rate.day <= day]
        return max(known, key=lambda rate: rate.day).rate if known else Fraction(1)

    # === EACH DAY AND EACH COUNTER, ONCE === #

    def _usage_by_day(self, stored):
        """No day's usage is owed twice, of days whose counters were removed neither."""
        owed = sorted(
            (rating.charge_id, rating.date_from, rating.date_until, rating.id)
            for rating in stored.values()
            if rating.charge_id and (rating.amount or rating.quantity)
        )
        for (charge, _start, end, one), (other_charge, start, _end, other) in pairwise(owed):
            if charge == other_charge and start < end:
                yield f"the rows {one} and {other} owe the usage of {start} twice"

    def _fees_by_day(self, order, recount, stored):
        """No day's fee is owed twice, nor for a day on which it was not in force."""
        owing = {day.day for day in recount.owing}
        for item in order.items:
            days = Counter(
                rating.date_from + number * DAY
                for (source, _start), rating in stored.items()
                if source == ("item", item.id) and rating.amount
                for number in range((rating.date_until - rating.date_from).days)
            )
            wrong = [
                day
                for day, times in days.items()
                if times > 1
                or day not in owing
                or not item.date_from <= day < (item.date_until or date.max)
            ]
            for run in runs(wrong):
                yield f"the fee {item.id} is owed {days[run[0]]} times from {run[0]} to {run[-1]}"

    def _fees_of_plans(self, order, recount):
        """A plan's fees end with it (F1)."""
        for item in order.items:
            plan = self.books.fees.get(item.plan_fee_id)
            for day in recount.days:
                in_force = item.date_from <= day.day < (item.date_until or date.max)
                if plan and in_force and day.plan != plan:
                    yield (
                        f"the fee {item.id} of the plan {plan} is in force on {day.day},"
                        f" on the plan {day.plan}"
                    )
                    break

    def _counters(self, order, rows, recount, stored):
        """Each accepted counter is owed once; those of days that are no more are given up."""
        wanted = Counter(
            counter
            for row in rows.values()
            if self._adds_up(row.source)
            for counter in row.counters
        )
        counted = Counter(
            counter.id
            for (source, _start), rating in stored.items()
            if self._adds_up(source) and rating.quantity
            for counter in order.counters
            if is_counted(counter, rating)
        )
        nothing = {counter.id for counter in order.counters if not counter.quantity}
        for counter in wanted.keys() | counted.keys():
            if max(wanted[counter], counted[counter]) > 1 or (
                wanted[counter] != counted[counter] and counter not in nothing
            ):
                yield f"the counter {counter} is owed {counted[counter]} times"
        alive = {day.day for day in recount.taken}
        clock = self.books.clocks[order.company_id]
        self.given_up += sum(
            clock.day_of(counter.period_start) not in alive for counter in order.counters
        )

    def _adds_up(self, source):
        charge = self._charge(source)
        return charge is not None and charge.aggregation in ("sum", "count")

    def _charge(self, source):
        return self.charges.get(source[1]) if source[0] == "charge" else None

    # === WHAT THE ORDER SHOWS === #

    def _projection(self, order, recount):
        """The dates that people and crons read say what the timeline says."""
        closed = None
        for since, _plan, state in order.phases:
            closed = (closed or since) if state == "closed" else None
        if order.fusion_end_date != closed:
            yield f"it shows the end {order.fusion_end_date}, not {closed}"
        opened = order.fusion_last_invoice_date or order.phases[0][0]
        period = next((day for day in recount.days if day.day >= opened), None)
        if period and order.fusion_next_invoice_date != period.end:
            yield (
                f"it shows the next invoice date {order.fusion_next_invoice_date}, not {period.end}"
            )
        if period and not order.fiscal_position_id:
            yield from self._shown_usage(order, (period.start, period.end))

    def _shown_usage(self, order, period):
        """One line for each charge says what the open period comes to (L6)."""
        owed = Counter()
        for (source, _start), rating in self.stored[order.id].items():
            if (rating.cycle_start, rating.cycle_end) == period:
                owed[source] += rating.amount
        for line in self.books.order_lines:
            source = "charge", line.fusion_charge_id
            if line.order_id == order.id and line.fusion_charge_id:
                shown = line.price_unit * line.product_uom_qty
                if shown != owed.pop(source, 0):
                    yield f"its line {line.id} shows {money(shown)} for {source}"
        for source, amount in owed.items():
            if amount and source[0] == "charge":
                yield f"no line shows the {money(amount)} owed for {source}"


def source_of(rating):
    if rating.charge_id:
        return "charge", rating.charge_id
    return "item", rating.item_id


def is_counted(counter, rating):
    """Whether a row's own instants and filters take a counter."""
    return (
        counter.metric_id == rating.metric_id
        and rating.starts_at <= counter.period_start < rating.ends_at
        and matches(counter, rating.usage_filter or {})
        and not any(matches(counter, other) for other in rating.other_filters or ())
    )


def said(row):
    return f"{row.source[0]} {row.source[1]} from {row.start}"


def show(value):
    return money(value) if isinstance(value, Fraction) else value


def money(amount):
    return f"{float(amount):.6f}".rstrip("0").rstrip(".")
