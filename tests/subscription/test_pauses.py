"""What a pause costs: nothing, by days."""

from odoo.exceptions import ValidationError
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
class TestPauses(PauseCase):
    """R10: days of a pause have no share of minimum, quota and fees; usage on them is refused."""

    def _owed(self):
        self._rate()
        return [
            (str(row.date_from), row.amount)
            for row in self.subscription.fusion_rating_ids.sorted("date_from")
            if row.amount
        ]

    def test_a_period_that_lies_in_the_pause_as_a_whole_owes_nothing(self):
        self._pause("2026-01-15", "2026-03-01")
        with freeze_time("2026-03-01 10:00:00"):
            self.assertEqual(self._owed(), [("2026-01-01", 14.52), ("2026-03-01", 30)])

    def test_a_period_that_the_pause_touches_owes_its_share(self):
        self.charge.minimum_amount = 31
        self._pause("2026-01-10", "2026-01-21")
        with freeze_time("2026-01-21 10:00:00"):
            self.assertEqual(self._owed(), [("2026-01-01", 10), ("2026-01-21", 11)])

    def test_a_fixed_fee_without_usage_is_not_due_in_a_pause(self):
        self.charge.write(
            {
                "minimum_amount": 0,
                "charge_model": "percentage",
                "rate": 1,
                "fixed_amount": 31,
                "flat_fee_at_zero": True,
            }
        )
        self._pause("2026-01-10", "2026-03-01")
        with freeze_time("2026-02-28"):
            self.assertEqual(self._owed(), [("2026-01-01", 10)])

    def test_closing_a_paused_subscription_bills_no_minimum_of_its_pause(self):
        self._pause("2026-01-30")
        with freeze_time("2026-03-05"):
            self.subscription._fusion_close()
        self.assertEqual(self._invoiced(self.subscription), [29.03])

    def test_u5_usage_of_a_pause_is_refused_also_when_it_is_over(self):
        self._pause("2026-01-20", "2026-03-01")
        for day in ("2026-01-21", "2026-02-28T23:59:59"):
            with self.assertRaises(ValidationError):
                self._use(self.subscription, 7, day)
        for day in ("2026-01-20T23:59:59", "2026-03-01"):
            self._use(self.subscription, 7, day)

    def test_u5_usage_of_the_pause_in_which_it_was_closed_is_refused(self):
        self._pause("2026-01-10")
        with freeze_time("2026-03-05"):
            self.subscription._fusion_close()
        with self.assertRaises(ValidationError):
            self._use(self.subscription, 5, "2026-02-05")
        self._use(self.subscription, 5, "2026-01-05")  # late, but of a day in force

    def test_a_second_pause_does_not_bring_back_the_fees_of_the_first(self):
        self.charge.minimum_amount = 0
        self._use(self.subscription, 5)
        with freeze_time("2026-01-01"):
            self.subscription.order_line = [(0, 0, {"product_id": self.fee_product.id})]
        self._bill_at("2026-01-01")
        for pause, resume in (("2026-01-31", "2026-03-01"), ("2026-03-01", "2026-03-10")):
            self._pause(pause, resume)
        self._bill_at("2026-04-01 10:00:00")
        owed = self.subscription.fusion_rating_ids
        # January with its usage; nothing for February; 1 and 10 to 31 March; April.
        self.assertAlmostEqual(sum(owed.mapped("amount")), 49 + 5 + 1.58 + 34.77 + 49)
        self.assertEqual(set(owed.mapped("due")), {0})
