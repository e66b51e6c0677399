"""Every term of the addon is in the template, and in French."""

import re
from pathlib import Path

import polib
from lxml import etree

from odoo.modules import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import (
    JAVASCRIPT_TRANSLATION_COMMENT,
    PYTHON_TRANSLATION_COMMENT,
    TranslationModuleReader,
)

ADDON = Path(get_module_path("fusion_billing"))
#: Of the addon's own models, those of which it brings records.
SHIPPED = "fusion.billing.dunning."
#: Nobody who bills reads these.
NOT_READ = {"devtools", "tests"}


class AddonReader(TranslationModuleReader):
    """Odoo's exporter, over this addon's sources alone; its own walks every addon there is."""

    def _export_imdinfo(self, model, imd_per_id):
        """Leave out what demonstration data made: its names stay as they are."""
        if model.startswith(SHIPPED) or not model.startswith(("fusion.", "product.")):
            super()._export_imdinfo(model, imd_per_id)

    def _export_translatable_resources(self):
        for path in ADDON.glob("[!.]*/**/*.py"):
            if path.relative_to(ADDON).parts[0] not in NOT_READ:
                self._read(path, "odoo.tools.babel:extract_python", PYTHON_TRANSLATION_COMMENT, "_")
        for path in ADDON.glob("static/src/**/*.js"):
            self._read(
                path, "odoo.tools.babel:extract_javascript", JAVASCRIPT_TRANSLATION_COMMENT, "_t"
            )
        for path in ADDON.glob("static/src/**/*.xml"):
            self._read(
                path, "odoo.tools.translate:babel_extract_qweb", JAVASCRIPT_TRANSLATION_COMMENT
            )

    def _read(self, path, method, comment, *keywords):
        self._babel_extract_terms(
            path.name,
            str(ADDON.parent),
            str(path.parent),
            method,
            extra_comments=[comment],
            extract_keywords=dict.fromkeys(keywords),
        )


def values(text):
    """The values a text names: `%(used)s`, `%s`."""
    return sorted(re.findall(r"%(?:\(\w+\))?s", text))


def elements(text):
    """The elements of a text, and when they are invisible."""
    root = etree.fromstring(f"<root>{text}</root>")
    return [(node.tag, node.get("invisible")) for node in root.iter()]


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.terms = {source for *_, source, _, _ in AddonReader(cls.env.cr, ["fusion_billing"])}
        cls.inherited = {
            text
            for model in cls.env.values()
            if model._name.startswith("fusion.")
            for field in model._fields.values()
            if "fusion_billing" not in field._modules
            for text in (field.string, field.help)
        }
        cls.template = polib.pofile(str(ADDON / "i18n" / "fusion_billing.pot"))
        cls.french = polib.pofile(str(ADDON / "i18n" / "fr.po"))

    def test_the_template_has_all_terms_of_the_addon(self):
        """What its models inherit differs from one release of Odoo to the next."""
        listed = {entry.msgid for entry in self.template}
        self.assertEqual(self.terms - self.inherited - listed, set())

    def test_the_template_has_no_terms_that_are_gone(self):
        listed = {
            entry.msgid
            for entry in self.template
            if not all("ir.model.fields," in source for source, _line in entry.occurrences)
        }
        self.assertEqual(listed - self.terms, set())

    def test_every_term_is_translated_to_french(self):
        translated = {entry.msgid for entry in self.french.translated_entries()}
        self.assertEqual(translated, {entry.msgid for entry in self.template})

    def test_a_translation_names_the_same_values(self):
        """One that is missing or misspelt would make the invoice or the message fail."""
        for entry in self.french:
            with self.subTest(entry.msgid):
                self.assertEqual(values(entry.msgstr), values(entry.msgid))

    def test_a_translation_of_a_screen_has_the_same_elements(self):
        for entry in self.french:
            if "<" in entry.msgid:
                with self.subTest(entry.msgid):
                    self.assertEqual(elements(entry.msgstr), elements(entry.msgid))

    def test_a_screen_reads_in_french(self):
        self.env["res.lang"]._activate_lang("fr_CA")
        self.env.ref("base.module_fusion_billing")._update_translations(["fr_CA"])
        charge = self.env["fusion.billing.charge"].with_context(lang="fr_CA")
        self.assertIn("Le dernier palier n’a pas de fin", charge.get_view(view_type="form")["arch"])
