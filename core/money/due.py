"""What is due of what is owed.

Documents settle what is owed; staff may waive some of it. All amounts are decimals that are
rounded to the currency already.
"""

from .exact import ZERO


def due(owed, settled, waived):
    """What stands on no document yet; negative where documents settle more than is owed (L2)."""
    return owed - settled - waived


def next_amount(owed, settled, waived, borne):
    """What the next document bills, or, negative, credits (L4).

    A credit goes until the customer bears what is owed, and not below: what staff have credited
    of their own accord counts. What is held back is credited once the customer bears it again.

    :param borne: what the customer bears: the actual amounts of all documents that are not
        cancelled, drafts included
    """
    amount = due(owed, settled, waived)
    if amount >= 0:
        return amount
    return max(amount, min(owed - waived - borne, ZERO))
