"""R9: what comes after its period was invoiced is a named difference on the next invoice."""

from datetime import datetime

from odoo.tests import freeze_time, tagged

from ..common import BillingCase


class LateUsageCase(BillingCase):
    """January is invoiced at 25: 150 calls, 100 included, 0.50 each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(included_quota=100, price_per_unit="0.5")
        cls.subscription = cls._subscribe()
        cls.usage = cls._use(cls.subscription, 150)

    def setUp(self):
        super().setUp()
        self._bill_at("2026-02-01 01:00:00")
        self.first = self.subscription.invoice_ids
        self.january = self._rating(self.subscription)

    def _arrive(self, quantity, start="2026-01-31 22:00:00", **vals):
        usage = self._use(self.subscription, quantity, start, **vals)
        self._rate()
        return usage

    def _correct(self, quantity):
        self.usage.quantity = quantity
        self._rate()

    def _assert_settled(self):
        """The first invoice is as it was; all invoices together bill what the ledger says."""
        self.assertEqual(self.first.amount_untaxed, 25)
        for rating in self.subscription.fusion_rating_ids.filtered("settled"):
            self.assertEqual(self._posted(rating), rating.amount)
            self.assertEqual((rating.settled, rating.due), (rating.amount, 0))


@tagged("post_install", "-at_install")
class TestLateUsage(LateUsageCase):
    def test_r9_late_usage_is_billed_on_the_next_invoice_and_names_its_period(self):
        self._arrive(1200)
        self._arrive(110, "2026-02-03")
        self._bill_at("2026-03-01 01:00:00")
        second = self.subscription.invoice_ids - self.first
        self.assertEqual(second.amount_untaxed, 605)
        correction = second.invoice_line_ids.filtered(lambda line: "Correction" in line.name)
        self.assertIn(
            "Correction for Jan 1 – 31, 2026: API calls, was 150, now 1,350",
            correction.name.replace("\u2009", " "),
        )
        self.assertEqual(correction.price_subtotal, 600)
        self._assert_settled()

    def test_r8_r9_late_usage_that_no_cron_has_rated_is_on_the_next_invoice(self):
        self._use(self.subscription, 10, "2026-01-31 22:00:00")
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 5])
        self._rate()
        self._assert_settled()

    def test_r9_two_late_batches_before_an_invoice_stand_on_one_line(self):
        self._arrive(10)
        self._arrive(20)
        self._bill_at("2026-03-01 01:00:00")
        second = self.subscription.invoice_ids - self.first
        self.assertEqual(second.invoice_line_ids.price_subtotal, 15)
        self.assertIn("was 150, now 180", second.invoice_line_ids.name)
        self._assert_settled()

    def test_r9_two_late_batches_around_an_invoice_are_two_corrections(self):
        self._arrive(10)
        self._bill_at("2026-03-01 01:00:00")
        self._arrive(20)
        self._bill_at("2026-04-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 5, 10])
        lines = self.january.invoice_line_ids.sorted("id")
        self.assertEqual(lines.mapped("fusion_quantity"), ["150", "160", "180"])
        self.assertIn("was 160, now 180", lines[-1].name)
        self._assert_settled()

    def test_r9_a_correction_down_to_zero_credits_all_that_was_billed(self):
        self._correct(0)
        self._bill_at("2026-03-01 01:00:00")
        credit = self.subscription.invoice_ids - self.first
        self.assertEqual((credit.move_type, credit.amount_untaxed), ("out_refund", 25))
        self.assertIn("was 150, now 0", credit.invoice_line_ids.name)
        self._assert_settled()

    def test_l1_r9_a_billed_row_whose_usage_was_free_in_the_end_follows_it_down_to_nothing(self):
        self._correct(100)
        self.assertEqual((self.january.quantity, self.january.amount), (100, 0))
        self._correct(0)
        self.assertEqual((self.january.quantity, self.january.included_quantity), (0, 0))
        self.assertFalse(self.january.breakdown)

    def test_r9_a_correction_of_a_correction_bills_the_difference_between_them(self):
        for quantity, moment in ((120, "2026-03-01"), (300, "2026-04-01"), (150, "2026-05-01")):
            self._correct(quantity)
            self._bill_at(moment)
        signed = self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed_signed")
        self.assertEqual(signed, [25, -15, 90, -75])
        self.assertEqual(self.january.amount, 25)
        self._assert_settled()

    def test_r9_a_correction_that_is_taken_back_before_an_invoice_bills_nothing(self):
        self._correct(120)
        self._correct(150)
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self.subscription.invoice_ids, self.first)
        self._assert_settled()

    def test_r9_usage_within_the_quota_is_late_for_free_and_its_successor_is_not(self):
        self._correct(60)
        self._bill_at("2026-03-01 01:00:00")
        self._arrive(40)
        self.assertEqual(self.january.amount, 0)
        self._arrive(2)
        self._bill_at("2026-04-01 01:00:00")
        signed = self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed_signed")
        self.assertEqual(signed, [25, -25, 1])
        self._assert_settled()

    def test_r9_usage_that_is_deleted_after_its_invoice_is_credited(self):
        self.usage.unlink()
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self.january.amount, 0)
        self._assert_settled()

    def test_r9_a_counter_moved_from_a_billed_period_to_the_open_one_is_billed_there_instead(self):
        late = self._arrive(10, idempotency_key="k")
        self._bill_at("2026-03-01 01:00:00")
        late.write({"period_start": "2026-03-05 00:00:00", "period_end": "2026-03-05 01:00:00"})
        self._rate()
        self.assertEqual(self.january.quantity, 150)
        self.assertEqual(self._rating(self.subscription, "2026-03-01").quantity, 10)
        self._bill_at("2026-04-01 01:00:00")
        signed = self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed_signed")
        self.assertEqual(signed, [25, 5, -5])
        self._assert_settled()

    def test_u3_r9_an_app_moves_a_counter_from_the_open_period_to_a_billed_one(self):
        for start in ("2026-02-05 00:00:00", "2026-01-05 00:00:00"):
            self._ingest(self._event(self.subscription, "200", start, idempotency_key="k"))
            self._rate()
        self.assertEqual(self.january.quantity, 350)
        self.assertFalse(self._rating(self.subscription, "2026-02-01"))
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 100])
        self._assert_settled()

    def test_r6_r9_rating_late_usage_again_changes_nothing(self):
        self._arrive(10)
        lines = self.subscription.order_line.read(["name", "price_unit", "write_date"])
        self.subscription.fusion_usage_ids.invalidate_recordset()
        self.env["fusion.billing.rating.request"]._request(
            self.subscription, self.usage.period_start, self.usage.period_end
        )
        self._rate()
        self.assertEqual(
            self.subscription.order_line.read(["name", "price_unit", "write_date"]), lines
        )

    def test_r9_late_usage_of_a_closed_subscription_gets_an_invoice_of_its_own(self):
        with freeze_time("2026-02-20 12:00:00"):
            self.subscription._fusion_close()
        self._arrive(10, "2026-02-20 11:00:00")
        self._bill_at("2026-02-20 13:00:00")
        self.assertEqual(self.subscription.fusion_state, "6_churn")
        self._arrive(110, "2026-02-20 11:00:00")
        self._bill_at("2026-02-20 14:00:00")
        # 20 of February's 28 days have their share of the quota.
        self.assertEqual(self._invoiced(self.subscription), [25, 24.29])
        self._bill_at("2026-02-20 15:00:00")
        self._assert_settled()

    def test_r9_a_credit_to_a_closed_subscription_is_a_credit_note(self):
        with freeze_time("2026-02-20 12:00:00"):
            self.subscription._fusion_close()
        self._correct(100)
        self._bill_at("2026-02-20 13:00:00")
        credit = self.subscription.invoice_ids - self.first
        self.assertEqual((credit.move_type, credit.amount_untaxed), ("out_refund", 25))
        self._assert_settled()


@tagged("post_install", "-at_install")
class TestLateUsageKeepsItsTerms(LateUsageCase):
    """Whatever was changed since, a billed period is rated as it was."""

    def test_r9_late_usage_is_rated_at_the_prices_of_its_own_period(self):
        with freeze_time("2026-02-10"):
            self.charge.price_per_unit = 2
        self.assertEqual(len(self.charge.version_ids), 2)
        self._arrive(10)
        self._use(self.subscription, 101, "2026-02-15")
        self._use(self.subscription, 102, "2026-03-15")
        self._bill_at("2026-03-01 01:00:00")
        self._bill_at("2026-04-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 5.5, 4])
        self._assert_settled()

    def test_r9_late_usage_of_a_charge_that_was_archived_since_is_billed(self):
        with freeze_time("2026-02-01 02:00:00"):
            self.charge.active = False
        self._arrive(10)
        self._use(self.subscription, 500, "2026-02-15")
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 5])
        self._assert_settled()

    def test_r9_late_usage_on_another_plan_since_is_billed_as_its_own_plan_says(self):
        other = self._plan("other")
        self._charge(plan=other, price_per_unit=9)
        with freeze_time("2026-02-10 12:00:00"):
            self.subscription._fusion_change_plan(other)
        self._arrive(10)
        self.assertEqual(self.january.amount, 30)
        self.assertEqual(self.january.plan_id, self.plan)
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 5])
        self._assert_settled()

    def test_r1_r9_late_usage_does_not_bring_back_a_charge_archived_before_the_invoice(self):
        charge = self._charge(self._metric("gb"))
        self._use(self.subscription, 3, "2026-02-15", metric=charge.metric_id)
        self._rate()
        charge.active = False
        self._bill_at("2026-03-01 01:00:00")
        self._arrive(4, "2026-02-16", metric=charge.metric_id)
        self._bill_at("2026-04-01 01:00:00")
        self.assertEqual(self.subscription.invoice_ids, self.first)
        self.assertFalse(self._amounts(self.subscription, "2026-02-01"))

    def test_r1_r9_late_usage_is_billed_once_after_a_plan_that_came_and_went_in_its_period(self):
        other = self._plan("other")
        self._charge(plan=other, price_per_unit=9)
        with freeze_time("2026-02-01 12:00:00"):
            self.subscription._fusion_change_plan(other)
            self._rate()
            self.subscription._fusion_change_plan(self.plan)
        self._bill_at("2026-03-01 01:00:00")
        self._arrive(101, "2026-02-16")
        self._bill_at("2026-04-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 0.5])
        self._assert_settled()

    def test_r2_no_counter_falls_between_two_periods_when_the_company_moves_west(self):
        self.company.fusion_billing_tz = "America/New_York"
        self._arrive(102, "2026-02-01 02:00:00")
        self.assertEqual(self.january.quantity, 150)
        self.assertEqual(self._rating(self.subscription, "2026-02-01").quantity, 102)
        self._arrive(10, "2026-01-01 06:00:00")
        self.assertEqual(self.january.quantity, 160)
        self._bill_at("2026-03-01 06:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 6])
        self._assert_settled()

    def test_r2_u5_a_billed_first_day_keeps_its_hours_when_the_company_moves(self):
        self.company.fusion_billing_tz = "America/New_York"
        self._arrive(10, "2026-01-01 02:00:00")
        self.assertEqual(self.january.quantity, 160)
        self.company.fusion_billing_tz = "Asia/Tokyo"
        self.assertFalse(self.subscription._fusion_covers(datetime(2025, 12, 31, 20)))
        self.assertTrue(self.subscription._fusion_covers(datetime(2026, 1, 1)))

    def test_r2_u5_a_billed_last_day_keeps_its_hours_when_the_company_moves(self):
        with freeze_time("2026-02-10"):
            self.subscription._fusion_close()
        for zone in ("America/New_York", "Asia/Tokyo", "UTC"):
            self.company.fusion_billing_tz = zone
            self.assertTrue(self.subscription._fusion_covers(datetime(2026, 2, 10, 23, 59)))
            self.assertFalse(self.subscription._fusion_covers(datetime(2026, 2, 11)))
        self._arrive(102, "2026-02-10 23:59:00")
        self._bill_at("2026-02-12")
        # A tenth of February has its share of the quota: 10 / 28.
        self.assertEqual(self._invoiced(self.subscription), [25, 33.14])

    def test_r2_no_counter_is_billed_twice_when_the_company_moves_east(self):
        self._arrive(10, "2026-01-31 23:30:00")
        with freeze_time("2026-02-02"):
            self.company.fusion_billing_tz = "Europe/Paris"
        self._arrive(5, "2026-01-31 23:45:00")
        self._use(self.subscription, 101, "2026-02-28 22:59:59")
        self._use(self.subscription, 102, "2026-02-28 23:00:00")
        self._bill_at("2026-03-01 00:00:00")
        self._bill_at("2026-04-01 00:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 8, 1])
        self._assert_settled()


@tagged("post_install", "-at_install")
class TestDraftsAndCancelledInvoices(LateUsageCase):
    """Late usage beside invoices that are not posted, or not any more."""

    def _draft_of_february(self, quantity=110):
        """Hold the draft of February, at 5 for 110 calls."""
        self.plan.draft_hours = 24
        self._use(self.subscription, quantity, "2026-02-15")
        self._bill_at("2026-03-01 01:00:00")
        return self.subscription.invoice_ids - self.first

    def test_r9_late_counters_land_in_a_draft_that_is_held_for_them(self):
        draft = self._draft_of_february()
        self.assertEqual(draft.state, "draft")
        self._arrive(10, "2026-02-28 22:00:00")
        self.assertEqual(draft.amount_untaxed, 10)
        self._use(self.subscription, 2, "2026-02-28 22:00:00")
        self._bill_at("2026-03-02 00:00:00")
        self.assertEqual((draft.state, draft.amount_untaxed), ("posted", 11))
        self._assert_settled()

    def test_r9_a_counter_corrected_to_nothing_leaves_the_held_draft_at_zero(self):
        draft = self._draft_of_february()
        self.subscription.fusion_usage_ids.filtered(
            lambda usage: usage.quantity == 110
        ).quantity = 0
        self._rate()
        self.assertEqual(draft.amount_untaxed, 0)
        self._bill_at("2026-03-02 00:00:00")
        self._assert_settled()

    def test_r9_late_usage_of_a_period_before_lands_in_the_held_draft_too(self):
        draft = self._draft_of_february()
        self._arrive(20)
        self.assertEqual(draft.amount_untaxed, 15)
        self.assertIn("Correction", " ".join(draft.invoice_line_ids.mapped("name")))
        self._bill_at("2026-03-02 00:00:00")
        self._assert_settled()

    def test_r9_a_held_draft_takes_a_charge_that_had_nothing_to_bill(self):
        storage = self._metric("gb", aggregation="max")
        with freeze_time("2026-02-01"):
            self._charge(storage, price_per_unit=3)
        draft = self._draft_of_february()
        self._arrive(10, "2026-02-28 22:00:00", metric=storage)
        self.assertEqual(draft.amount_untaxed, 35)

    def test_r9_what_comes_after_the_draft_was_posted_is_a_correction(self):
        draft = self._draft_of_february()
        self._bill_at("2026-03-02 00:00:00")
        self._arrive(10, "2026-02-28 22:00:00")
        self._bill_at("2026-04-01 01:00:00")
        self._bill_at("2026-04-02 00:00:00")
        self.assertEqual(draft.amount_untaxed, 5)
        self.assertEqual(self._invoiced(self.subscription), [25, 5, 5])
        self._assert_settled()

    def test_r9_a_correction_and_its_cancelled_invoice_are_billed_once(self):
        self._arrive(10)
        self.first.button_draft()
        self.first.button_cancel()
        self._arrive(2)
        self.assertEqual(self._amounts(self.subscription, "2026-01-01"), [31])
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual((self.subscription.invoice_ids - self.first).amount_untaxed, 31)

    def test_r9_an_invoice_reset_to_draft_stays_as_it_is_and_late_usage_is_on_the_next_one(self):
        self._arrive(10)
        self.first.button_draft()
        self._arrive(2)
        self.assertEqual(self.first.amount_untaxed, 25)
        self.first.action_post()
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [25, 6])
        self._assert_settled()

    def test_r9_no_more_is_credited_than_was_billed(self):
        """Staff gave all of January back already; its counter turns out to be smaller."""
        refund = self.first._reverse_moves(cancel=True)
        self.assertEqual(refund.state, "posted")
        self._correct(120)
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self.subscription.invoice_ids, self.first | refund)

    def test_m4_a_credit_note_prints(self):
        self._correct(120)
        self._bill_at("2026-03-01 01:00:00")
        credit = self.subscription.invoice_ids - self.first
        html, _type = self.env["ir.actions.report"]._render_qweb_html(
            "account.account_invoices", credit.ids
        )
        page = html.decode()
        self.assertIn(credit.name, page)
        self.assertIn("Correction for Jan", page)
        self.assertIn("was 150, now 120", page)
