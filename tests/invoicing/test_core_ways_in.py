from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestCoreWaysIn(DocumentCase):
    """L6: none of Odoo's own buttons bills, credits, hides or blocks what the ledger says."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=7)
        self._bill_on("2026-01-01")
        self._rate_at("2026-01-15")
        self.usage_line = self._usage_lines(self.subscription)

    def _assert_billed_as_ever(self, fee=49):
        """January's calls and February's fee are on the next document, as if nothing happened."""
        self._bill_on("2026-02-01")
        move = self._moves(self.subscription)[-1]
        amounts = move.invoice_line_ids.filtered("fusion_rating_id").mapped("price_subtotal")
        self.assertEqual(sorted(amounts), sorted([7, fee]))
        self.assertEqual(len(self._moves(self.subscription)), 2)

    def _assert_shows(self, amount=7):
        line = self.usage_line
        self.assertEqual((line.price_unit, line.product_uom_qty, line.discount), (amount, 1, 0))

    def test_create_invoice_bills_nothing_of_the_engine(self):
        with self.assertRaises(UserError):
            self.subscription._create_invoices()
        self._assert_billed_as_ever()

    def test_an_online_payment_with_automatic_invoice_bills_the_first_fee_once(self):
        for order in (self.subscription, self._start(products=self.fee_product)):
            order._force_lines_to_invoice_policy_order()
            order = order.with_context(raise_if_nothing_to_invoice=False)
            self.assertFalse(order._create_invoices(final=True))
        self._assert_billed_as_ever()

    def test_the_order_is_not_to_invoice_and_owes_no_credit(self):
        self.company.account_use_credit_limit = True
        lines = self.subscription.order_line
        self.assertEqual(self.subscription.invoice_status, "no")
        self.assertEqual(set(lines.mapped("qty_to_invoice")), {0})
        self.assertEqual(sum(lines.mapped("untaxed_amount_to_invoice")), 0)
        self.assertEqual(self.subscription.amount_to_invoice, 0)
        self.partner.invalidate_recordset()
        self.assertEqual(self.partner.credit_to_invoice, 0)

    def test_a_discount_on_all_lines_reaches_the_fee_and_not_the_usage(self):
        for amount in (0.1, 1):
            with freeze_time("2026-01-16"):
                self.env["sale.order.discount"].create(
                    {
                        "sale_order_id": self.subscription.id,
                        "discount_type": "sol_discount",
                        "discount_percentage": amount,
                    }
                ).action_apply_discount()
            self._assert_shows()

    def test_a_global_discount_is_a_one_off_line(self):
        with freeze_time("2026-01-16"):
            self.env["sale.order.discount"].create(
                {
                    "sale_order_id": self.subscription.id,
                    "discount_type": "amount",
                    "discount_amount": 5,
                }
            ).action_apply_discount()
        self._assert_shows()
        self._assert_billed_as_ever()
        self.assertNet(self.subscription, 49 + 7 + 49 - 5)

    def test_the_product_catalogue_cannot_take_a_usage_line_away(self):
        for quantity in (0, 5):
            self.usage_line.product_uom_qty = quantity
            self._assert_shows()
        self._assert_billed_as_ever()

    def test_what_people_write_on_a_usage_line_comes_back(self):
        for values in (
            {"price_unit": 1},
            {"product_uom_qty": 0},
            {"discount": 100},
            {"name": "free"},
        ):
            self.usage_line.write(values)
            self._assert_shows()
            self.assertIn("API calls", self.usage_line.name)
        self.assertEqual(self.subscription.amount_untaxed, 49 + 7)
        with self.assertRaisesRegex(UserError, "You cannot change the product"):
            self.usage_line.product_id = self.setup_product

    def test_updating_prices_changes_the_fee_from_today_and_no_usage(self):
        self.usage_product.list_price = 1000
        self.subscription.action_update_prices()
        self._assert_shows()
        self._assert_billed_as_ever()

    def test_a_locked_order_is_rated_shown_and_billed(self):
        self.subscription.action_lock()
        self._use(self.subscription, 3, "2026-01-20")
        self.charge.product_id = self.setup_product
        self._rate_at("2026-01-21")
        self._assert_shows(10)
        self.assertEqual(self.usage_line.product_id, self.setup_product)
        self._bill_on("2026-02-01")
        self.assertNet(self.subscription, 49 + 10 + 49)

    def test_another_fiscal_position_changes_taxes_and_not_what_is_owed(self):
        included = self.env["account.tax"].create(
            {
                "name": "21% incl",
                "amount": 21,
                "type_tax_use": "sale",
                "price_include_override": "tax_included",
            }
        )
        self.usage_product.taxes_id = included
        self.usage_line.tax_ids = included
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        free = self.env["account.tax"].create(
            {"name": "0%", "amount": 0, "type_tax_use": "sale", "original_tax_ids": included.ids}
        )
        position.tax_ids = free
        self.subscription.fiscal_position_id = position
        self.subscription.action_update_taxes()
        self.assertEqual(self.usage_line.tax_ids, free)
        self._assert_shows(5.79)
        self._bill_on("2026-02-01")
        [rating] = self._rating(self.subscription)
        self.assertEqual((rating.amount, rating.settled, rating.borne), (7, 7, 7))

    def test_a_usage_line_set_to_zero_is_billed(self):
        self.usage_line.product_uom_qty = 0
        self._assert_billed_as_ever()

    def test_the_product_s_tick_changes_nothing_on_running_subscriptions(self):
        self.fee_product.fusion_recurring = False
        self.setup_product.fusion_recurring = True
        self._assert_billed_as_ever()

    def test_l6_the_cost_of_a_line_does_not_grow_with_its_history(self):
        self._bill_on("2026-02-01", "2026-03-01")
        line = self._fee_line(self.subscription)
        self.env.invalidate_all()
        line._prepare_qty_invoiced()
        read = self.env["account.move.line"]._fields["quantity"]
        self.assertFalse(list(read._get_cache(self.env)))

    def test_a_move_that_is_not_ours_costs_nothing_of_ours(self):
        bill = self.env["account.move"].create(
            {
                "move_type": "in_invoice",
                "partner_id": self.partner.id,
                "invoice_date": "2026-01-05",
                "invoice_line_ids": [Command.create({"name": "rent", "price_unit": 100})],
            }
        )
        self.env.invalidate_all()
        queries = []
        execute = type(self.env.cr).execute
        with self._recorded(queries, execute):
            bill.action_post()
            bill.button_draft()
            bill.button_cancel()
        ours = [
            query
            for query in queries
            if "fusion_billing_" in query.replace("fusion_billing_tz", "")
        ]
        self.assertFalse(ours)

    def _recorded(self, queries, execute):
        def record(cursor, query, *args, **kwargs):
            queries.append(str(getattr(query, "code", query)))
            return execute(cursor, query, *args, **kwargs)

        return patch.object(type(self.env.cr), "execute", record)
