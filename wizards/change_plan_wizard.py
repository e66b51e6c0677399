from odoo import fields, models


class ChangePlanWizard(models.TransientModel):
    """Asks for a subscription's next plan, and for its first day."""

    _name = "fusion.billing.change.plan.wizard"
    _description = "Change the Plan of a Subscription"

    subscription_id = fields.Many2one("sale.order", required=True, readonly=True)
    company_id = fields.Many2one(related="subscription_id.company_id")
    current_plan_id = fields.Many2one(related="subscription_id.fusion_plan_id")
    period_end = fields.Date(related="subscription_id.fusion_next_invoice_date")
    plan_id = fields.Many2one(
        "fusion.billing.plan", "New Plan", required=True, ondelete="cascade",
        domain="[('company_id', '=', company_id), ('id', '!=', current_plan_id)]",
    )
    date = fields.Date("From", help="First day on the new plan.")

    def action_change_plan(self):
        self.ensure_one()
        self.subscription_id._fusion_check_staff()
        self.subscription_id._fusion_change_plan(self.plan_id, self.date or None)
        return {"type": "ir.actions.act_window_close"}
