from odoo import models
from odoo.tools import SQL


class AccountMove(models.Model):
    """Which subscriptions a document bills, for the apps that are told of it."""

    _inherit = "account.move"

    def _fusion_subscriptions(self):
        """Return the subscriptions that this document bills, if any: most moves are of others."""
        self.ensure_one()
        self.env.flush_all()
        return self.env["sale.order"].browse(
            order_id for [order_id] in self.env.execute_query(SQL(SUBSCRIPTIONS, self.id))
        )


SUBSCRIPTIONS = """
SELECT DISTINCT orders.id
  FROM account_move_line AS line
  JOIN sale_order_line_invoice_rel AS link ON link.invoice_line_id = line.id
  JOIN sale_order_line AS order_line ON order_line.id = link.order_line_id
  JOIN sale_order AS orders ON orders.id = order_line.order_id
 WHERE line.move_id = %s AND orders.fusion_plan_id IS NOT NULL
 ORDER BY orders.id
"""
