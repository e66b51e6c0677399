from odoo import fields, models


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

    def _posts(self):
        """Whether documents are posted without anybody looking at them."""
        self.ensure_one()
        return self.invoice_mode != "draft"
