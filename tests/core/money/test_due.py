"""What the next document bills or credits, whatever people did with those before it."""

import unittest
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import quick

from core.money.due import due, next_amount

cents = st.integers(-5_000, 50_000).map(lambda number: Decimal(number).scaleb(-2))
amounts = st.integers(0, 50_000).map(lambda number: Decimal(number).scaleb(-2))


class Row:
    """A row of the ledger with the documents that name it."""

    def __init__(self):
        self.owed = self.settled = self.waived = self.borne = Decimal(0)

    @property
    def due(self):
        return due(self.owed, self.settled, self.waived)

    @property
    def next(self):
        return next_amount(self.owed, self.settled, self.waived, self.borne)

    def bill(self):
        amount = self.next
        self.settled += amount
        self.borne += amount
        return amount

    def waive(self):
        self.waived = self.owed - self.settled

    def concede(self, amount):
        """Staff write a credit note, of no more than the customer bears."""
        self.borne -= min(amount, max(self.borne, 0))


def do(row, action, amount):
    if action == "owe":
        row.owed = amount
    elif action == "concede":
        row.concede(amount)
    elif action == "take back":
        row.waived = Decimal(0)
    else:
        getattr(row, action)()


steps = st.tuples(st.sampled_from(("owe", "bill", "waive", "concede", "take back")), amounts)
histories = st.lists(steps, max_size=12)


class TestDue(unittest.TestCase):
    """L2, L4, L5, in examples."""

    def test_what_is_owed_and_on_no_document_is_due(self):
        """L2."""
        self.assertEqual(due(Decimal(10), Decimal(4), Decimal(0)), 6)
        self.assertEqual(due(Decimal(10), Decimal(14), Decimal(0)), -4)

    def test_a_concession_does_not_make_the_row_due_again(self):
        """L4."""
        self.assertEqual(next_amount(Decimal(10), Decimal(10), Decimal(0), Decimal(7)), 0)

    def test_a_correction_downwards_counts_a_concession_already_made(self):
        """L4: billed 10, 3 credited by hand, 6 owed after all: 1 is left to credit."""
        self.assertEqual(next_amount(Decimal(6), Decimal(10), Decimal(0), Decimal(7)), -1)

    def test_nothing_is_credited_below_what_is_owed(self):
        """L4: billed 10, 6 credited by hand, 8 owed after all."""
        self.assertEqual(next_amount(Decimal(8), Decimal(10), Decimal(0), Decimal(4)), 0)

    def test_what_was_held_back_is_credited_once_the_customer_bears_it_again(self):
        """L4: the concession of 6 is cancelled."""
        self.assertEqual(next_amount(Decimal(8), Decimal(10), Decimal(0), Decimal(10)), -2)

    def test_a_line_made_dearer_is_not_credited_by_itself(self):
        """L2: it settles what it settles; a correction credits no more than the difference."""
        self.assertEqual(next_amount(Decimal(8), Decimal(10), Decimal(0), Decimal(12)), -2)

    def test_what_was_waived_is_not_given_back_when_it_is_not_owed_after_all(self):
        """L4, L5: 10 waived, never billed; then only 6 are owed."""
        self.assertEqual(due(Decimal(6), Decimal(0), Decimal(10)), 0)
        self.assertEqual(next_amount(Decimal(6), Decimal(0), Decimal(10), Decimal(0)), 0)

    def test_a_credit_goes_down_to_what_is_owed_also_beside_a_waiver(self):
        """L4, L5: 6 of 10 billed, 4 waived; then 3 are owed, and 3 not 7 are credited."""
        self.assertEqual(next_amount(Decimal(3), Decimal(6), Decimal(4), Decimal(6)), -3)

    def test_more_usage_after_a_waiver_is_billed(self):
        """L5: what was waived is the 10 of then."""
        self.assertEqual(next_amount(Decimal(12), Decimal(0), Decimal(10), Decimal(0)), 2)

    def test_a_credit_that_was_waived_is_not_billed_when_it_is_owed_after_all(self):
        """L5: billed 10, 6 owed, the credit of 4 waived; then 10 are owed again, and borne."""
        self.assertEqual(due(Decimal(10), Decimal(10), Decimal(-4)), 0)
        self.assertEqual(next_amount(Decimal(3), Decimal(10), Decimal(-4), Decimal(10)), -3)

    def test_a_concession_counts_beside_a_credit_that_was_waived(self):
        """L4, L5: billed 10, the credit of 4 waived, 2 credited by hand; of 0 owed, 4 are left."""
        self.assertEqual(next_amount(Decimal(0), Decimal(10), Decimal(-4), Decimal(8)), -4)

    def test_a_fee_below_zero_is_given_once(self):
        """L2: a recurring rebate."""
        rebate = Decimal(-10)
        self.assertEqual(next_amount(rebate, Decimal(0), Decimal(0), Decimal(0)), -10)
        self.assertEqual(next_amount(rebate, rebate, Decimal(0), rebate), 0)
        self.assertEqual(due(rebate, Decimal(0), rebate), 0)

    def test_thirty_digits_are_kept(self):
        """M1."""
        owed = Decimal("123456789012345678901234567890.12")
        self.assertEqual(str(due(owed, Decimal("0.01"), Decimal(0)))[-3:], ".11")
        borne = Decimal("123456789012345678901234567890.11")
        credit = next_amount(Decimal(0), owed, Decimal(0), borne)
        self.assertEqual(str(credit), f"-{borne}")


class TestAnyHistory(unittest.TestCase):
    @quick
    @given(cents, cents, cents, cents)
    def test_a_credit_never_lets_the_customer_bear_less_than_is_owed(
        self, owed, settled, waived, borne
    ):
        """L4."""
        amount = next_amount(owed, settled, waived, borne)
        if amount < 0:
            self.assertGreaterEqual(borne + amount, owed - max(waived, 0))
            self.assertGreaterEqual(borne + amount, owed - min(waived, 0) if waived < 0 else owed)

    @quick
    @given(cents, cents, cents, cents)
    def test_once_documented_nothing_is_left(self, owed, settled, waived, borne):
        """L2, L3: the next run finds nothing to do."""
        amount = next_amount(owed, settled, waived, borne)
        again = next_amount(owed, settled + amount, waived, borne + amount)
        self.assertEqual(again, 0)

    @quick
    @given(cents, cents, cents)
    def test_a_waiver_never_turns_what_is_due_round(self, owed, settled, waived):
        """L5: it brings it to zero, or towards zero."""
        without, left = due(owed, settled, Decimal(0)), due(owed, settled, waived)
        self.assertGreaterEqual(left * without, 0)
        self.assertLessEqual(abs(left), abs(without))
        self.assertEqual(due(owed, settled, owed - settled), 0)

    @quick
    @given(histories)
    def test_documents_by_themselves_come_to_what_is_owed(self, history):
        """L2: without concessions and waivers the customer bears what is owed."""
        row = Row()
        for action, amount in history:
            if action in ("owe", "bill"):
                do(row, action, amount)
        row.bill()
        self.assertEqual((row.borne, row.settled, row.due), (row.owed, row.owed, 0))

    @quick
    @given(histories)
    def test_no_history_bills_more_than_is_owed_or_credits_more_than_is_borne(self, history):
        """L4, L5: whatever people do in whatever order."""
        row = Row()
        for action, amount in [*history, ("bill", None)]:
            borne = row.borne
            do(row, action, amount)
            if action == "bill" and row.borne > borne:
                self.assertLessEqual(row.borne, row.owed)
            if action == "bill":
                self.assertGreaterEqual(row.borne, 0)
                self.assertEqual(row.next, 0)

    @quick
    @given(histories)
    def test_when_nothing_is_billed_meanwhile_only_the_outcome_counts(self, history):
        """L1: what was owed in between leaves no trace."""
        row, owed = Row(), [amount for action, amount in history if action == "owe"]
        for amount in owed:
            do(row, "owe", amount)
        self.assertEqual(row.bill(), owed[-1] if owed else 0)
