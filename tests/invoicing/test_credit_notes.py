from odoo.tests import freeze_time, tagged

from .document_case import DocumentCase


@tagged("post_install", "-at_install")
class TestCreditNotes(DocumentCase):
    """L4: a credit note that staff make is a concession; a replacement is none."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=10, products=())
        self.usage = self.subscription.fusion_usage_ids
        self._bill_on("2026-02-01")
        self.invoice = self._moves(self.subscription)

    def _bill_again(self, day="2026-03-01"):
        self._bill_on(day)
        return self._net(self.subscription)

    def test_what_staff_credited_is_not_billed_again(self):
        self._reverse(self.invoice)
        self.assertEqual(self._bill_again(), 0)

    def test_a_draft_credit_note_counts_as_a_posted_one(self):
        self._reverse(self.invoice, post=False)
        self.usage.quantity = 4
        self.assertEqual(self._bill_again(), 0)

    def test_a_correction_downwards_credits_until_the_customer_bears_what_is_owed(self):
        credit = self._reverse(self.invoice, post=False)
        credit.invoice_line_ids.price_unit = 3
        credit.action_post()
        self.usage.quantity = 4
        self.assertEqual(self._bill_again(), 4)

    def test_what_is_held_back_is_credited_once_the_customer_bears_it_again(self):
        credit = self._reverse(self.invoice)
        self.usage.quantity = 4
        self.assertEqual(self._bill_again(), 0)
        self._cancel(credit)
        self.assertEqual(self._bill_again("2026-04-01"), 4)

    def test_a_closed_subscription_whose_credit_is_held_back_is_not_looked_at_in_every_run(self):
        credit = self._reverse(self.invoice)
        self.usage.quantity = 4
        with freeze_time("2026-02-02"):
            self.subscription._fusion_close()
        self._bill_on("2026-02-03")
        self.assertNotIn(self.subscription, self._due("2026-02-04"))
        self._cancel(credit)
        self.assertIn(self.subscription, self._due("2026-02-04"))
        self.assertEqual(self._bill_again("2026-02-04"), 4)
        self.assertNotIn(self.subscription, self._due("2026-02-05"))

    def _due(self, day):
        orders = self.env["sale.order"]
        with freeze_time(day):
            return orders.search(orders._fusion_due_domain(self.company))

    def test_fixed_by_hand_and_by_the_app_is_fixed_once(self):
        credit = self._reverse(self.invoice, post=False)
        credit.invoice_line_ids.price_unit = 6
        credit.action_post()
        self.usage.quantity = 4
        self.assertEqual(self._bill_again(), 4)
        self._use(self.subscription, 1, "2026-01-20")
        self.assertEqual(self._bill_again("2026-04-01"), 4)

    def test_usage_that_comes_after_a_credit_note_is_billed(self):
        self._reverse(self.invoice)
        self._use(self.subscription, 3, "2026-01-20")
        self.assertEqual(self._bill_again(), 3)

    def test_a_credit_note_after_a_correction_is_a_concession(self):
        self.usage.quantity = 15
        self.assertEqual(self._bill_again(), 15)
        self._reverse(self._moves(self.subscription)[-1])
        self.assertEqual(self._bill_again("2026-04-01"), 10)

    def test_a_credit_note_that_is_reversed_is_taken_back(self):
        self._reverse(self._reverse(self.invoice))
        self.assertEqual(self._bill_again(), 10)

    def test_reverse_and_create_invoice_settles_the_same_again(self):
        draft = self._reverse(self.invoice, modify=True)
        self.assertEqual(draft.invoice_line_ids.fusion_settled, 10)
        self.assertEqual(self.invoice.reversal_move_ids.invoice_line_ids.fusion_settled, -10)
        self.assertEqual(self._bill_again(), 10)

    def test_a_replacement_that_is_deleted_is_billed_again(self):
        self._reverse(self.invoice, modify=True, post=False).unlink()
        self.assertEqual(self._net(self.subscription), 0)
        self.assertEqual(self._bill_again(), 10)

    def test_a_replacement_that_is_cancelled_is_billed_again(self):
        self._cancel(self._reverse(self.invoice, modify=True))
        self.assertEqual(self._bill_again(), 10)

    def test_a_replacement_that_staff_reduced_stays_reduced(self):
        draft = self._reverse(self.invoice, modify=True, post=False)
        draft.invoice_line_ids.price_unit = 7
        draft.action_post()
        self.assertEqual(self._bill_again(), 7)
        self.usage.quantity = 12
        self.assertEqual(self._bill_again("2026-04-01"), 9)

    def test_an_invoice_that_is_cancelled_after_it_was_credited_is_owed_less_the_credit(self):
        self._reverse(self.invoice)
        self._cancel(self.invoice)
        # The credit note stands: with the new invoice, the customer bears nothing again.
        self.assertEqual(self._bill_again(), 0)
        with freeze_time("2026-03-01"):
            self.assertSettled(self.subscription)

    def test_a_concession_counts_in_terms_of_an_adapted_price(self):
        line = self.invoice.invoice_line_ids
        credit = self._reverse(self.invoice).invoice_line_ids
        self.assertEqual(credit.fusion_rating_id, line.fusion_rating_id)
        self.assertEqual((credit.fusion_settled, credit.fusion_price_factor), (0, 1))
        self.assertEqual(line.fusion_rating_id.borne, 0)
