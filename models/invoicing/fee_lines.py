from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..base.engine import as_engine, given, is_engine
from ..subscription.sale_order_items import SHOWN
from .line_values import exact_amount

EDITS = set(SHOWN.values())
LEDGER_SAYS = {"fusion_in_part", "fusion_open_amount"}


class SaleOrder(models.Model):
    """Fee lines, too, show what the open billing period comes to (L6)."""

    _inherit = "sale.order"

    fusion_in_part = fields.Boolean("In Part", compute="_compute_fusion_in_part", technical=True)

    @api.depends("order_line.fusion_in_part")
    def _compute_fusion_in_part(self):
        for order in self:
            order.fusion_in_part = any(order.order_line.mapped("fusion_in_part"))

    def _fusion_changed_fees(self):
        """Return what fee lines do not say yet: `{line: {field name: value}}`."""
        amounts = self._fusion_open_fees()
        changes = {}
        for line in self.order_line.filtered("fusion_item_ids"):
            values = line._fusion_part(amounts.get(line.id))
            changed = {name: value for name, value in values.items() if line[name] != value}
            if changed:
                changes[line] = changed
        return changes

    def _fusion_open_fees(self):
        """Return what the open periods owe for fees: `{id of an order line: amount}`."""
        self.env["fusion.billing.rating"].flush_model()
        self.env["fusion.billing.item"].flush_model(["order_line_id"])
        self.flush_recordset(["fusion_last_invoice_date", "fusion_start_date"])
        rows = self.env.execute_query(SQL(OPEN_FEES, self.ids)) if self else []
        return {line_id: Decimal(amount) for line_id, amount in rows}


class SaleOrderLine(models.Model):
    """A fee line has the terms that were agreed. Where the open period is cut, or where they
    changed within it, its amount is what the ledger says of the period.
    """

    _inherit = "sale.order.line"

    fusion_in_part = fields.Boolean(
        "In Part",
        copy=False,
        readonly=True,
        technical=True,
        help="The open billing period comes to something else than a whole one at these terms.",
    )
    fusion_open_amount = fields.Monetary(
        "Open Period",
        copy=False,
        readonly=True,
        technical=True,
        help="What the open billing period comes to, if that is not what these terms say.",
    )

    @api.depends("fusion_in_part", "fusion_open_amount")
    def _compute_amount(self):
        super()._compute_amount()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._fusion_check_shown(given(LEDGER_SAYS, self.env, vals_list))
        return super().create(vals_list)

    def write(self, vals):
        self._fusion_check_shown(vals.keys())
        result = super().write(vals)
        if vals.keys() & EDITS and not is_engine(self.env):
            # What the new terms come to in the open period is known once they are rated.
            as_engine(self.filtered("fusion_in_part")).fusion_in_part = False
        return result

    def _fusion_check_shown(self, names):
        """Refuse to let anybody say what a period comes to."""
        if names & LEDGER_SAYS and not is_engine(self.env):
            raise UserError(
                self.env._(
                    "You cannot write what the open period of a fee comes to: the ledger says it."
                )
            )

    # === WHAT IS SHOWN === #

    def _prepare_base_line_for_taxes_computation(self, **kwargs):
        # In a form, other terms are shown as they are.
        if self.fusion_in_part and all(self[name] == self._origin[name] for name in EDITS):
            kwargs = {"price_unit": self.fusion_open_amount, "quantity": 1, "discount": 0, **kwargs}
        return super()._prepare_base_line_for_taxes_computation(**kwargs)

    def _fusion_part(self, amount):
        """Return what the line is to say of the open period.

        :param Decimal amount: what the ledger says it owes; None if it says nothing
        """
        if amount is None and self.order_id.fusion_state == "4_paused":
            amount = Decimal(0)
        terms = self.product_uom_qty * self.price_unit * (1 - self.discount / 100)
        whole = exact_amount(self.currency_id.round(terms))
        in_part = amount is not None and amount != whole
        return {"fusion_in_part": in_part, "fusion_open_amount": float(amount) if in_part else 0.0}


OPEN_FEES = """
SELECT item.order_line_id, sum(rating.amount)::text
  FROM fusion_billing_rating AS rating
  JOIN fusion_billing_item AS item ON item.id = rating.item_id
  JOIN sale_order AS subscription ON subscription.id = rating.subscription_id
 WHERE rating.subscription_id = ANY(%s)
   AND COALESCE(subscription.fusion_last_invoice_date, subscription.fusion_start_date)
       >= rating.cycle_start
   AND COALESCE(subscription.fusion_last_invoice_date, subscription.fusion_start_date)
       < rating.cycle_end
 GROUP BY item.order_line_id
"""
