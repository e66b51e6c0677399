from odoo import fields, models


class FusionBillingThreshold(models.Model):
    """A threshold may be a customer's own: somebody of them is told by e-mail, too."""

    _inherit = "fusion.billing.threshold"
    _check_company_auto = True

    told_partner_id = fields.Many2one(
        "res.partner",
        "Told by E-mail",
        index="btree_not_null",
        check_company=True,
        ondelete="cascade",
        help="The customer's contact who is told. Customers set, see and remove these themselves"
        " in the portal.",
    )
    is_budget = fields.Boolean("Budget", help="It is what the customer wants to spend on usage.")

    _one_budget = models.UniqueIndex(
        "(subscription_id) WHERE is_budget", "A subscription must have one budget at most."
    )
    _told_of_amounts = models.Constraint(
        "CHECK(told_partner_id IS NULL OR (subscription_id IS NOT NULL AND kind = 'amount'))",
        "A customer is told of an amount of a subscription: choose a subscription and an amount.",
    )
    _budget_is_told = models.Constraint(
        "CHECK(NOT is_budget OR told_partner_id IS NOT NULL)",
        "A budget must say who is told that it is used up.",
    )
