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
        """What all documents come to that are not cancelled."""
        self.env.invalidate_all()
        moves = self.subscription.invoice_ids.filtered(lambda move: move.state != "cancel")
        return sum(Decimal(str(move.amount_untaxed_signed)) for move in moves)

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

    def test_an_end_to_come_that_gives_back_gives_nothing_once_it_is_without_a_refund(self):
        for earlier, later in (("2026-01-21", "2026-01-21"), ("2026-01-26", "2026-01-19")):
            with self.subTest(later=later), self.env.cr.savepoint() as savepoint:
                self._cancel(earlier)
                self._rate()
                self._cancel(later, refund="none")
                self.assertEqual(self._bill_at_the_end(), 31)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_what_was_due_back_anyway_is_credited_whatever_ends_were_planned(self):
        self.subscription._fusion_change_item(self.line, quantity=0.5, date=date(2026, 1, 16))
        self._cancel("2026-01-28")
        self._cancel("2026-01-24", refund="none")
        self.assertEqual(self._bill_at_the_end(), 15 + 4)

    def test_counters_that_were_given_up_are_given_up_when_the_end_is_set_anew(self):
        self._use(self.subscription, 5, "2026-01-22")
        self._cancel("2026-01-21", discard_usage=True)
        self._cancel("2026-01-21", refund="none")
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

    def _come_back(self, day, ends=None):
        """Come back on a day, be billed, and perhaps end with a refund."""
        with freeze_time(f"{day} 12:00:00"):
            self.subscription._fusion_reopen()
            self._bill()
            self.assertEqual(self._billed(), 31)
        if ends:
            with freeze_time("2026-01-25 12:00:00"):
                self._cancel(ends)

    def test_who_comes_back_pays_no_day_twice_and_gets_the_days_between_not_back(self):
        """Of January they paid all; of the gap nothing is given back."""
        self._cancel(refund="none")
        self._come_back("2026-01-21")
        [first, again] = self.subscription.fusion_rating_ids.sorted("date_from")
        self.assertEqual((first.amount, first.withheld, first.due), (15, -5, 0))
        self.assertEqual((again.amount, again.due), (11, 0))
        self.assertEqual(self._bill_at_the_end(), 31 + 31)

    def test_who_comes_back_and_ends_with_a_refund_gets_the_days_after_that_back(self):
        self._cancel(refund="none")
        self._come_back("2026-01-21", ends="2026-01-26")
        self.assertEqual(self._billed(), 26 - 1)

    def test_who_comes_back_on_the_day_of_the_end_pays_as_if_they_had_stayed(self):
        self._cancel(refund="none")
        self._come_back("2026-01-16", ends="2026-01-26")
        self.assertEqual(self._billed(), 25)

    def test_who_comes_back_on_a_day_to_come_pays_no_day_twice(self):
        self._cancel(refund="none")
        self.subscription._fusion_reopen(date(2026, 1, 26))
        self._rate()
        self.assertEqual(self._bill_at_the_end(), 31 + 31)

    def test_who_comes_back_in_another_period_pays_that_and_gets_nothing_back(self):
        self._cancel(refund="none")
        with freeze_time("2026-02-19 12:00:00"):
            self.subscription._fusion_reopen()
            self._bill()
            self.assertEqual(self._billed(), 31 + Decimal("11.07"))

    def test_staff_may_give_it_back_after_all(self):
        self._cancel(refund="none")
        row = self.subscription.fusion_rating_ids
        row.action_fusion_take_back_waiver()
        self.assertEqual((row.due, row.withheld), (-16, 0))
        self.assertEqual(self._bill_at_the_end(), 15)

    def test_seats_that_change_before_the_end_cost_what_they_cost_whatever_becomes_of_it(self):
        """31 are billed for a seat. With two from the 18th on, three days more are owed until the
        21st, and 28 from then on if it does not end: no more is held back than the end's own days.
        """
        later = {
            "stays": (31 + 3, lambda: None),
            "is taken back": (17 + 28 + 62, self.subscription._fusion_keep_open),
            "is moved": (17 + 22, lambda: self._cancel("2026-01-29", refund="none")),
        }
        for name, (total, change) in later.items():
            with self.subTest(end=name), self.env.cr.savepoint() as savepoint:
                self._cancel("2026-01-21", refund="none")
                self.subscription._fusion_change_item(self.line, quantity=2, date=date(2026, 1, 18))
                self._rate()
                change()
                self.assertEqual(self._bill_at_the_end(), total)
                savepoint.rollback()
                self.env.invalidate_all()

    # === AND WAIVERS OF STAFF === #

    def _bill_a_fee_of_which_staff_waived_a_part(self):
        """Of the 31 they waived 10, so 21 are billed."""
        self.subscription.invoice_ids._fusion_waive("Goodwill.")
        row = self.subscription.fusion_rating_ids
        row.waived = 10
        self._bill_at_the_end("2026-01-16 13:00:00")
        self.assertEqual((row.settled, row.waived, row.due), (21, 10, 0))
        return row

    def test_nothing_is_given_back_of_a_fee_of_which_staff_waived_a_part(self):
        row = self._bill_a_fee_of_which_staff_waived_a_part()
        self._cancel(refund="none")
        self.assertEqual((row.amount, row.due), (15, 0))
        self.assertEqual(self._bill_at_the_end(), 21)

    def test_what_staff_waived_stays_waived_for_who_stays(self):
        row = self._bill_a_fee_of_which_staff_waived_a_part()
        self._cancel("2026-01-21", refund="none")
        self._rate()
        self.env.invalidate_all()
        self.assertEqual((row.amount, row.due), (20, 0))
        self.subscription._fusion_keep_open()
        self._rate()
        self.env.invalidate_all()
        self.assertEqual((row.amount, row.waived, row.withheld, row.due), (31, 10, 0, 0))

    def test_a_bill_that_is_waived_after_the_end_is_waived_as_far_as_it_goes(self):
        """The fee is due again as its invoice is cancelled: 15 are waived, and 16 more are not."""
        self._cancel(refund="none")
        self.subscription.invoice_ids.button_cancel()
        row = self.subscription.fusion_rating_ids
        self.assertEqual(row.due, 15)
        row._waive("Goodwill.")
        self.assertEqual((row.waived, row.due), (15, 0))
        self.subscription._fusion_reopen()
        self.assertEqual(self._bill_at_the_end(), 16 + 31)

    def test_a_document_that_is_waived_after_the_end_is_not_billed_again(self):
        self._cancel(refund="none")
        self.subscription.invoice_ids._fusion_waive("Goodwill.")
        self.assertEqual(self._bill_at_the_end(), 0)

    def test_a_refund_is_one_of_two_words(self):
        path = f"/subscriptions/{self.subscription.id}/cancel"
        for value in ("full", True, ""):
            response = self.post(path, {"refund": value})
            self.assertError(response, 400, "invalid_refund", "refund")
