from odoo import api, fields, models


class ResCompany(models.Model):
    """What is done about customers who have not paid."""

    _inherit = "res.company"

    fusion_dunning_policy_id = fields.Many2one(
        "fusion.billing.dunning.policy",
        "Dunning Policy",
        check_company=True,
        help="What is done once an invoice of a subscription is overdue. Empty: nothing.",
    )

    @api.constrains("fusion_dunning_policy_id")
    def _check_fusion_dunning_policy(self):
        self._check_company(["fusion_dunning_policy_id"])
