from odoo import models


class FusionBillingPlan(models.Model):
    """What subscriptions say of plans."""

    _inherit = "fusion.billing.plan"

    def _is_in_use(self):
        # sudo: whoever looks, all subscriptions count.
        return bool(self.ids) and bool(
            self.env["fusion.billing.phase"]
            .sudo()
            .search_count([("plan_id", "in", self.ids)], limit=1)
        )

    def _request_rating(self):
        """Have the subscriptions on these plans rated again: prices or quotas changed."""
        # sudo: who sets prices need not see every subscription.
        phases = self.env["fusion.billing.phase"].sudo().search([("plan_id", "in", self.ids)])
        phases.subscription_id._fusion_request_rating()
