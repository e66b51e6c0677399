from datetime import date
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestDocuments(DocumentCase):
    """Which rows of the ledger go on which document (T3, R9, F2)."""

    def test_fees_in_advance_and_the_usage_of_the_period_before_are_on_one_document(self):
        subscription = self._start(used=5)
        self._bill_on("2026-01-01", "2026-02-01")
        self.assertEqual(self._amounts_signed(subscription), [49, 54])
        self.assertEqual(
            [str(day) for day in self._moves(subscription).mapped("fusion_bill_on")],
            ["2026-01-01", "2026-02-01"],
        )
        with freeze_time("2026-02-01"):
            self.assertSettled(subscription)

    def test_t3_a_run_that_is_ten_days_late_makes_the_documents_of_runs_on_time(self):
        late, punctual = self._start(used=5), self._start(used=5)
        for day in ("2026-01-01", "2026-02-01", "2026-03-01"):
            with freeze_time(day):
                punctual._fusion_bill_until(date.fromisoformat(day))
        with freeze_time("2026-03-11"):
            late._fusion_bill_until(date(2026, 3, 11))
        self.assertEqual(self._documents(late), self._documents(punctual))
        self.assertDates(late, "2026-03-01", "2026-04-01")

    def _documents(self, subscription):
        return [
            (move.fusion_bill_on, move.amount_untaxed, self._names(move))
            for move in self._moves(subscription)
        ]

    def test_a_whole_fee_shows_its_quantity_and_price_and_its_days(self):
        subscription = self._start()
        with freeze_time("2026-01-01"):
            subscription.order_line.write({"product_uom_qty": 3, "discount": 10})
        self._bill_on("2026-01-01")
        line = self._moves(subscription).invoice_line_ids
        self.assertEqual((line.quantity, line.price_unit, line.discount), (3, 49, 10))
        self.assertEqual((line.fusion_settled, line.price_subtotal), (132.3, 132.3))
        self.assertEqual(self._names(line.move_id), ["Pro subscription\nJan 1 – 31, 2026"])

    def test_a_prorated_fee_is_one_piece_at_its_amount(self):
        subscription = self._start(fusion_anchor_date="2026-01-11")
        self._bill_on("2026-01-01")
        line = self._moves(subscription).invoice_line_ids
        # 10 of the 31 days from 11 December on.
        self.assertEqual((line.quantity, line.price_unit), (1, 15.81))
        self.assertEqual(
            self._names(line.move_id),
            [
                "Pro subscription\nJan 1 – 10, 2026: 1 × $49.00 for a full billing period\n"
                "10/31 × $49.00 ≈ $15.81"
            ],
        )

    def test_m4_a_usage_line_says_what_was_used_included_and_billed(self):
        self.charge.included_quota = 2
        subscription = self._start(used=5)
        self._bill_on("2026-02-01")
        [name] = [name for name in self._names(self._moves(subscription)[-1]) if "API" in name]
        self.assertEqual(
            name, "API calls, Jan 1 – 31, 2026\n5 used, 2 included, 3 billed\n3 × $1.00 = $3.00"
        )

    def test_r9_late_usage_is_a_named_difference_on_the_next_document(self):
        subscription = self._start(used=5)
        self._bill_on("2026-02-01")
        self._use(subscription, 2, "2026-01-20")
        self._bill_on("2026-02-02", "2026-02-28")
        self.assertEqual(len(self._moves(subscription)), 2)
        self._bill_on("2026-03-01")
        move = self._moves(subscription)[-1]
        self.assertEqual(move.amount_untaxed, 51)
        self.assertIn(
            "Correction for Jan 1 – 31, 2026: API calls, was 5, now 7\n"
            "7 used, 0 included, 7 billed\n"
            "7 × $1.00 = $7.00\n"
            "Owed: $7.00; billed before: $5.00",
            self._names(move),
        )

    def test_r9_first_usage_of_a_closed_period_waits_for_the_next_document(self):
        subscription = self._start()
        self._bill_on("2026-01-01", "2026-02-01")
        self._use(subscription, 2, "2026-01-20")
        self._bill_on("2026-02-02")
        self.assertEqual(self._amounts_signed(subscription), [49, 49])
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(subscription), [49, 49, 51])

    def test_r9_a_correction_without_other_lines_gets_a_document_when_the_period_is_over(self):
        subscription = self._start(used=5, products=())
        self._bill_on("2026-02-01")
        subscription.fusion_usage_ids.quantity = 3
        self._bill_on("2026-02-02")
        self.assertEqual(self._amounts_signed(subscription), [5])
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(subscription), [5, -2])
        credit = self._moves(subscription)[-1]
        self.assertEqual(credit.move_type, "out_refund")
        self.assertEqual(credit.invoice_line_ids.fusion_settled, -2)
        self.assertEqual(credit.invoice_line_ids.mapped("quantity"), [1])
        self.assertEqual(credit.invoice_line_ids.mapped("price_unit"), [2])

    def test_staff_get_late_rows_at_once_by_invoice_now(self):
        subscription = self._start(used=5)
        self._bill_on("2026-02-01")
        self._use(subscription, 2, "2026-01-20")
        with freeze_time("2026-02-05"):
            action = self._invoice_now(subscription)
        self.assertEqual(action["res_model"], "account.move")
        self.assertEqual(self._amounts_signed(subscription), [49, 54, 2])

    def test_closing_bills_what_is_left_and_credits_what_was_billed_in_advance(self):
        subscription = self._start(used=5)
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_close()
        # 10 of 31 days of the fee, and the calls.
        self.assertNet(subscription, 15.81 + 5)
        self.assertEqual(subscription.fusion_state, "6_churn")
        with freeze_time("2026-01-11"):
            self.assertSettled(subscription)

    def test_usage_after_closing_gets_a_document_of_its_own_by_the_run(self):
        subscription = self._start(used=5, products=())
        with freeze_time("2026-01-10 12:00:00"):
            subscription._fusion_close()
        self._use(subscription, 2, "2026-01-10 11:00:00")
        self._bill_on("2026-01-11")
        self.assertEqual(self._amounts_signed(subscription), [5, 2])
        self._bill_on("2026-01-12", "2026-02-01")
        self.assertEqual(self._amounts_signed(subscription), [5, 2])

    def test_t4_a_back_dated_closing_gives_back_what_was_billed_after_it(self):
        subscription = self._start(used=5)
        self._bill_on("2026-01-01", "2026-02-01", "2026-03-01")
        with freeze_time("2026-03-05"):
            subscription._fusion_close(date(2026, 2, 1))
        self.assertNet(subscription, 49 + 5)

    def test_f2_seats_added_inside_a_period_are_billed_by_days_on_the_next_document(self):
        subscription = self._start()
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-17"):
            self._fee_line(subscription).product_uom_qty = 2
            self._bill()
        self.assertEqual(self._amounts_signed(subscription), [49])
        self._bill_on("2026-02-01")
        # 15 of 31 days of the second seat, and both in February.
        self.assertNet(subscription, 49 + 23.71 + 98)

    def test_f2_seats_removed_inside_a_period_are_credited_by_days(self):
        subscription = self._start()
        with freeze_time("2026-01-01"):
            self._fee_line(subscription).product_uom_qty = 2
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-17"):
            self._fee_line(subscription).product_uom_qty = 1
        self._bill_on("2026-02-01")
        self.assertNet(subscription, 98 - 23.71 + 49)

    def test_f2_seats_added_on_the_last_day_and_closed_before_the_end_are_owed_that_day(self):
        subscription = self._start()
        self._bill_on("2026-01-01")
        with freeze_time("2026-01-31 12:00:00"):
            self._fee_line(subscription).product_uom_qty = 2
            subscription._fusion_close()
        self.assertNet(subscription, 49 + 1.58)

    def test_usage_before_a_pause_is_billed_at_the_end_of_its_own_period(self):
        subscription = self._start(used=5, products=())
        with freeze_time("2026-01-15"):
            subscription._fusion_pause()
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertEqual(self._amounts_signed(subscription), [5])
        self.assertEqual(str(self._moves(subscription).invoice_date), "2026-02-01")

    def test_the_invoice_is_dated_by_the_day_it_is_made(self):
        subscription = self._start()
        self._bill_on("2026-01-04")
        self.assertEqual(str(self._moves(subscription).invoice_date), "2026-01-04")

    def test_l7_lines_sum_to_the_total_however_taxes_are_rounded(self):
        tax = self.env["account.tax"].create({"name": "19%", "amount": 19, "type_tax_use": "sale"})
        (self.fee_product | self.usage_product).taxes_id = tax
        self.charge.price_per_unit = 0.333333
        for rounding in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = rounding
            subscription = self._start(used=7, fusion_anchor_date="2026-01-11")
            with freeze_time("2026-01-01"):
                subscription.order_line.write({"product_uom_qty": 3, "discount": 33.33})
            self._bill_on("2026-01-01", "2026-01-11", "2026-02-11")
            for move in self._moves(subscription):
                lines = move.invoice_line_ids
                self.assertEqual(
                    round(sum(lines.mapped("price_subtotal")), 2), move.amount_untaxed, rounding
                )
                self.assertEqual(
                    round(sum(lines.mapped("fusion_settled")), 2), move.amount_untaxed, rounding
                )

    def test_tax_included_prices_are_adapted_to_the_fiscal_position(self):
        included = self.env["account.tax"].create(
            {
                "name": "21% incl",
                "amount": 21,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
            }
        )
        free = self.env["account.tax"].create(
            {"name": "0%", "amount": 0, "type_tax_use": "sale", "original_tax_ids": included.ids}
        )
        position = self.env["account.fiscal.position"].create(
            {"name": "Export", "tax_ids": free.ids}
        )
        free.fiscal_position_ids = position
        self.usage_product.taxes_id = included
        domestic = self._start(used=121, products=())
        exported = self._start(used=121, products=(), fiscal_position_id=position.id)
        self._bill_on("2026-02-01")
        self.assertEqual(self._moves(domestic).amount_total, 121)
        self.assertEqual(self._moves(exported).amount_total, 100)
        [rating] = exported.fusion_rating_ids
        self.assertEqual((rating.settled, rating.borne, rating.due), (121, 121, 0))

    def test_r7_one_that_fails_does_not_stop_the_set(self):
        good, bad = self._start(used=1), self._start(used=2)
        prepare = type(bad)._prepare_invoice

        def fail(order):
            if order == bad:
                raise UserError(order.name)
            return prepare(order)

        with patch.object(type(bad), "_prepare_invoice", fail):
            self._bill_on("2026-02-01")
        self.assertNet(good, 99)
        self.assertFalse(self._moves(bad))
        self.assertEqual((bad.fusion_error, bad.fusion_error_step), (bad.name, "invoicing"))
        self.assertFalse(bad.fusion_last_invoice_date)
        self._bill_on("2026-02-01")
        self.assertNet(bad, 100)
        self.assertFalse(bad.fusion_error)

    def test_a_section_heads_its_lines_and_a_section_without_lines_is_left_out(self):
        subscription = self._start(
            order_line=[
                Command.create({"display_type": "line_section", "name": "Empty"}),
                Command.create({"display_type": "line_section", "name": "Monthly"}),
                Command.create({"product_id": self.fee_product.id}),
            ]
        )
        self._bill_on("2026-01-01")
        lines = self._moves(subscription).invoice_line_ids.sorted("sequence")
        self.assertEqual(lines[0].name, "Monthly")
        self.assertEqual(lines.mapped("display_type"), ["line_section", "product"])

    def test_l6_an_order_stays_as_long_as_its_plan(self):
        subscription = self._start(used=5)
        self._rate_at("2026-01-15")
        count = len(subscription.order_line)
        for month in range(2, 13):
            self._use(subscription, month, f"2026-{month:02}-05")
            self._bill_on(f"2026-{month:02}-01")
        self.assertEqual(len(subscription.order_line), count)
        with freeze_time("2026-12-06"):
            self._rate()
        self.assertEqual(subscription.amount_untaxed, 49 + 12)
