from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .walls_case import WallsCase


@tagged("post_install", "-at_install")
class TestWallsOnlinePayment(WallsCase):
    """A quotation that is paid online with automatic invoices bills its first fee once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("sale.automatic_invoice", "True")
        method = cls.env.ref("payment.payment_method_unknown")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Card",
                "code": "none",
                "state": "test",
                "is_published": True,
                "payment_method_ids": [Command.set(method.ids)],
            }
        )
        method.active = True
        journal = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", cls.company.id)], limit=1
        )
        kind = (
            cls.env["account.payment.method"]
            .sudo()
            .create({"name": "Card", "code": "none", "payment_type": "inbound"})
        )
        cls.env["account.payment.method.line"].create(
            {
                "payment_method_id": kind.id,
                "journal_id": journal.id,
                "payment_provider_id": cls.provider.id,
            }
        )
        cls.provider.journal_id = journal

    def _quote(self, products):
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": self.plan.id,
                "fusion_start_date": "2026-01-01",
                "require_payment": True,
                "order_line": [Command.create({"product_id": product.id}) for product in products],
            }
        )

    def _pay(self, order, amount):
        """The provider says that the customer has paid; Odoo follows."""
        transaction = self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids[:1].id,
                "amount": amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "reference": f"{order.name}-{amount}",
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
        transaction._set_done()
        transaction.with_context(skip_sale_auto_invoice_send=True)._post_process()
        return transaction

    def test_the_first_fee_is_billed_once(self):
        with freeze_time("2026-01-01 09:00:00"):
            order = self._quote(self.fee_product)
            self._pay(order, 49)
        self.assertEqual((order.state, order.fusion_state), ("sale", "3_progress"))
        self.assertStands(order, "2026-01-01", 49)
        self.assertStands(order, "2026-02-01", 98)

    def test_a_one_off_line_is_billed_once_and_the_fee_beside_it_once(self):
        with freeze_time("2026-01-01 09:00:00"):
            order = self._quote(self.fee_product | self.setup_product)
            self._pay(order, 249)
        self.assertStands(order, "2026-01-01", 249)
        self.assertStands(order, "2026-02-01", 298)

    def test_a_prepayment_is_taken_off_once(self):
        with freeze_time("2026-01-01 09:00:00"):
            order = self._quote(self.fee_product | self.setup_product)
            order.prepayment_percent = 0.5
            self._pay(order, 124.5)
        self.assertEqual(order.state, "sale")
        self.assertStands(order, "2026-01-01", 249)
        self.assertStands(order, "2026-02-01", 298)

    def test_a_running_subscription_that_is_paid_ahead_is_billed_as_ever(self):
        subscription = self._start(used=5)
        with freeze_time("2026-01-20"):
            self._rate()
            self._pay(subscription, 54)
        self.assertStands(subscription, "2026-02-01", 49 + 5 + 49)


@tagged("post_install", "-at_install")
class TestWallsDiscounts(WallsCase):
    """The discount wizard reaches fees from its day on, and usage never."""

    def test_ten_percent_on_lines_inside_a_period_holds_from_that_day(self):
        for rated_before in (True, False):
            subscription = self._start(used=7)
            self._run("2026-01-01")
            with freeze_time("2026-01-16"):
                if rated_before:
                    self._rate()
                self._discount(subscription, percentage=0.1)
            # 15 of 31 days at 49.00: 23.71; 16 at 44.10: 22.76; the calls; February at 44.10.
            self.assertStands(subscription, "2026-02-01", 23.71 + 22.76 + 7 + 44.10)
            self.assertSums(subscription)

    def test_a_hundred_percent_on_lines_frees_the_fee_and_not_the_usage(self):
        subscription = self._start(used=7)
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            self._rate()
            self._discount(subscription, percentage=1)
        self.assertStands(subscription, "2026-02-01", 23.71 + 7)
        self._use(subscription, 3, "2026-02-10")
        self.assertStands(subscription, "2026-03-01", 23.71 + 10)
        with freeze_time("2026-03-01"):
            self._discount(subscription, percentage=0)
        self.assertStands(subscription, "2026-03-01", 23.71 + 10 + 49)

    def test_a_discount_on_the_first_day_holds_for_the_whole_period(self):
        subscription = self._start()
        self._run("2026-01-01")
        with freeze_time("2026-01-01 15:00:00"):
            self._discount(subscription, percentage=0.5)
        self.assertStands(subscription, "2026-02-01", 24.5 + 24.5)

    def test_a_discount_on_the_quotation_is_that_of_the_first_fee(self):
        with freeze_time("2026-01-01"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "order_line": [Command.create({"product_id": self.fee_product.id})],
                }
            )
            self._discount(order, percentage=0.2)
            order.action_confirm()
        self.assertStands(order, "2026-01-01", 39.2)
        self.assertStands(order, "2026-02-01", 78.4)

    def test_a_global_percentage_is_a_one_off_line_of_what_the_order_shows(self):
        for rated_before, shown in ((True, 56), (False, 49)):
            subscription = self._start()
            self._run("2026-01-01")
            self._use(subscription, 7)
            with freeze_time("2026-01-16"):
                if rated_before:
                    self._rate()
                self._discount(subscription, "so_discount", percentage=0.5)
            self.assertStands(subscription, "2026-02-01", 49 + 7 + 49 - shown / 2)
            self.assertStands(subscription, "2026-03-01", 49 + 7 + 49 + 49 - shown / 2)

    def test_a_global_hundred_percent_is_given_once(self):
        subscription = self._start(used=7)
        self._run("2026-01-01")
        with freeze_time("2026-01-16"):
            self._rate()
            self._discount(subscription, "so_discount", percentage=1)
        self.assertEqual(subscription.amount_untaxed, 0)
        self.assertStands(subscription, "2026-02-01", 49 + 7 + 49 - 56)
        self.assertStands(subscription, "2026-03-01", 49 + 7 + 49 + 49 - 56)

    def test_a_fixed_discount_on_the_quotation_is_given_once(self):
        with freeze_time("2026-01-01"):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "fusion_plan_id": self.plan.id,
                    "order_line": [Command.create({"product_id": self.fee_product.id})],
                }
            )
            self._discount(order, "amount", amount=9)
            order.action_confirm()
        self.assertStands(order, "2026-01-01", 40)
        self.assertStands(order, "2026-02-01", 89)


@tagged("post_install", "-at_install")
class TestWallsCreateInvoice(WallsCase):
    """*Create Invoice* bills one-off lines and down payments, and nothing of the ledger."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=7)
        self._run("2026-01-01")

    def test_a_regular_invoice_of_a_running_subscription_is_refused(self):
        with freeze_time("2026-01-20"):
            self._rate()
            with self.assertRaises(UserError):
                self._create_invoice(self.subscription)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)

    def test_a_regular_invoice_has_the_one_off_lines_alone(self):
        with freeze_time("2026-01-20"):
            self._rate()
            self._add_line(self.subscription, self.setup_product, 2)
            move = self._create_invoice(self.subscription)
            self.assertEqual(move.amount_untaxed, 400)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49 + 400)

    def test_a_draft_of_a_regular_invoice_is_not_billed_beside_it(self):
        with freeze_time("2026-01-20"):
            self._add_line(self.subscription, self.setup_product)
            move = self._create_invoice(self.subscription)
        self._run("2026-02-01")
        self.assertEqual(move.state, "draft")
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49 + 200)
        move.unlink()
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49 + 200)

    def test_a_percentage_is_taken_off_once(self):
        with freeze_time("2026-01-20"):
            self._rate()
            move = self._create_invoice(self.subscription, "percentage", amount=50)
            self.assertEqual(move.amount_untaxed, 28)
            move.action_post()
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49)

    def test_a_fixed_amount_is_taken_off_once(self):
        with freeze_time("2026-01-20"):
            move = self._create_invoice(self.subscription, "fixed", fixed_amount=30)
            move.action_post()
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
        self.assertEqual(self._amounts_signed(self.subscription), [49, 30, 26])

    def test_a_down_payment_above_the_next_document_is_credited_back(self):
        with freeze_time("2026-01-20"):
            self._create_invoice(self.subscription, "fixed", fixed_amount=500).action_post()
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49)

    def test_a_down_payment_that_is_cancelled_is_not_taken_off(self):
        with freeze_time("2026-01-20"):
            move = self._create_invoice(self.subscription, "fixed", fixed_amount=30)
            move.action_post()
            self._cancel(move)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)

    def test_a_down_payment_in_draft_that_is_deleted_leaves_nothing(self):
        with freeze_time("2026-01-20"):
            move = self._create_invoice(self.subscription, "fixed", fixed_amount=30)
        self._run("2026-02-01")
        move.unlink()
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49)

    def test_a_down_payment_in_draft_is_taken_off_once_it_is_posted(self):
        with freeze_time("2026-01-20"):
            move = self._create_invoice(self.subscription, "fixed", fixed_amount=30)
        self._run("2026-02-01")
        self.assertEqual(self._moves(self.subscription)[-1].amount_untaxed, 56)
        move.action_post()
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49)
        self.assertStands(self.subscription, "2026-04-01", 49 + 7 + 3 * 49)

    def test_a_down_payment_that_is_cancelled_after_it_was_taken_off_is_billed_back(self):
        with freeze_time("2026-01-20"):
            move = self._create_invoice(self.subscription, "fixed", fixed_amount=30)
            move.action_post()
        self._run("2026-02-01")
        self._cancel(move)
        self.assertStands(self.subscription, "2026-03-01", 49 + 7 + 49 + 49)
        self.assertStands(self.subscription, "2026-04-01", 49 + 7 + 3 * 49)

    def test_an_invoice_that_took_off_a_down_payment_is_cancelled(self):
        with freeze_time("2026-01-20"):
            self._create_invoice(self.subscription, "fixed", fixed_amount=30).action_post()
        self._run("2026-02-01")
        self._cancel(self._moves(self.subscription)[-1])
        self.assertStands(self.subscription, "2026-02-02", 49 + 7 + 49)

    def test_one_invoice_of_two_orders_one_off_lines_is_cancelled_for_both(self):
        other = self._start(used=3)
        self._run("2026-01-01")
        both = self.subscription | other
        with freeze_time("2026-01-20"):
            for subscription in both:
                self._add_line(subscription, self.setup_product)
            move = self._create_invoice(both)
            self.assertEqual((len(move), move.amount_untaxed), (1, 400))
            move.action_post()
            self._cancel(move)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49 + 200)
        self.assertStands(other, "2026-02-01", 49 + 3 + 49 + 200)


@tagged("post_install", "-at_install")
class TestWallsOrderButtons(WallsCase):
    """Update Prices, lock, taxes, credit limit and duplicates follow the ledger."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=7)
        self._run("2026-01-01")

    def test_update_prices_is_a_change_of_the_fee_from_that_day(self):
        self.fee_product.list_price = 80
        self.usage_product.list_price = 1000
        with freeze_time("2026-01-16"):
            self._rate()
            self.subscription.action_update_prices()
        # 15 of 31 days at 49: 23.71; 16 at 80: 41.29.
        self.assertStands(self.subscription, "2026-02-01", 23.71 + 41.29 + 7 + 80)

    def test_update_prices_keeps_a_price_that_the_plan_has_of_its_own(self):
        plan = self._plan(
            "fixed",
            fee_ids=[
                Command.create(
                    {"product_id": self.fee_product.id, "has_own_price": True, "price_unit": 30}
                )
            ],
        )
        order = self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "fusion_plan_id": plan.id,
                "fusion_start_date": "2026-01-01",
            }
        )
        order.action_update_prices()
        self.assertEqual(order.order_line.price_unit, 30)
        with freeze_time("2026-01-01"):
            order.action_confirm()
        self.assertStands(order, "2026-01-01", 30)
        with freeze_time("2026-01-16"):
            order.action_update_prices()
        self.assertStands(order, "2026-02-01", 60)

    def test_a_locked_order_goes_on_and_refuses_people(self):
        self.subscription.action_lock()
        with freeze_time("2026-01-16"):
            self._rate()
            with self.assertRaises(UserError):
                self._edit(self._fee_line(self.subscription), product_uom_qty=2)
            self.subscription._fusion_change_item(self._fee_line(self.subscription), quantity=2)
            self.subscription.action_unlock()
        # One more seat for 16 of 31 days: 98 × 16/31 = 50.58; 49 × 15/31 = 23.71.
        self.assertStands(self.subscription, "2026-02-01", 23.71 + 50.58 + 7 + 98)

    def test_nothing_of_the_ledger_counts_against_the_credit_limit(self):
        self.company.account_use_credit_limit = True
        line = self._add_line(self.subscription, self.setup_product)
        self.assertEqual(self._credit_to_invoice(), 200)
        self._run("2026-02-01")
        self.assertEqual(self._credit_to_invoice(), 0)
        [move] = line.invoice_lines.move_id
        self._reverse(move)
        self.assertEqual(self._credit_to_invoice(), 0)
        with freeze_time("2026-02-10"):
            self._edit(self._fee_line(self.subscription), product_uom_qty=9)
            self._use(self.subscription, 100, "2026-02-09")
            self._rate()
        self.assertEqual(self._credit_to_invoice(), 0)
        with freeze_time("2026-02-20"):
            self.subscription._fusion_close()
        self.assertEqual(self._credit_to_invoice(), 0)

    def _credit_to_invoice(self):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.partner.credit_to_invoice

    def test_a_duplicated_order_is_a_quotation_without_usage_or_past(self):
        with freeze_time("2026-01-16"):
            self._rate()
            copy = self.subscription.copy()
            self.assertEqual((copy.state, copy.fusion_state), ("draft", "1_draft"))
            self.assertFalse(copy.order_line.fusion_charge_id)
            self.assertFalse(copy.order_line.fusion_item_ids)
            self.assertEqual(copy.order_line.product_id, self.fee_product)
            copy.action_confirm()
        self.assertStands(copy, "2026-01-16", 49)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
        self.assertStands(copy, "2026-02-16", 98)

    def test_a_duplicated_order_has_its_plan_s_fees_once(self):
        plan = self._plan("fees", fee_ids=[Command.create({"product_id": self.fee_product.id})])
        with freeze_time("2026-01-01"):
            subscription = self._subscribe(plan=plan)
            copy = subscription.copy()
            self.assertEqual(copy.order_line.product_id, self.fee_product)
            self.assertEqual(len(copy.order_line), 1)
            copy.action_confirm()
        self.assertStands(copy, "2026-01-01", 49)

    def test_a_duplicated_invoice_settles_nothing(self):
        invoice = self._moves(self.subscription)
        copy = invoice.copy({"invoice_date": "2026-01-05"})
        self.assertFalse(copy.invoice_line_ids.fusion_rating_id)
        copy.action_post()
        rating = invoice.invoice_line_ids.fusion_rating_id
        self.assertEqual((rating.settled, rating.borne, rating.due), (49, 49, 0))
        copy.button_draft()
        copy.button_cancel()
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)

    def test_a_usage_line_set_to_zero_is_billed(self):
        with freeze_time("2026-01-20"):
            self._rate()
            self._edit(self._usage_lines(self.subscription), product_uom_qty=0, price_unit=0)
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)

    def test_an_order_with_a_section_and_a_note_is_billed_with_them(self):
        with freeze_time("2026-01-20"):
            self.subscription.write(
                {
                    "order_line": [
                        Command.create({"display_type": "line_note", "name": "Thank you"}),
                        Command.create({"display_type": "line_section", "name": "Others"}),
                    ]
                }
            )
        self.assertStands(self.subscription, "2026-02-01", 49 + 7 + 49)
