from datetime import date

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .walls_case import WallsCase


@tagged("post_install", "-at_install")
class TestWallsSeats(WallsCase):
    """Seats and lines that come, go and change inside a period. A seat is 31 a month: 1 a day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seat = cls._product("Seat", fusion_recurring=True, list_price=31)

    def setUp(self):
        super().setUp()
        self.subscription = self._start(products=self.seat)
        self.line = self._line(self.subscription, self.seat)
        self._run("2026-01-01")

    def _seats(self, quantity, moment):
        with freeze_time(moment):
            self._edit(self.line, product_uom_qty=quantity)

    def test_raised_inside_a_period(self):
        self._seats(3, "2026-01-11")
        # 10 days with one, 21 with three; February with three.
        self.assertStands(self.subscription, "2026-02-01", 10 + 63 + 93)

    def test_raised_and_lowered_inside_a_period(self):
        self._seats(5, "2026-01-11")
        self._seats(2, "2026-01-21")
        # 10 × 1 + 10 × 5 + 11 × 2.
        self.assertStands(self.subscription, "2026-02-01", 10 + 50 + 22 + 62)

    def test_raised_on_the_last_day(self):
        self._seats(2, "2026-01-31 23:59:00")
        self.assertStands(self.subscription, "2026-02-01", 30 + 2 + 62)

    def test_lowered_on_the_last_day(self):
        self._seats(0, "2026-01-31")
        self.assertStands(self.subscription, "2026-02-01", 30)
        self.assertStands(self.subscription, "2026-03-01", 30)

    def test_raised_and_closed_before_the_period_s_end(self):
        self._seats(3, "2026-01-11")
        with freeze_time("2026-01-20"):
            self.subscription._fusion_close()
        # 10 × 1 + 10 × 3.
        self.assertStands(self.subscription, "2026-01-21", 40)

    def test_added_and_closed_before_the_period_s_end(self):
        with freeze_time("2026-01-11"):
            self._add_line(self.subscription, self.fee_product, price_unit=62)
        with freeze_time("2026-01-20"):
            self.subscription._fusion_close()
        # 20 days at 1, 10 at 2.
        self.assertStands(self.subscription, "2026-01-21", 40)

    def test_added_on_the_last_day(self):
        with freeze_time("2026-01-31"):
            self._add_line(self.subscription, self.fee_product, price_unit=62)
        self.assertStands(self.subscription, "2026-02-01", 31 + 2 + 31 + 62)

    def test_added_and_removed_on_one_day_costs_nothing(self):
        with freeze_time("2026-01-11"):
            line = self._add_line(self.subscription, self.fee_product, price_unit=62)
            self._edit(line, product_uom_qty=0)
        self.assertStands(self.subscription, "2026-02-01", 62)

    def test_removed_and_taken_up_again(self):
        self._seats(0, "2026-01-11")
        self._seats(1, "2026-01-21")
        self.assertStands(self.subscription, "2026-02-01", 10 + 11 + 31)

    def test_removed_for_months_and_taken_up_again(self):
        self._seats(0, "2026-01-11")
        self._run("2026-02-01", "2026-03-01")
        self._seats(2, "2026-03-01")
        self.assertStands(self.subscription, "2026-03-01", 10 + 62)

    def test_changed_many_times_on_one_day_costs_the_last_one(self):
        for quantity in (5, 9, 0, 2):
            self._seats(quantity, "2026-01-11 12:00:00")
        self.assertStands(self.subscription, "2026-02-01", 10 + 42 + 62)

    def test_changed_each_day_costs_each_day(self):
        total = 1
        for number in range(2, 32):
            self._seats(number % 4, f"2026-01-{number:02} 07:00:00")
            total += number % 4
        # The 31st has three.
        self.assertStands(self.subscription, "2026-02-01", total + 93)

    def test_raised_in_the_past_is_a_difference(self):
        self._run("2026-02-01")
        with freeze_time("2026-02-10"):
            self.subscription._fusion_change_item(self.line, quantity=2, date=date(2026, 1, 11))
        # January: 10 × 1 + 21 × 2. February and March with two.
        self.assertStands(self.subscription, "2026-03-01", 52 + 62 + 62)

    def test_the_customer_is_credited_what_was_billed_in_advance(self):
        self._run("2026-02-01")
        self._seats(0, "2026-02-15")
        # 14 of 28 days.
        self.assertStands(self.subscription, "2026-03-01", 31 + 15.5)

    def test_a_line_of_a_running_subscription_cannot_be_deleted(self):
        with self.assertRaises(UserError):
            self.subscription.write({"order_line": [(2, self.line.id, 0)]})

    def test_from_the_next_period_if_the_plan_says_so(self):
        self.plan.item_changes = "next_period"
        self._seats(3, "2026-01-11")
        self.assertStands(self.subscription, "2026-02-01", 31 + 93)
        self._seats(1, "2026-02-28 22:00:00")
        self.assertStands(self.subscription, "2026-03-01", 31 + 93 + 31)

    def test_a_negative_fee_is_a_recurring_rebate(self):
        with freeze_time("2026-01-11"):
            self._add_line(self.subscription, self.fee_product, price_unit=-6.2)
        # 21 of 31 days at 6.20: 4.20.
        self.assertStands(self.subscription, "2026-02-01", 31 - 4.2 + 31 - 6.2)
        self.assertStands(self.subscription, "2026-03-01", 31 - 4.2 + 2 * 24.8)


@tagged("post_install", "-at_install")
class TestWallsOneOffs(WallsCase):
    """A one-off line is billed by its quantity, each exactly once in every life."""

    def setUp(self):
        super().setUp()
        self.delivered = self._product("Training", list_price=80, invoice_policy="delivery")
        self.subscription = self._start(
            products=self.fee_product | self.setup_product | self.delivered
        )
        self.line = self._line(self.subscription, self.setup_product)
        self.training = self._line(self.subscription, self.delivered)

    def test_raised_before_it_was_billed(self):
        self._edit(self.line, product_uom_qty=3)
        self.assertStands(self.subscription, "2026-01-01", 49 + 600)

    def test_raised_reduced_and_cancelled_after_it_was_billed(self):
        self.assertStands(self.subscription, "2026-01-01", 49 + 200)
        for quantity, day, fees in (
            (3, "2026-02-01", 2),
            (2, "2026-03-01", 3),
            (0, "2026-04-01", 4),
        ):
            self._edit(self.line, product_uom_qty=quantity)
            self.assertStands(self.subscription, day, fees * 49 + quantity * 200)

    def test_delivered_late_and_taken_back(self):
        self.assertStands(self.subscription, "2026-01-01", 49 + 200)
        self._edit(self.training, qty_delivered=1)
        self.assertStands(self.subscription, "2026-02-01", 98 + 280)
        self._edit(self.training, qty_delivered=0)
        self.assertStands(self.subscription, "2026-03-01", 147 + 200)

    def test_delivered_after_the_close(self):
        self._run("2026-01-01")
        with freeze_time("2026-01-31"):
            self.subscription._fusion_close()
        self.assertStands(self.subscription, "2026-02-01", 249)
        self._edit(self.training, qty_delivered=1)
        self.assertStands(self.subscription, "2026-02-03", 329)

    def test_its_invoice_cancelled_and_the_quantity_changed(self):
        self._run("2026-01-01")
        self._cancel(self._moves(self.subscription))
        self._edit(self.line, product_uom_qty=2)
        self.assertStands(self.subscription, "2026-01-05", 49 + 400)

    def test_its_invoice_in_draft_and_the_quantity_changed(self):
        self.plan.invoice_mode = "draft"
        self._run("2026-01-01")
        [draft] = self._moves(self.subscription)
        self._edit(self.line, product_uom_qty=2)
        draft.action_post()
        self.assertStands(self.subscription, "2026-02-01", 98 + 400)

    def test_credited_and_raised(self):
        self._run("2026-01-01")
        self._reverse(self._moves(self.subscription))
        self.assertStands(self.subscription, "2026-02-01", 49)
        self._edit(self.line, product_uom_qty=2)
        self.assertStands(self.subscription, "2026-03-01", 98 + 200)

    def test_credited_and_reduced_is_not_credited_twice(self):
        self._run("2026-01-01")
        self._reverse(self._moves(self.subscription))
        self._edit(self.line, product_uom_qty=0)
        self.assertStands(self.subscription, "2026-02-01", 49)
        self.assertStands(self.subscription, "2026-03-01", 98)

    def test_a_credit_note_that_is_cancelled_is_no_concession(self):
        self._run("2026-01-01")
        credit = self._reverse(self._moves(self.subscription))
        self._cancel(credit)
        self._edit(self.line, product_uom_qty=0)
        self.assertStands(self.subscription, "2026-02-01", 98)

    def test_credited_and_its_invoice_cancelled(self):
        self._run("2026-01-01")
        invoice = self._moves(self.subscription)
        self._reverse(invoice)
        self._cancel(invoice)
        # The credit note stands: what is billed again is given back already.
        self.assertStands(self.subscription, "2026-02-01", 49)
