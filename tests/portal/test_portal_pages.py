"""What a customer reads of a subscription: the ledger's amounts, and nothing else."""

import csv
from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ...models.base.engine import as_engine
from ...models.portal.page import Page
from ..portal_case import PATH, PortalCase


@tagged("post_install", "-at_install")
class TestPortalPages(PortalCase):
    @freeze_time("2026-01-11 12:00:00")
    def test_a_customer_finds_their_subscription_and_reads_what_it_costs(self):
        self._use(self.subscription, 130.5)
        self._rate()
        self._log_in(self.customer)
        self.assertIn(self.subscription.name, self._text(self._open(PATH)))
        page = self._open()
        text = self._text(page)
        self.assertIn("130.5 used: 100 included, 30.5 over it", text)
        self.assertEqual(self._text(page, "//strong[@name='amount']"), "$61.00")
        self.assertEqual(self._text(page, "//dd[@name='so_far']"), "$110.00")  # 49 + 61
        self.assertIn("30.5 at $2.00 each", text)
        self.assertIn("API calls 100 $2.00 each", text)
        self.assertIn("02/01/2026", text)

    @freeze_time("2026-01-11 00:00:00")
    def test_a_page_shows_counters_that_wait_to_be_rated_and_writes_nothing(self):
        self._rate()
        self._use(self.subscription, 130)
        ledger = self.subscription.fusion_rating_ids
        self._log_in(self.customer)
        page = self._open()
        self.assertEqual(self._text(page, "//dd[@name='so_far']"), "$109.00")
        # 130 in 10 of 31 days are 403 in all of them: 49 + 303 × 2.
        self.assertEqual(self._text(page, "//dd[@name='projected']"), "$655.00")
        self.env.invalidate_all()
        self.assertEqual(self.subscription.fusion_rating_ids, ledger)

    @freeze_time("2026-01-11 12:00:00")
    def test_every_amount_of_a_page_is_what_the_ledger_comes_to(self):
        self._charge(self._metric("seats", aggregation="max"), price_per_unit=7)
        eu = {"filter_ids": self._filters(region="eu"), "price_per_unit": 5}
        self._charge(self.calls, **eu)
        self._use(self.subscription, 140, "2026-01-02")
        self._use(self.subscription, 9, "2026-01-05", dimensions={"region": "eu"})
        self.subscription._fusion_change_plan(self._plan("basic"), date(2026, 1, 8))
        waiting = Page(self.subscription).values()
        self._rate()
        rated = Page(self.subscription).values()
        self.assertEqual(rated, waiting)
        rows = self.subscription.fusion_rating_ids.filtered(
            lambda row: row.cycle_start == date(2026, 1, 1)
        )
        self.assertEqual(rated["so_far"], f"${sum(rows.mapped('amount')):,.2f}")

    def test_past_billing_periods_and_their_invoices_stay_to_be_looked_at(self):
        self._use(self.subscription, 130)
        self._bill_at("2026-02-01 03:00:00")
        self._use(self.subscription, 500, "2026-02-02")
        self._log_in(self.customer)
        with freeze_time("2026-02-03"):
            page = self._open()
            self.assertIn("$109.00", self._text(page, "//section[@id='periods']"))
            names = self.subscription.invoice_ids.mapped("name")
            for name in names:
                self.assertIn(name, self._text(page, "//section[@id='invoices']"))
            [link] = page.xpath("//section[@id='periods']//a/@href")
            past = self._open(link)
        self.assertIn("130 used: 100 included, 30 over it", self._text(past))
        self.assertEqual(self._text(past, "//dd[@name='so_far']"), "$109.00")
        self.assertFalse(past.xpath("//dd[@name='projected']"))
        pay = page.xpath("//section[@id='invoices']//a[contains(@class, 'btn')]/@href")
        self.assertEqual(self.url_open(pay[0]).status_code, 200)

    def test_r9_usage_that_was_billed_and_then_corrected_to_nothing_is_shown_as_nothing(self):
        counter = self._use(self.subscription, 130)
        self._bill_at("2026-02-01 03:00:00")
        with freeze_time("2026-02-03"):
            counter.quantity = 0
            self._rate()
            [charge] = Page(self.subscription, date(2026, 1, 5)).values()["charges"]
        [line] = charge["lines"]
        self.assertEqual((line["amount"], line["in_words"]), ("$0.00", "0 used of 100 included"))

    @freeze_time("2026-01-04 12:00:00")
    def test_usage_by_day_adds_up_in_the_file(self):
        self._set_zone("America/New_York")
        self.calls.name = "=cmd|' /C calc'!A0"
        for quantity, moment in ((10, "2026-01-01 06:00"), (5.5, "2026-01-03 03:00")):
            self._use(self.subscription, quantity, moment)
        self._log_in(self.customer)
        response = self.url_open(self._path("/usage.csv"))
        self.assertEqual(response.headers["Content-Type"], "text/csv; charset=utf-8")
        self.assertIn("attachment", response.headers["Content-Disposition"])
        head, *rows = csv.reader(response.content.decode("utf-8-sig").splitlines())
        self.assertEqual(head, ["Day", "Metric", "Code", "Only Where", "Used"])
        self.assertEqual(
            [(row[0], row[4]) for row in rows],
            [
                ("2026-01-01", "10"),
                ("2026-01-02", "5.5"),  # the 3rd has not begun in New York
                ("2026-01-03", "0"),
                ("2026-01-04", "0"),
            ],
        )
        self.assertEqual({row[1] for row in rows}, {"'=cmd|' /C calc'!A0"})
        self.assertEqual(sum(Decimal(row[4]) for row in rows), Decimal("15.5"))

    def test_days_whose_counters_were_removed_are_on_no_chart(self):
        self._use(self.subscription, 130)
        self._bill_at("2026-02-01 03:00:00")
        as_engine(self.subscription).fusion_usage_kept_from = date(2026, 2, 1)
        with freeze_time("2026-02-03"):
            past = Page(self.subscription, date(2026, 1, 5))
            [charge] = past.values()["charges"]
            self.assertEqual(charge["lines"][0]["amount"], "$60.00")
            self.assertFalse(charge["chart"]["bars"])
            self.assertEqual(len(list(past.table())), 1)  # the headings
            self.assertEqual(len(list(Page(self.subscription).table())), 4)

    @freeze_time("2026-01-15")
    def test_what_cannot_be_worked_out_is_not_explained_to_the_customer(self):
        foreign = self._foreign("EUR", {})
        self._charge(self._metric("seats"), currency_id=foreign.id)
        self._rate()
        self.assertTrue(self.subscription.fusion_error)
        self._log_in(self.customer)
        text = self._text(self._open())
        self.assertIn("is being worked out", text)
        self.assertNotIn("exchange rate", text)
        response = self.url_open(self._path("/usage.csv"), allow_redirects=False)
        self.assertTrue(response.headers["Location"].endswith(self._path()), response.text)


@tagged("post_install", "-at_install", "-standard", "exhaustive")
class TestPortalPagesEveryWay(PortalCase):
    def test_pages_of_a_subscription_that_has_not_begun_is_paused_or_has_ended(self):
        self._log_in(self.customer)
        with freeze_time("2025-12-20"):
            self.assertIn("In progress", self._text(self._open()))
        with freeze_time("2026-01-15"):
            self.subscription._fusion_pause(date(2026, 1, 16))
            self.assertIn("Paused", self._text(self._open()))
            self.subscription._fusion_close(date(2026, 1, 16))
            self._bill()
        with freeze_time("2026-03-01"):
            text = self._text(self._open())
            self.assertIn("Ended", text)
            self.assertIn("01/15/2026", text)
            # One that was closed on its first day has no billing period.
            self.assertIn("$0.00", self._text(self._open(self._path("", self._closed()))))

    @freeze_time("2026-01-15")
    def test_links_of_an_order_lead_to_its_subscription_and_back(self):
        self._log_in(self.customer)
        order = self.subscription.with_user(self.customer)
        self.assertRegex(order._get_access_action()["url"], rf"^{self._path()}\?access_token=")
        [there] = self._open(order.access_url).xpath("//a[contains(., 'View Subscription')]/@href")
        [back] = self._open(there).xpath("//a[contains(., 'View Order')]/@href")
        self.assertTrue(back.startswith(order.access_url))

    @freeze_time("2026-01-15")
    def test_a_page_speaks_the_language_of_its_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        self._use(self.subscription, "1100.5")
        self._log_in(self.customer)
        text = self._text(self._open("/fr" + self._path()))
        self.assertIn("1 100,5", text)
        self.assertIn("01/02/2026", text)
