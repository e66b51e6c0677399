"""The log of recurring revenue: what is written, when, and that it stays."""

import random
from datetime import date, timedelta
from decimal import Decimal

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from ..staff_case import StaffCase


class RevenueCase(StaffCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.movements = cls.env["fusion.billing.revenue.movement"]

    def _fee(self, subscription):
        return subscription.order_line.filtered("fusion_recurring")[:1]

    def _log(self, subscription):
        """`(day, kind, amount)` of each movement, in order."""
        self.env.cr.flush()
        rows = self.movements.search([("subscription_id", "=", subscription.id)], order="number")
        return [(str(row.date), row.kind, round(row.amount, 6)) for row in rows]

    def _exact(self, field, subscription):
        """The numbers of a field, as PostgreSQL holds them."""
        self.env.cr.flush()
        rows = self.movements.search([("subscription_id", "=", subscription.id)], order="number")
        return [Decimal(self._numeric_text(row, field)) for row in rows]

    def _days_pass(self, until, since):
        """Run the scheduled action on each day."""
        day, until = date.fromisoformat(since), date.fromisoformat(until)
        while day <= until:
            with freeze_time(f"{day} 03:00:00"):
                self.movements._cron_follow_calendar()
            day += timedelta(1)


@tagged("post_install", "-at_install")
class TestRevenueMovements(RevenueCase):
    @freeze_time("2026-01-10")
    def test_a_subscription_is_new_on_the_day_on_which_it_is_confirmed(self):
        subscription = self._subscribe("2026-01-01", products=self.fee_product)
        self.assertEqual(self._log(subscription), [("2026-01-10", "new", 49)])
        movement = self.movements.search([("subscription_id", "=", subscription.id)])
        self.assertEqual(movement.partner_id, self.partner)
        self.assertEqual(movement.plan_id, self.plan)
        self.assertEqual(movement.recurring_after, 49)

    @freeze_time("2026-01-10")
    def test_usage_and_one_off_lines_are_no_recurring_revenue(self):
        subscription = self._subscribe(products=self.setup_product)
        self._use(subscription, 1000)
        self._rate()
        self.assertEqual(self._log(subscription), [])

    @freeze_time("2026-01-10")
    def test_each_kind_of_movement(self):
        with freeze_time("2026-01-10"):
            subscription = self._subscribe(products=self.fee_product)
            self.env.cr.flush()
        steps = [
            ("2026-02-01", lambda: self._change(subscription, 3), ("expansion", 98)),
            ("2026-02-02", lambda: self._change(subscription, 2), ("contraction", -49)),
            ("2026-02-03", lambda: subscription._fusion_pause(date(2026, 2, 3)), ("churn", -98)),
            ("2026-02-04", lambda: subscription._fusion_resume(), ("reactivation", 98)),
            ("2026-02-05", lambda: subscription._fusion_close(date(2026, 2, 5)), ("churn", -98)),
            ("2026-02-06", lambda: subscription._fusion_reopen(), ("reactivation", 98)),
        ]
        for day, step, _movement in steps:
            with freeze_time(day):
                step()
                self.env.cr.flush()
        expected = [("2026-01-10", "new", 49)]
        expected += [(day, *movement) for day, _step, movement in steps]
        self.assertEqual(self._log(subscription), expected)

    def _change(self, subscription, quantity, day=None):
        subscription._fusion_change_item(self._fee(subscription), quantity=quantity, date=day)

    @freeze_time("2026-01-10")
    def test_fees_of_any_billing_period_are_those_of_a_month(self):
        for value, unit, expected in (
            (1, "week", Decimal("49") * 52 / 12),
            (2, "week", Decimal("49") * 26 / 12),
            (1, "month", Decimal(49)),
            (3, "month", Decimal(49) / 3),
            (1, "year", Decimal(49) / 12),
            (2, "year", Decimal(49) / 24),
        ):
            plan = self._plan(
                f"{unit}-{value}", billing_period_value=value, billing_period_unit=unit
            )
            with self.subTest(value=value, unit=unit):
                subscription = self._subscribe(products=self.fee_product, plan=plan)
                [amount] = self._exact("amount", subscription)
                self.assertEqual(amount, round(expected, 12))

    @freeze_time("2026-01-10")
    def test_discounts_are_taken_off(self):
        subscription = self._subscribe(products=self.fee_product)
        subscription._fusion_change_item(self._fee(subscription), quantity=3, discount=12.5)
        self.assertEqual(self._exact("recurring_after", subscription), [Decimal("128.625")])

    @freeze_time("2026-01-10")
    def test_another_currency_keeps_its_rate(self):
        euro = self._foreign("EUR", {"2025-01-01": 0.5, "2026-02-01": 0.25})
        pricelist = self.env["product.pricelist"].create({"name": "€", "currency_id": euro.id})
        subscription = self._subscribe(products=self.fee_product, pricelist_id=pricelist.id)
        price = self._fee(subscription).price_unit
        self.assertEqual(self._log(subscription), [("2026-01-10", "new", round(price / 0.5, 6))])
        with freeze_time("2026-02-10"):
            self.movements._cron_follow_calendar()
            subscription._fusion_close(date(2026, 2, 10))
            self.assertEqual(sum(self._exact("amount", subscription)), 0)
            self.assertEqual(len(self._log(subscription)), 2)

    @freeze_time("2026-01-10")
    def test_what_is_planned_moves_revenue_on_its_day_and_what_is_taken_back_never(self):
        other = self._plan("business", fee_ids=[(0, 0, {"product_id": self.setup_product.id})])
        planned = self._subscribe(products=self.fee_product)
        undone = self._subscribe(products=self.fee_product)
        for subscription in (planned, undone):
            subscription._fusion_change_plan(other, date(2026, 1, 20))
        self._days_pass("2026-01-15", since="2026-01-10")
        with freeze_time("2026-01-16"):
            undone._fusion_keep_plan()
        self._days_pass("2026-01-25", since="2026-01-16")
        new = ("2026-01-10", "new", 49)
        self.assertEqual(self._log(planned), [new, ("2026-01-20", "expansion", 200)])
        self.assertEqual(self._log(undone), [new])

    @freeze_time("2026-01-10")
    def test_t3_a_late_run_writes_what_punctual_ones_would_have(self):
        logs = []
        for is_late in (False, True):
            subscription = self._subscribe(products=self.fee_product)
            self._change(subscription, 2, date(2026, 1, 14))
            subscription._fusion_pause(date(2026, 1, 16), until=date(2026, 1, 18))
            subscription._fusion_close(date(2026, 1, 22))
            self.env.cr.flush()
            self._days_pass("2026-01-30", since="2026-01-30" if is_late else "2026-01-11")
            logs.append(self._log(subscription))
        self.assertEqual(*logs)
        self.assertEqual(
            logs[0],
            [
                ("2026-01-10", "new", 49),
                ("2026-01-14", "expansion", 49),
                ("2026-01-16", "churn", -98),
                ("2026-01-18", "reactivation", 98),
                ("2026-01-22", "churn", -98),
            ],
        )

    @freeze_time("2026-01-10")
    def test_t3_what_was_planned_is_no_part_of_a_later_change_if_no_run_wrote_it(self):
        logs = []
        for is_down in (False, True):
            subscription = self._subscribe(products=self.fee_product)
            self._change(subscription, 2, date(2026, 1, 14))
            subscription._fusion_pause(date(2026, 1, 16), until=date(2026, 1, 17))
            self.env.cr.flush()
            if not is_down:
                self._days_pass("2026-01-18", since="2026-01-11")
            with freeze_time("2026-01-18 12:00:00"):
                for quantity in (5, 4):
                    self._change(subscription, quantity)
                    self.env.cr.flush()
            logs.append(self._log(subscription))
        self.assertEqual(*logs)
        self.assertEqual(
            logs[0],
            [
                ("2026-01-10", "new", 49),
                ("2026-01-14", "expansion", 49),
                ("2026-01-16", "churn", -98),
                ("2026-01-17", "reactivation", 98),
                ("2026-01-18", "expansion", 147),
                ("2026-01-18", "contraction", -49),
            ],
        )

    @freeze_time("2026-01-10")
    def test_past_days_that_are_changed_twice_at_once_leave_past_figures_as_they_were(self):
        subscription = self._subscribe(products=self.fee_product)
        self.env.cr.flush()
        with freeze_time("2026-03-10"):
            self._change(subscription, 4, date(2026, 2, 1))
            self._change(subscription, 3, date(2026, 2, 20))
            self.env.cr.flush()
            self._change(subscription, 2, date(2026, 2, 25))
            self.env.cr.flush()
        self.assertEqual(
            self._log(subscription),
            [
                ("2026-01-10", "new", 49),
                ("2026-03-10", "expansion", 98),
                ("2026-03-10", "contraction", -49),
            ],
        )

    @freeze_time("2026-01-10")
    def test_a_change_of_past_days_leaves_past_figures_as_they_were(self):
        subscription = self._subscribe(products=self.fee_product)
        self.env.cr.flush()
        with freeze_time("2026-03-10"):
            self._change(subscription, 4, date(2026, 2, 1))
            self.movements._cron_follow_calendar()
            self.assertEqual(
                self._log(subscription),
                [("2026-01-10", "new", 49), ("2026-03-10", "expansion", 147)],
            )

    @freeze_time("2026-01-10")
    def test_what_is_done_and_undone_at_once_moves_nothing(self):
        subscription = self._subscribe(products=self.fee_product)
        self.env.cr.flush()
        self._change(subscription, 4)
        self._change(subscription, 1)
        self.assertEqual(self._log(subscription), [("2026-01-10", "new", 49)])

    @freeze_time("2026-01-10")
    def test_a_subscription_that_begins_later_is_new_then(self):
        subscription = self._subscribe("2026-01-12", products=self.fee_product)
        self.assertEqual(self._log(subscription), [])
        self._days_pass("2026-01-20", since="2026-01-10")
        self.assertEqual(self._log(subscription), [("2026-01-12", "new", 49)])

    @freeze_time("2026-01-10 23:30:00")
    def test_r3_days_begin_in_the_billing_time_zone(self):
        self._set_zone("Europe/Paris")
        subscription = self._subscribe("2026-01-01", products=self.fee_product)
        self.assertEqual(self._log(subscription), [("2026-01-11", "new", 49)])

    @freeze_time("2026-03-10")
    def test_a_database_that_is_older_than_the_log_gets_its_history(self):
        subscription = self._subscribe("2026-01-01", products=self.fee_product)
        self._change(subscription, 2, date(2026, 2, 1))
        self.env.cr.flush()
        self.movements.search([]).unlink()
        self.movements._cron_follow_calendar()
        self.assertEqual(
            self._log(subscription), [("2026-01-01", "new", 49), ("2026-02-01", "expansion", 49)]
        )

    @freeze_time("2026-01-10")
    def test_the_number_of_queries_does_not_grow_with_subscriptions(self):
        counts = []
        for number, start in ((2, "2026-01-12"), (9, "2026-01-14")):
            for _number in range(number):
                self._subscribe(start, products=self.fee_product)
            with freeze_time(f"{start} 05:00:00"):
                counts.append(self._run_counted())
            self.assertEqual(self.movements.search_count([("date", "=", start)]), number)
        self.assertLessEqual(counts[1], counts[0])

    def _run_counted(self):
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self.movements._cron_follow_calendar()
        return self.env.cr.sql_log_count - before

    @freeze_time("2026-01-10")
    def test_nobody_writes_the_log(self):
        subscription = self._subscribe(products=self.fee_product)
        self.env.cr.flush()
        movement = self.movements.search([("subscription_id", "=", subscription.id)])
        for user in (self.clerk, self.manager):
            own = movement.with_user(user)
            self.assertEqual(own.amount, 49)
            for change in (lambda own=own: own.write({"amount": 1}), own.unlink, own.copy):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    change()

    def test_a_random_life_comes_to_what_its_fees_come_to(self):
        chance = random.Random(9)
        plans = [self.plan, self._plan("yearly", billing_period_unit="year")]
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(products=self.fee_product)
            self.env.cr.flush()
        day = date(2026, 1, 1)
        for _step in range(12):
            day += timedelta(chance.randint(1, 20))
            with freeze_time(f"{day} 05:00:00"):
                self.movements._cron_follow_calendar()
                self._live(subscription, chance, day, plans)
                self.env.cr.flush()
                expected = self._contracted(subscription, day)
                amounts = self._exact("amount", subscription)
                self.assertAlmostEqual(sum(amounts), expected, 9)
                self.assertEqual(sum(amounts), self._exact("recurring_after", subscription)[-1])

    def _live(self, subscription, chance, day, plans):
        state = subscription._fusion_timeline().on(day).state
        later = day + timedelta(chance.randint(0, 15))
        if state == "closed":
            subscription._fusion_reopen()
        elif state == "paused":
            subscription._fusion_resume()
        else:
            chance.choice(
                [
                    lambda: self._change(subscription, chance.randint(1, 9), later),
                    lambda: self._change(subscription, chance.randint(1, 9), later),
                    lambda: subscription._fusion_pause(later, until=later + timedelta(5)),
                    lambda: subscription._fusion_change_plan(chance.choice(plans), later),
                    lambda: subscription._fusion_close(later),
                ]
            )()

    def _contracted(self, subscription, day):
        """What is in force on a day, for a month: a second time, from timeline and items."""
        phase = subscription._fusion_timeline().on(day)
        if phase.state != "active":
            return 0
        months = phase.plan.value * {"month": 1, "year": 12}[phase.plan.unit]
        items = subscription.fusion_item_ids._on(day)
        return sum(item.amount for item in items._terms().values()) / months
