"""Usage of many orders is shown at once, and what is stored is what the ORM would have stored."""

from contextlib import contextmanager
from datetime import date
from itertools import count
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ..common import BillingCase

EURO, YEN = ("EUR", 0.73), ("JPY", 151.37)


@tagged("post_install", "-at_install")
class TestShownAmounts(BillingCase):
    def setUp(self):
        super().setUp()
        self.numbers = count(1)
        clock = freeze_time("2026-01-20")
        clock.start()
        self.addCleanup(clock.stop)

    # === ORDERS OF EVERY KIND === #

    def _tax(self, amount, **vals):
        return self.env["account.tax"].create(
            {"name": f"Tax {next(self.numbers)}", "amount": amount, "type_tax_use": "sale", **vals}
        )

    def _taxes(self):
        """Sets of taxes: none, one, several, of every kind that core has."""
        included = {"price_include_override": "tax_included"}
        group = self._tax(
            0,
            amount_type="group",
            children_tax_ids=[Command.set((self._tax(6) | self._tax(3.5, **included)).ids)],
        )
        return [
            self.env["account.tax"],
            self._tax(15),
            self._tax(21, **included),
            self._tax(10, include_base_amount=True, sequence=1) | self._tax(4.75, sequence=2),
            self._tax(5, **included) | self._tax(7.7, **included),
            group,
            self._tax(1.13, amount_type="fixed") | self._tax(19),
            self._tax(12, amount_type="division"),
            self._reverse_charge(),
        ]

    def _reverse_charge(self):
        return self._tax(
            20,
            invoice_repartition_line_ids=self._repartition(),
            refund_repartition_line_ids=self._repartition(),
        )

    def _repartition(self):
        return [
            Command.create({"repartition_type": "base"}),
            Command.create({"repartition_type": "tax", "factor_percent": 100}),
            Command.create({"repartition_type": "tax", "factor_percent": -100}),
        ]

    def _plans(self):
        """A plan for each set of taxes, with a fee and two charges, and one with all charges."""
        every = self._plan(f"plan-{next(self.numbers)}")
        for taxes in self._taxes():
            number = next(self.numbers)
            plan = self._plan(f"plan-{number}")
            fee = self._product("Fee", fusion_recurring=True, list_price=9.99, taxes_id=taxes.ids)
            plan.fee_ids = [Command.create({"product_id": fee.id, "quantity": 3})]
            metrics = [self._metric(f"m{number}-{name}") for name in "ab"]
            for metric, price in zip(metrics, (0.037, 1.7), strict=True):
                product = self._product(metric.code, taxes_id=taxes.ids)
                for one in (plan, every):
                    self._charge(metric, one, product_id=product.id, price_per_unit=price)
            yield plan
        yield every

    def _orders(self, **vals):
        """Subscriptions of all plans: an order as it comes, and others with what else can be."""
        orders = self.env["sale.order"]
        for plan in self._plans():
            plain, mixed = (self._subscribe(plan=plan, **vals) for _number in range(2))
            self._add_others(mixed, plan)
            orders |= plain | mixed
        return orders

    def _add_others(self, order, plan):
        taxes = plan.charge_ids.product_id[:1].taxes_id
        product = self._product("Set-up", list_price=33.33, taxes_id=taxes.ids)
        order.order_line = [
            Command.create({"display_type": "line_section", "name": "Once"}),
            Command.create({"product_id": product.id, "product_uom_qty": 7, "discount": 33.3}),
            Command.create({"product_id": product.id, "price_unit": 0.005, "tax_ids": False}),
        ]
        for kind, percentage, amount in (("so_discount", 0.1, 0), ("amount", 0, 1.25)):
            self.env["sale.order.discount"].with_context(active_id=order.id).create(
                {
                    "discount_type": kind,
                    "discount_percentage": percentage,
                    "discount_amount": amount,
                }
            ).action_apply_discount()

    # === COMPARING === #

    def _compare(self, orders):
        """Show new lines and then new usage on them, each time at once and by the ORM."""
        for factor in (1, 2):
            self._use_all(orders, factor)
            before = self._stored(orders)
            at_once, written = self._show(orders)
            self.assertFalse(written)
            with patch.object(
                self.registry["sale.order"], "_fusion_shown_together", lambda self: self.browse()
            ):
                one_by_one, written = self._show(orders)
            self.assertEqual(written, sum(len(order.fusion_plan_id.charge_ids) for order in orders))
            self.assertEqual(at_once, one_by_one)
            self.assertLess(
                {("sale_order", number, "amount_total") for number in range(len(orders))},
                {column for column, value in at_once.items() if before.get(column) != value},
            )
            self._rate()

    def _use_all(self, orders, factor):
        self._ingest(
            *(
                self._event(order, f"{factor * (7 + number)}.35", metric=charge.metric_id)
                for number, order in enumerate(orders)
                for charge in order.fusion_plan_id.charge_ids
            )
        )

    def _show(self, orders):
        """Rate, and undo it; return what was stored, and how many lines the ORM wrote."""
        self.env.flush_all()
        self.env.invalidate_all()
        with self.env.cr.savepoint() as undo, self._written_lines() as written:
            self._rate()
            stored = self._stored(orders)
            undo.rollback()
        self.env.invalidate_all()
        return stored, len(set(written))

    def _stored(self, orders):
        """Every column of the orders and of their lines, but the ids, which go on and on."""
        self.env.flush_all()
        return {
            (table, number, name): value
            for table, column in (("sale_order", "id"), ("sale_order_line", "order_id"))
            for number, [row] in enumerate(
                self.env.execute_query(
                    SQL(
                        "SELECT to_jsonb(t) FROM %s AS t WHERE %s = ANY(%s) ORDER BY id",
                        SQL.identifier(table),
                        SQL.identifier(column),
                        orders.ids,
                    )
                )
            )
            for name, value in row.items()
            if name != "id"
        }

    @contextmanager
    def _written_lines(self):
        model, written = self.registry["sale.order.line"], []
        write = model.write

        def watched(lines, vals):
            written.extend(lines.ids)
            return write(lines, vals)

        with patch.object(model, "write", watched):
            yield written

    # === TESTS === #

    def test_all_is_stored_as_the_orm_stores_it_with_taxes_rounded_by_line(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        self._compare(self._orders())

    def test_all_is_stored_as_the_orm_stores_it_with_taxes_rounded_by_document(self):
        self.company.tax_calculation_rounding_method = "round_globally"
        self._compare(self._orders())

    def test_all_is_stored_as_the_orm_stores_it_in_foreign_currencies(self):
        for method, (name, rate) in (
            ("round_per_line", EURO),
            ("round_globally", EURO),
            ("round_globally", YEN),
        ):
            with self.subTest(method=method, currency=name):
                self.company.tax_calculation_rounding_method = method
                pricelist = self.env["product.pricelist"].create(
                    {"name": name, "currency_id": self._foreign(name, {"2025-01-01": rate}).id}
                )
                self._compare(self._orders(pricelist_id=pricelist.id))

    def test_all_is_stored_as_the_orm_stores_it_under_a_fiscal_position(self):
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        orders = self._orders(fiscal_position_id=position.id)
        for tax in orders.fusion_plan_id.charge_ids.product_id.taxes_id[::2]:
            self._tax(tax.amount / 2, original_tax_ids=tax.ids, fiscal_position_ids=position.ids)
        self._compare(orders)

    def test_an_order_with_a_discount_for_early_payment_is_left_to_the_orm(self):
        self._charge()
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % within 7 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "early_pay_discount_computation": "mixed",
            }
        )
        order = self._subscribe(payment_term_id=term.id)
        self._use_all(order, 1)
        _stored, written = self._show(order)
        self.assertEqual(written, 1)

    def test_lines_are_left_to_the_orm_where_another_addon_has_a_say_in_writing_them(self):
        self._charge()
        order = self._subscribe()
        self._use_all(order, 1)
        self._rate()
        self._use_all(order, 2)
        with patch.object(self.registry["sale.order.line"], "write", self._write_of_a_stranger()):
            self._rate()
        self.assertEqual(self._usage_lines(order).name, "written by a stranger")

    def _write_of_a_stranger(self):
        write = self.registry["sale.order.line"].write

        def stranger(lines, vals):
            return write(lines, {**vals, "name": "written by a stranger"})

        stranger.__module__ = "odoo.addons.stranger.models.sale_order_line"
        return stranger


@tagged("post_install", "-at_install")
class TestShownOnce(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.charge = cls._charge()
        cls.subscription = cls._subscribe()
        cls._use(cls.subscription, 5)

    def test_an_order_is_shown_once_where_its_period_is_billed(self):
        model, shown = self.registry["sale.order"], []
        show = model._fusion_show_usage
        with (
            freeze_time("2026-02-01"),
            patch.object(
                model, "_fusion_show_usage", lambda orders: shown.append(orders) or show(orders)
            ),
        ):
            self._rate()
            shown.clear()
            self.subscription._fusion_bill_until(date(2026, 2, 1))
        self.assertEqual(shown, [self.subscription])
        self.assertEqual(self._usage_lines(self.subscription).price_unit, 0)

    def test_a_document_has_the_taxes_of_the_product_that_its_charge_has_by_now(self):
        tax = self.env["account.tax"].create({"name": "15 %", "amount": 15, "type_tax_use": "sale"})
        with freeze_time("2026-01-20"):
            self._rate()
        self.assertFalse(self._usage_lines(self.subscription).tax_ids)
        self.charge.product_id = self._product("Taxed usage", taxes_id=tax.ids)
        with freeze_time("2026-02-01"):
            invoice = self.subscription._fusion_bill_until(date(2026, 2, 1))
        self.assertEqual(invoice.invoice_line_ids.product_id, self.charge.product_id)
        self.assertEqual((invoice.amount_untaxed, invoice.amount_tax), (5, 0.75))
        line = self._usage_lines(self.subscription)
        self.assertEqual((line.product_id, line.tax_ids), (self.charge.product_id, tax))
