from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .walls_case import WallsCase


@tagged("post_install", "-at_install")
class TestWallsMoney(WallsCase):
    """Currencies, units and policies of Odoo's own bend no amount of the ledger."""

    def _abroad(self, name, rates, **vals):
        """A pricelist in another currency."""
        currency = self._foreign(name, rates)
        currency.write(vals)
        return self.env["product.pricelist"].create({"name": name, "currency_id": currency.id})

    def test_a_fee_in_another_currency_is_agreed_and_moves_with_no_rate(self):
        pricelist = self._abroad("GBP", {"2025-12-31": 0.5, "2026-01-15": 0.25})
        subscription = self._start(pricelist_id=pricelist.id)
        with freeze_time("2026-01-01"):
            price = self._fee_line(subscription).price_unit
        self.assertEqual((subscription.currency_id, price), (pricelist.currency_id, 24.5))
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            self._edit(self._fee_line(subscription), product_uom_qty=2)
        # 15 of 31 days at 24.50: 11.85; 16 at 49: 25.29.
        self.assertStands(subscription, "2026-02-01", 11.85 + 25.29 + 49)
        self._reverse(self._moves(subscription)[0])
        self.assertStands(subscription, "2026-03-01", 11.85 + 25.29 + 49 - 24.5 + 49)

    def test_a_currency_without_decimals_rounds_each_row_once(self):
        pricelist = self._abroad("JPY", {"2025-12-31": 100}, rounding=1)
        subscription = self._start(pricelist_id=pricelist.id)
        self._run("2026-01-01")
        self.assertNet(subscription, 4900)
        with freeze_time("2026-01-10"):
            subscription._fusion_close()
        # 10 of 31 days at 4,900: 1,580.65.
        self.assertStands(subscription, "2026-01-11", 1581)
        self.assertSums(subscription)

    def test_a_fee_whose_product_is_invoiced_on_delivery_is_billed_and_never_to_invoice(self):
        self.fee_product.invoice_policy = "delivery"
        subscription = self._start()
        self._run("2026-01-01")
        self._edit(self._fee_line(subscription), qty_delivered=5)
        self.assertEqual(subscription.invoice_status, "no")
        self.assertStands(subscription, "2026-02-01", 98)

    def test_seats_in_halves_and_discounts_in_thirds(self):
        subscription = self._start()
        with freeze_time("2026-01-01"):
            self._edit(self._fee_line(subscription), product_uom_qty=2.5, discount=33.33)
        # 2.5 × 49 × 0.6667 = 81.67.
        self.assertStands(subscription, "2026-01-01", 81.67)
        self.assertSums(subscription)

    def test_another_unit_of_a_fee_s_line_costs_the_same(self):
        subscription = self._start()
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            dozen = self.env.ref("uom.product_uom_dozen")
            self._edit(self._fee_line(subscription), product_uom_id=dozen.id)
        self.assertStands(subscription, "2026-02-01", 98)

    def test_a_price_of_many_decimals_is_rounded_once(self):
        fee = self._product("Precise", fusion_recurring=True)
        self.env.ref("product.decimal_price").digits = 6
        with freeze_time("2026-01-01"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "order_line": [
                        Command.create(
                            {"product_id": fee.id, "product_uom_qty": 100, "price_unit": 0.123456}
                        )
                    ],
                }
            )
            order.action_confirm()
        # 12.3456.
        self.assertStands(order, "2026-01-01", 12.35)
        self.assertSums(order)

    def test_a_document_that_staff_changed_in_draft_keeps_it_and_settles_what_it_did(self):
        self.plan.invoice_mode = "draft"
        subscription = self._start(used=10)
        self._run("2026-01-01", "2026-02-01")
        first, second = self._moves(subscription)
        first.invoice_line_ids.discount = 50
        second.invoice_line_ids.filtered(lambda line: line.price_unit == 10).price_unit = 4
        (first | second).action_post()
        self.assertStands(subscription, "2026-02-02", 24.5 + 4 + 49)
        subscription.fusion_usage_ids.quantity = 12
        self._run("2026-03-01")
        self._moves(subscription)[-1].action_post()
        self.assertStands(subscription, "2026-03-02", 24.5 + 4 + 2 + 98)

    def test_a_line_that_staff_deleted_from_a_draft_is_due_again(self):
        self.plan.invoice_mode = "draft"
        subscription = self._start()
        self._run("2026-01-01")
        draft = self._moves(subscription)
        draft.write({"invoice_line_ids": [Command.delete(draft.invoice_line_ids.id)]})
        self.assertStands(subscription, "2026-02-01", 98)

    def test_a_draft_that_staff_deleted_is_made_again_once(self):
        self.plan.invoice_mode = "draft"
        subscription = self._start(used=10)
        self._run("2026-01-01", "2026-02-01")
        self._moves(subscription).unlink()
        self.assertStands(subscription, "2026-02-02", 49 + 10 + 49)
