from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestWaivers(DocumentCase):
    """L5: staff can waive what is due, with a reason, and take a waiver back."""

    def setUp(self):
        super().setUp()
        self.clerk = new_test_user(
            self.env,
            "clerk",
            groups="base.group_user,fusion_billing.group_user,account.group_account_invoice",
        )
        self.subscription = self._start(used=10, products=())
        self._rate_at("2026-02-01")
        self.rating = self._rating(self.subscription)

    def _waive(self, records, user=None, **vals):
        wizard = (
            self.env["fusion.billing.waive.wizard"]
            .with_user(user or self.clerk)
            .with_context(active_model=records._name, active_ids=records.ids)
            .create({"reason": "outage", **vals})
        )
        amount = wizard.amount
        wizard.action_waive()
        return amount

    def test_what_was_waived_is_on_no_document(self):
        self.assertEqual(self._waive(self.rating), 10)
        self.assertEqual(
            (self.rating.due, self.rating.waived, self.rating.waive_reason), (0, 10, "outage")
        )
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertFalse(self._moves(self.subscription))

    def test_a_waiver_that_is_taken_back_is_billed(self):
        self._waive(self.rating)
        self._bill_on("2026-02-01")
        self.rating.with_user(self.clerk).action_fusion_take_back_waiver()
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(self.subscription), [10])

    def test_usage_that_comes_after_a_waiver_is_billed(self):
        self._waive(self.rating)
        self._bill_on("2026-02-01")
        self._use(self.subscription, 3, "2026-01-20")
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(self.subscription), [3])

    def test_less_usage_after_a_waiver_credits_nothing(self):
        self._waive(self.rating)
        self.subscription.fusion_usage_ids.quantity = 4
        self._bill_on("2026-02-01", "2026-03-01")
        self.assertFalse(self._moves(self.subscription))

    def test_a_waived_document_is_cancelled_and_not_billed_again(self):
        self._bill_on("2026-02-01")
        move = self._moves(self.subscription)
        self.assertTrue(move.fusion_can_waive)
        self.assertEqual(self._waive(move, move_id=move.id), 10)
        self.assertEqual((move.state, self.rating.waived, self.rating.due), ("cancel", 10, 0))
        self._bill_on("2026-03-01")
        self.assertFalse(self._moves(self.subscription))

    def test_a_document_that_was_credited_is_not_waived(self):
        self._bill_on("2026-02-01")
        move = self._moves(self.subscription)
        self._reverse(move)
        with self.assertRaisesRegex(UserError, "You cannot waive what was credited"):
            self._waive(move, move_id=move.id)

    def test_only_billing_staff_waive(self):
        seller = new_test_user(
            self.env, "seller", groups="base.group_user,sales_team.group_sale_salesman_all_leads"
        )
        with self.assertRaises(AccessError):
            self._waive(self.rating, user=seller)
        with self.assertRaises(AccessError):
            self.rating.with_user(seller).action_fusion_take_back_waiver()
        self.assertEqual(self.rating.waived, 0)

    def test_the_document_s_button_opens_the_wizard(self):
        with freeze_time("2026-02-01"):
            self._bill()
        action = self._moves(self.subscription).with_user(self.clerk).action_fusion_waive()
        self.assertEqual(action["res_model"], "fusion.billing.waive.wizard")

    def test_one_off_lines_of_a_waived_document_are_not_billed_again(self):
        move = self._bill_one_off()
        self.assertEqual(self._waive(move, move_id=move.id), 210)
        self._bill_on("2026-03-01", "2026-04-01")
        self.assertFalse(self._moves(self.subscription))
        self.assertEqual(self._one_off().qty_to_invoice, 0)

    def test_a_document_s_waiver_that_is_taken_back_is_billed_once(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        self.assertTrue(move.fusion_is_waived)
        for _again in range(2):
            move.with_user(self.clerk).action_fusion_take_back_waiver()
        self._bill_on("2026-03-01", "2026-04-01")
        self.assertEqual(self._amounts_signed(self.subscription), [210])

    def test_a_waived_document_that_is_posted_after_all_bills_once(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        move.button_draft()
        move.action_post()
        self._bill_on("2026-03-01", "2026-04-01")
        self.assertEqual(self._amounts_signed(self.subscription), [210])
        self.assertEqual(self._one_off().qty_to_invoice, 0)

    def test_a_document_that_is_waived_posted_after_all_and_waived_again_is_waived_once(self):
        move = self._bill_one_off()
        for _again in range(2):
            self._waive(move, move_id=move.id)
            move.button_draft()
            self.assertEqual(self.rating.waived, 0)
            move.action_post()
        self._waive(move, move_id=move.id)
        self.assertEqual(self.rating.waived, 10)
        self._use(self.subscription, 5, "2026-01-20")
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(self.subscription), [5])

    def test_only_billing_staff_take_back_a_document_s_waiver(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        seller = new_test_user(
            self.env, "seller", groups="base.group_user,account.group_account_invoice"
        )
        with self.assertRaises(AccessError):
            move.with_user(seller).action_fusion_take_back_waiver()
        self.assertTrue(move.fusion_is_waived)

    def test_staff_of_another_company_take_back_no_waiver(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="base.group_user,fusion_billing.group_manager,account.group_account_invoice",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        for record in (move, self.rating):
            with self.assertRaises(AccessError):
                record.with_user(stranger).action_fusion_take_back_waiver()
        self.assertEqual((move.fusion_is_waived, self.rating.waived), (True, 10))

    def test_an_accountant_who_resets_a_waived_document_has_it_billed(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        accountant = new_test_user(
            self.env, "accountant", groups="base.group_user,account.group_account_invoice"
        )
        move.with_user(accountant).button_draft()
        self.assertEqual((self.rating.waived, self.rating.settled), (0, 10))

    def test_a_copy_of_a_waived_document_is_neither_waived_nor_settles_anything(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        copy = move.copy()
        self.assertFalse(any(copy.invoice_line_ids.mapped("fusion_waived")))
        self.assertFalse(any(copy.invoice_line_ids.mapped("fusion_settled")))

    def test_more_of_a_one_off_line_than_was_waived_is_billed(self):
        move = self._bill_one_off()
        self._waive(move, move_id=move.id)
        self._one_off().product_uom_qty = 3
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(self.subscription), [400])

    def _one_off(self):
        return self.subscription.order_line.filtered(
            lambda line: line.product_id == self.setup_product
        )

    def _bill_one_off(self):
        """Bill January's usage of 10 and a set-up of 200."""
        with freeze_time("2026-01-05"):
            self.subscription.order_line = [(0, 0, {"product_id": self.setup_product.id})]
        self._bill_on("2026-02-01")
        return self._moves(self.subscription)
