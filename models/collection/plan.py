from odoo import fields, models


class FusionBillingPlan(models.Model):
    """Whether what a plan bills is charged to the customer's saved payment method."""

    _inherit = "fusion.billing.plan"

    collects = fields.Boolean(
        "Collect Automatically",
        tracking=True,
        help="Invoices are charged to the customer's saved payment method. It can be decided"
        " otherwise for a single customer.",
    )
