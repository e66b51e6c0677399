from datetime import date, timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from ..collection_case import ATTEMPT, CollectionCase


@tagged("post_install", "-at_install")
class TestCollectionPlanning(CollectionCase):
    """Which invoices are charged, when, and for how much."""

    def test_an_invoice_that_fails_keeps_no_other_from_being_charged(self):
        """R7: as one whose due date is the last day that there is."""
        self.company.write({"fusion_collect_when": "due", "fusion_collect_days": 1})
        broken, fine = self._invoice(), self._invoice()
        self.env.cr.execute(
            "UPDATE account_move SET invoice_date_due = '9999-12-31' WHERE id = %s", (broken.id,)
        )
        self.env.invalidate_all()
        with mute_logger("odoo.addons.fusion_billing.models.collection.run"):
            self._collect()
        self.assertFalse(broken.fusion_attempt_ids)
        self.assertAttempts(fine, ("unknown", 49))

    def test_an_invoice_of_such_a_plan_is_charged_once(self):
        invoice = self._invoice()
        for _run in range(3):
            self._collect()
        self.assertAttempts(invoice, ("unknown", 49))
        self.assertEqual(invoice.fusion_attempt_ids.reference, f"FB-{invoice.id}-1")
        self.assertEqual(invoice.fusion_attempt_ids.token_id, self.token)

    def test_what_cannot_be_charged_is_not_looked_at_for_ever(self):
        """It would keep others from being charged, once there is a lot of it."""
        invoice = self._invoice()
        self.token.active = False
        attempts = self.env[ATTEMPT].sudo()
        self._plan_attempts()
        self.assertNotIn(invoice, self.env["account.move"].search(attempts._domain_to_plan()))
        self._save_card()
        self.assertIn(invoice, self.env["account.move"].search(attempts._domain_to_plan()))
        self.company.write({"fusion_collect_when": "due", "fusion_collect_days": 365})
        with freeze_time("2026-02-01"):
            found = self.env["account.move"].search(attempts._domain_to_plan())
        self.assertNotIn(invoice, found)

    def test_a_plan_that_does_not_collect_charges_nobody(self):
        self.plan.collects = False
        invoice = self._invoice()
        self._collect()
        self.assertAttempts(invoice)

    def test_a_customer_decides_otherwise_than_the_plan(self):
        for collects, choice, charged in (
            (True, "never", False),
            (True, False, True),
            (False, "always", True),
            (False, False, False),
        ):
            self.plan.collects = collects
            self.partner.fusion_collects = choice
            invoice = self._invoice()
            self._plan_attempts()
            with self.subTest(plan=collects, customer=choice):
                self.assertEqual(bool(invoice.fusion_attempt_ids), charged)

    def test_a_draft_a_credit_note_and_a_paid_invoice_are_not_charged(self):
        draft, paid, reversed_ = (self._invoice() for _each in range(3))
        draft.button_draft()
        self._pay_by_hand(paid)
        reversed_._reverse_moves(cancel=True)
        self._collect()
        for invoice in (draft, paid, reversed_, reversed_.reversal_move_ids):
            self.assertAttempts(invoice)

    def test_an_invoice_that_the_engine_did_not_make_is_not_charged(self):
        self.partner.fusion_collects = "always"
        line = Command.create({"name": "x", "price_unit": 5, "tax_ids": []})
        invoice = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.partner.id, "invoice_line_ids": [line]}
        )
        invoice.action_post()
        self._collect()
        self.assertAttempts(invoice)

    def test_what_is_left_to_pay_is_charged(self):
        invoice = self._invoice()
        self._pay_by_hand(invoice, 9)
        self._collect()
        self.assertAttempts(invoice, ("unknown", 40))

    def test_a_credit_note_lowers_what_is_charged(self):
        invoice = self._invoice()
        credit = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        credit.invoice_line_ids.quantity = 0.5
        credit.action_post()
        (invoice | credit).line_ids.filtered(
            lambda line: line.account_type == "asset_receivable"
        ).reconcile()
        residual = invoice.amount_residual
        self.assertLess(residual, 49)
        self._collect()
        self.assertAttempts(invoice, ("unknown", residual))

    def test_the_currency_of_the_invoice_is_kept(self):
        currency = self.env.ref("base.EUR")
        if currency == self.currency:
            currency = self.env.ref("base.GBP")
        currency.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2020-01-01", "rate": 2}
        )
        pricelist = self.env["product.pricelist"].create(
            {"name": "Abroad", "currency_id": currency.id}
        )
        invoice = self._invoice(pricelist_id=pricelist.id)
        self.assertEqual(invoice.currency_id, currency)
        self._collect()
        self.assertAttempts(invoice, ("unknown", invoice.amount_residual))
        self.assertEqual(invoice.fusion_attempt_ids.currency_id, currency)

    def test_the_setting_says_on_which_day(self):
        invoice = self._invoice()
        for when, days, expected in (
            ("posted", 0, date(2026, 1, 1)),
            ("posted", 3, date(2026, 1, 4)),
            ("due", 2, invoice.invoice_date_due + timedelta(days=2)),
        ):
            self.company.write({"fusion_collect_when": when, "fusion_collect_days": days})
            with self.subTest(when=when, days=days):
                with freeze_time(expected - timedelta(days=1)):
                    self.assertFalse(invoice._fusion_is_to_collect())
                with freeze_time(expected):
                    self.assertTrue(invoice._fusion_is_to_collect())

    def test_a_sandbox_charges_nobody(self):
        domain = self.env[ATTEMPT]._domain_to_plan()
        invoice = self._invoice()
        self.assertIn(invoice, self.env["account.move"].search(domain))
        self.env.cr.execute(
            "UPDATE res_company SET fusion_clock = '2026-01-01' WHERE id = %s", (self.company.id,)
        )
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        self.addCleanup(self.env.registry.clear_cache)
        domain = self.env[ATTEMPT]._domain_to_plan()
        self.assertNotIn(invoice, self.env["account.move"].search(domain))
        self.assertFalse(invoice._fusion_is_to_collect())
        with self.assertRaisesRegex(UserError, "nothing is left to pay"):
            invoice._fusion_check_can_charge()

    def test_nothing_is_sent_outside_of_a_scheduled_action(self):
        invoice = self._invoice()
        self.env[ATTEMPT]._cron_collect()
        self.assertAttempts(invoice)
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("fusion_billing.ir_cron_collect").id)]
        )
        self.assertTrue(triggers)

    def test_a_form_of_a_plan_and_a_customer_offers_it(self):
        with Form(self.plan) as form:
            form.collects = False
        self.assertFalse(self.plan.collects)
        with Form(self.partner) as form:
            form.fusion_collects = "never"
            form.fusion_token_id = self.token
        self.assertEqual(self.partner.fusion_token_id, self.token)
