from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from ..webhook_case import WebhookEventsCase


class TestInvoiceEvents(WebhookEventsCase):
    """Invoice events come from what really happens to an invoice."""

    def setUp(self):
        super().setUp()
        self.plan.invoice_mode = "draft"
        self.subscription = self._subscribe("2026-01-01", [self.fee_product])
        self._commit()
        self._begin()
        self._bill()
        self.invoice = self.subscription.invoice_ids

    def _post(self):
        self.invoice.action_post()
        self._commit()
        self._begin()

    def _credit_note(self):
        """A draft that gives back a part of the invoice."""
        self._post()
        credit_note = self.invoice._reverse_moves()
        credit_note.invoice_line_ids.price_unit = 9
        return credit_note

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({})._create_payments()

    def _invoice_events(self):
        return [
            name
            for name in self._new().sorted("id").mapped("event_type")
            if name.startswith("invoice.")
        ]

    def test_a_draft_is_created(self):
        [created] = self._new().filtered(lambda event: event.event_type == "invoice.created")
        data = self._data(created)
        self.assertEqual(created.subscription_id, self.subscription)
        self.assertEqual(data["invoice_id"], self.invoice.id)
        self.assertEqual((data["type"], data["state"]), ("invoice", "draft"))
        self.assertIsNone(data["number"])
        self.assertEqual(data["amount_untaxed"], "49.00")
        self.assertEqual(data["currency"], self.currency.name)
        self.assertEqual(data["external_customer_id"], "acme")
        self.assertEqual(
            data["subscriptions"], [{"subscription_id": self.subscription.id, "external_id": None}]
        )

    def test_a_plan_that_posts_tells_both_in_one_run(self):
        self.plan.invoice_mode = "post"
        self._begin()
        with freeze_time("2026-02-01 01:00:00"):
            self._bill()
        self.assertEqual(self._invoice_events(), ["invoice.created", "invoice.posted"])

    def test_posting_is_told_with_the_number(self):
        self._begin()
        self.invoice.action_post()
        data = self.assertTold("invoice.posted")
        self.assertEqual((data["state"], data["number"]), ("posted", self.invoice.name))

    def test_a_payment_is_told_when_it_settles_the_invoice(self):
        self._post()
        self._pay(self.invoice)
        data = self.assertTold("invoice.paid")
        self.assertEqual(data["amount_residual"], "0.00")
        self.assertIn(data["payment_state"], ("paid", "in_payment"))

    def test_a_part_of_the_payment_is_not_told(self):
        self._post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"amount": 10})._create_payments()
        self.assertEqual(self.invoice.payment_state, "partial")
        self.assertTold()

    def test_a_payment_that_is_taken_back_and_made_again_is_told_again(self):
        self._post()
        self._pay(self.invoice)
        self.assertTold("invoice.paid")
        self.invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertTold()
        self._pay(self.invoice)
        self.assertTold("invoice.paid")

    def test_the_rest_of_a_payment_settles_the_invoice_once(self):
        self._post()
        for amount, told in ((10, []), (20, []), (19, ["invoice.paid"])):
            self.env["account.payment.register"].with_context(
                active_model="account.move", active_ids=self.invoice.ids
            ).create({"amount": amount})._create_payments()
            self.assertTold(*told)

    def test_a_payment_within_one_transaction_that_is_taken_back_was_none(self):
        self._post()
        self._pay(self.invoice)
        self.invoice.line_ids.remove_move_reconcile()
        self.assertEqual(self.invoice.payment_state, "not_paid")
        self.assertTold()

    def test_an_invoice_of_nothing_is_posted_and_paid(self):
        self.invoice.invoice_line_ids.price_unit = 0
        self._begin()
        self.invoice.action_post()
        self.assertEqual(self.assertTold("invoice.posted", "invoice.paid")["amount_total"], "0.00")

    def test_an_invoice_that_is_corrected_is_posted_again(self):
        self._post()
        self.invoice.button_draft()
        self.assertTold()
        self.invoice.action_post()
        self.assertTold("invoice.posted")

    def test_a_draft_that_is_deleted_is_told_as_cancelled(self):
        """It was told of: apps would wait for it for ever."""
        self._begin()
        gone = self.invoice.id
        self.invoice.unlink()
        [cancelled] = self._new().filtered(lambda event: event.event_type == "invoice.cancelled")
        self.assertEqual(self._data(cancelled)["invoice_id"], gone)
        self.assertEqual(
            self._data(cancelled)["subscriptions"][0]["subscription_id"], self.subscription.id
        )

    def test_a_draft_that_is_made_and_deleted_in_one_transaction_was_none(self):
        self._post()
        self.invoice._reverse_moves().unlink()
        self.assertTold()

    def test_a_cancelled_invoice_that_is_deleted_is_not_told_again(self):
        credit_note = self._credit_note()
        credit_note.button_cancel()
        self._commit()
        self._begin()
        credit_note.unlink()
        self.assertTold()

    def test_a_cancelled_draft_is_told(self):
        self._begin()
        self.invoice.button_cancel()
        self.assertEqual(self.assertTold("invoice.cancelled")["state"], "cancel")

    def test_a_reversal_is_a_credit_note_and_cancels_the_invoice(self):
        self._post()
        self.invoice._reverse_moves(cancel=True)
        self._commit()
        told = [(event.event_type, self._data(event)["type"]) for event in self._new()]
        self.assertCountEqual(
            told,
            [
                ("invoice.created", "credit_note"),
                ("invoice.posted", "credit_note"),
                ("invoice.paid", "credit_note"),
                ("invoice.cancelled", "invoice"),
            ],
        )

    def test_a_credit_note_of_a_part_is_told_and_cancels_nothing(self):
        credit_note = self._credit_note()
        credit_note.action_post()
        (credit_note | self.invoice).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        self.assertEqual(self.invoice.payment_state, "partial")
        told = [(event.event_type, self._data(event)["type"]) for event in self._new()]
        self.assertCountEqual(
            told,
            [
                ("invoice.created", "credit_note"),
                ("invoice.posted", "credit_note"),
                ("invoice.paid", "credit_note"),
            ],
        )

    def test_invoices_of_others_are_not_told(self):
        self._begin()
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_line_ids": [(0, 0, {"name": "Consulting", "price_unit": 100})],
            }
        )
        move.action_post()
        self._pay(move)
        self.assertTold()

    def test_an_overdue_invoice_is_told_once(self):
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-20 23:59:00", []),
            ("2026-01-21 00:01:00", ["invoice.overdue"]),
            ("2026-01-22 00:01:00", []),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_an_invoice_that_somebody_is_changing_is_told_soon_and_holds_up_no_other(self):
        other = self._subscribe("2026-01-01", [self.fee_product])
        self._bill()
        invoices = self.invoice | other.invoice_ids
        invoices.write({"invoice_date_due": "2026-01-16"})
        invoices.action_post()
        self._commit()
        self._begin()
        emit = self.env.registry["account.move"]._fusion_emit

        def emit_unless_busy(move, event_type):
            if move == self.invoice:
                raise SerializationFailure("somebody was faster")
            return emit(move, event_type)

        moment = datetime(2026, 3, 1)
        with (
            freeze_time(moment),
            patch.object(self.env.registry["account.move"], "_fusion_emit", emit_unless_busy),
        ):
            self._run_cron("ir_cron_tell_overdue")
        self.env.invalidate_all()
        data = self.assertTold("invoice.overdue")
        self.assertEqual(data["invoice_id"], other.invoice_ids.id)
        cron = self.env.ref("fusion_billing.ir_cron_tell_overdue")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertEqual(triggers.mapped("call_at"), [moment + timedelta(minutes=5)])
        self._begin()
        with freeze_time(moment + timedelta(minutes=5)):
            self._run_cron("ir_cron_tell_overdue")
            self.env.invalidate_all()
        self.assertEqual(self.assertTold("invoice.overdue")["invoice_id"], self.invoice.id)

    def test_the_due_day_ends_at_midnight_in_the_billing_time_zone(self):
        """R3"""
        self.company.fusion_billing_tz = "America/New_York"
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-21 04:59:00", []),
            ("2026-01-21 05:01:00", ["invoice.overdue"]),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_what_is_partly_paid_is_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self._post()
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=self.invoice.ids
        ).create({"amount": 10})._create_payments()
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
            self.env.invalidate_all()
        data = self.assertTold("invoice.overdue")
        self.assertEqual((data["invoice_id"], data["amount_residual"]), (self.invoice.id, "39.00"))

    def test_neither_a_credited_invoice_nor_its_credit_note_is_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self._post()
        self.invoice._reverse_moves([{"invoice_date_due": "2026-01-16"}], cancel=True)
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
        self.assertTold()

    def test_a_cancelled_draft_is_not_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self.invoice.button_cancel()
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
        self.assertTold()

    def test_a_paid_invoice_is_not_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self._post()
        self._pay(self.invoice)
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
        self.assertTold()
