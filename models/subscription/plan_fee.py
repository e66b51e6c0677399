from odoo import models


class FusionBillingPlanFee(models.Model):
    """What subscriptions say of the fees of plans."""

    _inherit = "fusion.billing.plan.fee"

    def unlink(self):
        """Archive the fees that subscriptions have: theirs go on, and no new ones begin."""
        # sudo: whoever takes a fee from a plan, all subscriptions keep theirs.
        lines = self.env["sale.order.line"].sudo().search([("fusion_plan_fee_id", "in", self.ids)])
        used = self.filtered(lambda fee: fee in lines.fusion_plan_fee_id)
        used.active = False
        return super(FusionBillingPlanFee, self - used).unlink()
