from contextlib import suppress
from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import freeze_time, tagged

from ...core.api.endpoints import subscriptions
from ...core.api.errors import BatchError, InvalidInput
from ...models.base.clock import now
from ...models.sandbox import clock
from ..sandbox_case import NOW, SandboxCase


class Killed(Exception):
    """The process is gone."""


@tagged("post_install", "-at_install")
class TestSandboxClock(SandboxCase):
    @classmethod
    def _set_up_catalogue(cls):
        weekly = {"billing_period_unit": "week"}
        cls.held = cls._plan("held", draft_hours=36, invoice_mode="send", **weekly)
        cls._charge(plan=cls.held, price_per_unit=3)
        cls.plan.copy({"code": "monthly", "billing_period_unit": "month"})

    # === WHAT HAPPENS ON THE WAY === #

    def test_a_year_of_months_is_billed_and_posted_with_the_dates_of_its_days(self):
        terms = self.env["account.payment.term"].create({"name": "30", "company_id": False})
        terms.line_ids.write({"nb_days": 30, "delay_type": "days_after"})
        subscription = self._sign_up(plan_code="monthly")
        subscription.payment_term_id = terms
        self._push(250, "2026-01-15 13:00:00")
        self.assertTrue(self._advance("2027-01-15 12:00:00"))
        self.assertEqual(self.clock, "2027-01-15 12:00:00")
        documents = self._documents(subscription)
        self.assertEqual(documents[0], ("2026-01-15", "2026-02-14", "posted", 49))
        self.assertEqual(documents[1], ("2026-02-15", "2026-03-17", "posted", 49 + 300))
        self.assertEqual([day for day, *_rest in documents[2:-1]], self._days(3, 12))
        self.assertEqual(documents[-1], ("2027-01-15", "2027-02-14", "posted", 49))
        self.assertEqual(subscription.invoice_ids.mapped("date"), self._dates(subscription))
        self.assertEqual(subscription.invoice_ids[-1].name, "TINV/2026/00001")

    def _days(self, first, last):
        return [f"2026-{month:02}-15" for month in range(first, last + 1)]

    def _dates(self, subscription):
        return subscription.invoice_ids.mapped("invoice_date")

    def test_usage_that_comes_as_the_clock_goes_is_billed_in_its_week(self):
        subscription = self._sign_up()
        for more, day, until in (
            (1, "01-16", "01-22"),
            (2, "01-23", "01-29"),
            (3, "01-30", "02-05"),
        ):
            self._push(100 + more, f"2026-{day} 00:00:00")
            self._advance(f"2026-{until} 00:00:00")
        self.assertEqual(
            [amount for *_rest, amount in self._documents(subscription)], [49, 51, 53, 55]
        )

    def test_a_draft_is_held_for_its_hours_and_posted_then(self):
        subscription = self._sign_up(plan_code="held")
        self._push(1, "2026-01-16 00:00:00")
        self._advance("2026-01-22 10:00:00")
        [(day, _due, state, amount)] = self._documents(subscription)
        self.assertEqual((day, state, amount), ("2026-01-22", "draft", 3))
        self._push(2, "2026-01-21 12:00:00")
        self._advance("2026-01-23 11:59:59")
        self.assertEqual(self._documents(subscription)[0][2], "draft")
        self._advance("2026-01-23 12:00:00")
        [(day, _due, state, amount)] = self._documents(subscription)
        self.assertEqual((day, state, amount), ("2026-01-22", "posted", 9))

    def test_what_is_planned_begins_on_its_day(self):
        subscription = self._sign_up()
        subscription.sudo()._fusion_pause(date(2026, 1, 20))
        subscription.sudo()._fusion_resume(date(2026, 1, 25))
        for until, state in (
            ("2026-01-18 23:59:59", "3_progress"),
            ("2026-01-20 00:00:00", "4_paused"),
            ("2026-01-25 00:00:00", "3_progress"),
        ):
            self._advance(until)
            self.assertEqual(subscription.fusion_state, state, until)

    def test_new_prices_hold_from_their_day_by_the_clock(self):
        subscription = self._sign_up()
        charge = self._own(self.charge).filtered(lambda one: one.plan_id.code == "pro")
        charge.version_ids = [(0, 0, {"valid_from": "2026-01-22", "price_per_unit": 10})]
        for day, until in (("16", "22"), ("23", "29")):
            self._push(110, f"2026-01-{day} 00:00:00")
            self._advance(f"2026-01-{until} 00:00:00")
        self.assertEqual([one[-1] for one in self._documents(subscription)], [49, 69, 1149])
        self.assertEqual(charge.price_per_unit, 10)
        self.assertEqual(self.charge.price_per_unit, 2)

    def test_customers_get_no_mail(self):
        subscription = self._sign_up(plan_code="held")
        self._push(1, "2026-01-16 00:00:00")
        self._advance("2026-01-24 00:00:00")
        self.env["account.move"]._fusion_cron_send()
        self.assertTrue(subscription.invoice_ids)
        self.assertFalse(any(subscription.invoice_ids.mapped("fusion_send_at")))
        self.assertFalse(any(subscription.invoice_ids.mapped("is_move_sent")))

    def test_a_customer_is_not_mailed_of_their_budget(self):
        subscription = self._sign_up()
        subscription._fusion_set_alerts(subscription.partner_id, 20, [])
        before = self.env["mail.mail"].sudo().search_count([])
        self._push(1000, "2026-01-16 00:00:00")
        self._advance("2026-01-18 00:00:00")
        crossings = self.env["fusion.billing.threshold.crossing"]
        self.assertEqual(crossings.search_count([("subscription_id", "=", subscription.id)]), 1)
        self.assertEqual(self.env["mail.mail"].sudo().search_count([]), before)

    # === FOR REQUESTS, TOO, IT IS THE TIME === #

    def test_usage_may_begin_a_day_ahead_of_the_clock_and_not_more(self):
        self._sign_up()
        self._push(1, "2026-01-16 12:00:00")
        with self.assertRaises(BatchError):
            self._push(1, "2026-01-16 12:00:01")
        self._advance("2026-01-20 00:00:00")
        self._push(1, "2026-01-21 00:00:00")

    def test_what_begins_without_a_day_begins_on_that_of_the_clock(self):
        self._set_clock("2026-06-01 08:00:00")
        subscription = self._sign_up()
        self.assertEqual(subscription.fusion_start_date, date(2026, 6, 1))
        self.assertEqual(str(subscription.date_order), "2026-06-01 08:00:00")
        real = self._subscribe(start=False)
        self.assertEqual(real.fusion_start_date, date(2026, 1, 15))
        self.assertEqual(str(real.date_order), NOW)

    def test_a_start_may_be_five_years_from_the_clock(self):
        self._set_clock("2027-06-01 08:00:00")
        self._sign_up(start_date="2032-05-01")
        with self.assertRaises(InvalidInput):
            self._sign_up("other", start_date="2022-05-01")

    def test_what_a_period_is_heading_for_is_projected_from_the_clock(self):
        order = self._sign_up()
        self._push(200, "2026-01-15 18:00:00")
        self._advance("2026-01-19 00:00:00")
        projected = self._period_usage(order)
        self.assertEqual(projected["amount"], "200.00")
        # A quantity of 200 in four of seven days: 350, of which 100 are free.
        self.assertEqual(projected["projected_amount"], "500.00")

    def _period_usage(self, order):
        usage = self.world["fusion.billing.api.period_usage"].sudo()
        values = subscriptions.PERIOD_USAGE.read_values({})
        return usage._read(self.sandbox.sudo(), str(order.id), values)["charges"][0]

    def test_a_file_is_read_by_the_clock(self):
        self._sign_up()
        day = {"period_start": "2026-01-19", "period_end": "2026-01-20"}
        row = {"metric_code": "api_calls", "quantity": "5", "idempotency_key": "one", **day}
        row |= {"service_code": self.sandbox.code, "subscription_external_id": "sub-acme"}
        usages = self.world["fusion.billing.usage"]
        self.assertTrue(usages.load([*row], [[*row.values()]])["messages"])
        self._advance("2026-01-18 00:00:00")
        self.assertFalse(usages.load([*row], [[*row.values()]])["messages"])

    def test_another_time_zone_holds_from_the_clock_on(self):
        self._sign_up()
        self._advance("2026-01-18 06:00:00")
        self.test_company.fusion_billing_tz = "Asia/Tokyo"
        since = self.test_company.fusion_time_zone_ids.mapped("since")
        self.assertIn("2026-01-18 06:00:00", [str(moment) for moment in since])

    # === ONLY THERE === #

    def test_no_other_company_sees_it_at_any_step(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        order = self._subscribe("2026-01-01")
        seen = []

        def look():
            others = (self.company, abroad)
            seen.extend((str(other._fusion_now()), other._fusion_today()) for other in others)
            seen.append((str(now()), order._fusion_today()))

        self._sign_up()
        self._advance("2026-01-30", look)
        self.assertGreater(len(seen), 40)
        self.assertEqual(set(seen), {(NOW, date(2026, 1, 15))})

    def test_after_an_error_on_the_way_it_is_as_late_as_before_for_everybody(self):
        self._sign_up()

        def stop():
            if self.clock > "2026-01-24":
                raise Killed

        with self.assertRaises(Killed), self.env.cr.savepoint():
            self._advance("2026-02-01", stop)
        self.assertEqual(self.clock, NOW)
        self.assertEqual(str(self.company._fusion_now()), NOW)
        self.assertEqual(str(self.test_company._fusion_now()), NOW)
        self.assertFalse(self._own(self.env["account.move"]))

    def test_nothing_of_other_companies_is_done(self):
        order = self._subscribe("2026-01-01", [self.fee_product])
        self._use(order, 500, "2026-01-10")
        self._bill_at("2026-01-15 12:00:00")
        before = self._documents(order), order.fusion_next_invoice_date, self._amounts(order)
        self._advance("2026-01-25")
        self.assertEqual(
            (self._documents(order), order.fusion_next_invoice_date, self._amounts(order)), before
        )

    def test_the_scheduled_actions_leave_it_alone(self):
        subscription = self._sign_up(plan_code="held")
        self._push(5, "2026-01-16 00:00:00")
        self._advance("2026-01-22 01:00:00")
        self._push(7, "2026-01-22 00:00:00")
        self.test_company.fusion_usage_retention_months = 1
        orders, moves = self.env["sale.order"], self.env["account.move"]
        pending = self.env["fusion.billing.rating.request"]._touched(subscription)
        self.assertTrue(pending[subscription.id])
        before = self._documents(subscription)
        with freeze_time("2027-06-01"):
            self._rate()
            self._bill()
            moves._fusion_cron_tell_overdue()
            moves._fusion_cron_send()
            orders._fusion_cron_remove_old_usage()
        self.env.invalidate_all()
        self.assertEqual(self._documents(subscription), before)
        self.assertEqual(before[0][2], "draft")
        self.assertEqual(len(subscription.fusion_usage_ids), 2)
        self.assertFalse(subscription.fusion_usage_kept_from)
        self.assertEqual(self.env["fusion.billing.rating.request"]._touched(subscription), pending)
        self.assertEqual(self.clock, "2026-01-22 01:00:00")

    def test_other_companies_archived_or_not_are_still_looked_after(self):
        abroad = self.env["res.company"].create({"name": "Abroad"})
        abroad.active = False
        companies = self.env["res.company"]._fusion_on_schedule()
        self.assertIn(abroad, companies)
        self.assertIn(self.company, companies)
        self.assertNotIn(self.test_company, companies)

    # === AGAIN, AND AT ONCE === #

    def _advance_and_die(self, until, steps):
        """Be killed within a step, after some others: what was kept by then stays."""
        kept = [self.env.cr.savepoint()]

        def keep():
            if len(kept) > steps:
                raise Killed
            kept[-1].close(rollback=False)
            kept.append(self.env.cr.savepoint())

        with suppress(Killed):
            self._advance(until, keep)
        kept[-1].close(rollback=True)
        self.env.invalidate_all()

    def test_who_is_killed_on_the_way_goes_on_from_there(self):
        whole, cut = self._sign_up("whole"), self._sign_up("cut")
        self._push(250, "2026-01-15 13:00:00", "cut")
        self._push(250, "2026-01-15 13:00:00", "whole")
        self._advance_and_die("2026-02-05", steps=8)
        self.assertEqual(self.clock, "2026-01-22 00:00:00")
        self.assertEqual(len(cut.invoice_ids), 2)
        self._advance("2026-02-05")
        self.assertEqual([one[-1] for one in self._documents(cut)], [49, 349, 49, 49])
        self.assertEqual(self._documents(cut), self._documents(whole))

    def test_the_same_again_does_nothing_more(self):
        subscription = self._sign_up()
        self._advance("2026-01-22")
        documents = self._documents(subscription)
        self._advance("2026-01-22")
        self.assertEqual(self._documents(subscription), documents)

    def test_in_one_stride_or_in_many_it_comes_to_the_same(self):
        first, second = self._sign_up("first"), None
        self._push(120, "2026-01-16 00:00:00", "first")
        self._advance("2026-01-23")
        at_once = self._documents(first)
        self.sandbox.action_reset_sandbox()
        second = self._sign_up("first")
        self._push(120, "2026-01-16 00:00:00", "first")
        for day in ("2026-01-15 18:00:00", "2026-01-21 23:00:00", "2026-01-22", "2026-01-23"):
            self._advance(day)
        self.assertEqual(self._documents(second), at_once)

    def test_what_takes_too_long_stops_and_says_so(self):
        self._sign_up()
        with patch.object(clock, "PATIENCE", -1):
            self.assertFalse(self._advance("2026-01-22"))
            self.assertEqual(self.clock, NOW)

    def test_a_subscription_that_fails_does_not_stop_the_clock(self):
        bad, good = self._sign_up("bad"), self._sign_up("good")
        bad.partner_invoice_id.lang = False
        self.env.cr.execute(
            "UPDATE fusion_billing_item SET product_id = %s WHERE subscription_id = %s",
            [self._product("Foreign", company_id=self.company.id).id, bad.id],
        )
        self.env.invalidate_all()
        self.assertTrue(self._advance("2026-01-22"))
        self.assertTrue(bad.fusion_error)
        self.assertEqual(len(good.invoice_ids), 2)

    # === ITS LIMITS === #

    def _wizard(self, until, user=None):
        service = self.sandbox.with_user(user or self.manager)
        wizards = service.env["fusion.billing.sandbox.clock.wizard"]
        return wizards.with_context(active_id=service.id).create({"until": until})

    def test_staff_advance_it_in_a_dialog(self):
        subscription = self._sign_up()
        wizard = self._wizard("2026-01-22 00:00:00")
        self.assertEqual(str(wizard.sandbox_clock), NOW)
        action = wizard.action_advance()
        self.assertIn("01/22/2026", action["params"]["message"])
        self.env.invalidate_all()
        self.assertEqual(self.clock, "2026-01-22 00:00:00")
        self.assertEqual(len(subscription.invoice_ids), 2)

    def test_the_dialog_says_where_it_has_come_to_if_it_takes_too_long(self):
        with patch.object(clock, "PATIENCE", -1):
            action = self._wizard("2026-01-22 00:00:00").action_advance()
        self.assertIn("once more", action["params"]["message"])

    def test_the_dialog_offers_the_next_day(self):
        wizards = self.env["fusion.billing.sandbox.clock.wizard"]
        values = wizards.with_context(active_id=self.sandbox.id).default_get(["until"])
        self.assertEqual(values["until"], datetime(2026, 1, 16, 12))
        self.assertFalse(wizards.default_get(["until"])["until"])

    def test_it_does_not_go_back_nor_more_than_two_years_nor_past_the_century(self):
        for until in ("2026-01-15 11:59:59", "2028-01-15 12:00:01"):
            with self.subTest(until), self.assertRaisesRegex(UserError, "does not go back"):
                self._wizard(until).action_advance()
        self.assertEqual(self.test_company._fusion_latest_clock(), datetime(2028, 1, 15, 12))
        self._set_clock("2099-06-01")
        self.assertEqual(self.test_company._fusion_latest_clock(), datetime(2099, 12, 31))

    def _set_clock(self, moment):
        self.env.cr.execute(
            "UPDATE res_company SET fusion_clock = %s WHERE id = %s", [moment, self.test_company.id]
        )
        self.test_company.invalidate_recordset()

    def test_a_clerk_advances_nothing(self):
        self.clerk.company_ids |= self.test_company
        wizard = self._wizard("2026-01-22 00:00:00")
        with self.assertRaises(AccessError):
            wizard.with_user(self.clerk).action_advance()
        self.assertEqual(self.clock, NOW)

    def test_steps_are_the_midnights_of_its_zone_and_what_is_held(self):
        self._set_zone("America/Toronto", self.test_company)
        steps = []
        self._advance("2026-01-18 00:00:00", lambda: steps.append(self.clock))
        self.assertEqual(
            steps, [NOW, "2026-01-16 05:00:00", "2026-01-17 05:00:00", "2026-01-18 00:00:00"]
        )
        domain = Domain("company_id", "=", self.test_company.id)
        self.assertFalse(self.env["account.move"].search(domain))
