"""What is due of what is owed.

Documents settle what is owed; staff may waive some of it. All amounts are decimals that are
rounded to the currency already.
"""

from decimal import localcontext

from .exact import EXACT, ZERO


def due(owed, settled, waived):
    """What stands on no document yet; negative where documents settle more than is owed (L2).

    A waiver holds back what it was given for, a bill or (negative) a credit, and not more: what
    was waived and is then not owed any more is not given back, nor the other way round (L5).
    """
    with localcontext(EXACT):
        unsettled = owed - settled
        if waived > 0:
            return max(unsettled - waived, min(unsettled, ZERO))
        return min(unsettled - waived, max(unsettled, ZERO))


def next_amount(owed, settled, waived, borne):
    """What the next document bills, or, negative, credits (L4).

    A credit goes until the customer bears what is owed, and not below: what staff have credited
    of their own accord counts. What is held back is credited once the customer bears it again.

    :param borne: what the customer bears: the actual amounts of all documents that are not
        cancelled, drafts included
    """
    amount = due(owed, settled, waived)
    with localcontext(EXACT):
        # A credit that was waived stays with us; what was waived of a bill is not credited, too.
        left_to_credit = min(owed - min(waived, ZERO) - borne, ZERO)
    return max(amount, left_to_credit)  # a bill is above it, and stays as it is
