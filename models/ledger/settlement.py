from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.money.due import due, next_amount


class FusionBillingRating(models.Model):
    """What of a row is settled, and what its customer bears (L2, L4)."""

    _inherit = "fusion.billing.rating"

    invoice_line_ids = fields.One2many("account.move.line", "fusion_rating_id", "Document Lines")
    settled = fields.Monetary(compute="_compute_settled", store=True)
    borne = fields.Monetary(
        compute="_compute_borne",
        help="What all documents that are not cancelled come to for the customer, drafts included.",
    )

    @api.depends("invoice_line_ids.fusion_settled", "invoice_line_ids.parent_state")
    def _compute_settled(self):
        for rating in self:
            lines = rating.invoice_line_ids.filtered(lambda line: line.parent_state != "cancel")
            rating.settled = sum(lines.mapped("fusion_settled"))

    @api.depends("invoice_line_ids.price_unit", "invoice_line_ids.parent_state")
    def _compute_borne(self):
        borne = self._borne()
        for rating in self:
            rating.borne = float(borne[rating.id])

    def _borne(self):
        """Return what the customers bear of these rows: `{id: Decimal}`."""
        self.env["account.move.line"].flush_model()
        self.env["account.move"].flush_model(["move_type", "state"])
        rows = self.env.execute_query(SQL(BORNE, self.ids)) if self.ids else []
        return defaultdict(Decimal, ((row, Decimal(amount)) for row, amount in rows))

    def _next_amounts(self):
        """Return what the next document bills, or, negative, credits: `{rating: Decimal}`."""
        exact = self._read_exact(["amount", "settled", "waived"])
        # What customers bear only limits credits.
        credited = self.filtered(
            lambda rating: (
                due(*(exact[rating.id][name] for name in ("amount", "settled", "waived"))) < 0
            )
        )
        borne = credited._borne()
        return {
            rating: next_amount(
                exact[rating.id]["amount"],
                exact[rating.id]["settled"],
                exact[rating.id]["waived"],
                borne[rating.id] if rating in credited else Decimal(0),
            )
            for rating in self
        }

    # === WAIVERS (L5) === #

    def _waive(self, reason):
        """Bill no more of what is due of these rows.

        :param str reason: why, for those who ask later
        """
        for rating in self:
            rating.write({"waived": rating.amount - rating.settled, "waive_reason": reason})

    def _take_back_waiver(self):
        """Let what was waived be due again."""
        self.write({"waived": 0, "waive_reason": False})


BORNE_AMOUNT = """
       sum(CASE move.move_type WHEN 'out_refund' THEN -1 ELSE 1 END * round(
           line.quantity * line.price_unit * (1 - COALESCE(line.discount, 0) / 100)
           * COALESCE(line.fusion_price_factor, 1), currency.decimal_places))
"""
BORNE_LINES = """
  FROM account_move_line AS line
  JOIN account_move AS move ON move.id = line.move_id AND move.state != 'cancel'
  JOIN res_currency AS currency ON currency.id = line.currency_id
"""
BORNE = f"""
SELECT line.fusion_rating_id, ({BORNE_AMOUNT})::text {BORNE_LINES}
 WHERE line.fusion_rating_id = ANY(%s)
 GROUP BY line.fusion_rating_id
"""
