"""Demonstration data: a year in the life of two apps and their customers."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.fields import Command

DAY = timedelta(days=1)


class Life(NamedTuple):
    """How one customer lives.

    :param int months: how many ago they signed up
    :param int calls: a day, at the beginning
    :param int growth: of the calls, in percent a month
    :param str story: what happens to them, a method of the model below; nothing if empty
    :param int ago: how many months ago that was
    """

    name: str
    service: str
    plan: str
    months: int
    calls: int
    growth: int
    story: str = ""
    ago: int = 0


LIVES = (
    Life("Northwind Logistics", "nexamaps", "pro", 12, 900, 12, "moves_to_scale", 2),
    Life("Alpine Couriers", "nexamaps", "pro", 12, 500, 4, "takes_seats", 9),
    Life("Harbor Freight Lines", "nexamaps", "starter", 11, 60, 9, "moves_to_pro", 6),
    Life("Lakeside Rentals", "nexamaps", "starter", 10, 25, 2),
    Life("Summit Outdoor", "nexadesk", "pro", 9, 350, 6, "pauses", 4),
    Life("Bluebird Travel", "nexadesk", "starter", 9, 40, -5, "leaves", 2),
    Life("Meridian Health", "nexadesk", "scale", 8, 6000, 5, "is_corrected", 1),
    Life("Orchard Foods", "nexadesk", "pro", 7, 420, 3),
    Life("Polar Research Group", "nexamaps", "scale", 5, 9000, 15),
    Life("Redwood Games", "nexamaps", "starter", 4, 55, 35, "is_in_the_news"),
    Life("Sable Fashion", "nexadesk", "starter", 3, 0, 0, "adds_a_seat", 1),
    Life("Fjord Ferries", "nexamaps", "pro", 2, 640, 5),
)
FAILING = LIVES[-1]
LATE_PAYER = "Orchard Foods"


class FusionBillingDemo(models.AbstractModel):
    """Lets customers live for a year, and bills them on the days on which it would have happened.

    All is done by the methods that staff, apps and scheduled actions use; only the documents get
    the dates that they would have had.
    """

    _name = "fusion.billing.demo"
    _description = "Billing: demonstration data"

    @api.model
    def _live_a_year(self):
        try:
            self._live()
        except Exception:
            # Odoo goes on without demonstration data; what waits for the commit must not.
            self.env.cr.postcommit.clear()
            raise

    def _live(self):
        """Go through the months, oldest first: what happens, then the documents that are due."""
        plans = self.env["fusion.billing.plan"].search([("company_id", "=", self.env.company.id)])
        plans.invoice_mode = "draft"
        orders = {life: self._sign_up(life) for life in LIVES}
        for months in range(12, -1, -1):
            day = self._months_ago(months)
            for life, order in orders.items():
                if life.story and life.ago == months:
                    getattr(self, f"_{life.story}")(order)
                if life.months > months and self.env.company.chart_template:
                    self._bill(order, day)
        plans.invoice_mode = "post"
        self._forget_an_exchange_rate(orders[FAILING])
        self._date_revenue([order.id for order in orders.values()])
        self._connect()
        self._dun()
        self._give_access(orders[LIVES[0]])

    def _ref(self, name):
        return self.env.ref(f"fusion_billing.{name}")

    def _today(self):
        return self.env.company._fusion_today()

    # === CUSTOMERS AND THEIR USAGE === #

    def _sign_up(self, life):
        slug = life.name.lower().replace(" ", "-")
        service = self._ref(f"service_{life.service}")
        partner = self.env["res.partner"].create(
            {"name": life.name, "is_company": True, "email": f"billing@{slug}.example.com"}
        )
        self.env["fusion.billing.account.link"].create(
            {"service_id": service.id, "partner_id": partner.id, "external_id": f"acct-{slug}"}
        )
        order = self.env["sale.order"]._fusion_create_subscription(
            {
                "partner_id": partner.id,
                "plan_id": self._ref(f"plan_{life.plan}").id,
                "service_id": service.id,
                "external_id": f"ws-{slug}",
                "start_date": self._months_ago(life.months),
                "lines": [{"product_id": self._ref("product_onboarding").id, "quantity": 1}],
            }
        )
        self._use(order, life)
        return order

    def _use(self, order, life):
        """Give a subscription counters for each day until yesterday: fewer on Sundays."""
        first = order.fusion_start_date
        days = [first + number * DAY for number in range((self._today() - first).days)]
        self._push(
            order,
            "api_calls",
            {day: self._calls_on(life, number, day) for number, day in enumerate(days)},
        )
        stored = {day: Decimal(20 + number // 4) for number, day in enumerate(days)}
        self._push(order, "storage_gb", stored)

    def _calls_on(self, life, number, day):
        grown = life.calls * (1 + Decimal(life.growth) / 100) ** Decimal(number // 30)
        waves = 80 + (number * 7919 + life.calls) % 41  # percent: no two days are alike
        return Decimal(int(grown * waves / (200 if day.weekday() == 6 else 100)))

    def _push(self, order, metric, quantities):
        """Push a counter for each day of `{day: quantity}`, as an app does."""
        metric = self.env["fusion.billing.metric"].search([("code", "=", metric)])
        self.env["fusion.billing.usage"]._ingest(
            [
                {
                    "subscription_id": order.id,
                    "metric_id": metric.id,
                    "period_start": datetime.combine(day, time(6)),
                    "period_end": datetime.combine(day, time(18)),
                    "quantity": quantity,
                    "value": None,
                    "dimensions": None,
                    "idempotency_key": f"{order.fusion_external_id}/{metric.code}/{day}",
                }
                for day, quantity in quantities.items()
                if quantity
            ],
            order.fusion_service_id.code,
        )

    # === WHAT HAPPENS TO THEM === #

    def _months_ago(self, months, day=1):
        return self._today() + relativedelta(months=-months, day=day)

    def _moves_to_scale(self, order):
        order._fusion_change_plan(self._ref("plan_scale"), self._months_ago(2))

    def _moves_to_pro(self, order):
        order._fusion_change_plan(self._ref("plan_pro"), self._months_ago(6, day=15))

    def _takes_seats(self, order):
        seats = order._fusion_add_item(self._ref("product_seat"), 5, date=self._months_ago(9))
        order._fusion_change_item(seats, quantity=8, date=self._months_ago(5, day=10))
        order._fusion_change_item(seats, quantity=6, date=self._months_ago(1))

    def _adds_a_seat(self, order):
        order._fusion_add_item(self._ref("product_seat"), 1, date=self._months_ago(1, day=12))

    def _pauses(self, order):
        away = self._months_ago(4), self._months_ago(2)
        order._fusion_pause(*away, discard_usage=True)

    def _leaves(self, order):
        order._fusion_close(self._months_ago(2), discard_usage=True)

    def _is_corrected(self, order):
        """Some days of a month that is billed were counted twice: the difference is credited."""
        days = [self._months_ago(3) + number * DAY for number in range(7)]
        self._push(order, "api_calls", dict.fromkeys(days, Decimal(2500)))

    def _is_in_the_news(self, order):
        self._push(order, "api_calls", {self._today() - 3 * DAY: Decimal(41000)})

    def _forget_an_exchange_rate(self, order):
        """Storage is priced in a currency that has no exchange rate: the subscription fails."""
        currency = self.env.ref("base.ISK")
        currency.active = True
        currency.rate_ids.unlink()
        plan = order.fusion_plan_id.copy({"name": "Pro, Iceland", "code": "pro-iceland"})
        plan.charge_ids[-1:].currency_id = currency
        order._fusion_change_plan(plan, self._today())
        self.env["fusion.billing.usage"]._cron_rate_open_periods()

    # === THEIR DOCUMENTS === #

    def _bill(self, order, day):
        """Bill what is due on a day, post it with that date, and have it paid in two weeks."""
        order._fusion_bill(day)
        moves = order.invoice_ids.filtered(lambda move: move.state == "draft")
        moves.write({"invoice_date": day, "date": day, "invoice_date_due": day})
        moves.action_post()
        is_late = order.partner_id.name == LATE_PAYER and day > self._months_ago(3)
        paid_on = day + 14 * DAY
        unpaid = moves.filtered(lambda move: move.amount_residual and not is_late)
        if unpaid and paid_on < self._today():
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=unpaid.ids
            ).create({"payment_date": paid_on, "group_payment": True})._create_payments()

    def _date_revenue(self, subscription_ids):
        """What happened moved revenue on its day, not today."""
        movements = self.env["fusion.billing.revenue.movement"].sudo()
        self.env.cr.flush()
        movements.search([("subscription_id", "in", subscription_ids)]).unlink()
        movements._write_calendar(subscription_ids)

    def _dun(self):
        """Begin to do something about who does not pay."""
        self.env.company.fusion_dunning_policy_id = self._ref("dunning_policy_default")
        self.env["fusion.billing.dunning.case"]._cron_dun()

    # === WHO ELSE === #

    def _connect(self):
        """Connect an endpoint that does not answer, so that there is something to look into."""
        service = self._ref("service_nexadesk")
        service.webhook_url = "https://hooks.nexadesk.example/fusion"
        service._generate_webhook_secret()
        service._send_test_event()

    def _give_access(self, order):
        """Let somebody of a customer into the portal: user and password are `northwind`."""
        self.env["res.users"].create(
            {
                "name": "Nora Northwind",
                "login": "northwind",
                "password": "northwind",
                "email": "nora@northwind-logistics.example.com",
                "partner_id": self.env["res.partner"]
                .create({"name": "Nora Northwind", "parent_id": order.partner_id.id})
                .id,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
