from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from .document_case import DocumentCase

RESET = "its lines have been billed again"


@tagged("post_install", "-at_install")
class TestSettlement(DocumentCase):
    """L2, L3: what documents settle is what their lines say, and nothing else remembers it."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=5)
        self._bill_on("2026-01-01", "2026-02-01")
        self.first, self.second = self._moves(self.subscription)

    def test_a_cancelled_invoice_stands_on_the_next_document(self):
        self._cancel(self.second)
        self._bill_on("2026-03-01")
        self.assertNet(self.subscription, 49 + 5 + 49 + 49)

    def test_the_fee_of_the_open_period_is_billed_again_by_the_next_run(self):
        self._cancel(self.second)
        self._bill_on("2026-02-02")
        self.assertEqual(self._amounts_signed(self.subscription), [49, 54])

    def test_a_cancelled_invoice_that_was_billed_again_is_not_reset(self):
        self._cancel(self.second)
        self._bill_on("2026-03-01")
        with self.assertRaisesRegex(UserError, RESET):
            self.second.button_draft()

    def test_a_cancelled_invoice_that_was_not_billed_again_is_reset_and_posted(self):
        self._cancel(self.second)
        self.second.button_draft()
        self.second.action_post()
        self._bill_on("2026-03-01")
        self.assertNet(self.subscription, 49 + 54 + 49)

    def test_a_replacement_that_is_cancelled_frees_the_first_one(self):
        self._cancel(self.second)
        self._bill_on("2026-02-02")
        self._cancel(self._moves(self.subscription)[-1])
        self.second.button_draft()
        self.second.action_post()
        self._bill_on("2026-03-01")
        self.assertNet(self.subscription, 49 + 54 + 49)

    def test_cancelling_in_any_order_bills_everything_once(self):
        self._bill_on("2026-03-01")
        third = self._moves(self.subscription)[-1]
        for move in (self.first, third, self.second):
            self._cancel(move)
        self._bill_on("2026-04-01")
        self.assertNet(self.subscription, 4 * 49 + 5)
        with freeze_time("2026-04-01"):
            self.assertSettled(self.subscription)

    def test_a_deleted_draft_is_billed_again_also_after_later_ones(self):
        plan = self._plan("drafts", invoice_mode="draft")
        subscription = self._start(plan=plan)
        self._bill_on("2026-01-01", "2026-02-01")
        self._moves(subscription)[0].unlink()
        self._bill_on("2026-03-01")
        self.assertNet(subscription, 3 * 49)

    def test_a_cancelled_last_document_of_a_closed_subscription_is_made_again(self):
        with freeze_time("2026-02-10 12:00:00"):
            self.subscription._fusion_close()
        net = self._net(self.subscription)
        self._cancel(self._moves(self.subscription)[-1])
        self._bill_on("2026-02-11")
        self.assertNet(self.subscription, net)

    def test_staff_who_edit_a_draft_settle_what_it_settled(self):
        plan = self._plan("drafts", invoice_mode="draft")
        subscription = self._start(plan=plan)
        self._bill_on("2026-01-01")
        move = self._moves(subscription)
        move.invoice_line_ids.write({"price_unit": 40})
        move.action_post()
        self._bill_on("2026-02-01")
        self.assertEqual(self._amounts_signed(subscription), [40, 49])

    def test_a_posted_invoice_that_is_reset_edited_and_posted_again_settles_the_same(self):
        self.second.button_draft()
        self.second.invoice_line_ids[0].discount = 50
        self.second.action_post()
        self._bill_on("2026-03-01")
        self.assertEqual(self._amounts_signed(self.subscription)[-1], 49)

    def test_a_duplicate_settles_nothing(self):
        copy = self.second.copy()
        self.assertFalse(copy.invoice_line_ids.fusion_rating_id)
        copy.action_post()
        with freeze_time("2026-02-02"):
            self.assertSettled(self.subscription)

    def test_nobody_writes_what_a_line_settles(self):
        line = self.second.invoice_line_ids[0]
        for values in (
            {"fusion_settled": 0},
            {"fusion_rating_id": False},
            {"fusion_price_factor": 2},
        ):
            with self.assertRaisesRegex(UserError, "You cannot write what a line"):
                line.with_context(fusion_engine=True).write(values)
        with self.assertRaisesRegex(UserError, "You cannot write what a line"):
            self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner.id,
                    "invoice_line_ids": [
                        (
                            0,
                            0,
                            {
                                "name": "mine",
                                "fusion_settled": 7,
                                "fusion_rating_id": line.fusion_rating_id.id,
                            },
                        )
                    ],
                }
            )

    def test_an_invoice_knows_the_subscriptions_it_bills(self):
        self.assertEqual(self.second._fusion_subscription(), self.subscription)
        vendor_bill = self.env["account.move"].create({"move_type": "in_invoice"})
        self.assertFalse(vendor_bill._fusion_subscription())
