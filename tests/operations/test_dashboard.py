"""The dashboard says what there is: its figures are those of plain recounts, and of their lists."""

import random
import re
from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import freeze_time, tagged

from .test_revenue_movements import RevenueCase

NOW = "2026-06-17 12:00:00"
TODAY = date(2026, 6, 17)


class DashboardCase(RevenueCase):
    def _read(self, user=None, companies=None, **filters):
        self.env.cr.flush()
        dashboard = self.env["fusion.billing.dashboard"].with_user(user or self.clerk)
        companies = companies or dashboard.env.company
        return dashboard.with_context(allowed_company_ids=companies.ids).read_dashboard(filters)

    def _tile(self, data, part, key):
        [tile] = [tile for tile in data[part] if tile["key"] == key]
        return tile

    def _list(self, action, domain=None):
        """The records of the list that a figure opens."""
        model = self.env.ref(action["xmlid"]).res_model
        records = self.env[model].with_user(self.clerk)
        records = records.with_context(**action.get("context", {}))
        return records.search(Domain(action["domain"] if domain is None else domain)).sudo()


@tagged("post_install", "-at_install")
class TestDashboardFigures(DashboardCase):
    """Seeded lives of some customers on two plans, in two currencies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chance = random.Random(19)
        euro = cls._foreign("EUR", {"2025-01-01": 0.5})
        pricelist = cls.env["product.pricelist"].create({"name": "€", "currency_id": euro.id})
        cls.yearly = cls._plan("yearly", billing_period_unit="year")
        cls._charge(plan=cls.yearly, price_per_unit="0.5")
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(5)]
        )
        cls.lives = cls.env["sale.order"]
        with freeze_time("2026-01-01"):
            for number in range(10):
                cls.lives |= cls._subscribe(
                    f"2026-0{1 + number % 5}-0{1 + number % 3}",
                    products=cls.fee_product,
                    plan=(cls.plan, cls.yearly)[number % 2],
                    partner_id=cls.customers[number % 5].id,
                    fusion_service_id=cls.service.id if number % 3 else False,
                    **({"pricelist_id": pricelist.id} if number % 4 == 0 else {}),
                )
        cls._live()

    @classmethod
    def _live(cls):
        for month in range(1, 7):
            day = date(2026, month, 15)
            with freeze_time(f"{day} 06:00:00"):
                cls.env.cr.flush()
                cls.movements._cron_follow_calendar()
                instant = datetime.combine(day, datetime.min.time())
                running = cls.lives.filtered(lambda order, i=instant: order._fusion_covers(i))
                for order in running:
                    cls._use(order, cls.chance.randint(1, 400), str(day))
                cls._change_somehow(cls.chance.choice(running))
                cls.env["fusion.billing.usage"]._cron_rate_open_periods()
                if month != 6:
                    cls.env["sale.order"]._fusion_cron_create_invoices()

    @classmethod
    def _change_somehow(cls, order):
        fee = order.order_line.filtered("fusion_recurring")[:1]
        cls.chance.choice(
            [
                lambda: order._fusion_change_item(fee, quantity=cls.chance.randint(2, 5)),
                lambda: order._fusion_pause(),
                lambda: order._fusion_close(),
            ]
        )()

    def _scopes(self):
        """The filters to try, each with what it leaves."""
        of_plan = self.lives.filtered(lambda order: order.fusion_plan_id == self.yearly)
        of_service = self.lives.filtered("fusion_service_id")
        return (
            ({}, self.lives),
            ({"plan_id": self.yearly.id}, of_plan),
            ({"service_id": self.service.id, "months": 3}, of_service),
        )

    def _worth(self, records, amount):
        """Amounts added up in dollars, one by one; a euro is two."""
        return sum(
            amount(record) * (2 if record.currency_id.name == "EUR" else 1) for record in records
        )

    @freeze_time(NOW)
    def test_recurring_revenue_is_what_the_fees_in_force_come_to(self):
        for filters, orders in self._scopes():
            tile = self._tile(self._read(**filters), "revenue", "recurring")
            active = orders.filtered(
                lambda order: order._fusion_timeline().on(TODAY).state == "active"
            )
            expected = sum(
                (item.quantity * item.price_unit)
                * (2 if order.currency_id.name == "EUR" else 1)
                / (12 if order.fusion_plan_id == self.yearly else 1)
                for order in active
                for item in order.fusion_item_ids._on(TODAY)
            )
            with self.subTest(filters):
                self.assertTrue(expected)
                self.assertAlmostEqual(tile["amount"], expected)
                self.assertAlmostEqual(sum(self._list(tile["action"]).mapped("amount")), expected)

    @freeze_time(NOW)
    def test_each_bar_is_the_sum_of_its_list(self):
        for filters, _orders in self._scopes():
            data = self._read(**filters)
            charts = [data["recurring_chart"], data["movement_chart"], data["usage_chart"]]
            seen = 0
            for chart in charts:
                for dataset in chart["datasets"]:
                    for value, domain in zip(dataset["data"], dataset["domains"], strict=True):
                        records = self._list(chart["action"], domain)
                        worth = (
                            self._worth(records, lambda row: row.amount)
                            if records._name == "fusion.billing.rating"
                            else sum(records.mapped("amount"))
                        )
                        self.assertAlmostEqual(value, worth, 6)
                        seen += bool(worth)
            self.assertGreater(seen, 5)
            for chart in data["metric_charts"]:
                [dataset] = chart["datasets"]
                for value, domain in zip(dataset["data"], dataset["domains"], strict=True):
                    records = self._list(chart["action"], domain)
                    self.assertAlmostEqual(value, sum(records.mapped("quantity")))

    @freeze_time(NOW)
    def test_what_is_owed_is_what_the_ledger_says_is_due(self):
        for filters, orders in self._scopes():
            data = self._read(**filters)
            for key, days in (("owed", 0), ("week", 7), ("month", 30)):
                day = TODAY + timedelta(days)
                rows = orders.fusion_rating_ids.filtered(
                    lambda row, day=day: row.bill_on <= day and row.due > 0
                )
                tile = self._tile(data, "money", key)
                with self.subTest(filters, key=key):
                    self.assertAlmostEqual(tile["amount"], self._worth(rows, lambda row: row.due))
                    self.assertEqual(self._list(tile["action"]), rows.sorted())
                    if tile["also"]:
                        expected = orders.filtered(
                            lambda order, day=day: (
                                order.fusion_next_invoice_date
                                and order.fusion_next_invoice_date <= day
                            )
                        )
                        self.assertEqual(tile["also"]["count"], len(expected))
                        self.assertEqual(self._list(tile["also"]["action"]), expected.sorted())

    @freeze_time("2026-09-17 12:00:00")
    def test_what_is_overdue_is_what_is_not_paid(self):
        for filters, orders in self._scopes():
            tile = self._tile(self._read(**filters), "money", "overdue")
            overdue = orders.invoice_ids.filtered(
                lambda move: (
                    move.state == "posted"
                    and move.move_type == "out_invoice"
                    and move.payment_state in ("not_paid", "partial")
                    and move.invoice_date_due < date(2026, 9, 17)
                )
            )
            with self.subTest(filters):
                self.assertTrue(overdue)
                self.assertEqual(self._list(tile["action"]), overdue.sorted())
                self.assertEqual(tile["also"]["count"], len(overdue))
                residual = sum(overdue.mapped("amount_residual_signed"))
                self.assertAlmostEqual(tile["amount"], residual)

    @freeze_time(NOW)
    def test_states_and_customers_over_quota_are_counted(self):
        for filters, orders in self._scopes():
            data = self._read(**filters)
            for tile in data["states"]:
                with self.subTest(filters, key=tile["key"]):
                    self.assertEqual(tile["count"], len(self._list(tile["action"])))
                    if tile["key"] != "quota":
                        expected = orders.filtered(lambda o, k=tile["key"]: o.fusion_state == k)
                        self.assertEqual(tile["count"], len(expected))
            over = orders.fusion_rating_ids.filtered(
                lambda row: (
                    row.charge_id
                    and row.date_from <= TODAY < row.date_until
                    and row.quantity > row.included_quantity > 0
                )
            )
            self.assertEqual(self._tile(data, "states", "quota")["count"], len(over.partner_id))
        self.assertTrue(self._tile(self._read(), "states", "quota")["count"])

    @freeze_time(NOW)
    def test_retention_compares_the_same_customers(self):
        for filters, orders in self._scopes():
            tile = self._tile(self._read(**filters), "revenue", "retention")
            first = date(2026, 4, 1) if filters.get("months") else date(2026, 1, 1)
            rows = self.movements.search([("subscription_id", "in", orders.ids)])
            before, after = 0, 0
            for own in rows.grouped("partner_id").values():
                began = sum(row.amount for row in own if row.date < first)
                if began > 0:
                    before += began
                    after += sum(own.mapped("amount"))
            with self.subTest(filters):
                if before:
                    self.assertAlmostEqual(tile["percent"], after / before * 100)
                else:
                    self.assertIsNone(tile["percent"])

    @freeze_time(NOW)
    def test_the_top_customers_are_those_that_bring_most(self):
        customers = self._read()["customers"]
        self.assertTrue(customers)
        worth = [row["recurring"] + row["usage"] for row in customers]
        self.assertEqual(worth, sorted(worth, reverse=True))
        for row in customers:
            self.assertAlmostEqual(
                row["recurring"], sum(self._list(row["recurring_action"]).mapped("amount"))
            )
            usage = self._list(row["usage_action"])
            self.assertAlmostEqual(row["usage"], self._worth(usage, lambda rating: rating.amount))

    @freeze_time(NOW)
    def test_the_number_of_queries_does_not_grow_with_subscriptions(self):
        self._read()
        counts = []
        for _turn in range(2):
            before = self.env.cr.sql_log_count
            self._read()
            counts.append(self.env.cr.sql_log_count - before)
            for _number in range(3):
                self._subscribe("2026-06-01", products=self.fee_product)
            self._read()
        self.assertEqual(*counts)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestDashboard(DashboardCase):
    def test_only_billing_staff_read_it(self):
        for user in (self.clerk, self.manager):
            self.assertIn("checklist", self._read(user))
        for user in (self.seller, self.portal, self.env.ref("base.public_user")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._read(user)

    def test_what_another_company_does_is_not_shown(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        self._subscribe("2026-06-01", products=self.fee_product)
        order, metric = self._live_abroad(abroad)
        self._use(order, 500, "2026-06-10", metric=metric)
        self._rate()
        here = self._read()
        self.assertEqual(self._tile(here, "revenue", "recurring")["amount"], 49)
        self.assertEqual(self._tile(here, "states", "3_progress")["count"], 1)
        self.assertEqual(self._tile(here, "money", "month")["also"]["count"], 1)
        self.assertNotIn("Abroad Ltd", str(here))
        both = self.env.company | abroad
        self.clerk.company_ids = both
        there = self._read(companies=both)
        self.assertEqual(self._tile(there, "revenue", "recurring")["amount"], 49 + 70)
        self.assertEqual(self._tile(there, "states", "3_progress")["count"], 2)

    def _live_abroad(self, company):
        """A subscription of another company, and what it is charged for."""
        env = self.env(context={**self.env.context, "allowed_company_ids": company.ids})
        product = self._product("Fee abroad", fusion_recurring=True, list_price=70)
        plan = env["fusion.billing.plan"].create({"code": "abroad", "name": "Plan abroad"})
        metric = env["fusion.billing.metric"].create({"code": "api_calls", "name": "Calls abroad"})
        env["fusion.billing.charge"].create(
            {
                "plan_id": plan.id,
                "metric_id": metric.id,
                "product_id": self.usage_product.id,
                "price_per_unit": 1,
            }
        )
        order = env["sale.order"].create(
            {
                "partner_id": env["res.partner"].create({"name": "Abroad Ltd"}).id,
                "company_id": company.id,
                "fusion_plan_id": plan.id,
                "fusion_start_date": "2026-06-01",
                "order_line": [(0, 0, {"product_id": product.id})],
            }
        )
        order.action_confirm()
        return order, metric

    def test_filters_that_are_none_are_ignored(self):
        self._subscribe("2026-06-01", products=self.fee_product)
        for filters in (
            {"months": 10**9},
            {"months": "12; DROP TABLE"},
            {"months": [12]},
            {"months": 12.0},
            {"plan_id": "x"},
            {"plan_id": 2**70},
            {"plan_id": -1},
            {"service_id": [1]},
            {"service_id": True, "other": {}},
        ):
            with self.subTest(filters):
                tile = self._tile(self._read(**filters), "revenue", "recurring")
                self.assertEqual(tile["amount"], 49)
        dashboard = self.env["fusion.billing.dashboard"].with_user(self.clerk)
        for filters in (None, [], "x", 3):
            self.assertEqual(dashboard.read_dashboard(filters)["filters"]["months"], 6)

    # === CHECKLIST === #

    def _done(self):
        return [step["key"] for step in self._read()["checklist"] if step["done"]]

    def test_the_checklist_ticks_itself_off_until_the_first_invoice(self):
        models = ("fusion.billing.charge", "fusion.billing.service", "fusion.billing.metric")
        for model in models:
            self.env[model].search([]).unlink()
        data = self._read()
        self.assertEqual(
            [step["key"] for step in data["checklist"]],
            ["metric", "plan", "service", "subscription", "event", "invoice"],
        )
        self.assertNotIn("revenue", data)
        self.assertEqual(self._done(), [])
        calls = self._metric("calls")
        self.assertEqual(self._done(), ["metric"])
        self._charge(metric=calls, price_per_unit=2)
        self.assertEqual(self._done(), ["metric", "plan"])
        service = self._service("atlas")
        self.assertEqual(self._done(), ["metric", "plan"])
        service._generate_api_key()
        self.assertEqual(self._done(), ["metric", "plan", "service"])
        order = self._quotation(fusion_start_date="2026-05-10")
        self.assertEqual(self._done(), ["metric", "plan", "service"])
        order.action_confirm()
        self.assertEqual(self._done(), ["metric", "plan", "service", "subscription"])
        self._use(order, 100, "2026-05-15", metric=calls)
        self.assertEqual(self._done(), ["metric", "plan", "service", "subscription", "event"])
        self._bill()
        data = self._read()
        self.assertEqual(data["checklist"], [])
        self.assertIn("revenue", data)

    def test_a_step_that_lacks_something_leads_to_what_there_is(self):
        self.env["fusion.billing.charge"].search([]).unlink()
        self.env["fusion.billing.service"].search([]).unlink()
        steps = {step["key"]: step for step in self._read()["checklist"]}
        self.assertFalse(steps["plan"]["action"]["view"])
        self.assertEqual(steps["service"]["action"]["view"], "form")

    def test_the_steps_name_what_there_is(self):
        subscription = self._subscribe("2026-06-01")
        steps = {step["key"]: step for step in self._read()["checklist"]}
        self.assertIn("/fusion/api/v1/catalog", steps["service"]["command"])
        self.assertIn(f'"subscription_id": {subscription.id}', steps["event"]["command"])
        self.assertIn('"metric_code": "api_calls"', steps["event"]["command"])

    def test_the_command_names_a_subscription_that_the_app_can_reach(self):
        unknown = self.env["res.partner"].create({"name": "Nobody's"})
        order = self._subscribe("2026-06-01", partner_id=unknown.id)
        self.assertIn("Link the Customer", self._event_step()["help"])
        self._link("known", unknown, self.service)
        order.invalidate_recordset()
        self.assertNotIn("Link the Customer", self._event_step()["help"])
        self._subscribe("2026-06-02", partner_id=unknown.copy().id)
        self.assertIn(f'"subscription_id": {order.id}', self._event_step()["command"])

    def _event_step(self):
        [step] = [step for step in self._read()["checklist"] if step["key"] == "event"]
        return step

    @freeze_time("2026-06-18 02:30:00")
    def test_the_counter_of_the_command_is_billable_where_it_is_yesterday_yet(self):
        self.env.company.fusion_billing_tz = "America/Toronto"
        subscription = self._subscribe("2026-06-17")
        steps = {step["key"]: step for step in self._read()["checklist"]}
        [start] = re.findall('"period_start": "(.*?)Z"', steps["event"]["command"])
        self.assertTrue(subscription._fusion_covers(datetime.fromisoformat(start)))

    # === WHAT NEEDS A PERSON === #

    def _attention(self, **filters):
        return {entry["key"]: entry for entry in self._read(**filters)["attention"]}

    def test_what_needs_a_person_is_counted_and_opens_its_list(self):
        self._link("acme-1")
        subscription = self._subscribe("2026-05-01", products=self.fee_product)
        self.assertEqual(self._attention(), {})
        subscription._fusion_show_failure("rating", "No exchange rate.")
        unknown = self.env["res.partner"].create({"name": "Unknown"})
        alone = self._subscribe("2026-05-01", partner_id=unknown.id)
        empty = self._plan("empty", invoice_mode="draft")
        manual = self._subscribe("2026-05-01", products=self.fee_product, plan=empty)
        manual._fusion_bill_until(TODAY)
        sending = self._plan("sending", invoice_mode="send")
        nobody = self._subscribe("2026-05-01", products=self.fee_product, plan=sending)
        nobody._fusion_bill_until(TODAY)
        self.env["account.move"]._fusion_cron_send()
        delivery = self.env["fusion.billing.webhook.delivery"].create(
            {
                "service_id": self.service.id,
                "event_id": "evt_1",
                "event_type": "invoice.paid",
                "body": "{}",
                "state": "failed",
            }
        )
        row = self._difference(subscription)
        expected = {
            "problems": subscription,
            "deliveries": delivery,
            "unsent": nobody.invoice_ids,
            "drafts": manual.invoice_ids,
            "differences": row,
            "unreachable": alone,
            "plans": empty | sending,
        }
        found = self._attention()
        self.assertEqual(list(found), list(expected))
        for key, records in expected.items():
            with self.subTest(key):
                self.assertEqual(found[key]["count"], len(records))
                self.assertEqual(self._list(found[key]["action"]), records)
        self.assertEqual(list(self._attention(plan_id=empty.id)), ["deliveries", "drafts", "plans"])

    def _difference(self, subscription):
        """A total of an app that is another one than ours."""
        reconciliation = self.env["fusion.billing.reconciliation"].create(
            {
                "company_id": self.company.id,
                "period_start": "2026-05-01 00:00:00",
                "period_end": "2026-06-01 00:00:00",
            }
        )
        return self.env["fusion.billing.reconciliation.row"].create(
            {
                "reconciliation_id": reconciliation.id,
                "subscription_name": subscription.name,
                "subscription_id": subscription.id,
                "metric_code": "api_calls",
                "result": "different",
                "is_open": True,
            }
        )

    def test_a_customer_whose_contact_an_app_knows_is_known(self):
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.partner.id})
        self._subscribe("2026-06-01")
        self.assertIn("unreachable", self._attention())
        self._link("ann-1", partner=contact)
        self.assertNotIn("unreachable", self._attention())
