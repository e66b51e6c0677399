"""An app's own totals, each read by itself."""

import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.api.errors import InvalidInput
from core.api.totals import READERS, read_total, read_totals, repeated

GOOD = {"subscription_external_id": "sub-42", "metric_code": "api_calls", "quantity": "7.5"}
json_values = st.none() | st.booleans() | st.text(max_size=9) | st.decimals(allow_nan=False)


class TestTotals(unittest.TestCase):
    def codes(self, **fields):
        total, errors = read_total({**GOOD, **fields})
        self.assertTrue(errors or total)
        return [error.code for error in errors]

    def test_a_total_is_read_exactly(self):
        total, errors = read_total({**GOOD, "amount": Decimal("0.10"), "currency": "EUR"})
        self.assertEqual(errors, [])
        self.assertEqual((total["quantity"], total["amount"]), (Decimal("7.5"), Decimal("0.10")))

    def test_an_amount_has_a_currency(self):
        _total, [error] = read_total({**GOOD, "amount": "1"})
        self.assertEqual((error.code, error.field), ("missing_field", "currency"))
        self.assertEqual(self.codes(currency="EUR"), [])

    def test_a_currency_is_a_code(self):
        for code in ("eur", "EURO", "", "€", 7, "EU\n"):
            with self.subTest(code):
                self.assertEqual(self.codes(amount="1", currency=code), ["invalid_currency"])

    def test_all_that_is_wrong_is_told_by_position(self):
        totals, errors = read_totals([GOOD, 7, {**GOOD, "quantity": "x"}, {}])
        self.assertEqual(totals, {0: read_total(GOOD)[0]})
        self.assertEqual(sorted({index for index, _error in errors}), [1, 2, 3])
        self.assertEqual(
            errors[0][1].as_dict(), {"code": "invalid_row", "error": "A row is a JSON object."}
        )

    def test_a_row_that_stands_twice_is_told_what_to_do(self):
        self.assertEqual(
            repeated().as_dict(),
            {
                "code": "duplicate_row",
                "error": "An earlier row has the same subscription and metric: send one total of"
                " both.",
                "field": "metric_code",
            },
        )

    @quick
    @given(st.dictionaries(st.sampled_from([*READERS, "other"]), json_values) | json_values)
    def test_whatever_is_sent_is_read_or_refused(self, raw):
        total, errors = read_total(raw)
        self.assertTrue(all(isinstance(error, InvalidInput) for error in errors))
        self.assertTrue(errors or total["quantity"] >= 0)


if __name__ == "__main__":
    unittest.main()
