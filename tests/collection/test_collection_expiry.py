from datetime import date
from unittest.mock import patch

from odoo.tests import freeze_time, tagged

from odoo.addons.payment.models.payment_transaction import PaymentTransaction

from ..collection_case import CollectionCase

DATA = {"card": {"exp_month": 3, "exp_year": 2026}}


@tagged("post_install", "-at_install")
class TestCollectionExpiry(CollectionCase):
    """Until when a saved method can be charged is learned, and what has expired comes last."""

    def _transaction(self, **vals):
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.token.payment_method_id.id,
                "reference": "portal-1",
                "amount": 49,
                "currency_id": self.currency.id,
                "partner_id": self.partner.id,
                **vals,
            }
        )

    def _processed(self, transaction, data):
        with (
            patch.object(
                PaymentTransaction, "_apply_updates", lambda self, _data: self._set_done()
            ),
            patch.object(PaymentTransaction, "_validate_amount", lambda *_args: None),
            patch.object(
                PaymentTransaction, "_extract_token_values", lambda *_args: {"provider_ref": "new"}
            ),
        ):
            transaction._process("none", data)
        return transaction.token_id

    # === LEARNING === #

    def test_it_is_taken_from_what_the_provider_says_when_the_method_is_saved(self):
        token = self._processed(self._transaction(tokenize=True), DATA)
        self.assertNotEqual(token, self.token)
        self.assertEqual(token.fusion_expires_on, date(2026, 3, 31))

    def test_it_is_taken_from_what_the_provider_says_when_a_saved_one_is_charged(self):
        charged = self._transaction(token_id=self.token.id)
        self.assertEqual(self._processed(charged, DATA), self.token)
        self.assertEqual(self.token.fusion_expires_on, date(2026, 3, 31))

    def test_where_the_provider_says_nothing_it_stays(self):
        self.token.fusion_expires_on = "2026-05-31"
        self._processed(self._transaction(token_id=self.token.id), {"exp_month": 3})
        self.assertEqual(self.token.fusion_expires_on, date(2026, 5, 31))

    def test_what_somebody_else_holds_is_left_alone_and_the_payment_counts(self):
        charged = self._transaction(token_id=self.token.id)
        with patch.object(
            self.registry["payment.token"], "try_lock_for_update", lambda self, **_kw: self.browse()
        ):
            self._processed(charged, DATA)
        self.assertFalse(self.token.fusion_expires_on)
        self.assertEqual(charged.state, "done")

    # === CHOOSING === #

    @freeze_time("2026-01-10")
    def test_one_that_has_expired_is_not_charged_while_there_is_another(self):
        invoice = self._invoice()
        last = self._save_card()
        self.assertEqual(invoice._fusion_token(), last)
        last.fusion_expires_on = "2026-01-09"
        self.assertEqual(invoice._fusion_token(), self.token)
        last.fusion_expires_on = "2026-01-10"
        self.assertEqual(invoice._fusion_token(), last)

    @freeze_time("2026-01-10")
    def test_a_chosen_one_that_has_expired_is_not_charged_either(self):
        invoice = self._invoice()
        self.partner.fusion_token_id = self.token
        last = self._save_card()
        self.assertEqual(invoice._fusion_token(), self.token)
        self.token.fusion_expires_on = "2025-12-31"
        self.assertEqual(invoice._fusion_token(), last)

    @freeze_time("2026-01-10")
    def test_where_all_have_expired_the_chosen_one_is_tried(self):
        invoice = self._invoice()
        last = self._save_card()
        self.partner.fusion_token_id = self.token
        (self.token | last).fusion_expires_on = "2025-12-31"
        self.assertEqual(invoice._fusion_token(), self.token)

    # === SHOWING === #

    @freeze_time("2026-01-10")
    def test_an_invoice_says_that_there_is_nothing_to_charge_it_to(self):
        invoice = self._invoice()
        self.assertFalse(invoice.fusion_collection_problem)
        self.token.active = False
        invoice.invalidate_recordset()
        self.assertIn("saved no payment method", invoice.fusion_collection_problem)

    @freeze_time("2026-01-10")
    def test_what_is_not_collected_or_not_yet_is_no_problem(self):
        self.token.active = False
        invoice = self._invoice()
        self.company.fusion_collect_days = 30
        self.assertFalse(invoice.fusion_collection_problem)
        self.company.fusion_collect_days = 0
        self.partner.fusion_collects = "never"
        invoice.invalidate_recordset()
        self.assertFalse(invoice.fusion_collection_problem)
