"""A company with random plans and subscriptions that live twice: in Odoo and in `billing_model`."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from odoo.tests import freeze_time

from . import billing_model as model
from .random_prices import random_terms, version_values

KINDS = ("sum", "max", "last", "unique_count", "count", "average", "weighted")
REGIONS = (None, "eu", "us", "uk")
FILTERS = ((), ({"region": ["eu"]},), ({"region": ["eu", "uk"]}, {"region": ["us"]}))
DAY = timedelta(days=1)


UNPAID = ("unpaid", "unpaid_usage", "unpaid_fees", "unpaid_both")


class World:
    """Plans A, B (which recurs alike) and C (which does not), and subscriptions on them.

    :param TestDifferential case: gives records, currencies and exchange rates
    :param random.Random rng: decides everything
    """

    def __init__(self, case, rng, zone, currency, subscriptions):
        self.case, self.env, self.rng = case, case.env, rng
        self.zone, self.currency = zone, currency
        case.company.fusion_billing_tz = zone
        self.now = datetime(rng.choice((2023, 2024, 2026)), rng.randrange(1, 13), 28, 12)
        every, unit = rng.choice(((1, "month"), (1, "month"), (2, "week"), (3, "month")))
        self.plans, self.twin, self.terms = {}, {}, {}
        for name, period in (("A", (every, unit)), ("B", (every, unit)), ("C", (1, "week"))):
            self._add_plan(name, *period)
        self.subscriptions = self._subscribe(subscriptions)

    # === PLANS === #

    def _add_plan(self, name, every, unit):
        plan = model.Plan(name, every, unit)
        record = self.case._plan(
            f"{name}-{id(self)}", billing_period_value=every, billing_period_unit=unit
        )
        self.plans[name], self.twin[name] = plan, record
        for kind in self.rng.sample(KINDS, self.rng.randrange(1, 4)):
            filters = self.rng.choice(FILTERS)
            for takes in (*filters, {}):
                self._add_charge(plan, record, kind, takes)

    def _add_charge(self, plan, record, kind, takes):
        rng = self.rng
        currency = self.case.foreign if kind == "max" else self.currency
        terms = random_terms(rng)
        charge = model.Charge(
            f"{plan.name}-{len(plan.charges)}",
            kind,
            kind,
            currency.name,
            [],
            takes,
            split=rng.random() < 0.4,
            prorate=rng.random() < 0.7,
        )
        plan.charges.append(charge)
        self.twin[charge.name] = record = self.case._charge(
            self.case.metrics[kind],
            record,
            currency_id=currency.id,
            prorate=charge.prorate,
            split_at_version=charge.split,
            filter_ids=[
                (0, 0, {"dimension": name, "dimension_values": ",".join(values)})
                for name, values in takes.items()
            ],
            **version_values(terms),
        )
        self._entered(charge, record.version_id, terms)

    def _entered(self, charge, version, terms):
        """Note what was entered in the charge's form, and for which days that says it holds."""
        self.terms[version.id] = terms
        record = self.twin[charge.name]
        charge.since, charge.until = record.valid_from or None, record.valid_until or None
        charge.versions = sorted(
            ((v.valid_from or None, self.terms[v.id]) for v in record.version_ids),
            key=lambda version: version[0] or date.min,
        )

    # === SUBSCRIPTIONS === #

    def _subscribe(self, count):
        starts = [self._random_start() for _number in range(count)]
        plans = [self.rng.choice("ABC") for _number in range(count)]
        orders = self.env["sale.order"].create(
            [
                {
                    "partner_id": self.case.partner.id,
                    "fusion_plan_id": self.twin[plan].id,
                    "fusion_start_date": start,
                    "pricelist_id": self.case.pricelist(self.currency).id,
                }
                for start, plan in zip(starts, plans, strict=True)
            ]
        )
        with freeze_time(self.now):
            orders.action_confirm()
        step = Fraction(str(self.currency.rounding))
        return [
            (
                order,
                model.Subscription(
                    self.plans[plan], start, self.zone, self.currency.name, step, self._exchange
                ),
            )
            for order, start, plan in zip(orders, starts, plans, strict=True)
        ]

    def _random_start(self):
        """The 28th to the 31st of a month, more often than not."""
        first = self.now.date() - timedelta(days=self.rng.randrange(40))
        day = self.rng.choice((28, 29, 30, 31, first.day))
        while True:
            try:
                return first.replace(day=day)
            except ValueError:
                day -= 1

    def _exchange(self, currency, day):
        return self.case.exchange(self.currency.name, day) / self.case.exchange(currency, day)

    @property
    def today(self):
        return model.day_of(self.now, self.zone)

    @property
    def orders(self):
        return self.env["sale.order"].union(*(order for order, _twin in self.subscriptions))

    # === LIFE === #

    def live(self):
        """Let some days pass, and at the end of them let anything happen, in any order."""
        rate = self._exchange("EUR", self.today)
        self.now += timedelta(hours=self.rng.randrange(24, 24 * 21))
        with freeze_time(self.now):
            if self._exchange("EUR", self.today) != rate:
                # No note is made of a new exchange rate: it reaches open periods with the next.
                self.orders._fusion_request_rating()
            happenings = [self._reprice, self._archive, self._use, self._rate, self._change_lives]
            for happening in self.rng.sample(happenings, len(happenings)):
                happening()

    def bill(self):
        with freeze_time(self.now):
            self.case._bill()

    def rate(self):
        with freeze_time(self.now):
            self.case._rate()

    def close_all(self):
        with freeze_time(self.now):
            for order, twin in self.subscriptions:
                if not twin.end:
                    day = max(self.today + DAY, twin.start)
                    order._fusion_close(day, discard_usage=True)
                    twin.close(day)
        self.now += 60 * DAY  # those that begin later have ended, too
        self.rate()
        self.bill()

    def _rate(self):
        if self.rng.random() < 0.3:
            self.case._rate()

    def _charges(self):
        return [charge for plan in self.plans.values() for charge in plan.charges]

    def _reprice(self):
        """New terms from a day on, or today's ones changed in the charge's own form."""
        charge = self.rng.choice(self._charges())
        record, terms = self.twin[charge.name], random_terms(self.rng)
        if self.rng.random() < 0.5:
            since = max(
                record._billed_until() or date.min,
                self.today + timedelta(days=self.rng.randrange(-9, 30)),
            )
            if since not in record.version_ids.mapped("valid_from"):
                record.version_ids = [(0, 0, {"valid_from": since, **version_values(terms)})]
                self._entered(
                    charge, record.version_ids.filtered(lambda v: v.valid_from == since), terms
                )
        elif record.charge_model == terms.model and not terms.tiers:
            record.write(version_values(terms))
            self._entered(charge, record.version_id, terms)

    def _archive(self):
        """A charge rates no more from today on, and perhaps another one does instead."""
        if self.rng.random() < 0.25:
            charge = self.rng.choice(self._charges())
            record = self.twin[charge.name]
            record.active = False
            self._entered(charge, record.version_id, self.terms[record.version_id.id])
            if not charge.until:  # nobody is or was on its plan
                charge.until = date.min
            [plan] = (plan for plan in self.plans.values() if charge in plan.charges)
            if self.rng.random() < 0.5:
                self._add_charge(plan, self.twin[plan.name], charge.kind, charge.usage_filter)

    # === USAGE === #

    def _use(self):
        """Push one batch for all subscriptions: new counters, late ones, corrections."""
        events = {}
        for order, twin in self.subscriptions:
            for _number in range(self.rng.randrange(5)):
                event = self._random_event(twin)
                if event:
                    events.setdefault((order.id, event[:2]), (order, twin, event))
        self.env.cr.execute(  # a batch is a transaction of its own, later than the one before
            "UPDATE fusion_billing_usage SET write_date = write_date - interval '1 hour'"
        )
        self.case._ingest(
            *(
                self.case._event(
                    order,
                    Decimal(event[3]),
                    event[2].isoformat(),
                    self.case.metrics[event[1]],
                    value=event[4],
                    dimensions=event[5],
                    idempotency_key=event[0],
                )
                for order, _twin, event in events.values()
            )
        )
        for _order, twin, (key, kind, start, quantity, value, dimensions) in events.values():
            twin.push(key, kind, start, Fraction(quantity), value, dimensions)
        if self.rng.random() < 0.3:
            self._delete()

    def _random_event(self, twin):
        """(key, metric, start, quantity, value, dimensions), or None if it could not be billed."""
        start = self._random_instant(twin)
        region = self.rng.choice(REGIONS)
        event = (
            f"key-{self.rng.randrange(12)}",
            self.rng.choice(KINDS),
            start,
            self.rng.choice(("0", "1", "7", "12.5", "101", "0.333333", "2500.000001", "99999")),
            self.rng.choice((None, "ann", "bob")),
            {"region": region} if region else {},
        )
        old = twin.counters.get((event[1], event[0]))
        if old and self.rng.random() < 0.3:  # the same counter with another quantity
            event = (*event[:2], old.start, event[3], old.value, old.dimensions)
        return event if twin.covers(event[2]) else None

    def _random_instant(self, twin):
        """Some moment until now; often one on a midnight that bounds a period or beside it."""
        periods = twin.periods(max(self.today, twin.start))
        days = [twin.start, *(period.end for period in periods)]
        around = model.day_begins(self.rng.choice(days), self.zone)
        around += timedelta(seconds=self.rng.choice((-3600, -1, 0, 1, 3600)))
        anywhere = model.day_begins(twin.start, self.zone) + timedelta(
            seconds=self.rng.randrange(90 * 86400)
        )
        return self.rng.choice((around, min(anywhere, self.now.replace(microsecond=0))))

    def _delete(self):
        order, twin = self.rng.choice(self.subscriptions)
        if twin.counters:
            kind, key = self.rng.choice(sorted(twin.counters))
            order.fusion_usage_ids.filtered(
                lambda usage: usage.idempotency_key == key and usage.metric_id.code == kind
            ).unlink()
            del twin.counters[kind, key]

    # === THE SEAM === #

    def _change_lives(self):
        for order, twin in self.subscriptions:
            change = self.rng.choice(
                (None,) * 5
                + (
                    self._change_plan,
                    self._change_plan,
                    self._pause,
                    self._resume,
                    self._is_late,
                    self._has_paid,
                    self._close,
                    self._reopen,
                )
            )
            if change:
                change(order, twin)

    def _random_day(self, twin):
        """A day of a subscription's life: today, around it, or the end of a period."""
        ends = [period.end for period in twin.periods(max(self.today, twin.start))]
        days = [self.today, self.today + self.rng.randrange(-30, 30) * DAY, *ends[-1:]]
        return max(self.rng.choice(days), twin.start)

    def _change_plan(self, order, twin):
        name, day = self.rng.choice("ABC"), self._random_day(twin)
        if order._fusion_is_running() and twin.state_on(day) != "closed":
            order._fusion_change_plan(self.twin[name], day)
            twin.change_plan(self.plans[name], day)

    def _pause(self, order, twin):
        day = self._random_day(twin)
        if order._fusion_is_running() and twin.state_on(day) == "active":
            order._fusion_pause(day, discard_usage=True)
            twin.change_state("paused", day)

    def _resume(self, order, twin):
        day = self._random_day(twin)
        if order._fusion_is_running() and twin.state_on(day) in ("paused", *UNPAID):
            order._fusion_resume(day)
            twin.change_state("active", day)

    def _is_late(self, order, twin):
        state = self.rng.choice(UNPAID)
        day = order._fusion_pause_unpaid(state)
        if day:
            twin.replace_states(day, ("active", *UNPAID), state)

    def _has_paid(self, order, twin):
        if order._fusion_resume_paid():
            twin.replace_states(max(self.today, twin.start), UNPAID, "active")

    def _close(self, order, twin):
        day = self._random_day(twin)
        if (
            order._fusion_is_running()
            and self.rng.random() < 0.4
            and (not twin.end or day <= twin.end)
        ):
            order._fusion_close(day, discard_usage=True)
            twin.close(day)

    def _reopen(self, order, twin):
        day = self._random_day(twin)
        if twin.end and day >= twin.end and order.fusion_state == "6_churn":
            order._fusion_reopen(day)
            twin.reopen(day)
