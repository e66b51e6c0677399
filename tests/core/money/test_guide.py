"""The guide for billing staff tells the truth: every number in its price tables is priced here."""

import re
import unittest
from decimal import Decimal
from pathlib import Path

from core.money.pricing import price

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "billing-staff.md"
MODELS = {
    "Standard": "standard",
    "Package": "package",
    "Graduated": "graduated",
    "Volume": "volume",
    "Stairstep": "stairstep",
    "Percentage": "percentage",
    "Graduated percentage": "graduated_percentage",
    "Minimum and maximum": "standard",
}
COLUMNS = {"up to": "up_to", "price": "unit_amount", "flat amount": "flat_amount", "rate": "rate"}


def read_sections(text):
    """Yield (title, section text) of the price models."""
    models = text.partition("\n## Price models\n")[2].partition("\n## ")[0]
    for section in re.split(r"^### ", models, flags=re.M)[1:]:
        title, _newline, rest = section.partition("\n")
        yield title.strip(), rest


def read_tables(section):
    """Return the section's tables: lists of {column: text}."""
    tables = []
    for block in re.findall(r"(?:^\|.*\n)+", section, flags=re.M):
        rows = [
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()
        ]
        tables.append([dict(zip(rows[0], row, strict=True)) for row in rows[2:]])
    return tables


def read_terms(section, tables):
    found = re.search(r"^`(.*)`$", section, flags=re.M)
    terms = dict(term.split("=") for term in found[1].split()) if found else {}
    for table in tables:
        if "tier" in table[0]:
            terms["tiers"] = [
                {COLUMNS[name]: value or None for name, value in row.items() if name != "tier"}
                for row in table
            ]
    return terms


class TestGuide(unittest.TestCase):
    def test_every_price_model_has_a_table_and_every_number_in_it_is_right(self):
        sections = dict(read_sections(GUIDE.read_text()))
        self.assertEqual(set(sections), set(MODELS))
        for title, section in sections.items():
            tables = read_tables(section)
            terms = read_terms(section, tables)
            priced = [row for table in tables for row in table if "used" in row]
            self.assertGreater(len(priced), 1, title)
            for row in priced:
                with self.subTest(title=title, used=row["used"]):
                    amount = price(MODELS[title], row["used"], **terms).amount
                    self.assertEqual(amount, Decimal(row["billed"]))
