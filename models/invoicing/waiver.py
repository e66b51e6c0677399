from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.engine import as_engine
from ..base.staff import check_staff


class FusionBillingRating(models.Model):
    """Staff may decide that what is due is not billed, and may decide otherwise (L5)."""

    _inherit = "fusion.billing.rating"

    def action_fusion_waive(self):
        """Ask why what is due of these rows is not billed."""
        check_staff(self, "read")
        action = self.env["ir.actions.actions"]._for_xml_id("fusion_billing.waive_wizard_action")
        return dict(action, context={"default_rating_ids": self.ids})

    def action_fusion_take_back_waiver(self):
        """Let what was waived be due again."""
        check_staff(self.subscription_id)
        # sudo: the ledger is written by its own methods alone.
        self.sudo()._take_back_waiver()

    def _waive_amount(self, amount, reason):
        """Bill an amount of this row no more."""
        self.write({"waived": self.waived + amount, "waive_reason": reason})

    def _waive_no_more(self, amount):
        """Take back the waiver of an amount, unless it was taken back already."""
        left = self.currency_id.round(self.waived - amount)
        if left * self.waived > 0:
            self.waived = left
        else:
            self._take_back_waiver()


class AccountMove(models.Model):
    """A whole document may be waived: it is cancelled, and what it bills is not billed again."""

    _inherit = "account.move"

    fusion_can_waive = fields.Boolean(
        "Can Be Waived", compute="_compute_fusion_can_waive", technical=True
    )
    fusion_is_waived = fields.Boolean(
        "Is Waived", compute="_compute_fusion_can_waive", technical=True
    )

    @api.depends("state", "invoice_line_ids.fusion_settled", "invoice_line_ids.fusion_waived")
    def _compute_fusion_can_waive(self):
        for move in self:
            is_cancelled = move.state == "cancel"
            move.fusion_can_waive = not is_cancelled and bool(move._fusion_lines_to_waive())
            move.fusion_is_waived = is_cancelled and any(
                move.invoice_line_ids.mapped("fusion_waived")
            )

    def action_fusion_waive(self):
        """Ask why what this document bills is not billed."""
        self.ensure_one()
        check_staff(self)
        action = self.env["ir.actions.actions"]._for_xml_id("fusion_billing.waive_wizard_action")
        return dict(action, context={"default_move_id": self.id})

    def action_fusion_take_back_waiver(self):
        """Let what these cancelled documents billed be due again."""
        check_staff(self._fusion_subscriptions())
        self.filtered("fusion_is_waived")._fusion_take_back_waiver()

    def button_draft(self):
        result = super().button_draft()
        # It bills again what was waived with it: no more of that is held back.
        self._fusion_take_back_waiver()
        return result

    def _fusion_take_back_waiver(self):
        # sudo: who resets an invoice need not see the ledger.
        lines = self.sudo().invoice_line_ids.filtered("fusion_waived")
        as_engine(lines).fusion_waived = False
        for rating, settled in lines._fusion_settled_by_rating():
            rating._waive_no_more(settled)

    def _fusion_waive(self, reason):
        """Cancel these documents and waive what they bill: rows of the ledger, one-off lines.

        :raise UserError: one was credited: then nothing of it is left to waive
        """
        if self.reversal_move_ids.filtered(lambda move: move.state != "cancel"):
            raise UserError(
                self.env._(
                    "You cannot waive what was credited already: cancel the credit note first."
                )
            )
        lines = self._fusion_lines_to_waive()
        self.button_cancel()
        as_engine(lines).fusion_waived = True
        for rating, settled in lines._fusion_settled_by_rating():
            rating._waive_amount(settled, reason)

    def _fusion_lines_to_waive(self):
        """Return the lines that bill subscriptions."""
        # sudo: who works on invoices need not see subscriptions, nor write the ledger.
        return self.sudo().invoice_line_ids.filtered(
            lambda line: line.fusion_settled if line.fusion_rating_id else line._fusion_is_one_off()
        )


class AccountMoveLine(models.Model):
    """What lines bill of subscriptions can be waived."""

    _inherit = "account.move.line"

    def _fusion_is_one_off(self):
        """Whether the line bills a one-off order line of a subscription."""
        self.ensure_one()
        return not self.display_type.startswith("line_") and bool(
            self.sale_line_ids.filtered(
                lambda line: not line.is_downpayment
            ).order_id.fusion_phase_ids
        )

    def _fusion_settled_by_rating(self):
        """Return what these lines settle: pairs of a row of the ledger and an amount."""
        # sudo: the ledger is written by its own methods alone.
        return [
            (rating, sum(lines.mapped("fusion_settled")))
            for rating, lines in self.sudo().grouped("fusion_rating_id").items()
            if rating
        ]
