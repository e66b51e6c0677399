from odoo import fields, models


class FusionBillingUsageCorrection(models.Model):
    """A counter as it was before it was replaced: the log that makes every correction visible."""

    _name = "fusion.billing.usage.correction"
    _description = "Usage Correction"
    _order = "id desc"
    _rec_name = "usage_id"

    usage_id = fields.Many2one(
        "fusion.billing.usage", required=True, index=True, ondelete="cascade"
    )
    create_date = fields.Datetime("Replaced on", readonly=True)
    source = fields.Char("Replaced by")
    new_quantity = fields.Float(digits=(24, 6))
    # What the counter said until then.
    quantity = fields.Float("Old Quantity", digits=(24, 6))
    value = fields.Char("Old Value")
    dimensions = fields.Json("Old Dimensions")
    period_start = fields.Datetime("Old Start")
    period_end = fields.Datetime("Old End")
