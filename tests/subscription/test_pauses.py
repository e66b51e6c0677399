"""What a pause costs: no fees and no minimum for periods that lie in it as a whole."""

from datetime import date

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


class PauseCase(BillingCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge(minimum_amount=30)
        cls.subscription = cls._subscribe()

    def _pause(self, pause, resume=None):
        with freeze_time(f"{pause} 10:00:00"):
            self.subscription._fusion_pause()
        if resume:
            with freeze_time(f"{resume} 09:00:00"):
                self.subscription._fusion_resume()


@tagged("post_install", "-at_install")
class TestMinimumInPause(PauseCase):

    def test_a_period_that_lies_in_the_pause_as_a_whole_has_no_minimum(self):
        self._pause("2026-01-20", "2026-03-01")
        self._bill_at("2026-03-01 10:00:00")
        self._bill_at("2026-04-01")
        self.assertEqual(self._invoiced(self.subscription), [30, 30])
        self.assertTrue(self._rating(self.subscription, "2026-02-01").paused)

    def test_a_period_that_the_pause_only_touches_has_its_minimum(self):
        self._pause("2026-01-31", "2026-02-28")
        self._bill_at("2026-03-01")
        self.assertEqual(self._invoiced(self.subscription), [30, 30])

    def test_a_fee_without_usage_is_not_due_in_a_pause(self):
        self.charge.write({
            "minimum_amount": 0, "charge_model": "percentage", "rate": 1, "fixed_amount": 5,
            "flat_fee_at_zero": True})
        self._pause("2026-01-20", "2026-03-01")
        self._bill_at("2026-03-01 10:00:00")
        self.assertEqual(self._invoiced(self.subscription), [5])

    def test_closing_a_paused_subscription_bills_no_minimum_of_its_pause(self):
        self._pause("2026-01-20")
        with freeze_time("2026-03-05"):
            self.subscription._fusion_close()
        self.assertEqual(self._invoiced(self.subscription), [30])

    def test_u5_what_was_used_in_a_pause_that_is_over_is_billed_at_its_price(self):
        self._pause("2026-01-20", "2026-03-01")
        self._use(self.subscription, 7, "2026-02-10")
        self._bill_at("2026-03-01 10:00:00")
        self.assertEqual(self._invoiced(self.subscription), [30, 7])

    def test_r9_late_usage_does_not_bring_the_minimum_of_a_paused_period_back(self):
        self._pause("2026-01-20", "2026-03-01")
        self._bill_at("2026-03-01 10:00:00")
        self._use(self.subscription, 7, "2026-02-10")
        self._rate()
        self.assertEqual(self._rating(self.subscription, "2026-02-01").amount, 7)

    def test_a_part_of_a_period_that_lies_in_the_pause_as_a_whole_has_no_minimum(self):
        self.charge.prorate = True
        other = self._plan("other")
        self._charge(plan=other, minimum_amount=31, prorate=True)
        self._pause("2026-01-09")
        with freeze_time("2026-01-20"):
            self.subscription._fusion_change_plan(other)
            self.subscription._fusion_resume()
        self._bill_at("2026-02-01")
        # 1 to 19 January, of which the pause left some, and 20 to 31 January.
        self.assertEqual(self._amounts(self.subscription), [12, 18.39])
        self.assertEqual(self._rating(self.subscription).amount, 18.39)


@tagged("post_install", "-at_install")
class TestLengthOfPause(PauseCase):

    @freeze_time("2026-01-20")
    def test_a_pause_that_ends_in_years_is_refused(self):
        """Its periods would cost no fees."""
        self.subscription._fusion_pause()
        with self.assertRaisesRegex(UserError, "tomorrow"):
            self.subscription._fusion_resume(date(2030, 1, 1))

    def test_u5_usage_of_the_pause_in_which_it_was_closed_is_refused(self):
        with freeze_time("2026-01-10 12:00:00"):
            self.subscription._fusion_pause()
        with freeze_time("2026-03-05"):
            self.subscription._fusion_close()
        with self.assertRaises(ValidationError):
            self._use(self.subscription, 5, "2026-02-05")
        self._use(self.subscription, 5, "2026-01-05")  # late, but of a day in force

    def test_a_second_pause_before_the_first_is_billed_does_not_bring_back_its_fees(self):
        self.charge.minimum_amount = 0
        self._use(self.subscription, 5)
        self.subscription.order_line = [(0, 0, {"product_id": self.fee_product.id})]
        self._bill_at("2026-01-01")
        for pause, resume in (("2026-01-31", "2026-03-01"), ("2026-03-01", "2026-03-10")):
            self._pause(pause, resume)
        self._bill_at("2026-03-10 10:00:00")
        # January with its usage; nothing for February; March.
        self.assertEqual(sum(self._invoiced(self.subscription)), 49 + 5 + 49)
