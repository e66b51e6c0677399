from odoo import fields, models


class FusionBillingPlan(models.Model):
    """Whether documents of subscriptions to a plan may be shared."""

    _inherit = "fusion.billing.plan"

    one_document = fields.Boolean(
        "One Document per Customer",
        tracking=True,
        help="What several subscriptions of a customer owe on the same day stands on one document,"
        " if they have the same currency, payment terms and fiscal position. It can be"
        " decided for a single customer, too.",
    )
