from odoo import fields, models


class ResCompany(models.Model):
    """What is done about customers who have not paid."""

    _inherit = "res.company"

    fusion_dunning_policy_id = fields.Many2one(
        "fusion.billing.dunning.policy",
        "Dunning Policy",
        check_company=True,
        help="What is done once an invoice of a subscription is overdue. Empty: nothing.",
    )
