"""What tests of refunds share: an invoice that was paid by card, and a credit note for it."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import freeze_time

from ..collection_case import ATTEMPT, CollectionCase

CLOSED = "2026-01-10"
BACK = 33.19  # 21 of 31 days of a fee of 49


class RefundCase(CollectionCase):
    """On 1 January 49 were charged; on the 10th the subscription ends, and the rest is credited."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write({"fusion_refunds": True, "fusion_refunds_from": "2026-01-01"})

    def setUp(self):
        super().setUp()
        self._support("partial")
        self.invoice = self._paid_invoice()
        self.payment = self.invoice.transaction_ids
        self.credit_note = self._credit(self.invoice)

    def _support(self, support):
        """Let providers support refunds, or not."""

        def compute(providers):
            providers.update(
                {
                    "support_express_checkout": False,
                    "support_manual_capture": None,
                    "support_refund": support,
                    "support_tokenization": True,
                }
            )

        provider_class = self.env.registry["payment.provider"]
        patcher = patch.object(provider_class, "_compute_feature_support_fields", compute)
        patcher.start()
        self.addCleanup(patcher.stop)
        self.env.invalidate_all()

    def _paid_invoice(self, **vals):
        invoice = self._invoice(**vals)
        with freeze_time("2026-01-01 12:00:00"):
            self._collect()
            self._succeed(invoice.fusion_attempt_ids)
        return invoice

    def _credit(self, invoice):
        """End what an invoice bills; return the credit note."""
        subscription = invoice._fusion_subscriptions()
        with freeze_time(f"{CLOSED} 12:00:00"):
            subscription._fusion_close()
            self._bill()
        return self._moves(subscription)[-1]

    def _refund(self, day=CLOSED):
        """Run what charges and refunds."""
        with freeze_time(f"{day} 13:00:00"):
            self._collect()

    def _plan_refunds(self):
        with freeze_time(f"{CLOSED} 13:00:00"):
            self.env[ATTEMPT].sudo()._refund_all()

    def _succeed(self, attempt):
        """Let the provider say that it did what it was asked for."""
        attempt.transaction_id._set_done()
        attempt.transaction_id._post_process()

    def _refund_by_hand(self, amount):
        """Refund the payment with Odoo's own button; return the transaction."""
        self.payment.action_refund(amount_to_refund=amount)
        return self.payment.child_transaction_ids.sorted("id")[-1]

    def _claim(self, attempt):
        with freeze_time(f"{CLOSED} 13:00:00"):
            return attempt._claim()

    def _stage(self, credit_note=None):
        with freeze_time(f"{CLOSED} 14:00:00"):
            return (credit_note or self.credit_note)._fusion_refund_stage()

    def _unknown_for_a_day(self, attempt):
        attempt.sudo().sent_at -= timedelta(days=2)

    def _owed(self, amount, **vals):
        """Return an invoice that staff made, due on 5 January."""
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "invoice_date": "2026-01-05",
                "invoice_date_due": "2026-01-05",
                "invoice_line_ids": [(0, 0, {"name": "x", "price_unit": amount, "tax_ids": []})],
                **vals,
            }
        )
        invoice.action_post()
        return invoice

    def _reconcile(self, lines):
        lines.filtered(lambda line: line.account_type == "asset_receivable").reconcile()

    def assertRefunds(self, *expected, credit_note=None):
        self.assertAttempts(credit_note or self.credit_note, *expected)
