from odoo import fields, models

from ..base.bounded import Whole


class FusionBillingPlan(models.Model):
    """What becomes of documents of subscriptions to a plan."""

    _inherit = "fusion.billing.plan"

    invoice_mode = fields.Selection(
        selection_add=[("send", "Post and send"), ("draft",)],
        ondelete={"send": "set default"},
        help="What becomes of documents. They are sent as each customer wants, by e-mail if they"
        " do not say otherwise.",
    )
    one_document = fields.Boolean(
        "One Document per Customer",
        tracking=True,
        help="What several subscriptions of a customer owe on the same day stands on one document,"
        " if they have the same currency, payment terms and fiscal position. It can be"
        " decided for a single customer, too.",
    )
    review_tolerance = Whole(
        "Review Tolerance (%)",
        required=True,
        default=50,
        tracking=True,
        help="A draft is pointed out if a metric or a fee came to more or less than in the billing"
        " period before, by more than this.",
    )

    _review_tolerance_valid = models.Constraint(
        "CHECK(review_tolerance BETWEEN 0 AND 10000)",
        "A review tolerance must be between 0 and 10,000 percent.",
    )

    def _posts(self):
        """Whether documents are posted without anybody looking at them."""
        self.ensure_one()
        return self.invoice_mode != "draft"
