from odoo.exceptions import UserError
from odoo.tests import Form, freeze_time, tagged

from ...models.base.engine import as_engine
from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestFeeLines(DocumentCase):
    """L6: the order's total is what this period comes to, fees included."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=10)
        self._bill_on("2026-01-01")
        self.line = self._fee_line(self.subscription)

    @freeze_time("2026-01-17")
    def _change(self, **values):
        self.line.write(values)

    def _total(self, day="2026-01-20"):
        self._rate_at(day)
        return self.subscription.amount_untaxed

    def assertTotal(self, amount, day="2026-01-20"):
        self.assertAlmostEqual(self._total(day), amount, places=2)
        self.assertAlmostEqual(
            sum(self.subscription.order_line.mapped("price_subtotal")), amount, places=2
        )
        self.assertAlmostEqual(self.subscription.amount_total, amount, places=2)

    def test_a_whole_period_shows_the_terms(self):
        self.assertTotal(49 + 10)
        self.assertFalse(self.line.fusion_in_part)

    def test_seats_that_were_added_within_the_period_count_from_their_day(self):
        self._change(product_uom_qty=3)
        self.assertTotal(round(49 * 16 / 31, 2) + round(147 * 15 / 31, 2) + 10)
        self.assertEqual((self.line.product_uom_qty, self.line.price_unit), (3, 49))
        self._bill_on("2026-02-01")
        self.assertTotal(147, "2026-02-02")

    def test_a_fee_that_was_taken_away_within_the_period_is_shown_until_its_end(self):
        self._change(product_uom_qty=0)
        self.assertTotal(round(49 * 16 / 31, 2) + 10)
        self._bill_on("2026-02-01")
        self.assertTotal(0, "2026-02-02")

    def test_a_period_that_is_cut_by_an_end_shows_its_part(self):
        with freeze_time("2026-01-17"):
            self.subscription._fusion_close(
                self.env["sale.order"]._fields["fusion_end_date"].to_date("2026-01-25")
            )
        self.assertTotal(round(49 * 24 / 31, 2) + 10)

    def test_a_paused_period_comes_to_nothing(self):
        with freeze_time("2026-01-31"):
            self.subscription._fusion_pause()
        self._bill_on("2026-02-01")
        self.assertTotal(0, "2026-02-05")
        self.assertEqual(self.line.price_unit, 49)

    def test_new_terms_are_shown_as_they_are_until_they_are_rated(self):
        self._change(product_uom_qty=3)
        self._total()
        self._change(product_uom_qty=2)
        self.assertEqual(self.line.price_subtotal, 98)

    def test_a_form_shows_the_period_and_what_is_typed_as_it_is(self):
        self._change(product_uom_qty=3)
        total = self._total()
        with freeze_time("2026-01-20"), Form(self.subscription) as form:
            self.assertTrue(form.fusion_in_part)
            with form.order_line.edit(0) as line:
                line.name = "another text"
            self.assertAlmostEqual(form.tax_totals["total_amount"], total, places=2)
            with form.order_line.edit(0) as line:
                line.product_uom_qty = 2
                self.assertEqual(line.price_subtotal, 98)

    def test_what_is_shown_is_nobody_s_to_write_and_decides_nothing(self):
        self._change(product_uom_qty=3)
        self._total()
        with self.assertRaisesRegex(UserError, "the ledger says it"):
            self.line.fusion_open_amount = 1
        as_engine(self.line).write({"fusion_in_part": True, "fusion_open_amount": 1})
        self._bill_on("2026-02-01")
        self.assertNet(
            self.subscription, round(49 * 16 / 31, 2) + round(147 * 15 / 31, 2) + 10 + 147
        )
        self.assertTotal(147, "2026-02-02")

    def test_taxes_are_those_of_the_part(self):
        self.line.tax_ids = self.env["account.tax"].create(
            {"name": "10 %", "amount": 10, "type_tax_use": "sale"}
        )
        self._change(product_uom_qty=0)
        part = round(49 * 16 / 31, 2)
        self.assertAlmostEqual(self._total(), part + 10, places=2)
        self.assertAlmostEqual(self.subscription.amount_tax, round(part * 0.1, 2), places=2)
