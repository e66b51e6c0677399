"""R9 and drafts: what stands on an invoice that is not posted yet, and what does not."""

from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ...models.base.engine import as_engine
from ..common import BillingCase


class HeldDraftCase(BillingCase):
    """January is held as a draft for 15 days: 150 calls at 1, when nothing is changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._charge()
        cls.plan.draft_hours = 15 * 24
        cls.subscription = cls._subscribe()
        cls.usage = cls._use(cls.subscription, 150)

    def _add_fee(self, day="2026-02-01 02:00:00"):
        with freeze_time(day):
            self.subscription.order_line = [(0, 0, {"product_id": self.fee_product.id})]

    def _hold_january(self):
        self._bill_at("2026-02-01 01:00:00")
        return self.subscription.invoice_ids

    def _change_plan(self, moment, **vals):
        other = self._plan("other", **vals)
        self._charge(plan=other, price_per_unit=10)
        with freeze_time(moment):
            self.subscription._fusion_change_plan(other)
        return other

    def _rate_at(self, moment):
        with freeze_time(moment):
            self._rate()


@tagged("post_install", "-at_install")
class TestPartsBesideHeldDrafts(HeldDraftCase):
    """A part of a period that is cut belongs to the invoice of that period's end."""

    def setUp(self):
        super().setUp()
        self.draft = self._hold_january()
        self._use(self.subscription, 7, "2026-02-03")
        self._rate_at("2026-02-03 12:00:00")

    def test_r9_a_part_before_a_plan_change_is_not_billed_on_the_draft_of_the_period_before(self):
        self._change_plan("2026-02-05 12:00:00", draft_hours=24)
        self._use(self.subscription, 2, "2026-02-04")
        self._use(self.subscription, 20, "2026-01-20")
        self._rate_at("2026-02-05 13:00:00")
        self.assertEqual(self.draft.amount_untaxed, 170)
        for moment in ("2026-02-16", "2026-03-01 01:00:00", "2026-03-02 01:00:00"):
            self._bill_at(moment)
        self.assertEqual(self._invoiced(self.subscription), [170, 9])

    def test_r9_late_usage_of_two_held_periods_lands_on_the_draft_of_each(self):
        as_engine(self.draft).fusion_post_at = "2026-03-10"
        self._bill_at("2026-03-01 01:00:00")
        second = self.subscription.invoice_ids - self.draft
        self._use(self.subscription, 1, "2026-02-20")
        self._use(self.subscription, 2, "2026-01-20")
        self._rate_at("2026-03-01 02:00:00")
        self.assertEqual((self.draft.amount_untaxed, second.amount_untaxed), (152, 8))

    def test_r9_a_closed_subscription_s_last_usage_is_not_lost_beside_the_draft_before(self):
        with freeze_time("2026-02-05 12:00:00"):
            self.subscription._fusion_close()
        self._use(self.subscription, 3, "2026-02-05 11:00:00")
        self._rate_at("2026-02-06")
        self._bill_at("2026-02-16")
        self._bill_at("2026-02-22")
        self.assertEqual(self._invoiced(self.subscription), [150, 10])
        self.assertEqual(set(self.subscription.invoice_ids.mapped("state")), {"posted"})

    def test_r9_a_draft_that_staff_emptied_is_left_to_them_and_its_rows_are_billed_elsewhere(self):
        as_engine(self.draft.invoice_line_ids).unlink()
        self._bill_at("2026-02-17")
        self.assertEqual((self.draft.state, self.draft.fusion_post_at), ("draft", False))
        self._bill_at("2026-03-01 01:00:00")
        self._bill_at("2026-03-17 01:00:00")
        self.assertEqual(self._invoiced(self.subscription), [157])


@tagged("post_install", "-at_install")
class TestSignOfDrafts(HeldDraftCase):
    """A draft is an invoice while it bills and a credit note while it credits."""

    def setUp(self):
        super().setUp()
        self.plan.draft_hours = 0
        self.first = self._hold_january()
        self.plan.draft_hours = 24

    def _signed(self):
        return self.subscription.invoice_ids.sorted("id").mapped("amount_untaxed_signed")

    def _assert_settled(self):
        self.assertEqual(set(self.subscription.invoice_ids.mapped("state")), {"posted"})
        for rating in self.subscription.fusion_rating_ids.filtered("settled"):
            self.assertEqual(self._posted(rating), rating.amount)

    def test_r9_late_usage_on_a_held_credit_note_reduces_the_credit(self):
        self.usage.quantity = 100
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(self._signed(), [150, -50])
        self._use(self.subscription, 20, "2026-02-10")
        self._rate_at("2026-03-01 02:00:00")
        self.assertEqual(self._signed(), [150, -30])
        self._bill_at("2026-03-02")
        self._assert_settled()

    def test_r9_a_held_credit_note_becomes_an_invoice_when_more_was_used_than_credited(self):
        self.usage.quantity = 100
        self._bill_at("2026-03-01 01:00:00")
        self._use(self.subscription, 80, "2026-02-10")
        self._rate_at("2026-03-01 02:00:00")
        self._bill_at("2026-03-02")
        self.assertEqual(self._signed(), [150, 30])
        self._assert_settled()

    def test_r9_a_held_invoice_becomes_a_credit_note_when_more_is_credited_than_was_used(self):
        self._use(self.subscription, 20, "2026-02-10")
        self._bill_at("2026-03-01 01:00:00")
        self.usage.quantity = 100
        self._rate_at("2026-03-01 02:00:00")
        self._bill_at("2026-03-02")
        self.assertFalse(self.subscription.fusion_error)
        self.assertEqual(self._signed(), [150, -30])
        self._assert_settled()

    def _hold_february(self, used):
        """February is held with a credit of 50 for January."""
        self._use(self.subscription, used, "2026-02-10")
        self.usage.quantity = 100
        self._bill_at("2026-03-01 01:00:00")
        return self.subscription.invoice_ids - self.first

    def _reprice(self, held, price):
        held.invoice_line_ids.filtered(lambda line: line.fusion_settled > 0).price_unit = price
        self._bill_at("2026-03-02")
        self.assertFalse(self.subscription.fusion_error)
        self.assertEqual(held.state, "posted")

    def test_a_held_invoice_of_which_staff_left_a_credit_is_posted_as_a_credit_note(self):
        held = self._hold_february(80)
        self.assertEqual(self._signed(), [150, 30])
        self._reprice(held, 10)
        self.assertEqual((held.move_type, self._signed()), ("out_refund", [150, -40]))

    def test_a_held_credit_note_of_which_staff_left_a_bill_is_posted_as_an_invoice(self):
        held = self._hold_february(20)
        self.assertEqual(self._signed(), [150, -30])
        self._reprice(held, -65)  # of a credit note, a price below zero bills
        self.assertEqual((held.move_type, self._signed()), ("out_invoice", [150, 15]))

    def test_r9_a_correction_on_a_draft_credit_note_keeps_its_sign(self):
        self.plan.invoice_mode = "draft"
        self.usage.quantity = 100
        self._bill_at("2026-03-01 01:00:00")
        for quantity, signed in ((90, -60), (110, -40), (150, 0)):
            self.usage.quantity = quantity
            self._rate_at("2026-03-01 02:00:00")
            self.assertEqual(self._signed(), [150, signed])

    def test_a_draft_credit_note_of_a_closed_subscription_that_is_deleted_is_made_again(self):
        self.plan.invoice_mode = "draft"
        self.usage.quantity = 100
        with freeze_time("2026-02-10"):
            self.subscription._fusion_close()
        (self.subscription.invoice_ids - self.first).unlink()
        self._bill_at("2026-02-11")
        self.assertEqual(self._signed(), [150, -50])

    def test_fees_on_a_draft_credit_note_that_is_deleted_are_billed_again(self):
        self.plan.invoice_mode = "draft"
        self._add_fee()
        self.usage.quantity = 10
        self._bill_at("2026-03-01 01:00:00")
        credit, invoice = (self.subscription.invoice_ids - self.first).sorted("id")
        self.assertEqual(
            (credit.amount_untaxed_signed, invoice.amount_untaxed_signed), (49 - 140, 49)
        )
        credit.unlink()
        self._bill_at("2026-03-02")
        self._bill_at("2026-04-01")
        self.assertEqual(sum(self._signed()), 150 + 3 * 49 - 140)


@tagged("post_install", "-at_install")
class TestInvoicesTakenBack(HeldDraftCase):
    """What staff delete, cancel or reset is billed once in the end."""

    def setUp(self):
        super().setUp()
        self.plan.write({"draft_hours": 0, "fee_timing": "arrears"})
        self._add_fee("2026-01-01")

    def _bill_january(self):
        self._bill_at("2026-02-01 01:00:00")
        return self.subscription.invoice_ids

    def test_a_cancelled_invoice_that_is_deleted_later_does_not_bill_its_fees_again(self):
        self.plan.invoice_mode = "draft"
        first = self._bill_january()
        self.assertEqual(first.amount_untaxed, 199)
        first.button_cancel()
        self._bill_at("2026-02-02")
        self._bill_at("2026-03-01")
        billed = sum((self.subscription.invoice_ids - first).mapped("amount_untaxed"))
        self.assertEqual(billed, 150 + 2 * 49)
        first.unlink()
        self._bill_at("2026-03-02")
        self.assertEqual(sum(self._invoiced(self.subscription)), 150 + 2 * 49)

    def test_fees_of_two_periods_are_billed_after_the_first_invoice_was_cancelled(self):
        first = self._bill_january()
        first.button_draft()
        first.button_cancel()
        self._bill_at("2026-03-01")
        self.assertEqual((self.subscription.invoice_ids - first).amount_untaxed, 150 + 2 * 49)

    def test_a_paused_period_is_free_among_fees_that_are_billed_again(self):
        first = self._bill_january()
        with freeze_time("2026-02-01 02:00:00"):
            self.subscription._fusion_pause(self.subscription.fusion_last_invoice_date)
            first.button_draft()
            first.button_cancel()
        with freeze_time("2026-03-01"):
            self.subscription._fusion_resume(date(2026, 3, 1))
        self._bill_at("2026-03-01")
        self.assertEqual((self.subscription.invoice_ids - first).amount_untaxed, 150 + 49)

    def test_a_cancelled_invoice_cannot_come_back_beside_the_one_that_replaces_it(self):
        first = self._bill_january()
        first.button_draft()
        first.button_cancel()
        self._bill_at("2026-03-01")
        with self.assertRaisesRegex(UserError, "billed again"):
            first.button_draft()

    def test_a_credit_note_that_staff_cancelled_can_come_back(self):
        first = self._bill_january()
        credit = first._reverse_moves()
        credit.button_cancel()
        self._bill_at("2026-02-02")
        credit.button_draft()
        self.assertEqual(credit.state, "draft")
        self.assertEqual(self._invoiced(self.subscription), [199, 199])

    def test_an_invoice_that_staff_reset_to_draft_is_not_posted_behind_their_back(self):
        self.plan.draft_hours = 24
        first = self._bill_january()
        self._bill_at("2026-02-02 01:00:00")
        self.assertEqual(first.state, "posted")
        first.button_draft()
        self._bill_at("2026-02-02 02:00:00")
        self.assertEqual(first.state, "draft")
        first.action_post()
        self.assertEqual(self._invoiced(self.subscription), [199])

    def test_a_held_draft_that_staff_post_or_delete_while_the_cron_runs_is_left_to_them(self):
        self.plan.draft_hours = 24
        first = self._bill_january()
        with freeze_time("2026-02-02 01:00:00"):
            first.action_post()
            first._fusion_post_unless_busy(first)
            self.assertEqual(first.state, "posted")
            first.button_draft()
            first.unlink()
            first._fusion_post_unless_busy(first)
        self.assertFalse(self.subscription.fusion_error)

    def test_no_more_is_credited_than_a_discount_left_to_pay(self):
        self.plan.invoice_mode = "draft"
        first = self._bill_january()
        line = first.invoice_line_ids.filtered(lambda line: line.price_unit == 150)
        line.discount = 80
        first.action_post()
        self.usage.quantity = 0
        self._bill_at("2026-03-01 01:00:00")
        latest = self.subscription.invoice_ids - first
        self.assertEqual(latest.amount_untaxed, 49 - 30)

    def test_fees_in_arrears_are_not_lost_when_a_plan_in_advance_takes_over(self):
        other = self._plan("advance", fee_ids=[(0, 0, {"product_id": self.fee_product.id})])
        line = self.subscription.order_line.filtered("fusion_item_ids")
        with freeze_time("2026-01-20"):
            self.subscription._fusion_change_plan(other, self.subscription.fusion_next_invoice_date)
            self.subscription._fusion_end_item(line, date(2026, 2, 1))
        self._bill_at("2026-02-01 01:00:00")
        self.assertEqual(sum(self._invoiced(self.subscription)), 150 + 49 + 49)
        self._bill_at("2026-03-01 01:00:00")
        self.assertEqual(sum(self._invoiced(self.subscription)), 150 + 3 * 49)
