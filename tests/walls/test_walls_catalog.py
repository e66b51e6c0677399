from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .walls_case import WallsCase


@tagged("post_install", "-at_install")
class TestWallsCatalogAfterThePeriod(WallsCase):
    """T2, T3: what staff change between a period's end and the cron changes nothing of the period.

    Ten calls and the fee of January; February's fee. The cron runs on 5 February only.
    """

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=10)
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            self._rate()

    def _assert_january_as_ever(self, net=49 + 10 + 49):
        self.assertStands(self.subscription, "2026-02-05", net)

    @freeze_time("2026-02-03")
    def test_a_charge_that_is_archived(self):
        self.charge.active = False
        self._assert_january_as_ever()

    def test_a_charge_that_is_archived_before_anything_was_rated(self):
        subscription = self._start(used=10)
        with freeze_time("2026-02-03"):
            self.charge.active = False
        self.assertStands(subscription, "2026-02-05", 49 + 10 + 49)

    @freeze_time("2026-02-03")
    def test_a_price_that_is_raised(self):
        self.charge.price_per_unit = 100
        self._assert_january_as_ever()

    def test_a_price_that_is_raised_holds_for_the_next_period_that_begins(self):
        with freeze_time("2026-02-03"):
            self.charge.price_per_unit = 2
        self._use(self.subscription, 10, "2026-02-10")
        self._use(self.subscription, 10, "2026-03-10")
        self._assert_january_as_ever()
        self.assertStands(self.subscription, "2026-03-01", 108 + 10 + 49)
        self.assertStands(self.subscription, "2026-04-01", 108 + 59 + 20 + 49)

    @freeze_time("2026-02-03")
    def test_a_charge_that_is_added(self):
        metric = self._metric("pages")
        self._use(self.subscription, 9, "2026-01-12", metric)
        self._charge(metric)
        self._assert_january_as_ever()

    @freeze_time("2026-02-03")
    def test_a_charge_that_is_archived_and_replaced(self):
        self.charge.active = False
        self._charge(price_per_unit=7)
        self._assert_january_as_ever()

    @freeze_time("2026-02-03")
    def test_a_fee_s_product_that_is_archived_or_gets_another_price(self):
        self.fee_product.list_price = 1000
        self.fee_product.active = False
        self._assert_january_as_ever()

    def test_a_closing_date_in_february_bills_its_days(self):
        with freeze_time("2026-02-03"):
            self.subscription._fusion_close()
        # 3 of February's 28 days: 49 × 3/28 = 5.25.
        self.assertStands(self.subscription, "2026-02-05", 49 + 10 + 5.25)

    def test_a_closing_date_in_january_is_billed_to_that_day(self):
        with freeze_time("2026-02-03"):
            self.subscription._fusion_close(date=self._day("2026-01-21"))
        # 20 of 31 days: 31.61.
        self.assertStands(self.subscription, "2026-02-05", 31.61 + 10)

    def _day(self, text):
        return self.subscription._fields["fusion_start_date"].to_date(text)

    @freeze_time("2026-02-03")
    def test_an_exchange_rate_that_moves(self):
        currency = self._foreign("GBP", {"2026-01-01": 0.5, "2026-02-02": 0.1})
        metric = self._metric("maps")
        plan = self._plan("foreign")
        with freeze_time("2026-01-01"):
            self._charge(metric, plan, currency_id=currency.id, price_per_unit=3)
            subscription = self._subscribe(plan=plan)
            self._use(subscription, 10, metric=metric)
        # 30 pounds at two dollars each.
        self.assertStands(subscription, "2026-02-05", 60)

    @freeze_time("2026-02-03")
    def test_a_plan_that_is_archived_and_whose_fees_are_others(self):
        plan = self._plan(
            "owned",
            fee_ids=[
                Command.create(
                    {"product_id": self.fee_product.id, "has_own_price": True, "price_unit": 30}
                )
            ],
        )
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(plan=plan)
            self._run("2026-01-01")
        plan.fee_ids.price_unit = 500
        plan.fee_ids.unlink()
        if "active" in plan._fields:
            plan.active = False
        self.assertStands(subscription, "2026-02-05", 60)

    @freeze_time("2026-02-03")
    def test_proration_and_timing_that_change_on_the_plan_hold_for_new_fees(self):
        self.plan.write({"prorate": False, "fee_timing": "arrears", "item_changes": "next_period"})
        self._assert_january_as_ever()

    @freeze_time("2026-02-03")
    def test_the_recurring_tick_of_products(self):
        self.fee_product.fusion_recurring = False
        self.setup_product.fusion_recurring = True
        self._assert_january_as_ever()


@tagged("post_install", "-at_install")
class TestWallsRecurringTick(WallsCase):
    """A product's *recurring* tick is a default for lines that are added later, no more."""

    def test_it_ends_no_fee_and_makes_none(self):
        subscription = self._start(products=self.fee_product | self.setup_product)
        self._run("2026-01-01")
        with freeze_time("2026-01-10"):
            self.fee_product.fusion_recurring = False
            self.setup_product.fusion_recurring = True
        self.assertStands(subscription, "2026-02-01", 249 + 49)
        with freeze_time("2026-02-15"):
            self._edit(self._line(subscription, self.fee_product), product_uom_qty=2)
            self._edit(self._line(subscription, self.setup_product), product_uom_qty=2)
        # 14 of 28 days with one seat, 14 with two; another set-up, once.
        self.assertStands(subscription, "2026-03-01", 249 + 24.5 + 49 + 98 + 200)
        self.assertStands(subscription, "2026-04-01", 249 + 24.5 + 49 + 98 + 200 + 98)

    def test_a_line_that_is_added_afterwards_follows_it(self):
        subscription = self._start()
        self._run("2026-01-01")
        self.setup_product.fusion_recurring = True
        with freeze_time("2026-01-17"):
            self._add_line(subscription, self.setup_product)
        # 15 of 31 days: 96.77.
        self.assertStands(subscription, "2026-02-01", 49 + 96.77 + 249)

    def test_a_quotation_keeps_what_was_decided_on_its_lines(self):
        with freeze_time("2026-01-01"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "order_line": [Command.create({"product_id": self.fee_product.id})],
                }
            )
            self.fee_product.fusion_recurring = False
            order.action_confirm()
        self.assertStands(order, "2026-01-01", 49)
        self.assertStands(order, "2026-02-01", 98)


@tagged("post_install", "-at_install")
class TestWallsChargeProduct(WallsCase):
    """A charge's product may change at any time: amounts stay, new lines carry the new product."""

    def setUp(self):
        super().setUp()
        self.other = self._product("Calls (new)", list_price=99)
        self.subscription = self._start(used=10)
        self._run("2026-01-01")
        with freeze_time("2026-01-15"):
            self._rate()

    def test_while_the_order_is_locked(self):
        self.subscription.action_lock()
        with freeze_time("2026-01-16"):
            self.charge.product_id = self.other
            self._use(self.subscription, 1, "2026-01-15")
            self._rate()
        self.assertEqual(self._usage_lines(self.subscription).product_id, self.other)
        self.assertStands(self.subscription, "2026-02-01", 49 + 11 + 49)
        self.assertIn(self.other, self._moves(self.subscription).invoice_line_ids.product_id)

    def test_while_a_draft_is_open(self):
        self.plan.invoice_mode = "draft"
        self._run("2026-02-01")
        [draft] = self._moves(self.subscription).filtered(lambda move: move.state == "draft")
        with freeze_time("2026-02-02"):
            self.charge.product_id = self.other
            self._use(self.subscription, 1, "2026-01-20")
            self._rate()
        self.assertStands(self.subscription, "2026-02-02", 49 + 11 + 49)
        draft.action_post()
        self.assertStands(self.subscription, "2026-03-01", 49 + 11 + 49 + 49)

    def test_while_a_draft_is_held(self):
        self.plan.draft_hours = 48
        self._run("2026-02-01")
        [draft] = self._moves(self.subscription).filtered(lambda move: move.state == "draft")
        with freeze_time("2026-02-02"):
            self.charge.product_id = self.other
            self._use(self.subscription, 1, "2026-01-20")
            self._rate()
        self._run("2026-02-04")
        self.assertEqual(draft.state, "posted")
        self.assertStands(self.subscription, "2026-02-04", 49 + 11 + 49)

    def test_back_and_forth(self):
        for product in (self.other, self.usage_product, self.other):
            with freeze_time("2026-01-16"):
                self.charge.product_id = product
                self._rate()
        self.assertEqual(len(self._usage_lines(self.subscription)), 1)
        self.assertStands(self.subscription, "2026-02-01", 49 + 10 + 49)


@tagged("post_install", "-at_install")
class TestWallsTaxes(WallsCase):
    """L7: a document's lines sum to its total under both of Odoo's tax rounding methods."""

    def _tax(self, amount, **vals):
        return self.env["account.tax"].create(
            {"name": f"{amount} % {vals}", "amount": amount, "type_tax_use": "sale", **vals}
        )

    def test_prorated_fees_with_taxes_rounded_globally(self):
        tax = self._tax(21)
        fees = self.env["product.product"].union(
            *(
                self._product(
                    f"Fee {price}", fusion_recurring=True, list_price=price, taxes_id=tax.ids
                )
                for price in (9.99, 19.99, 29.99)
            )
        )
        for method in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = method
            subscription = self._start(products=fees, fusion_anchor_date="2026-01-11")
            self._run("2026-01-01")
            [move] = self._moves(subscription)
            # 10 of 31 days: 3.22, 6.45 and 9.67.
            self.assertEqual(
                sorted(move.invoice_line_ids.mapped("price_subtotal")), [3.22, 6.45, 9.67]
            )
            self.assertEqual(round(move.amount_untaxed, 2), 19.34)
            self.assertSums(subscription)
            self.assertStands(subscription, "2026-01-11", 19.34 + 59.97)
            self.assertSums(subscription)

    def test_a_tax_included_price_that_is_prorated(self):
        tax = self._tax(21, price_include_override="tax_included")
        fee = self._product("Gross fee", fusion_recurring=True, list_price=121, taxes_id=tax.ids)
        for method in ("round_globally", "round_per_line"):
            self.company.tax_calculation_rounding_method = method
            subscription = self._start(products=fee)
            self._run("2026-01-01")
            with freeze_time("2026-01-20"):
                subscription._fusion_close()
            # 20 of 31 days at 121: 78.06 with tax, 64.51 without.
            self.assertEqual(
                round(sum(self._moves(subscription).mapped("amount_total_signed")), 2), 78.06
            )
            self.assertStands(subscription, "2026-01-21", 64.51)

    def _export(self, tax):
        """A fiscal position that takes a tax away."""
        position = self.env["account.fiscal.position"].create({"name": "Export"})
        free = self._tax(0, original_tax_ids=tax.ids, name="Export 0 %")
        position.tax_ids = free
        return position

    def test_tax_included_prices_are_adapted_to_a_fiscal_position(self):
        tax = self._tax(21, price_include_override="tax_included")
        fee = self._product("Gross fee", fusion_recurring=True, list_price=121, taxes_id=tax.ids)
        self.usage_product.taxes_id = tax
        subscription = self._start(used=121, products=fee, fiscal_position_id=self._export(tax).id)
        self.assertStands(subscription, "2026-01-01", 100)
        self.assertStands(subscription, "2026-02-01", 300)

    def test_a_correction_of_an_adapted_price_is_the_difference(self):
        tax = self._tax(21, price_include_override="tax_included")
        self.usage_product.taxes_id = tax
        subscription = self._start(used=121, products=(), fiscal_position_id=self._export(tax).id)
        self.assertStands(subscription, "2026-02-01", 100)
        subscription.fusion_usage_ids.quantity = 60.5
        self.assertStands(subscription, "2026-03-01", 50)
        self._reverse(self._moves(subscription)[0])
        self.assertStands(subscription, "2026-04-01", -50)
        subscription.fusion_usage_ids.quantity = 0
        self.assertStands(subscription, "2026-05-01", -50)

    def test_a_concession_of_an_adapted_price_counts_in_full(self):
        tax = self._tax(21, price_include_override="tax_included")
        self.usage_product.taxes_id = tax
        subscription = self._start(used=121, products=(), fiscal_position_id=self._export(tax).id)
        self._run("2026-02-01")
        self._reverse(self._moves(subscription))
        subscription.fusion_usage_ids.quantity = 0
        self.assertStands(subscription, "2026-03-01", 0)

    def test_another_fiscal_position_in_mid_life_changes_the_price_s_taxes_only(self):
        tax = self._tax(21, price_include_override="tax_included")
        fee = self._product("Gross fee", fusion_recurring=True, list_price=121, taxes_id=tax.ids)
        self.usage_product.taxes_id = tax
        subscription = self._start(used=121, products=fee)
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            self._rate()
            subscription.fiscal_position_id = self._export(tax)
            subscription.action_update_taxes()
        self._run("2026-02-01", "2026-03-01")
        rows = subscription.fusion_rating_ids
        self.assertTrue(all(row.settled == row.amount for row in rows))
        [usage] = rows.filtered("charge_id")
        self.assertEqual((usage.amount, usage.settled, usage.borne), (121, 121, 121))
        self.assertStands(subscription, "2026-03-01", self._net(subscription))
