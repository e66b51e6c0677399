from datetime import date
from decimal import Decimal

from odoo.tests import freeze_time, tagged

from ..api_case import ApiCase


@tagged("post_install", "-at_install")
@freeze_time("2026-01-16 12:00:00")
class TestApiRefunds(ApiCase):
    """A fee of 31 for January is billed: a day of it is 1. 16 days are left, today included."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fee_product.list_price = 31
        cls._charge(price_per_unit=2)
        cls.subscription = cls._own_subscription("sub-42", products=cls.fee_product)
        cls.line = cls.subscription.order_line
        cls.env["sale.order"]._fusion_cron_create_invoices()

    def _cancel(self, day="2026-01-16", **body):
        path = f"/subscriptions/{self.subscription.id}/cancel"
        return self.assertOk(self.post(path, {"date": day, **body}))

    def _billed(self):
        """What all documents come to."""
        self.env.invalidate_all()
        return sum(
            Decimal(str(move.amount_untaxed_signed)) for move in self.subscription.invoice_ids
        )

    def _bill_at_the_end(self, moment="2026-02-01 01:00:00"):
        with freeze_time(moment):
            self._bill()
        return self._billed()

    # === WITH AND WITHOUT === #

    def test_days_after_the_end_are_credited_if_nobody_says_otherwise(self):
        for body in ({}, {"refund": "prorata"}, {"refund": None}):
            with self.subTest(body=body), self.env.cr.savepoint() as savepoint:
                self._cancel(**body)
                self.assertEqual(self._billed(), 15)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_nothing_is_credited_without_a_refund(self):
        """L5: it is waived, with a reason."""
        answer = self._cancel(refund="none")
        self.assertEqual(answer["end_date"], "2026-01-16")
        self.assertEqual(self._billed(), 31)
        [row] = self.subscription.fusion_rating_ids
        self.assertEqual((row.amount, row.settled, row.due), (15, 31, 0))
        self.assertEqual(row.waive_reason, "It ended without a refund.")
        self.assertEqual(self._bill_at_the_end(), 31)

    def test_an_end_to_come_keeps_what_is_billed_by_now(self):
        self._cancel("2026-01-26", refund="none")
        self.assertEqual(self._bill_at_the_end(), 31)

    def test_days_that_are_not_billed_yet_are_never_billed(self):
        self._cancel("2026-02-11", refund="none")
        self.assertEqual(self._bill_at_the_end("2026-02-11 01:00:00"), 31 + Decimal("11.07"))

    def test_usage_until_the_end_is_billed_as_ever(self):
        self._use(self.subscription, 5, "2026-01-10")
        self._cancel(refund="none")
        self.assertEqual(self._billed(), 31 + 10)

    def test_usage_that_is_discarded_after_it_was_billed_is_not_credited(self):
        self._use(self.subscription, 5, "2026-01-20")
        with freeze_time("2026-02-02 01:00:00"):
            self._bill()
            billed = self._billed()
            self._cancel("2026-01-16", refund="none", discard_usage=True)
            self.assertEqual(self._billed(), billed)

    def test_what_was_due_back_anyway_is_credited(self):
        """F2: fewer seats have nothing to do with the end, and their days are not billed yet."""
        self.subscription._fusion_change_item(self.line, quantity=0.5, date=date(2026, 1, 16))
        self._cancel("2026-01-24", refund="none")
        self.assertEqual(self._bill_at_the_end(), 15 + 4)

    # === AGAIN, AND OTHERWISE === #

    def test_it_can_be_asked_for_again(self):
        first = self._cancel(refund="none")
        for body in ({"refund": "none"}, {}):
            self.assertEqual(self._cancel(**body), first)
            self.assertEqual(self._bill_at_the_end(), 31)

    def test_the_last_end_that_is_set_counts(self):
        self._cancel("2026-01-21", refund="none")
        self._cancel("2026-01-26")
        self.assertEqual(self._bill_at_the_end(), 25)

    def test_an_end_that_is_moved_without_a_refund_holds_back_its_own_days(self):
        for day in ("2026-01-26", "2026-01-21", "2026-01-29"):
            self._cancel(day, refund="none")
            self._rate()
            self.env.invalidate_all()
            [row] = self.subscription.fusion_rating_ids
            self.assertEqual(row.due, 0)
            self.assertEqual(row.waived, row.amount - 31)
        self.assertEqual(self._bill_at_the_end(), 31)

    def test_who_stays_and_ends_later_with_a_refund_gets_it(self):
        for rates in (True, False):
            with self.subTest(rates=rates):
                self._cancel("2026-01-21", refund="none")
                path = f"/subscriptions/{self.subscription.id}/changes"
                [end] = self.assertOk(self.get(path))["changes"]
                self.assertOk(self.send("DELETE", f"{path}/{end['change_id']}"))
                if rates:
                    self._rate()
        self._cancel("2026-01-26")
        self.assertEqual(self._bill_at_the_end(), 25)

    def test_who_comes_back_later_pays_from_that_day_and_what_was_held_back_stays(self):
        self._cancel(refund="none")
        with freeze_time("2026-01-21 12:00:00"):
            self.subscription._fusion_reopen()
        with freeze_time("2026-01-25 12:00:00"):
            self._cancel("2026-01-26")
        self.assertEqual(self._billed(), 31 + 5)

    def test_staff_may_give_it_back_after_all(self):
        self._cancel(refund="none")
        row = self.subscription.fusion_rating_ids
        row.action_fusion_take_back_waiver()
        self.assertEqual((row.due, row.withheld), (-16, 0))
        self.assertEqual(self._bill_at_the_end(), 15)

    def test_a_refund_is_one_of_two_words(self):
        path = f"/subscriptions/{self.subscription.id}/cancel"
        for value in ("full", True, ""):
            response = self.post(path, {"refund": value})
            self.assertError(response, 400, "invalid_refund", "refund")
