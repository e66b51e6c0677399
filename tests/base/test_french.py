"""What customers read is in their language: French, also that of Canada."""

from odoo.tests import tagged

from ..common import BillingCase


@tagged("post_install", "-at_install")
class TestFrench(BillingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_CA")
        cls.partner.lang = "fr_CA"
        cls._charge(included_quota=1000, price_per_unit=0.5)
        cls.calls.with_context(lang="fr_CA").name = "Appels d’API"

    def _words(self, invoice):
        """What an invoice says, with plain spaces."""
        return [" ".join(name.split()) for name in invoice.invoice_line_ids.mapped("name")]

    def test_m4_a_french_customer_s_invoice_is_in_french(self):
        subscription = self._subscribe()
        self._use(subscription, 1250.5)
        self._bill_at("2026-02-01 01:00:00")
        [words] = self._words(subscription.invoice_ids)
        self.assertIn("Appels d’API, 1–31 janv. 2026", words)
        self.assertIn("1 250,5 utilisés, 1 000 inclus, 250,5 facturés", words)

    def test_r9_so_is_a_correction(self):
        subscription = self._subscribe()
        self._use(subscription, 1250.5)
        self._bill_at("2026-02-01 01:00:00")
        self._use(subscription, 1200, "2026-01-11")
        self._bill_at("2026-03-01 01:00:00")
        [words] = self._words(subscription.invoice_ids.sorted("id")[-1])
        self.assertIn("Correction pour", words)
        self.assertIn(": Appels d’API, était 1 250,5, maintenant 2 450,5", words)
        self.assertIn("2 450,5 utilisés, 1 000 inclus, 1 450,5 facturés", words)

    def test_prices_read_in_french(self):
        charge = self.env["fusion.billing.charge"].search([], limit=1).with_context(lang="fr_CA")
        self.assertIn("inclus, puis", charge.price_summary)
