"""What tests of collection share: a customer with a saved card, and an invoice to charge to it."""

from datetime import timedelta

from odoo.tests import freeze_time

from .invoicing.document_case import DocumentCase

ATTEMPT = "fusion.billing.collection.attempt"


class Cards:
    """Customers save cards with a provider."""

    @classmethod
    def _provider(cls, company, name="Cards"):
        return cls.env["payment.provider"].create(
            {"name": name, "state": "test", "company_id": company.id, "allow_tokenization": True}
        )

    @classmethod
    def _save_card(cls, partner=None, provider=None):
        return cls.env["payment.token"].create(
            {
                "provider_id": (provider or cls.provider).id,
                "payment_method_id": cls.env.ref("payment.payment_method_card").id,
                "partner_id": (partner or cls.partner).id,
                "payment_details": "4242",
                "provider_ref": "card",
            }
        )


class CollectionCase(Cards, DocumentCase):
    """A fee of 49 a month, billed on 1 January, and a provider that never answers.

    What it is asked for stays unknown until a test says what it notifies, by the transaction's own
    methods. What really goes out is counted in tests/e2e/test_collection.py.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plan.collects = True
        cls.provider = cls._provider(cls.company)
        cls._register_in_bank()
        cls.token = cls._save_card()

    @classmethod
    def _register_in_bank(cls):
        """Let what the provider takes be registered as payments."""
        bank = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", cls.company.id)], limit=1
        )
        cls.env["account.payment.method.line"].create(
            {
                "journal_id": bank.id,
                "payment_method_id": cls.env.ref("account.account_payment_method_manual_in").id,
                "payment_provider_id": cls.provider.id,
            }
        )

    def _invoice(self, **vals):
        with freeze_time("2026-01-01"):
            subscription = self._start(**vals)
            self._bill()
        return subscription.invoice_ids

    def _collect(self):
        self.env.flush_all()
        self._run_cron("ir_cron_collect")
        self.env.invalidate_all()

    def _plan_attempts(self):
        """Make attempts, and do not send them yet."""
        self.env[ATTEMPT].sudo()._plan_all()

    def _pay_by_hand(self, invoice, amount=None):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoice.ids
        )
        wizard.create({"amount": amount} if amount else {})._create_payments()

    def _unknown_for(self, attempt, days=2):
        """Let an attempt have gone out some days ago."""
        attempt.sudo().sent_at -= timedelta(days=days)

    def assertAttempts(self, invoice, *expected):
        attempts = invoice.fusion_attempt_ids.sorted("id")
        self.assertEqual([(one.state, one.amount) for one in attempts], list(expected))
