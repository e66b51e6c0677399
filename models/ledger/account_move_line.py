from odoo import fields, models


class AccountMoveLine(models.Model):
    """Documents settle what is owed, each line a row of the ledger (L2)."""

    _name = "account.move.line"
    _inherit = ["account.move.line", "fusion.billing.technical.mixin"]

    fusion_rating_id = fields.Many2one(
        "fusion.billing.rating",
        "Rating",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        readonly=True,
    )
    fusion_settled = fields.Monetary(
        "Settles",
        currency_field="currency_id",
        copy=False,
        readonly=True,
        technical=True,
        help="How much of what is owed this line settles, whatever people then do to its price."
        " Negative: it gives back.",
    )
    fusion_price_factor = fields.Float(
        "Price Factor",
        digits=(32, 12),
        default=1,
        copy=False,
        readonly=True,
        technical=True,
        help="What is owed for one unit of the line's own price: not 1 where a fiscal position"
        " adapted a price that includes taxes.",
    )
