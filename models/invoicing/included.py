from odoo import fields, models

from ..base.engine import as_engine, is_engine
from .line_values import LineValues


class SaleOrder(models.Model):
    """What was used of what a plan includes, and therefore stands on no line."""

    _inherit = "sale.order"

    def _fusion_included(self, days):
        """Return what costs nothing of these subscriptions: `{(order, billing date): words}`.

        :param days: the billing dates, a collection
        """
        ratings = self.env["fusion.billing.rating"].search(
            [
                ("subscription_id", "in", self.ids),
                ("bill_on", "in", list(days)),
                ("charge_id", "!=", False),
                ("quantity", ">", 0),
                ("amount", "=", 0),
                ("settled", "=", 0),
            ],
            order="subscription_id, date_from, id",
        )
        words = LineValues(ratings)
        return {
            key: "\n".join(map(words.included, rows))
            for key, rows in ratings.grouped(lambda row: (row.subscription_id, row.bill_on)).items()
        }

    def _fusion_name_in_each(self, lines):
        """Begin each line with the name of this subscription."""
        return "\n".join(f"{self.name}: {line}" for line in lines.split("\n"))


class AccountMove(models.Model):
    """Invoices tell of usage that costs nothing, too.

    The customer reads what they used of what is included. That is no line: there is nothing to
    tax, to book or to settle. It is written with the document, and once more when it is posted.
    """

    _inherit = "account.move"

    fusion_included = fields.Text(
        "Included in the Plan",
        copy=False,
        readonly=True,
        help="Usage of the period that is within what the plan includes.",
    )

    def _post(self, soft=True):
        # The engine has just made what it posts, or brings it up to date itself.
        if not is_engine(self.env):
            self._fusion_list_included()
        return super()._post(soft=soft)

    def _fusion_list_included(self):
        """Say what is included as of now, on drafts that were not posted before."""
        drafts = self.filtered(
            lambda move: move.fusion_bill_on and move.state == "draft" and not move.posted_before
        )
        if not drafts:
            return
        # sudo: who posts invoices need not see subscriptions.
        orders = {move: move.sudo()._fusion_subscriptions() for move in drafts}
        known = (
            self.env["sale.order"]
            .sudo()
            .union(*orders.values())
            ._fusion_included(set(drafts.mapped("fusion_bill_on")))
        )
        for move in drafts:
            found = {
                order: known[order, move.fusion_bill_on]
                for order in orders[move]
                if (order, move.fusion_bill_on) in known
            }
            if len(orders[move]) > 1:
                found = {order: order._fusion_name_in_each(text) for order, text in found.items()}
            words = "\n".join(found.values()) or False
            if move.fusion_included != words:
                as_engine(move).fusion_included = words
