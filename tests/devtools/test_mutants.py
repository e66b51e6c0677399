"""What lives and is not explained is told, and what is explained and does not live."""

import unittest

from devtools.mutants import compare

TEXT = """
Some words, and what they explain:

- `core.money.due.due: if waived > 0: → if waived >= 0:`: zero either way
- `core.money.pricing.*: *rows[0]* → *`
- `core.api.paging.after: → return None`
"""


class TestCompare(unittest.TestCase):
    def test_a_mutant_that_is_explained_may_live(self):
        alive = {
            "core.money.due.due: if waived > 0: → if waived >= 0:",
            "core.money.pricing.price: return rows[0] → return None",
        }
        self.assertEqual(compare("money", alive, TEXT), ([], []))

    def test_one_that_is_not_is_told_and_so_is_an_explanation_of_what_is_dead(self):
        alive = {"core.money.due.due: a → b", "core.money.pricing.price: rows0 → None"}
        strange, gone = compare("money", alive, TEXT)
        self.assertEqual(strange, sorted(alive))
        self.assertEqual(len(gone), 2)
