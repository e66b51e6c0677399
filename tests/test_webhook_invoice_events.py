from freezegun import freeze_time

from .webhook_case import WebhookEventsCase


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

    def _pay(self, invoice):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids,
        ).create({})._create_payments()

    def _invoice_events(self):
        return [
            name for name in self._new().sorted("id").mapped("event_type")
            if name.startswith("invoice.")
        ]

    def test_a_draft_is_created(self):
        [created] = self._new().filtered(lambda event: event.event_type == "invoice.created")
        data = self._data(created)
        self.assertEqual(created.subscription_id, self.subscription)
        self.assertEqual(data["invoice_id"], self.invoice.id)
        self.assertEqual((data["type"], data["state"]), ("invoice", "draft"))
        self.assertEqual(data["amount_untaxed"], "49.00")
        self.assertEqual(data["currency"], self.currency.name)
        self.assertEqual(data["external_customer_id"], "acme")
        self.assertEqual(data["subscriptions"], [
            {"subscription_id": self.subscription.id, "external_id": None},
        ])

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
            active_model="account.move", active_ids=self.invoice.ids,
        ).create({"amount": 10})._create_payments()
        self.assertEqual(self.invoice.payment_state, "partial")
        self.assertTold()

    def test_a_cancelled_draft_is_told(self):
        self._begin()
        self.invoice.button_cancel()
        self.assertEqual(self.assertTold("invoice.cancelled")["state"], "cancel")

    def test_a_reversal_is_a_credit_note_and_cancels_the_invoice(self):
        self._post()
        self.invoice._reverse_moves(cancel=True)
        self._commit()
        told = {(event.event_type, self._data(event)["type"]) for event in self._new()}
        self.assertIn(("invoice.created", "credit_note"), told)
        self.assertIn(("invoice.posted", "credit_note"), told)
        self.assertIn(("invoice.cancelled", "invoice"), told)
        self.assertNotIn(("invoice.paid", "invoice"), told)

    def test_invoices_of_others_are_not_told(self):
        self._begin()
        move = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.partner.id,
            "invoice_line_ids": [(0, 0, {"name": "Consulting", "price_unit": 100})],
        })
        move.action_post()
        self._pay(move)
        self.assertTold()

    def test_an_overdue_invoice_is_told_once(self):
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-20 23:59:00", []), ("2026-01-21 00:01:00", ["invoice.overdue"]),
            ("2026-01-22 00:01:00", []),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_the_due_day_ends_at_midnight_in_the_billing_time_zone(self):
        """R3"""
        self.company.fusion_billing_tz = "America/New_York"
        self.invoice.invoice_date = "2026-01-15"
        self.invoice.invoice_date_due = "2026-01-20"
        self._post()
        for moment, told in (
            ("2026-01-21 04:59:00", []), ("2026-01-21 05:01:00", ["invoice.overdue"]),
        ):
            with freeze_time(moment):
                self._run_cron("ir_cron_tell_overdue")
                self.env.invalidate_all()
            self.assertTold(*told)

    def test_a_paid_invoice_is_not_overdue(self):
        self.invoice.invoice_date_due = "2026-01-16"
        self._post()
        self._pay(self.invoice)
        self._commit()
        self._begin()
        with freeze_time("2026-03-01"):
            self._run_cron("ir_cron_tell_overdue")
        self.assertTold()
