"""What customers read is in their language: French, also that of Canada."""

import polib

from odoo.tests import tagged
from odoo.tools import file_path

from .common import BillingCase

INVOICE_WORDS = {
    "%(metric)s, %(period)s\n%(used)s used, %(included)s included, %(billed)s billed",
    "Correction for %(period)s: %(change)s %(metric)s\n"
    "%(used)s used, %(included)s included, %(billed)s billed",
}


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
        self.assertIn(": +1 200 Appels d’API 2 450,5 utilisés, 1 000 inclus", words)

    def test_prices_read_in_french(self):
        charge = self.env["fusion.billing.charge"].search([], limit=1).with_context(lang="fr_CA")
        self.assertIn("inclus, puis", charge.price_summary)

    def test_a_translation_names_the_same_values(self):
        """A value that is misspelt would make the invoice fail."""
        terms = polib.pofile(file_path("fusion_billing/i18n/fr.po"))
        self.assertLessEqual(INVOICE_WORDS, {term.msgid for term in terms})
        values = {name: name for name in (
            "metric", "period", "used", "included", "billed", "change", "quota", "price", "batch",
            "rate", "fee", "up_to", "tier", "above", "units", "batches", "unit_batch",
            "unit_amount", "minimum", "maximum", "days", "share", "own", "other",
        )}
        for term in terms:
            with self.subTest(term.msgid):
                given = "1" if "%s" in term.msgid else values
                self.assertTrue(term.msgstr % given)
