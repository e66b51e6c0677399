from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.staff import check_staff


class FusionBillingRating(models.Model):
    """Staff may decide that what is due is not billed, and may decide otherwise (L5)."""

    _inherit = "fusion.billing.rating"

    def action_fusion_waive(self):
        """Ask why what is due of these rows is not billed."""
        action = self.env["ir.actions.actions"]._for_xml_id("fusion_billing.waive_wizard_action")
        return dict(action, context={"default_rating_ids": self.ids})

    def action_fusion_take_back_waiver(self):
        """Let what was waived be due again."""
        check_staff(self.subscription_id)
        # sudo: the ledger is written by its own methods alone.
        self.sudo()._take_back_waiver()

    def _waive_amounts(self, amounts, reason):
        """Bill no more of some amounts of these rows.

        :param dict amounts: `{row: amount}`
        """
        for rating, amount in amounts.items():
            rating.write({"waived": rating.waived + amount, "waive_reason": reason})


class AccountMove(models.Model):
    """A whole document may be waived: it is cancelled, and what it settles is not billed again."""

    _inherit = "account.move"

    fusion_can_waive = fields.Boolean(
        "Can Be Waived", compute="_compute_fusion_can_waive",
    )

    @api.depends("state", "invoice_line_ids.fusion_settled")
    def _compute_fusion_can_waive(self):
        for move in self:
            move.fusion_can_waive = move.state != "cancel" and any(
                line.fusion_settled for line in move.invoice_line_ids
            )

    def action_fusion_waive(self):
        """Ask why what this document settles is not billed."""
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id("fusion_billing.waive_wizard_action")
        return dict(action, context={"default_move_id": self.id})

    def _fusion_waive(self, reason):
        """Cancel these documents and waive what they settled.

        :raise UserError: one was credited: then nothing of it is left to waive
        """
        if self.reversal_move_ids.filtered(lambda move: move.state != "cancel"):
            raise UserError(self.env._(
                "You cannot waive what was credited already: cancel the credit note first."
            ))
        # sudo: the ledger is written by its own methods alone.
        settled = {
            rating: sum(lines.mapped("fusion_settled"))
            for rating, lines in self.sudo().invoice_line_ids.grouped("fusion_rating_id").items()
            if rating
        }
        self.button_cancel()
        self.env["fusion.billing.rating"].sudo()._waive_amounts(settled, reason)
