from odoo import api, fields, models

from ..models.base.staff import check_staff


class FusionBillingWaiveWizard(models.TransientModel):
    """Asks why something that is owed is not billed: of rows of the ledger, or of a document."""

    _name = "fusion.billing.waive.wizard"
    _description = "Waive"
    _inherit = ["fusion.billing.owned.mixin"]

    rating_ids = fields.Many2many("fusion.billing.rating", string="Ratings")
    move_id = fields.Many2one("account.move", "Document")
    currency_id = fields.Many2one("res.currency", compute="_compute_amount")
    amount = fields.Monetary(
        compute="_compute_amount", help="What is not billed any more, before tax."
    )
    reason = fields.Char(required=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        context = self.env.context
        if context.get("active_model") == "fusion.billing.rating" and "rating_ids" in fields:
            values.setdefault("rating_ids", context.get("active_ids", []))
        return values

    @api.depends("rating_ids", "move_id")
    def _compute_amount(self):
        for wizard in self:
            currencies = wizard.rating_ids.currency_id | wizard.move_id.currency_id
            amounts = (
                wizard.move_id._fusion_lines_to_waive().mapped("price_subtotal")
                if wizard.move_id
                else wizard.rating_ids.mapped("due")
            )
            wizard.currency_id = currencies[:1]
            wizard.amount = sum(amounts) if len(currencies) == 1 else 0

    def action_waive(self):
        """Bill no more of what is due, or of what the document settles."""
        self.ensure_one()
        check_staff(self.rating_ids.subscription_id | self.move_id._fusion_subscriptions())
        if self.move_id:
            self.move_id._fusion_waive(self.reason)
        # sudo: the ledger is written by its own methods alone.
        self.rating_ids.sudo()._waive(self.reason)
        return {"type": "ir.actions.act_window_close"}
