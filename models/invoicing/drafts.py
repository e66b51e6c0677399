from odoo import fields, models

from ..base.engine import as_engine
from .line_values import LineValues, exact_amount

# What a line of a draft says anew when the ledger does.
FOLLOWED = (
    "name",
    "quantity",
    "price_unit",
    "discount",
    "fusion_settled",
    "fusion_price_factor",
    "fusion_quantity",
)


class SaleOrder(models.Model):
    """Drafts of the run follow the ledger until they are posted (R9).

    A line that nobody touched says what the ledger says; one that staff touched keeps what they
    did, and still settles what it settles. A draft that is held takes new rows as well, if they
    were due by its billing date.
    """

    _inherit = "sale.order"

    def _fusion_follow_ledger(self):
        """Take what is due by now to the drafts that wait for it."""
        orders = self.sudo()
        day = max((order._fusion_today() for order in orders), default=None)
        if not day:
            return
        amounts = {
            rating: amount
            for rows in orders._fusion_amounts_due(day).values()
            for rating, amount in rows.items()
        }
        if not amounts:
            return
        held = orders._fusion_held_drafts()
        added = {}
        for rating, amount in amounts.items():
            line = rating._draft_line()
            draft = line.move_id or rating._held_draft(held)
            if draft:
                added[rating] = draft, line, amount
        if added:
            self.env["fusion.billing.rating"].sudo().union(*added)._put_on_drafts(added)

    def _fusion_held_drafts(self):
        """Return the drafts that are held for these subscriptions, the earliest first."""
        return self.env["account.move"].search(
            [
                ("state", "=", "draft"),
                ("fusion_post_at", "!=", False),
                ("invoice_line_ids.fusion_rating_id.subscription_id", "in", self.ids),
            ],
            order="fusion_bill_on, id",
        )


class FusionBillingRating(models.Model):
    """Rows that land on drafts."""

    _inherit = "fusion.billing.rating"

    def _draft_line(self):
        """Return the line of a draft that follows this row, if there is one."""
        return self.invoice_line_ids.filtered(
            lambda line: (
                line.parent_state == "draft"
                and line.move_id.fusion_bill_on
                and not line.move_id.posted_before
                and line._fusion_is_untouched()
            )
        )[:1]

    def _held_draft(self, held):
        """Return the first held draft of this row's subscription that was due with it or later."""
        return held.filtered(
            lambda move: (
                move.fusion_bill_on >= self.bill_on
                and self.subscription_id in move._fusion_subscriptions()
            )
        )[:1]

    def _put_on_drafts(self, added):
        """Add amounts to drafts.

        :param dict added: `{row: (draft, its line that follows the row or none, amount)}`
        """
        order_lines, words = self._order_lines(), LineValues(self)
        for rating, (draft, line, amount) in added.items():
            total = amount + exact_amount(line.fusion_settled)
            sign = -1 if draft.move_type == "out_refund" else 1
            order_line = order_lines[rating].with_context(lang=draft.partner_id.lang)
            values = words.of_document_line(rating, order_line, total, line)
            values["price_unit"] *= sign
            if line:
                as_engine(line).write({name: values[name] for name in FOLLOWED})
            else:
                values["sequence"] = max(draft.invoice_line_ids.mapped("sequence"), default=0) + 1
                as_engine(draft).write({"invoice_line_ids": [fields.Command.create(values)]})
        self.env["account.move"].union(
            *(draft for draft, _l, _a in added.values())
        )._fusion_follow_sign()
