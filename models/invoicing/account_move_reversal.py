from odoo import models

from ..base.engine import ENGINE, is_engine
from .account_move_line import BILL_AGAIN, CONCEDE, TAKE_BACK


class AccountMove(models.Model):
    """What credit notes do to what is settled (L4)."""

    _inherit = "account.move"

    def _reverse_moves(self, default_values_list=None, cancel=False):
        context = self.env.context
        replaced = is_engine(self.env) and context.get("fusion_copy") == BILL_AGAIN
        moves = self.with_context(
            fusion_engine=ENGINE, fusion_copy=TAKE_BACK if replaced else CONCEDE
        )
        reversals = super(AccountMove, moves)._reverse_moves(default_values_list, cancel=cancel)
        return reversals.with_env(self.env)


class AccountMoveReversal(models.TransientModel):
    """*Reverse and create invoice* is no concession: the new invoice settles the same again."""

    _inherit = "account.move.reversal"

    def reverse_moves(self, is_modify=False):
        if not is_modify:
            return super().reverse_moves(is_modify=is_modify)
        wizard = self.with_context(fusion_engine=ENGINE, fusion_copy=BILL_AGAIN)
        return super(AccountMoveReversal, wizard).reverse_moves(is_modify=is_modify)

    def _modify_default_reverse_values(self, origin_move):
        """The new invoice is for the same date: it is collected as the one that it replaces."""
        values = super()._modify_default_reverse_values(origin_move)
        if is_engine(self.env) and origin_move.fusion_bill_on:
            values["fusion_bill_on"] = origin_move.fusion_bill_on
        return values
