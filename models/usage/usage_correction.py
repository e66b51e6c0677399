from odoo import fields, models

# What a counter says: each of these is kept when one of them changes.
CONTENT = {
    "metric_id",
    "quantity",
    "value",
    "dimensions",
    "period_start",
    "period_end",
    "idempotency_key",
}


class FusionBillingUsageCorrection(models.Model):
    """A counter as it was before it was changed or deleted: the log that makes it visible (U3).

    It outlives the counter, so it says itself whose that was.
    """

    _name = "fusion.billing.usage.correction"
    _description = "Usage Correction"
    _order = "id desc"
    _rec_name = "metric_id"

    usage_id = fields.Many2one(
        "fusion.billing.usage", index=True, ondelete="set null", help="Empty: it is deleted."
    )
    subscription_id = fields.Many2one("sale.order", required=True, index=True, ondelete="restrict")
    create_date = fields.Datetime("Replaced on", readonly=True)
    source = fields.Char("Replaced by")
    deleted = fields.Boolean(help="The counter was deleted, not replaced.")
    deleted_number = fields.Integer(
        "Old ID", aggregator=None, help="What apps knew the deleted counter by."
    )
    new_quantity = fields.Float(digits=(24, 6))
    # What the counter said until then.
    metric_id = fields.Many2one(
        "fusion.billing.metric", "Old Metric", required=True, ondelete="restrict"
    )
    idempotency_key = fields.Char("Old Idempotency Key")
    quantity = fields.Float("Old Quantity", digits=(24, 6))
    value = fields.Char("Old Value")
    dimensions = fields.Json("Old Dimensions")
    period_start = fields.Datetime("Old Start")
    period_end = fields.Datetime("Old End")

    _deleted_idx = models.Index("(create_date) WHERE deleted")
