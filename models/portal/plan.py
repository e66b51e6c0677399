from odoo import fields, models


class FusionBillingPlan(models.Model):
    """What customers on a plan may do themselves: nothing, unless the plan says so."""

    _inherit = "fusion.billing.plan"
    _check_company_auto = True

    customer_plan_ids = fields.Many2many(
        "fusion.billing.plan",
        "fusion_billing_plan_customer_rel",
        "plan_id",
        "other_id",
        "Customers May Change To",
        check_company=True,
        domain="[('company_id', '=', company_id), ('id', '!=', id)]",
        help="Plans that customers may move to in the portal, after they saw what it comes to.",
    )
    customer_closing = fields.Selection(
        [
            ("no", "No"),
            ("period_end", "At the end of the billing period"),
            ("any_day", "Now, or at the end of the billing period"),
        ],
        "Customers May Cancel",
        required=True,
        default="no",
        tracking=True,
        help="Whether customers may end their subscription in the portal, and when. Now means"
        " that prepaid days are credited as the plan's fees are shared out by days.",
    )
