from odoo import api, fields, models
from odoo.exceptions import UserError

from ..base.engine import given, is_engine

# How lines are copied. A credit note that staff make concedes; *reverse and create invoice* takes
# back what the document settled, and its new invoice bills that again (L4).
CONCEDE, TAKE_BACK, BILL_AGAIN = "concede", "take back", "bill again"
SETTLED_BY = {CONCEDE: 0, TAKE_BACK: -1, BILL_AGAIN: 1}

OWN = {
    "fusion_rating_id",
    "fusion_settled",
    "fusion_price_factor",
    "fusion_quantity",
    "fusion_conceded",
    "fusion_waived",
}


class AccountMoveLine(models.Model):
    """What a line of a document settles is written by the engine and by nobody else (L2)."""

    _inherit = "account.move.line"

    fusion_quantity = fields.Char(
        copy=False,
        readonly=True,
        technical=True,
        help="The exact quantity that this line brings the bill up to.",
    )
    fusion_conceded = fields.Boolean(
        "Conceded",
        copy=False,
        readonly=True,
        technical=True,
        help="Staff gave back a one-off order line of a subscription: it is not billed again.",
    )
    fusion_waived = fields.Boolean(
        "Waived",
        copy=False,
        readonly=True,
        technical=True,
        help="Staff waived what this line bills: it is not billed again though its document is"
        " cancelled.",
    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._fusion_check_own(given(OWN, self.env, vals_list))
        return super().create(vals_list)

    def write(self, vals):
        self._fusion_check_own(vals.keys())
        return super().write(vals)

    def _fusion_check_own(self, names):
        """Refuse to let anybody say what a line settles: nobody could tell what is due then."""
        if names & OWN and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot write what a line of a document settles: the ledger says it."
                )
            )

    # === COPIES === #

    def _copy_data_extend_business_fields(self, values):
        super()._copy_data_extend_business_fields(values)
        if is_engine(self.env) and "fusion_copy" in self.env.context:
            values.update(self._fusion_copy_settlement(self.env.context["fusion_copy"]))

    def _fusion_copy_settlement(self, purpose):
        """Return what the copy of a line settles.

        :param str purpose: a key of `SETTLED_BY`
        """
        if not self.fusion_rating_id:
            one_off = self.sale_line_ids.filtered(lambda line: not line.is_downpayment)
            conceded = purpose == CONCEDE or self.fusion_conceded
            return {"fusion_conceded": conceded and bool(one_off.order_id.fusion_plan_id)}
        return {
            "fusion_rating_id": self.fusion_rating_id.id,
            "fusion_settled": self.fusion_settled * SETTLED_BY[purpose],
            "fusion_price_factor": self.fusion_price_factor,
            "fusion_quantity": self.fusion_quantity if purpose == BILL_AGAIN else False,
        }

    # === WHAT STAFF DID === #

    def _fusion_sign(self):
        """Return 1 where the line bills its own amount, and -1 where it gives it back."""
        self.ensure_one()
        return -1 if self.move_type == "out_refund" else 1

    def _fusion_is_untouched(self):
        """Whether the line still says what the ledger said when it was written."""
        self.ensure_one()
        amount = self.quantity * self.price_unit * (1 - self.discount / 100)
        stated = self._fusion_sign() * amount * self.fusion_price_factor
        return self.currency_id.compare_amounts(stated, self.fusion_settled) == 0
