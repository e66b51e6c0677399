from odoo.tests import Form, freeze_time, tagged

from ..collection_case import ATTEMPT
from .refund_case import BACK, RefundCase


@tagged("post_install", "-at_install")
class TestRefunds(RefundCase):
    """What credit notes leave customers with goes back to what they paid by, exactly once."""

    # === WHICH, AND HOW MUCH === #

    def test_a_credit_note_is_refunded_once_to_what_its_invoice_was_paid_by(self):
        for _run in range(3):
            self._refund()
        self.assertRefunds(("unknown", -BACK))
        attempt = self.credit_note.fusion_attempt_ids
        self.assertEqual(attempt.kind, "refund")
        self.assertEqual(attempt.reference, f"FB-{self.credit_note.id}-1")
        self.assertEqual(attempt.transaction_id.operation, "refund")
        self.assertEqual(attempt.source_reference, self.payment.reference)
        self._succeed(attempt)
        for _run in range(2):
            self._refund()
        self.assertRefunds(("succeeded", -BACK))
        self.assertEqual(self.credit_note.amount_residual, 0)
        self.assertIn(self.credit_note.payment_state, ("paid", "in_payment"))
        payment = attempt.transaction_id.payment_id
        self.assertEqual((payment.payment_type, payment.amount), ("outbound", BACK))
        self.assertEqual(self.credit_note.matched_payment_ids, payment)
        self.assertFalse(self.credit_note.fusion_refund_note)

    def test_off_by_default_nothing_is_refunded(self):
        self.assertFalse(self.env["res.company"].create({"name": "New"}).fusion_refunds)
        self.company.fusion_refunds = False
        self._refund()
        self.assertRefunds()
        self.assertFalse(self.credit_note.fusion_refund_note)

    def test_switched_on_it_begins_with_the_credit_notes_of_that_day(self):
        self.company.fusion_refunds = False
        self.env.flush_all()
        with freeze_time("2026-01-11 12:00:00"):
            self.company.fusion_refunds = True
            self.env.flush_all()
        self.assertEqual(str(self.company.fusion_refunds_from), "2026-01-11")
        self._refund("2026-01-11")
        self.assertRefunds()
        self.company.fusion_refunds_from = "2026-01-10"
        self._refund("2026-01-11")
        self.assertRefunds(("unknown", -BACK))

    def test_the_settings_say_from_which_day(self):
        self.company.fusion_refunds = False
        with freeze_time("2026-01-11 12:00:00"), Form(self.env["res.config.settings"]) as form:
            form.fusion_refunds = True
            self.assertEqual(str(form.fusion_refunds_from), "2026-01-11")
            form.save().execute()
        self.assertTrue(self.company.fusion_refunds)
        self.assertEqual(str(self.company.fusion_refunds_from), "2026-01-11")

    def test_a_credit_note_that_staff_make_is_theirs(self):
        concession = self._reverse(self.invoice)
        self._refund()
        self.assertRefunds(credit_note=concession)
        self.assertFalse(concession.fusion_refund_note)

    def test_no_more_than_a_payment_took_the_latest_first(self):
        other = self._paid_in_two_parts(20, 29)
        credit_note = self._credit(other)
        self._refund()
        self.assertRefunds(("unknown", -29), credit_note=credit_note)
        self._succeed(credit_note.fusion_attempt_ids)
        self._refund()
        first = credit_note.fusion_attempt_ids.sorted("id")[-1]
        self.assertRefunds(
            ("succeeded", -29), ("unknown", -round(BACK - 29, 2)), credit_note=credit_note
        )
        self._succeed(first)
        self._refund()
        self.assertEqual(credit_note.amount_residual, 0)

    def _paid_in_two_parts(self, first, second):
        """Return an invoice of which a part was paid in the portal, then the rest."""
        invoice = self._invoice()
        self.company.fusion_collect_days = 300
        for number, amount in enumerate((first, second)):
            transaction = self._pay_in_portal(invoice, f"part-{number}", amount)
            transaction._set_done()
            transaction._post_process()
        return invoice

    def _pay_in_portal(self, invoice, reference, amount):
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": reference,
                "operation": "online_direct",
                "amount": amount,
                "currency_id": invoice.currency_id.id,
                "partner_id": invoice.partner_id.id,
                "invoice_ids": [(6, 0, invoice.ids)],
            }
        )

    def test_what_was_paid_otherwise_stays_as_credit_and_is_said(self):
        invoice = self._invoice()
        self.company.fusion_collect_days = 300
        self._pay_by_hand(invoice)
        credit_note = self._credit(invoice)
        self._refund()
        self.assertRefunds(credit_note=credit_note)
        self.assertIn("nothing that they paid by can be refunded", credit_note.fusion_refund_note)

    def test_a_provider_is_asked_only_for_what_it_supports(self):
        for support, stage in (
            ("none", "impossible"),
            ("full_only", "impossible"),
            ("partial", "to send"),
        ):
            self._support(support)
            with self.subTest(support=support):
                self.assertEqual(self._stage(), stage)
        self._support("full_only")
        self.assertEqual(self.payment._fusion_part_of(49), 49)

    def test_a_provider_that_was_a_test_gives_back_no_real_money(self):
        self.provider.state = "enabled"
        self.assertEqual(self._stage(), "impossible")

    def test_a_provider_that_is_disabled_is_not_asked(self):
        self.env.cr.execute(
            "UPDATE payment_provider SET state = 'disabled' WHERE id = %s", (self.provider.id,)
        )
        self.env.invalidate_all()
        self.assertEqual(self._stage(), "impossible")

    def test_a_card_that_was_removed_is_refunded(self):
        self.token.active = False
        self._refund()
        self.assertRefunds(("unknown", -BACK))

    def test_a_sandbox_refunds_nobody(self):
        self.env.cr.execute(
            "UPDATE res_company SET fusion_clock = '2026-01-10' WHERE id = %s", (self.company.id,)
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.addCleanup(self.env.registry.clear_cache)
        domain = self.env[ATTEMPT]._domain_to_refund()
        self.assertNotIn(self.credit_note, self.env["account.move"].search(domain))
        self.assertIsNone(self._stage())

    # === WHAT THE CUSTOMER OWES COMES FIRST === #

    def test_nothing_is_refunded_while_anything_of_the_customer_is_due(self):
        unpaid = self._owed(5)
        self._refund()
        self.assertRefunds()
        self.assertIn("while anything of theirs is due", self.credit_note.fusion_refund_note)
        self._reconcile(self.credit_note.line_ids | unpaid.line_ids)
        self._refund()
        self.assertRefunds(("unknown", -round(BACK - 5, 2)))

    def test_what_is_due_later_or_owed_by_another_keeps_nobody_waiting(self):
        self._owed(5, invoice_date_due="2026-02-05")
        self._owed(5, partner_id=self.env["res.partner"].create({"name": "Globex"}).id)
        self._refund()
        self.assertRefunds(("unknown", -BACK))

    # === WHAT BECAME OF IT === #

    def test_a_refund_that_failed_is_not_tried_again_and_that_is_said(self):
        self._refund()
        self.credit_note.fusion_attempt_ids.transaction_id._set_error("expired_card")
        for _run in range(2):
            self._refund()
        self.assertRefunds(("failed", -BACK))
        self.assertIn("did not refund it", self.credit_note.fusion_refund_note)
        self.assertEqual(self.credit_note.amount_residual, BACK)

    def test_the_provider_has_the_last_word(self):
        self._refund()
        attempt = self.credit_note.fusion_attempt_ids
        attempt.transaction_id._set_error("expired_card")
        self._succeed(attempt)
        self._refund()
        self.assertRefunds(("succeeded", -BACK))
        self.assertEqual(self.credit_note.amount_residual, 0)

    def test_what_a_killed_run_has_not_registered_the_next_one_registers_once(self):
        self._refund()
        self.credit_note.fusion_attempt_ids.transaction_id._set_done()
        self.assertEqual(self.credit_note.amount_residual, BACK)
        for _run in range(2):
            self._refund()
        self.assertEqual(len(self.credit_note.matched_payment_ids), 1)
        self.assertRefunds(("succeeded", -BACK))

    def test_staff_say_what_became_of_a_refund(self):
        self._refund()
        attempt = self.credit_note.fusion_attempt_ids
        self._unknown_for_a_day(attempt)
        self._refund()
        activity = self.credit_note.activity_ids
        self.assertIn("customer was refunded", activity.summary)
        attempt.action_was_charged()
        self.assertRefunds(("succeeded", -BACK))
        self.assertEqual(self.credit_note.amount_residual, 0)
        self.assertIn("it was refunded", str(self.credit_note.message_ids.mapped("body")))

    def test_staff_say_that_it_was_not_refunded(self):
        self._refund()
        attempt = self.credit_note.fusion_attempt_ids
        self._unknown_for_a_day(attempt)
        attempt.action_was_not_charged()
        self._refund()
        self.assertRefunds(("failed", -BACK))
        self.assertIn("it was not refunded", str(self.credit_note.message_ids.mapped("body")))
