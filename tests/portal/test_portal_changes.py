"""What a customer confirms is what they saw; the plan says what that may be."""

import re
from datetime import date
from decimal import Decimal

from odoo import http
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from ..portal_case import PortalCase


class PortalChangesCase(PortalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fee = cls._product("Business fee", fusion_recurring=True, list_price=99)
        own = [Command.create({"product_id": cls.fee_product.id})]
        cls.plan.fee_ids = own
        cls.business = cls._plan(
            "business", name="Business", fee_ids=[Command.create({"product_id": fee.id})]
        )
        cls._charge(plan=cls.business, included_quota=1000, price_per_unit=1)
        cls.yearly = cls._plan("yearly", name="Yearly", billing_period_unit="year")
        cls.plan.write(
            {
                "customer_plan_ids": [Command.set((cls.business | cls.yearly).ids)],
                "customer_closing": "any_day",
            }
        )
        cls.subscription = cls._subscribe()
        cls._use(cls.subscription, 130)
        with freeze_time("2026-01-01 03:00:00"):
            cls.env["sale.order"]._fusion_cron_create_invoices()
        cls.startClassPatcher(freeze_time("2026-01-11 12:00:00"))

    def _send(self, page, token=None, subscription=None, **data):
        data["csrf_token"] = token or http.Request.csrf_token(self)
        path = self._path(f"/{page}", subscription)
        response = self.url_open(path, data=data, allow_redirects=False)
        self.env.invalidate_all()
        return response.headers.get("Location", "")

    def _choose_plan(self, plan=None, day="2026-01-11", **kwargs):
        return self._send("plan", plan=(plan or self.business).id, day=day, **kwargs)

    def _cancel(self, day="2026-02-01", reason="Too dear", **kwargs):
        return self._send("cancel", day=day, reason=reason, **kwargs)

    def _phases(self):
        return [
            (str(phase.date_from), phase.plan_id.code, phase.state)
            for phase in self.subscription.fusion_phase_ids.sorted("date_from")
        ]

    def _shown_total(self, page):
        """What the page says that the next document comes to."""
        [total] = re.findall(r"usage so far and tax: \$([\d.]+)", self._text(page, "."))
        return Decimal(total)


@tagged("post_install", "-at_install")
class TestPortalChanges(PortalChangesCase):
    def test_a_customer_changes_the_plan_from_the_day_that_they_saw(self):
        self._log_in(self.customer)
        page = self._open(self._path("/plan"))
        text = self._text(page)
        self.assertIn("First day: 01/11/2026", text)  # Business begins at once
        self.assertIn("First day: 02/01/2026", text)  # Yearly has another rhythm
        self.assertIn("API calls 1,000 $1.00 each", text)
        self.assertIn("Business fee: $99.00", text)
        # Pro for 10 of 31 days, Business for 21.
        self.assertIn("$67.06", text)
        self.assertIn("outcome=done", self._choose_plan())
        self.assertEqual(
            self._phases(), [("2026-01-01", "pro", "active"), ("2026-01-11", "business", "active")]
        )
        self.assertIn("It is done", self._text(self._open(self._path("?outcome=done"))))
        before = self.subscription.fusion_phase_ids
        self.assertIn("outcome=done", self._choose_plan())  # done twice
        self.assertEqual(self.subscription.fusion_phase_ids, before)
        [said] = self.subscription.message_ids.filtered(
            lambda message: "Changed the plan in the portal." in message.body
        )
        self.assertEqual(said.author_id, self.customer.partner_id)

    def test_a_plan_or_a_day_that_was_not_offered_is_not_taken(self):
        self._log_in(self.customer)
        other = self._plan("other")
        archived = self.business.copy({"code": "old", "active": False})
        self.plan.customer_plan_ids |= archived
        before = self._phases()
        for arguments in (
            {"plan": other},
            {"plan": archived},
            {"plan": self.plan},
            {"day": "2026-01-12"},
            {"day": "2026-01-01"},
            {"day": "x"},
            {"plan": self.yearly},
        ):
            with self.subTest(arguments):
                self.assertIn("plan?outcome=failed", self._choose_plan(**arguments))
        for plan in ("", "-1", "9" * 30):
            with self.subTest(plan=plan):
                outcome = self._send("plan", plan=plan, day="2026-01-11")
                self.assertIn("outcome=failed", outcome)
        self.assertEqual(self._phases(), before)
        self.assertIn(
            "Nothing was changed", self._text(self._open(self._path("/plan?outcome=failed")))
        )

    def test_a_customer_cancels_at_the_period_s_end_and_says_why(self):
        self._log_in(self.customer)
        self.assertIn("Last day: 01/31/2026", self._text(self._open(self._path("/cancel"))))
        self.assertIn("outcome=done", self._cancel(reason="<b>Too dear</b>"))
        self.assertEqual(self.subscription.fusion_end_date, date(2026, 2, 1))
        self.assertEqual(self.subscription.fusion_state, "3_progress")
        said = self.subscription.message_ids.filtered(lambda message: "Too dear" in message.body)
        self.assertIn("&lt;b&gt;", said.body)
        self.assertTrue(said.is_internal or said.subtype_id.internal)
        self.assertIn("outcome=done", self._cancel())  # done twice
        page = self._open()
        self.assertIn("Last day 01/31/2026", self._text(page))
        self.assertFalse(page.xpath("//a[contains(@href, '/cancel') or contains(@href, '/plan')]"))

    def test_a_customer_who_cancels_now_gets_the_document_that_they_saw(self):
        self._log_in(self.customer)
        page = self._open(self._path("/cancel"))
        [card] = page.xpath("//form//div[@class='card mb-3'][contains(., '01/11/2026')]")
        shown = self._shown_total(card)
        before = self.subscription.invoice_ids
        self.assertIn("outcome=done", self._cancel("2026-01-12"))
        [made] = self.subscription.invoice_ids - before
        self.assertEqual(shown, Decimal(str(made.amount_total)))
        [day] = card.xpath(".//p[contains(., 'usage so far')]/span")
        self.assertEqual(day.text, made.invoice_date.strftime("%m/%d/%Y"))
        self.assertEqual(made.state, "posted")
        # 130 calls, of which 11 of 31 days of the quota are free; 20 prepaid days are given back.
        self.assertEqual(made.amount_untaxed, 157.42)
        self.assertEqual(self.subscription.fusion_end_date, date(2026, 1, 12))

    def test_only_what_the_plan_allows_is_offered_and_done(self):
        self._log_in(self.customer)
        self.plan.customer_closing = "period_end"
        self.assertNotIn("01/11/2026", self._text(self._open(self._path("/cancel"))))
        self.assertIn("outcome=failed", self._cancel("2026-01-12"))
        self.assertIn("outcome=failed", self._cancel(reason="  "))
        self.plan.write({"customer_closing": "no", "customer_plan_ids": [Command.clear()]})
        self.assertFalse(
            self._open().xpath("//a[contains(@href, '/cancel') or contains(@href, '/plan')]")
        )
        for page in ("/plan", "/cancel"):
            self.assertIn("cannot be", self._text(self._open(self._path(page))))
        self.assertIn("outcome=failed", self._choose_plan())
        self.assertIn("outcome=failed", self._cancel())
        self.assertFalse(self.subscription.fusion_end_date)
        self.assertEqual(len(self._phases()), 1)

    def test_nobody_else_changes_or_ends_it_with_a_token_either(self):
        token = self.subscription._portal_ensure_token()
        before = self._phases()
        for user in (self.stranger, self.clerk, None):
            self._log_in(user)
            for page in ("plan", "cancel"):
                self.assertKeptOut(
                    self._path(f"/{page}?access_token={token}"), to="(/my|/web/login)"
                )
            self._choose_plan(access_token=token)
            self._cancel(access_token=token)
            self.assertEqual(self._phases(), before)


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestPortalChangesEveryWay(PortalChangesCase):
    def test_what_would_lose_counters_is_neither_offered_nor_done(self):
        self._use(self.subscription, 5, "2026-01-20")
        self._log_in(self.customer)
        text = self._text(self._open(self._path("/cancel")))
        self.assertIn("01/31/2026", text)
        self.assertNotIn("01/11/2026", text)
        self.assertIn("outcome=failed", self._cancel("2026-01-12"))
        self.assertFalse(self.subscription.fusion_end_date)

    def test_what_staff_have_planned_is_not_the_customer_s_to_change(self):
        self.subscription._fusion_pause(date(2026, 1, 20), date(2026, 1, 25))
        before = self._phases()
        self._log_in(self.customer)
        self.assertIn("outcome=failed", self._choose_plan())
        self.assertIn("outcome=failed", self._cancel())
        self.assertEqual(self._phases(), before)

    def test_looking_at_what_a_change_comes_to_leaves_nothing(self):
        documents, phases = self.subscription.invoice_ids, self._phases()
        messages = self.subscription.message_ids
        self._log_in(self.customer)
        for page in ("/plan", "/cancel"):
            self._open(self._path(page))
        self.env.invalidate_all()
        self.assertEqual(self.subscription.invoice_ids, documents)
        self.assertEqual(self.subscription.message_ids, messages)
        self.assertEqual(self._phases(), phases)

    def test_what_no_form_sends_is_a_refusal_and_no_failure(self):
        self._log_in(self.customer)
        data = {"csrf_token": http.Request.csrf_token(self)}
        for page, names in (("plan", ("plan", "day")), ("cancel", ("day", "reason"))):
            files = {name: ("file", b"x") for name in names}
            for given in ({}, {"files": files}):
                answer = self.url_open(
                    self._path(f"/{page}"), data=data, allow_redirects=False, **given
                )
                self.assertIn("outcome=failed", answer.headers["Location"])
        self.assertIn("outcome=done", self._cancel(reason="\0Too\0 dear" + "x" * 9000))
        self.assertIn("Too dearxxx", "".join(self.subscription.message_ids.mapped("body")))

    def test_a_form_of_another_site_changes_nothing(self):
        self._log_in(self.customer)
        before = self._phases()
        with self.assertLogs("odoo.http", "WARNING"):
            self._choose_plan(token="x")
            self._cancel(token="x")
        self.assertEqual(self._phases(), before)
