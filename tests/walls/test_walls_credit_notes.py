from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged

from ...models.base.engine import as_engine
from .walls_case import WallsCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestWallsCreditNotes(WallsCase):
    """What a customer bears after credit notes, whoever made them, in whatever state and order.

    Ten calls of January are billed on 1 February: the customer bears 10, and owes nothing more.
    """

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=10, products=())
        self.usage = self.subscription.fusion_usage_ids
        self._run("2026-02-01")
        self.invoice = self._moves(self.subscription)
        self.assertNet(self.subscription, 10)

    def _concede(self, amount, move=None, post=True):
        """Staff credit an amount of a one-line invoice."""
        credit = self._reverse(move or self.invoice, post=False)
        credit.invoice_line_ids.write({"quantity": 1, "price_unit": amount})
        if post:
            credit.action_post()
        return credit

    def test_posted_draft_and_cancelled_before_a_correction_downwards(self):
        for end, net in (("posted", 4), ("draft", 4), ("cancelled", 4), ("deleted", 4)):
            with self.subTest(end), self.env.cr.savepoint() as savepoint:
                credit = self._concede(3, post=end in ("posted", "cancelled"))
                if end == "cancelled":
                    self._cancel(credit)
                if end == "deleted":
                    credit.unlink()
                self.usage.quantity = 4
                self.assertStands(self.subscription, "2026-03-01", net)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_posted_draft_and_cancelled_after_a_correction_downwards(self):
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 4)
        for end, net in (("posted", 1), ("draft", 1), ("cancelled", 4), ("deleted", 4)):
            with self.subTest(end), self.env.cr.savepoint() as savepoint:
                credit = self._concede(3, post=end in ("posted", "cancelled"))
                if end == "cancelled":
                    self._cancel(credit)
                if end == "deleted":
                    credit.unlink()
                self.assertStands(self.subscription, "2026-04-01", net)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_concession_before_a_correction_upwards_stays_given(self):
        self._concede(3)
        self.usage.quantity = 15
        self.assertStands(self.subscription, "2026-03-01", 12)

    def test_a_concession_that_is_taken_back_after_the_correction_is_credited_then(self):
        credit = self._concede(8)
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 2)
        self._cancel(credit)
        self.assertStands(self.subscription, "2026-04-01", 4)
        self.assertStands(self.subscription, "2026-05-01", 4)

    def test_a_draft_concession_that_is_deleted_after_the_correction_is_credited_then(self):
        credit = self._concede(8, post=False)
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 2)
        credit.unlink()
        self.assertStands(self.subscription, "2026-04-01", 4)

    def test_a_concession_that_is_raised_in_draft_counts_as_it_is_then(self):
        credit = self._concede(2)
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 4)
        credit.button_draft()
        credit.invoice_line_ids.price_unit = 3
        credit.action_post()
        self.assertStands(self.subscription, "2026-04-01", 3)

    def test_fixed_by_hand_and_by_the_app_in_either_order(self):
        self._concede(6)
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 4)
        self.usage.quantity = 10
        # What the app takes back again is owed: the concession stays one.
        self.assertStands(self.subscription, "2026-04-01", 4)

    def test_a_credit_note_of_the_app_that_staff_reverse_is_taken_back(self):
        self.usage.quantity = 4
        self._run("2026-03-01")
        note = self._moves(self.subscription)[-1]
        self.assertEqual((note.move_type, note.amount_untaxed), ("out_refund", 6))
        self._reverse(note)
        # Staff bill the six again of their own accord: that is not the app's affair.
        self.assertStands(self.subscription, "2026-04-01", 10)

    def test_a_credit_note_of_the_app_that_is_cancelled_is_made_again(self):
        self.usage.quantity = 4
        self._run("2026-03-01")
        note = self._moves(self.subscription)[-1]
        self._cancel(note)
        self.assertNet(self.subscription, 10)
        self.assertStands(self.subscription, "2026-04-01", 4)
        with self.assertRaises(UserError):
            note.button_draft()

    def test_an_invoice_that_is_cancelled_after_the_app_credited_it(self):
        self.usage.quantity = 4
        self._run("2026-03-01")
        self._cancel(self.invoice)
        # The credit note of six stands, so ten are billed: the customer bears four.
        self.assertStands(self.subscription, "2026-04-01", 4)

    def test_invoice_and_credit_note_cancelled_are_billed_once(self):
        credit = self._reverse(self.invoice)
        self._cancel(self.invoice)
        self._cancel(credit)
        self.assertStands(self.subscription, "2026-03-01", 10)

    def test_a_credit_note_cancelled_after_its_invoice_was_billed_again(self):
        credit = self._reverse(self.invoice)
        self._cancel(self.invoice)
        self.assertStands(self.subscription, "2026-03-01", 0)
        self._cancel(credit)
        self.assertStands(self.subscription, "2026-04-01", 10)

    def test_a_fee_that_staff_credited_is_not_credited_again_by_a_close_in_the_past(self):
        subscription = self._start()
        self._run("2026-01-01")
        self._reverse(self._moves(subscription))
        with freeze_time("2026-01-20"):
            subscription._fusion_close()
        # 20 of 31 days are owed: 31.61, of which the customer bears nothing.
        self.assertStands(subscription, "2026-01-21", 0)

    def test_half_of_a_fee_credited_and_a_close_in_the_past_credit_the_rest_once(self):
        subscription = self._start()
        self._run("2026-01-01")
        credit = self._reverse(self._moves(subscription), post=False)
        credit.invoice_line_ids.price_unit = 10
        credit.action_post()
        with freeze_time("2026-01-20"):
            subscription._fusion_close()
        # 49 − 10 are borne; 20 of 31 days are owed: 31.61.
        self.assertStands(subscription, "2026-01-21", 31.61)

    def test_taxes_changed_on_a_posted_credit_note_change_no_settlement(self):
        tax = self.env["account.tax"].create({"name": "21%", "amount": 21, "type_tax_use": "sale"})
        credit = self._reverse(self.invoice, post=False)
        credit.invoice_line_ids.tax_ids = tax
        credit.action_post()
        self.assertStands(self.subscription, "2026-03-01", 0)

    def test_a_refund_typed_by_hand_without_the_wizard_is_staff_s_own(self):
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.partner.id,
                "invoice_line_ids": [(0, 0, {"name": "Sorry", "price_unit": 5})],
            }
        )
        refund.action_post()
        self.assertStands(self.subscription, "2026-03-01", 10)


@tagged("post_install", "-at_install")
class TestWallsReplacements(WallsCase):
    """*Reverse and create invoice* settles the same again, until its new invoice is gone."""

    def setUp(self):
        super().setUp()
        self.subscription = self._start(used=10)
        self._run("2026-01-01", "2026-02-01")
        self.invoice = self._moves(self.subscription)[-1]
        self.usage = self.subscription.fusion_usage_ids
        # January's fee, its calls and February's fee.
        self.assertNet(self.subscription, 108)

    def test_a_replacement_counts_once(self):
        self._reverse(self.invoice, modify=True)
        self.assertStands(self.subscription, "2026-03-01", 108 + 49)

    def test_a_draft_replacement_counts_once(self):
        self._reverse(self.invoice, modify=True, post=False)
        self.assertStands(self.subscription, "2026-03-01", 108 + 49)

    def test_a_correction_after_a_replacement_is_a_difference(self):
        self._reverse(self.invoice, modify=True)
        self.usage.quantity = 4
        self.assertStands(self.subscription, "2026-03-01", 102 + 49)

    def test_a_correction_before_a_replacement_is_a_difference(self):
        self.usage.quantity = 4
        self._run("2026-03-01")
        self.assertNet(self.subscription, 102 + 49)
        self._reverse(self.invoice, modify=True)
        self.assertStands(self.subscription, "2026-04-01", 102 + 98)

    def test_a_replacement_that_is_cancelled_or_deleted_is_billed_again_once(self):
        for cancelled in (True, False):
            with self.subTest(cancelled), self.env.cr.savepoint() as savepoint:
                new = self._reverse(self.invoice, modify=True, post=cancelled)
                self._cancel(new) if cancelled else new.unlink()
                self.assertStands(self.subscription, "2026-02-02", 108)
                self.assertStands(self.subscription, "2026-03-01", 108 + 49)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_replacement_of_a_replacement(self):
        new = self._reverse(self.invoice, modify=True)
        self._reverse(new, modify=True)
        self.assertStands(self.subscription, "2026-03-01", 108 + 49)

    def test_a_replacement_that_is_credited_is_conceded(self):
        new = self._reverse(self.invoice, modify=True)
        self._reverse(new)
        self.assertStands(self.subscription, "2026-03-01", 49 + 49)

    def test_a_line_deleted_from_the_replacement_is_due_again(self):
        new = self._reverse(self.invoice, modify=True, post=False)
        new.invoice_line_ids.filtered(lambda line: line.price_unit == 10).unlink()
        new.action_post()
        self.assertNet(self.subscription, 98)
        self.assertStands(self.subscription, "2026-03-01", 108 + 49)

    def test_the_first_invoice_cancelled_after_it_was_replaced(self):
        self._reverse(self.invoice, modify=True)
        try:
            with self.env.cr.savepoint():
                self._cancel(self.invoice)
        except UserError:
            self.env.invalidate_all()
        self._run("2026-03-01")
        self.assertStands(self.subscription, "2026-04-01", 108 + 98)

    def test_the_taking_back_note_cancelled_gives_back_the_double(self):
        new = self._reverse(self.invoice, modify=True)
        self._cancel(self.invoice.reversal_move_ids)
        self.assertTrue(new)
        # Invoice and replacement both stand: the run credits what is settled twice.
        self.assertStands(self.subscription, "2026-03-01", 108 + 49)

    def test_a_replacement_with_a_one_off_line_bills_it_once(self):
        subscription = self._start(products=self.fee_product | self.setup_product)
        self._run("2026-01-01")
        [invoice] = self._moves(subscription)
        new = self._reverse(invoice, modify=True)
        self.assertStands(subscription, "2026-02-01", 249 + 49)
        self._cancel(new)
        self.assertStands(subscription, "2026-03-01", 249 + 98)


@tagged("post_install", "-at_install")
class TestWallsSharedDocuments(WallsCase):
    """An invoice over two subscriptions follows each one's ledger."""

    def _both(self):
        """Two subscriptions, closed on 20 January, on one invoice that staff made of two."""
        both = self._start(used=3) | self._start(used=5)
        self._run("2026-01-01")
        with freeze_time("2026-01-20"):
            for subscription in both:
                subscription._fusion_close()
        return both

    def test_two_closed_subscriptions_invoices_are_cancelled(self):
        both = self._both()
        # 20 of 31 days at 49: 31.61.
        for subscription, used in zip(both, (3, 5), strict=True):
            self.assertStands(subscription, "2026-01-21", 31.61 + used)
        for move in self._moves(both[0]) | self._moves(both[1]):
            self._cancel(move)
        for subscription in both:
            self.assertNet(subscription, 0)
        for subscription, used in zip(both, (3, 5), strict=True):
            self.assertStands(subscription, "2026-01-25", 31.61 + used)

    def test_one_document_of_two_closed_subscriptions_is_cancelled(self):
        both = self._start(used=3, products=()) | self._start(used=5, products=())
        with freeze_time("2026-01-20"), self._billed_together(both) as documents:
            for subscription in both:
                subscription._fusion_close()
        [move] = documents
        self.assertEqual(move.amount_untaxed, 8)
        for subscription, used in zip(both, (3, 5), strict=True):
            self.assertStands(subscription, "2026-01-21", used)
        self._cancel(move)
        self.assertEqual([self._net(subscription) for subscription in both], [0, 0])
        for subscription, used in zip(both, (3, 5), strict=True):
            self.assertStands(subscription, "2026-01-22", used)
        with self.assertRaises(UserError):
            move.button_draft()

    @contextmanager
    def _billed_together(self, subscriptions):
        """Bill nothing meanwhile; then everything that is due on one document."""
        orders, none = type(subscriptions), self.env["account.move"]
        with patch.object(orders, "_fusion_create_documents", lambda *_args: none):
            documents = []
            yield documents
        today = self.company._fusion_today() + DAY
        self.env["fusion.billing.rating"]._rate_requested(subscriptions, today)
        values, *others = subscriptions._fusion_prepare_documents(
            subscriptions._fusion_documents(today)
        )
        for other in others:
            values["invoice_line_ids"] += other["invoice_line_ids"]
        moves = (
            as_engine(self.env["account.move"])
            .with_context(default_move_type="out_invoice")
            .create(values)
        )
        moves.action_post()
        documents.append(self.env["account.move"].browse(moves.id))

    def test_reversing_invoices_of_two_subscriptions_at_once(self):
        both = self._start(used=3, products=()) | self._start(used=5, products=())
        self._run("2026-02-01")
        moves = self._moves(both[0]) | self._moves(both[1])
        self._reverse(moves)
        for subscription in both:
            self.assertStands(subscription, "2026-03-01", 0)

    def test_replacing_invoices_of_two_subscriptions_at_once(self):
        both = self._start(used=3, products=()) | self._start(used=5, products=())
        self._run("2026-02-01")
        moves = self._moves(both[0]) | self._moves(both[1])
        self._reverse(moves, modify=True)
        for subscription, used in zip(both, (3, 5), strict=True):
            self.assertStands(subscription, "2026-03-01", used)
