"""What staff change in the middle of a subscription's life: nothing is lost or billed twice."""

from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ..common import BillingCase


class MidLifeCase(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge()
        cls.subscription = cls._subscribe(products=cls.setup_product)
        cls.usage = cls._use(cls.subscription, 5)


@tagged("post_install", "-at_install")
class TestDatesAndPlan(MidLifeCase):
    def test_r2_what_the_timeline_says_is_not_written_by_hand(self):
        self._bill_at("2026-02-01")
        for vals in ({"fusion_last_invoice_date": "2026-01-15"}, {"fusion_plan_id": False}):
            with self.assertRaisesRegex(UserError, "use its buttons"):
                self.subscription.write(vals)

    def test_a_plan_that_is_archived_is_billed_as_long_as_it_is_in_force(self):
        self.plan.active = False
        with freeze_time("2026-01-01"):
            self.subscription.order_line = [(0, 0, {"product_id": self.fee_product.id})]
        self._bill_at("2026-01-15")
        self.assertEqual(self._invoiced(self.subscription), [249])
        self._bill_at("2026-02-01")
        self.assertEqual(self._invoiced(self.subscription), [249, 54])

    def test_the_billing_period_of_a_plan_stays_once_subscriptions_are_on_it(self):
        """A month's fees would be billed as a twelfth of a year's."""
        with self.assertRaisesRegex(UserError, "Make another plan"):
            self.plan.billing_period_unit = "year"
        self.plan.write({"billing_period_unit": "month", "name": "Pro"})

    def test_the_billing_period_of_a_plan_stays_while_subscriptions_wait_for_it(self):
        other = self._plan("other")
        with freeze_time("2026-01-11"):
            self.subscription._fusion_change_plan(other, date(2026, 1, 20))
            with self.assertRaisesRegex(UserError, "wait for it"):
                other.billing_period_unit = "year"
            self.subscription._fusion_keep_plan()
        other.billing_period_unit = "year"

    def test_r1_a_charge_that_was_rated_is_not_moved_to_another_plan(self):
        self._rate()
        with self.assertRaisesRegex(UserError, "rchive it"):
            self.charge.plan_id = self._plan("other")

    def test_a_cancelled_order_of_a_closed_subscription_is_not_billed_again(self):
        self.plan.write({"invoice_mode": "draft", "fee_timing": "arrears"})
        with freeze_time("2026-01-20"):
            self.subscription._fusion_close()
        self.subscription._action_cancel()
        self._bill_at("2026-02-01")
        self._invoice_now(self.subscription)
        self.assertEqual(
            self.subscription.invoice_ids.filtered(lambda m: m.state != "cancel").ids, []
        )


@tagged("post_install", "-at_install")
class TestSamePlan(MidLifeCase):
    """A change to the plan in force changes nothing."""

    def _days(self):
        return [str(phase.date_from) for phase in self.subscription.fusion_phase_ids]

    @freeze_time("2026-01-11 12:00:00")
    def test_a_change_to_the_plan_in_force_is_none(self):
        self.subscription._fusion_change_plan(self.plan)
        self.assertEqual(self._days(), ["2026-01-01"])

    @freeze_time("2026-01-11 12:00:00")
    def test_the_same_change_asked_for_twice_is_one(self):
        other = self._plan("other")
        for _time in range(2):
            self.subscription._fusion_change_plan(other)
        self.assertEqual(self._days(), ["2026-01-01", "2026-01-11"])
        self.assertEqual(self.subscription.fusion_plan_id, other)

    @freeze_time("2026-01-11 12:00:00")
    def test_a_change_to_come_ends_where_the_next_one_begins(self):
        self.subscription._fusion_change_plan(self._plan("other"), date(2026, 1, 20))
        self.subscription._fusion_change_plan(self.plan, date(2026, 1, 25))
        self.assertEqual(self._days(), ["2026-01-01", "2026-01-20", "2026-01-25"])

    @freeze_time("2026-01-11 12:00:00")
    def test_a_closed_subscription_refuses_its_own_plan_too(self):
        self.subscription._fusion_close()
        with self.assertRaisesRegex(UserError, "running"):
            self.subscription._fusion_change_plan(self.plan)
